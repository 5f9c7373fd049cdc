package interop

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Addresses of a second peer behind the NAT, in a network of its own there.
const (
	natInsideC = "198.51.100.254" // the NAT, as C sees it
	outerC     = "198.51.100.2"
	innerC     = "10.40.40.1"
	deviceC    = "vC"
)

// addC puts a third namespace behind a NAT that hides B.
func (n NAT) addC(t *testing.T, l *Lab) *Namespace {
	t.Helper()
	c := &Namespace{strings.TrimSuffix(l.A.name, "-A") + "-C"}
	run(t, exec.Command("ip", "netns", "add", c.name))
	t.Cleanup(func() { run(t, exec.Command("ip", "netns", "delete", c.name)) })
	n.ip(t, "link", "add", "nC", "type", "veth", "peer", "name", deviceC, "netns", c.name)
	n.ip(t, "address", "add", natInsideC+"/24", "dev", "nC")
	n.ip(t, "link", "set", "nC", "up")
	c.configure(t, deviceC, outerC+"/24", "2001:db8:3::2/64", innerC+"/32", "fd00:40::1/128")
	c.ip(t, "route", "add", "192.0.2.0/24", "via", natInsideC)
	return c
}

// Two peers behind one NAT have one address: they are told apart by who they prove to be and listed by their ports, and share the one
// description that the address has. What names the port is about one of them.
func TestTwoPeersBehindOneNAT(t *testing.T) {
	t.Parallel()
	s, nat := newNATSite(t, "B")
	c := nat.addC(t, s.Lab)
	other := StartCharon(t, s.Lab, c, "")
	behind := func(local, id, inner string) Connection {
		return Connection{Local: local, LocalID: id, Children: []PeerChild{{LocalTS: inner + "/32"}}}
	}
	s.peer.Load(t, behind(OuterBehind, "b.example", InnerB))
	other.Load(t, behind(outerC, "c.example", innerC))
	conf := RouterConf{Peer: NATInsideA}.String()
	conf = strings.Replace(conf, "match identity remote address "+NATInsideA+" 255.255.255.255", "match identity remote fqdn b.example", 1)
	conf += `crypto ikev2 profile PROF-C
 match identity remote fqdn c.example
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
ip access-list extended TO-C
 permit ip host ` + InnerA + ` host ` + innerC + `
crypto map CM 20 ipsec-isakmp
 set peer ` + NATInsideA + `
 set transform-set TS
 set ikev2-profile PROF-C
 match address TO-C
`
	r := startRouter(t, s.Lab, conf)
	s.peer.Initiate(t, "c")
	other.Initiate(t, "c")
	s.B.Ping(t, InnerB, InnerA, 2)
	c.Ping(t, innerC, InnerA, 3)
	s.A.Ping(t, InnerA, InnerB, 1)
	s.A.Ping(t, InnerA, innerC, 1)

	sessions := r.Sessions(t)
	if len(sessions) != 2 {
		t.Fatalf("got %+v, want two sessions", sessions)
	}
	for i, want := range []struct {
		id      string
		permit  string
		packets uint64
	}{{"b.example", permit4, 3}, {"c.example", "permit ip host " + InnerA + " host " + innerC, 4}} {
		got := sessions[i]
		if got.Status != "UP-ACTIVE" || got.Peer != NATInsideA || got.Description != Description || got.Phase1ID != want.id || len(got.IKE) != 1 ||
			len(got.Flows) != 1 || got.Flows[0].Permit[0] != want.permit || got.Flows[0].In.Packets != want.packets || got.Flows[0].Out.Packets != want.packets {
			t.Errorf("got %+v, want the session of %s with %d packets", got, want.id, want.packets)
		}
	}
	one, two := sessions[0].Port, sessions[1].Port
	if one == two || one == 4500 && two == 4500 {
		t.Errorf("both are at port %d", one)
	}
	peers := r.VTY(t, "show crypto isakmp peer")
	for _, port := range []int{one, two} {
		want := "Peer: " + NATInsideA + " Port: " + strconv.Itoa(port) + "\n Description: " + Description + "\n"
		if !strings.Contains(peers, want) {
			t.Errorf("show crypto isakmp peer: want %q in\n%s", want, peers)
		}
	}
	for _, log := range []int{one, two} {
		r.WaitLog(t, "Crypto tunnel is UP. Peer "+NATInsideA+":"+strconv.Itoa(log)+" Description: "+Description)
	}
	of := func(port int) string { return " remote " + NATInsideA + " port " + strconv.Itoa(port) }
	if got, err := ParseSessions(r.VTY(t, "show crypto session"+of(two)+" detail")); err != nil || len(got) != 1 || got[0].Phase1ID != "c.example" {
		t.Errorf("show of port %d: got %+v, %v, want that of c.example", two, got, err)
	}

	// One description less, and both have none; another one, and both have it.
	for _, line := range []string{"no description", "description both of them"} {
		r.Paste(t, "configure terminal\ncrypto isakmp peer address "+NATInsideA+"\n"+line+"\nend\n")
		want := "(none)"
		if text, ok := strings.CutPrefix(line, "description "); ok {
			want = text
		}
		for _, got := range r.Sessions(t) {
			if got.Description != want || got.Status != "UP-ACTIVE" {
				t.Errorf("after %s: got %+v, want %s", line, got, want)
			}
		}
	}

	r.VTY(t, "clear crypto session"+of(one))
	s.peer.WaitGone(t)
	Eventually(t, "only the session of b.example is down", func() (bool, string) {
		got := r.VTY(t, "show crypto session brief")
		return strings.Contains(got, "c.example") && strings.Contains(got, "    UA\n") && strings.Contains(got, "     D\n"), got
	})
	if len(other.SAs(t)) != 1 {
		t.Error("C has lost its SA, too")
	}
	c.Ping(t, innerC, InnerA, 1)
}
