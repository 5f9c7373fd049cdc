package interop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Program is any other program that runs in one of the namespaces beside the test. It is killed when the test ends.
type Program struct{ p *process }

// StartProgram starts a program in the namespace and waits until it has printed ready, if that is not empty.
func (n *Namespace) StartProgram(t testing.TB, ready, name string, args ...string) *Program {
	t.Helper()
	p := start(t, n.command(name, args...), filepath.Join(t.TempDir(), filepath.Base(name)+".log"))
	if ready != "" {
		Eventually(t, name+" is ready", func() (bool, string) {
			out := p.output(t)
			if p.ended() {
				t.Fatalf("%s ended: %v\n%s", name, p.err, out)
			}
			return strings.Contains(out, ready), out
		})
	}
	return &Program{p}
}

// PID is the process number of the program.
func (p *Program) PID() int { return p.p.cmd.Process.Pid }

// Output is what the program has printed.
func (p *Program) Output(t testing.TB) string {
	t.Helper()
	return p.p.output(t)
}

// Interrupt ends the program as Ctrl-C does, and gives what it printed. It must end well.
func (p *Program) Interrupt(t testing.TB) string {
	t.Helper()
	p.p.signal(t, syscall.SIGINT)
	return p.p.output(t)
}

// Run runs a program in the namespace to its end and gives what it printed. The test ends where it fails.
func (n *Namespace) Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	return run(t, n.command(name, args...))
}

// IP runs an ip command on the namespace.
func (n *Namespace) IP(t testing.TB, args ...string) string {
	t.Helper()
	return n.ip(t, args...)
}

// PID is the process number of the router.
func (r *Router) PID() int { return r.p.cmd.Process.Pid }

// PID is the process number of the daemon.
func (c *Charon) PID() int { return c.p.cmd.Process.Pid }

// Build builds a program with the versions of this module, and gives its path. The test ends where that fails.
func Build(t testing.TB, dir, pkg string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.Base(pkg))
	run(t, exec.Command("go", "build", "-o", path, pkg))
	return path
}
