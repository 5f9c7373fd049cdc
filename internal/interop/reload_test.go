package interop

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Reload has the router read its configuration again, which is another one now.
func (r *Router) Reload(t testing.TB, conf string) {
	t.Helper()
	writeFile(t, strings.TrimSuffix(r.socket, ".sock")+".conf", conf)
	if err := r.p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// Paste gives commands, one in a line, as a script does.
func (r *Router) Paste(t testing.TB, text string) string {
	t.Helper()
	cmd := exec.Command(r.binary, "vty", "--socket", r.socket)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", text, err, out)
	}
	return string(out)
}

// The configuration changes under a tunnel that carries packets: what is the same goes on without a loss, a second flow comes up and goes,
// and a configuration with an error changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.B.AddAddress(t, "10.30.30.2/32")
	one := RouterConf{}
	two := RouterConf{ACL: []string{"permit ip host " + InnerA + " host " + InnerB, "permit ip host " + InnerA + " host 10.30.30.2"}, Profile: []string{"dpd 20 5 periodic"}}
	r := s.up(t, Connection{Children: []PeerChild{{}, {LocalTS: "10.30.30.2/32"}}}, one)
	s.A.Ping(t, InnerA, InnerB, 3)
	sa, child := s.peerSA(t)
	ping := s.A.StartPing(t, InnerA, InnerB, 5e6)
	r.Reload(t, two.String())
	r.WaitLog(t, "configuration changed")
	s.A.Ping(t, InnerA, "10.30.30.2", 3)
	if got := r.Session(t); got.Status != "UP-ACTIVE" || len(got.Flows) != 2 || got.Flows[0].ActiveSAs != 2 || got.Flows[1].ActiveSAs != 2 {
		t.Errorf("got %+v, want two flows that are up", got)
	}
	if !strings.Contains(r.VTY(t, "show running-config"), "dpd 20 5 periodic") {
		t.Error("the running configuration is the old one")
	}
	r.Reload(t, "hostname gwA\nno such line\n")
	r.WaitLog(t, "configuration not changed")
	r.Reload(t, one.String())
	r.WaitSession(t, "the second flow is gone", func(s Session) bool { return len(s.Flows) == 1 })
	Eventually(t, "strongSwan has one Child SA", func() (bool, string) {
		sas := s.peer.SAs(t)
		return len(sas) == 1 && len(sas[0].Children) == 1, ""
	})
	got := r.Paste(t, "configure terminal\ncrypto isakmp peer address "+OuterB+"\n description given at the terminal\nend\nwrite memory\n")
	if want := "Enter configuration commands, one per line.  End with CNTL/Z.\nBuilding configuration...\n[OK]\n"; got != want {
		t.Errorf("configured at the terminal: got %q", got)
	}
	if got := r.Session(t); got.Description != "given at the terminal" || got.Status != "UP-ACTIVE" {
		t.Errorf("got %+v, want the new description", got)
	}
	ping.Stop(t)
	if now, c := s.peerSA(t); now.SPIi != sa.SPIi || c.In != child.In {
		t.Errorf("other SAs than before: %+v %+v", now, c)
	}
	if n := strings.Count(r.Log(t), "Crypto tunnel is"); n != 1 {
		t.Errorf("the session went up or down %d times, want once", n)
	}
	if routes := s.A.Routes(t); strings.Contains(routes, "10.30.30.2 dev seikan") || !strings.Contains(routes, InnerB+" dev seikan") {
		t.Errorf("routes:\n%s", routes)
	}
}
