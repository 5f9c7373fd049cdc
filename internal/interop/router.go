package interop

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Router is a `seikan run` in one of the namespaces.
type Router struct {
	binary string
	socket string
	conf   string
	ns     *Namespace
	p      *process
}

// StartRouter starts the program in namespace A with a configuration and waits until it answers commands. When the test fails, its log
// and the configuration are shown.
func StartRouter(t testing.TB, l *Lab, binary, conf string) *Router {
	t.Helper()
	return StartRouterIn(t, l, l.A, binary, conf)
}

// StartRouterIn is StartRouter in any of the namespaces.
func StartRouterIn(t testing.TB, l *Lab, n *Namespace, binary, conf string) *Router {
	t.Helper()
	l.routers++
	base := filepath.Join(l.dir, fmt.Sprintf("gw%d", l.routers))
	r := &Router{binary: binary, socket: base + ".sock", conf: conf, ns: n}
	writeFile(t, base+".conf", conf)
	r.p = start(t, n.command(binary, "run", "-c", base+".conf", "--socket", r.socket), base+".log")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s.conf:\n%s\nthe router's log:\n%s", base, conf, tail(r.Log(t), 400))
		}
	})
	Eventually(t, "the router answers", func() (bool, string) {
		if r.p.ended() {
			t.Fatalf("the router ended: %v\n%s", r.p.err, r.p.output(t))
		}
		out, err := r.vty("show version")
		return err == nil, fmt.Sprintf("%v\n%s", err, out)
	})
	return r
}

func (r *Router) vty(command string) (string, error) {
	out, err := exec.Command(r.binary, "vty", "--socket", r.socket, "-c", command).CombinedOutput()
	return string(out), err
}

// VTY runs a command of the operator's and gives what it printed. The test ends where the command is refused.
func (r *Router) VTY(t testing.TB, command string) string {
	t.Helper()
	out, err := r.vty(command)
	if err != nil || strings.HasPrefix(out, "%") {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return out
}

// Sessions is `show crypto session detail`.
func (r *Router) Sessions(t testing.TB) []Session {
	t.Helper()
	out := r.VTY(t, "show crypto session detail")
	sessions, err := ParseSessions(out)
	if err != nil {
		t.Fatalf("show crypto session detail: %v\n%s", err, out)
	}
	return sessions
}

// Session is `show crypto session detail` where it must list exactly one.
func (r *Router) Session(t testing.TB) Session {
	t.Helper()
	sessions := r.Sessions(t)
	if len(sessions) != 1 {
		t.Fatalf("show crypto session detail: got %d sessions, want 1: %+v", len(sessions), sessions)
	}
	return sessions[0]
}

// WaitSession waits until `show crypto session detail` lists one session for which ok holds.
func (r *Router) WaitSession(t testing.TB, what string, ok func(Session) bool) Session {
	t.Helper()
	var s Session
	Eventually(t, what, func() (bool, string) {
		s = r.Session(t)
		return ok(s), fmt.Sprintf("%+v", s)
	})
	return s
}

// WaitStatus waits until the one session has the status.
func (r *Router) WaitStatus(t testing.TB, status string) Session {
	t.Helper()
	return r.WaitSession(t, "session is "+status, func(s Session) bool { return s.Status == status })
}

// Log is all that the router has logged.
func (r *Router) Log(t testing.TB) string {
	t.Helper()
	return r.p.output(t)
}

// WaitLog waits until the router has logged a text, in capitals or not.
func (r *Router) WaitLog(t testing.TB, text string) {
	t.Helper()
	Eventually(t, "the router logs "+text, func() (bool, string) {
		log := r.Log(t)
		return strings.Contains(strings.ToLower(log), strings.ToLower(text)), log
	})
}

// Stop sends SIGTERM and waits for the end, which must be a clean one.
func (r *Router) Stop(t testing.TB) {
	t.Helper()
	r.p.signal(t, syscall.SIGTERM)
}
