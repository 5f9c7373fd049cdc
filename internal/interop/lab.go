package interop

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The addresses of the bench.
const (
	OuterA, OuterB   = "192.0.2.1", "192.0.2.2"
	Outer6A, Outer6B = "2001:db8::1", "2001:db8::2"
	InnerA, InnerB   = "10.10.10.1", "10.30.30.1"
	Inner6A, Inner6B = "fd00:10::1", "fd00:30::1"
	DeviceA, DeviceB = "vA", "vB" // the ends of the cable
)

// Lab is the bench: two namespaces and the cable between them.
type Lab struct {
	A, B *Namespace
	dir  string // for the files of everything that runs here

	routers int // started so far
}

// Namespace is one end of the bench. Its name is not to be guessed: it holds the test's process number and a random part.
type Namespace struct{ name string }

// NewLab builds the bench, or skips the test where it cannot be. The bench is gone when the test and its subtests end.
func NewLab(t testing.TB) *Lab {
	t.Helper()
	Require(t)
	name := fmt.Sprintf("seikan-%d-%s", os.Getpid(), strings.ToLower(rand.Text()[:8]))
	l := &Lab{A: &Namespace{name + "-A"}, B: &Namespace{name + "-B"}, dir: t.TempDir()}
	for _, n := range [...]*Namespace{l.A, l.B} {
		run(t, exec.Command("ip", "netns", "add", n.name))
		t.Cleanup(func() { run(t, exec.Command("ip", "netns", "delete", n.name)) })
	}
	l.A.ip(t, "link", "add", DeviceA, "type", "veth", "peer", "name", DeviceB, "netns", l.B.name)
	l.A.configure(t, DeviceA, OuterA+"/24", Outer6A+"/64", InnerA+"/32", Inner6A+"/128")
	l.B.configure(t, DeviceB, OuterB+"/24", Outer6B+"/64", InnerB+"/32", Inner6B+"/128")
	return l
}

// Add makes one more namespace, in which only lo is up.
func (l *Lab) Add(t testing.TB, suffix string) *Namespace {
	t.Helper()
	n := &Namespace{strings.TrimSuffix(l.A.name, "-A") + "-" + suffix}
	run(t, exec.Command("ip", "netns", "add", n.name))
	t.Cleanup(func() { run(t, exec.Command("ip", "netns", "delete", n.name)) })
	n.ip(t, "link", "set", "lo", "up")
	return n
}

// configure gives the end of the cable and lo their addresses and brings both up.
func (n *Namespace) configure(t testing.TB, device, outer, outer6, inner, inner6 string) {
	t.Helper()
	n.ip(t, "address", "add", outer, "dev", device)
	n.ip(t, "address", "add", outer6, "dev", device, "nodad")
	n.ip(t, "link", "set", "lo", "up")
	n.ip(t, "address", "add", inner, "dev", "lo")
	n.ip(t, "address", "add", inner6, "dev", "lo", "nodad")
	n.ip(t, "link", "set", device, "up")
}

// AddAddress gives lo one more address, in CIDR form.
func (n *Namespace) AddAddress(t testing.TB, prefix string) {
	t.Helper()
	n.ip(t, "address", "add", prefix, "dev", "lo")
}

// ip runs an ip command on the namespace from outside of it.
func (n *Namespace) ip(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, exec.Command("ip", append([]string{"-n", n.name}, args...)...))
}

// Routes are the routes of all tables but the kernel's own, and the rules that lead there, as ip prints them.
func (n *Namespace) Routes(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, family := range [...]string{"-4", "-6"} {
		b.WriteString(n.ip(t, family, "rule", "show"))
		for line := range strings.Lines(n.ip(t, family, "route", "show", "table", "all")) {
			if !strings.Contains(line, "table local") {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

// Devices are the names of the namespace's network devices.
func (n *Namespace) Devices(t testing.TB) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(n.ip(t, "-brief", "link", "show")) {
		name, _, _ := strings.Cut(strings.Fields(line)[0], "@")
		names = append(names, name)
	}
	return names
}

// command is a program to run inside the namespace. It becomes the program itself: its process number is the program's.
func (n *Namespace) command(name string, args ...string) *exec.Cmd {
	c := exec.Command("ip", append([]string{"netns", "exec", n.name, name}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C")
	return c
}

// run runs a program to its end and gives what it printed. The test ends where it fails.
func run(t testing.TB, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}
