// Package netnstest makes network namespaces for tests.
package netnstest

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// New makes a network namespace, with lo up, and gives its name. It is gone when the test ends; the test is skipped where there can be none.
func New(t testing.TB) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip of iproute2: it makes a network namespace")
	}
	name := fmt.Sprintf("seikan-test-%d-%s", os.Getpid(), strings.ToLower(rand.Text()[:8]))
	IP(t, "netns", "add", name)
	t.Cleanup(func() { IP(t, "netns", "delete", name) })
	IP(t, "-n", name, "link", "set", "lo", "up")
	return name
}

// IP runs an ip command and gives what it printed.
func IP(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
