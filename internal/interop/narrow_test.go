package interop

import (
	"fmt"
	"strings"
	"testing"
)

// hubConf is a router with one peer or several, each with what is protected as an entry for IPv4 and one for IPv6.
func hubConf(name, device string, peers ...hubPeer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "hostname %s\ncrypto logging ikev2\ncrypto ikev2 keyring KR\n", name)
	for i, p := range peers {
		fmt.Fprintf(&b, " peer P%d\n  address %s\n  pre-shared-key %s\n", i, p.outer, PSK)
	}
	b.WriteString("crypto ikev2 profile PROF\n")
	for _, p := range peers {
		fmt.Fprintf(&b, " match identity remote address %s 255.255.255.255\n", p.outer)
	}
	fmt.Fprintf(&b, " authentication remote pre-share\n authentication local pre-share\n keyring local KR\n%s", lines(peers[0].profile))
	b.WriteString("crypto ipsec transform-set TS esp-gcm 128\n mode tunnel\n")
	for i, p := range peers {
		fmt.Fprintf(&b, "ip access-list extended L%d\n permit ip %s %s\nipv6 access-list M%d\n permit ipv6 %s %s\n", i, p.from, p.to, i, p.from6, p.to6)
	}
	for i, p := range peers {
		for j, list := range []string{"L", "M"} {
			fmt.Fprintf(&b, "crypto map CM %d ipsec-isakmp\n set peer %s\n set transform-set TS\n set ikev2-profile PROF\n match address %s%d\n", 10*(2*i+j+1), p.outer, list, i)
		}
	}
	fmt.Fprintf(&b, "interface %s\n%s crypto map CM\n", device, lines(peers[0].iface))
	return b.String()
}

// hubPeer is a peer of hubConf. profile and iface are further lines, of the first one for all.
type hubPeer struct {
	outer, from, to, from6, to6 string
	profile, iface              []string
}

// between is the peer as seen from A, and A as seen from the peer.
func between(outer, inner, inner6 string) (there, back hubPeer) {
	const lan, lan6 = "10.50.50.0 0.0.0.255", "fd00:50::/64"
	there = hubPeer{outer: outer, from: lan, to: "host " + inner, from6: lan6, to6: "host " + inner6}
	back = hubPeer{outer: OuterA, from: "host " + inner, to: lan, from6: "host " + inner6, to6: lan6}
	return there, back
}

// What fits one peer's path does not bind the others: the host behind the router is told what fits to where it sends, by the router's own
// address, goes on with that over TCP, and what may be fragmented is, before it is encrypted.
func TestNarrowPath(t *testing.T) {
	t.Parallel()
	for _, vrf := range []bool{false, true} {
		t.Run(fmt.Sprintf("VRF %v", vrf), func(t *testing.T) {
			t.Parallel()
			testNarrowPath(t, vrf)
		})
	}
}

// testNarrowPath has the router in the global VRF, or in a namespace of its own with all of this in a VRF.
func testNarrowPath(t *testing.T, vrf bool) {
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	hop, host := l.AddHop(t), l.AddHost(t)
	c := l.AddEnd(t, hop)
	toB, backB := between(OuterBehind, InnerB, Inner6B)
	toC, backC := between(OuterC, InnerC, Inner6C)
	at, conf := l.A, ""
	if vrf {
		at, conf = l.Add(t, "manage"), fmt.Sprintf("vrf definition INET\n netns %s\n", l.A.name)
		toB.profile, toB.iface = []string{"match fvrf INET"}, []string{"vrf forwarding INET"}
	}
	a := StartRouterIn(t, l, at, binary, conf+hubConf("gwA", DeviceA, toB, toC))
	StartRouterIn(t, l, l.B, binary, hubConf("gwB", DeviceB, backB))
	StartRouterIn(t, l, c, binary, hubConf("gwC", DeviceC, backC))
	for _, to := range [][2]string{{HostA, InnerB}, {Host6A, Inner6B}, {HostA, InnerC}, {Host6A, Inner6C}} {
		host.Ping(t, to[0], to[1], 1)
	}
	hop.ip(t, "link", "set", "nB", "mtu", "1400") // after IKE, so that it is learnt from ESP
	Eventually(t, "the path MTU is learnt", func() (bool, string) {
		_, _, _ = host.TryPing(t, HostA, InnerB, 1, "-M", "do", "-s", "1400")
		out := a.VTY(t, "show crypto ipsec sa peer "+OuterBehind)
		return strings.Contains(out, "plaintext mtu 1338, path mtu 1400, ip mtu 1500, ip mtu idb vA"), out
	})
	if out := a.VTY(t, "show crypto ipsec sa peer "+OuterC); !strings.Contains(out, "plaintext mtu 1438, path mtu 1500, ip mtu 1500, ip mtu idb vA") {
		t.Errorf("the other peer:\n%s", out)
	}
	for _, tt := range []struct {
		name, from, to string
		headers        int // of a ping
		fits           int
		says           string
	}{
		{"IPv4, narrow", HostA, InnerB, 28, 1338, "From " + FrontA + " icmp_seq=1 Frag needed and DF set (mtu = 1338)"},
		{"IPv4, wide", HostA, InnerC, 28, 1438, "From " + FrontA + " icmp_seq=1 Frag needed and DF set (mtu = 1438)"},
		{"IPv6, narrow", Host6A, Inner6B, 48, 1338, "From " + Front6A + " icmp_seq=1 Packet too big: mtu=1338"},
		{"IPv6, wide", Host6A, Inner6C, 48, 1438, "From " + Front6A + " icmp_seq=1 Packet too big: mtu=1438"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ping := func(n int, options ...string) string {
				t.Helper()
				args := append([]string{"-n", "-I", tt.from, "-c", "1", "-W", "2", "-s", fmt.Sprint(n - tt.headers), tt.to}, options...)
				out, _ := host.command("ping", args...).CombinedOutput()
				return string(out)
			}
			const answered = "1 packets transmitted, 1 received"
			if out := ping(tt.fits, "-M", "do"); !strings.Contains(out, answered) {
				t.Errorf("%d octets, which fit:\n%s", tt.fits, out)
			}
			host.ip(t, "route", "flush", "cache") // what it has learnt before
			host.ip(t, "-6", "route", "flush", "cache")
			if out := ping(tt.fits+1, "-M", "do"); !strings.Contains(out, tt.says) {
				t.Errorf("%d octets: want %q:\n%s", tt.fits+1, tt.says, out)
			}
			host.ip(t, "route", "flush", "cache") // so that the router has to fragment; with IPv6 the host does
			if out := ping(tt.fits+400, "-M", "dont"); !strings.Contains(out, answered) {
				t.Errorf("%d octets that may be fragmented:\n%s", tt.fits+400, out)
			}
		})
	}
	for _, x := range []struct {
		n        *Namespace
		from, to string
	}{{l.B, HostA, InnerB}, {c, HostA, InnerC}, {l.B, Host6A, Inner6B}} {
		for _, reverse := range []bool{false, true} {
			t.Logf("TCP to %s, reverse %v: %.0f Mbit/s", x.to, reverse, host.TransferTCP(t, x.n, x.from, x.to, reverse).BitsPerSecond/1e6)
		}
	}
	for _, s := range a.Sessions(t) {
		for _, f := range s.Flows {
			if f.Out.Dropped != 0 {
				t.Errorf("drops: %+v", f)
			}
		}
	}
	// After encryption the router has to see to that, and it is the same to the host.
	a.Paste(t, "configure terminal\ncrypto ipsec fragmentation after-encryption\nend\n")
	Eventually(t, "the host is told by the router", func() (bool, string) {
		host.ip(t, "route", "flush", "cache")
		out, _ := host.command("ping", "-n", "-I", HostA, "-c", "1", "-W", "1", "-M", "do", "-s", "1400", InnerB).CombinedOutput()
		dropped := uint64(0)
		for _, s := range a.Sessions(t) {
			for _, f := range s.Flows {
				dropped += f.Out.Dropped
			}
		}
		return dropped > 0 && strings.Contains(string(out), "From "+FrontA+" icmp_seq=1 Frag needed and DF set (mtu = 1338)"), string(out)
	})
	for _, to := range [][2]string{{HostA, InnerB}, {Host6A, Inner6B}, {HostA, InnerC}} {
		if _, got, out := host.TryPing(t, to[0], to[1], 1, "-M", "dont", "-s", "1452"); got != 1 {
			t.Errorf("%s: 1500 octets that may be fragmented\n%s", to[1], out)
		}
	}
}
