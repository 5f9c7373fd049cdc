package interop

import (
	"fmt"
	"strings"
	"testing"
)

// swap is a configuration for B of one for A: addresses and names that end in A and B change places.
func swap(conf string, more ...string) string {
	return strings.NewReplacer(append([]string{
		"gwA", "gwB", OuterA, OuterB, OuterB, OuterA, InnerA, InnerB, InnerB, InnerA, "interface " + DeviceA, "interface " + DeviceB,
		"a1.example", "b1.example", "b1.example", "a1.example", "a2.example", "b2.example", "b2.example", "a2.example",
	}, more...)...).Replace(conf)
}

// twoTunnels are two tunnel interfaces between the same ends. first and second are further lines.
func twoTunnels(first, second string) string {
	var b strings.Builder
	for i, lines := range []string{first, second} {
		fmt.Fprintf(&b, "interface Tunnel%d\n ip address 10.9.%d.1 255.255.255.252\n tunnel source %s\n tunnel destination %s\n%s", i, i, OuterA, OuterB, lines)
	}
	return b.String()
}

var tunnelSwap = []string{"10.9.0.1", "10.9.0.2", "10.9.1.1", "10.9.1.2"}

// twins starts a router at each end of a lab.
func twins(t *testing.T, conf string) (*Lab, *Router, *Router) {
	t.Helper()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	return l, StartRouterIn(t, l, l.A, binary, conf), StartRouterIn(t, l, l.B, binary, swap(conf, tunnelSwap...))
}

// wantUp waits until both tunnels are up at both ends.
func wantUp(t *testing.T, routers ...*Router) {
	t.Helper()
	for _, r := range routers {
		Eventually(t, "both tunnels are up", func() (bool, string) {
			out := r.VTY(t, "show interfaces")
			return strings.Contains(out, "Tunnel0 is up, line protocol is up") && strings.Contains(out, "Tunnel1 is up, line protocol is up"), out
		})
	}
}

const ikeCommon = `hostname gwA
crypto logging ikev2
crypto ikev2 keyring KR
 peer other
  address ` + OuterB + `
  pre-shared-key ` + PSK + `
`

// Two GRE tunnels between the same ends share one pair of SAs; the key tells their packets apart.
func TestSharedTunnels(t *testing.T) {
	t.Parallel()
	const protection = " tunnel protection ipsec profile IPP shared\n"
	l, a, b := twins(t, ikeCommon+`crypto ikev2 profile PROF
 match identity remote address `+OuterB+` 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-gcm 128
 mode transport
crypto ipsec profile IPP
 set transform-set TS
 set ikev2-profile PROF
`+twoTunnels(" tunnel key 1\n"+protection, " tunnel key 2\n"+protection))
	wantUp(t, a, b)
	l.A.Ping(t, "10.9.0.1", "10.9.0.2", 3)
	l.A.Ping(t, "10.9.1.1", "10.9.1.2", 5)
	transfer(t, l, "10.9.1.1", "10.9.1.2", 1<<20)
	s := a.Session(t) // there is one, with two pairs of SAs where both ends have begun at once
	if f := s.Flows[0]; s.Interface != "Tunnel0" || len(s.Flows) != 1 || f.ActiveSAs != 2 && f.ActiveSAs != 4 || f.In.Dropped != 0 || f.Out.Dropped != 0 {
		t.Errorf("got %+v, want one session and no drops", s)
	}
	out := a.VTY(t, "show interfaces")
	if first, second, _ := strings.Cut(out, "Tunnel1 is"); !strings.Contains(first, " 3 packets output") || strings.Contains(second, " 3 packets output") {
		t.Errorf("each tunnel counts its own:\n%s", out)
	}
	// The one goes without a loss on the other.
	ping := l.A.StartPing(t, "10.9.0.1", "10.9.0.2", 5e6)
	for _, line := range []string{"shutdown", "no shutdown"} {
		a.Paste(t, "configure terminal\ninterface Tunnel1\n "+line+"\nend\n")
	}
	wantUp(t, a, b)
	l.A.Ping(t, "10.9.1.1", "10.9.1.2", 2)
	ping.Stop(t)
	// Each end brings the tunnel up at its start, and where they meet each has done it once.
	log := a.Log(t)
	began, asked := strings.Count(log, "OSAL_INITIATE_TUNNEL"), strings.Count(log, "RECV_CONNECTION_REQUEST")
	if n := strings.Count(log, "child SA up"); began > 1 || asked > 1 || n < 1 || n > began+asked {
		t.Errorf("%d Child SAs came up, want the first only:\n%s", n, log)
	}
}

// Two tunnels for everything and a crypto map with one peer, told apart by the identities in their profiles.
func TestSameEndsByIdentity(t *testing.T) {
	t.Parallel()
	conf := ikeCommon
	for i, id := range []string{"", "fqdn %s1.example", "fqdn %s2.example"} {
		remote, local := "address "+OuterB+" 255.255.255.255", ""
		if id != "" {
			remote, local = fmt.Sprintf(id, "b"), " identity local "+fmt.Sprintf(id, "a")+"\n"
		}
		conf += fmt.Sprintf("crypto ikev2 profile P%d\n match identity remote %s\n%s authentication remote pre-share\n authentication local pre-share\n keyring local KR\n"+
			"crypto ipsec profile IPP%d\n set transform-set TS\n set ikev2-profile P%d\n", i, remote, local, i, i)
	}
	conf += "crypto ipsec transform-set TS esp-gcm 128\n mode tunnel\n" + twoTunnels(
		" tunnel mode ipsec ipv4\n tunnel protection ipsec profile IPP1\n", " tunnel mode ipsec ipv4\n tunnel protection ipsec profile IPP2\n") +
		"ip access-list extended L\n permit ip host " + InnerA + " host " + InnerB + "\n" +
		"crypto map CM 10 ipsec-isakmp\n set peer " + OuterB + "\n set transform-set TS\n set ikev2-profile P0\n match address L\ninterface " + DeviceA + "\n crypto map CM\n"
	l, a, b := twins(t, conf)
	wantUp(t, a, b)
	for i, ends := range [][2]string{{"10.9.0.1", "10.9.0.2"}, {"10.9.1.1", "10.9.1.2"}, {InnerA, InnerB}} {
		l.A.Ping(t, ends[0], ends[1], 3+i)
		l.B.Ping(t, ends[1], ends[0], 2)
	}
	for _, r := range []*Router{a, b} {
		sessions := r.Sessions(t)
		if len(sessions) != 3 {
			t.Fatalf("got %d sessions, want 3: %+v", len(sessions), sessions)
		}
		for _, s := range sessions {
			want := map[string]uint64{"Tunnel0": 5, "Tunnel1": 6}[s.Interface]
			if want == 0 {
				want = 7
			}
			if f := s.Flows[0]; s.Status != "UP-ACTIVE" || f.In.Packets != want || f.Out.Packets != want || f.In.Dropped != 0 || f.Out.Dropped != 0 {
				t.Errorf("got %+v, want %d packets each way and no drops", s, want)
			}
		}
	}
}
