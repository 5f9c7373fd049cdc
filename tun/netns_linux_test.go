package tun

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
)

const insideEnv = "SEIKAN_TEST_INSIDE_NETNS"

// isolated runs the test in a network namespace of its own, which has no name and ends with it: it starts this binary
// again there, since a namespace belongs to a thread and goroutines change threads. Only lo is in the namespace, and up.
// The test is skipped where that is not possible.
func isolated(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv(insideEnv) == "1" {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			t.Fatal(err)
		}
		test(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes a network namespace and a device")
	}
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	f.Close()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM):
		t.Skipf("needs the right to make a network namespace: %v", err)
	case err != nil, !strings.Contains(string(out), "--- PASS: "+t.Name()+" "):
		t.Fatalf("in its namespace: %v\n%s", err, out)
	}
}
