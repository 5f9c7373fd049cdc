package interop

import (
	"fmt"
	"strings"
	"testing"
)

// outside is a family of outer addresses.
type outside struct {
	name     string
	a, b     string
	overhead int // of ESP in UDP, on a packet that fits

	from, fragment, whole, esp string // rules of nft
}

var families = []outside{
	{"IPv4", OuterA, OuterBehind, 62, "ip saddr ", " ip frag-off & 0x3fff != 0 ", " ip frag-off & 0x3fff == 0 ", "ip protocol esp"},
	{"IPv6", Outer6A, Outer6Behind, 82, "ip6 saddr ", " exthdr frag exists ", " exthdr frag missing ", "ip6 nexthdr esp"},
}

// narrowSite is two routers with a link of 1300 octets between them, which a knows of, and a host behind a.
type narrowSite struct {
	*Lab
	host  *Namespace
	a, b  *Router
	count func(rule string) int // of what comes to b: "fragments", "whole" ones of ESP, and what is "large", more than the link takes
	fits  int                   // of a packet of the host's
}

// newNarrowSite starts it with fragmentation after encryption at a.
func newNarrowSite(t *testing.T, o outside, bare bool) *narrowSite {
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	s := &narrowSite{Lab: NewLab(t), fits: 1300 - o.overhead}
	hop := s.AddHop(t)
	s.host = s.AddHost(t)
	hop.ip(t, "link", "set", "nB", "mtu", "1300")
	s.B.ip(t, "link", "set", DeviceB, "mtu", "1300")
	conf := RouterConf{Peer: o.b, ACL: []string{"permit ip 10.50.50.0 0.0.0.255 host " + InnerB}}
	conf.Global = []string{"crypto ipsec fragmentation after-encryption", "no platform offload socket-segmentation"} // so that packets can be counted
	back := RouterConf{Peer: o.a, ACL: []string{"permit ip host " + InnerB + " 10.50.50.0 0.0.0.255"}}
	esp := "udp dport 4500 udp length > 100"
	if bare {
		conf.Profile, back.Profile = []string{"no nat force-encap"}, []string{"no nat force-encap"}
		s.fits, esp = s.fits+8, o.esp+" meta length > 100"
	}
	s.a = StartRouterIn(t, s.Lab, s.A, binary, conf.String())
	s.b = StartRouterIn(t, s.Lab, s.B, binary, strings.Replace(back.String(), "interface "+DeviceA, "interface "+DeviceB, 1))
	s.host.Ping(t, HostA, InnerB, 1)

	learn := []string{"-M", "do", "-s", "1380"} // by a packet that no router may fragment
	if o.name == "IPv6" {
		learn = []string{"-M", "dont", "-s", "1472"} // by a fragment
	}
	Eventually(t, "the path MTU is learnt", func() (bool, string) {
		_ = s.host.command("ping", append(learn, "-n", "-I", HostA, "-c", "1", "-W", "1", InnerB)...).Run() // which may be lost
		out := s.a.VTY(t, "show crypto ipsec sa")
		return strings.Contains(out, fmt.Sprintf("plaintext mtu %d, path mtu 1300,", s.fits)), out
	})
	from := o.from + o.a
	s.count = s.B.counted(t, map[string]string{"fragments": from + o.fragment, "whole": from + o.whole + esp, "large": from + " meta length > 1300"})
	return s
}

// send has the host send three packets of 1500 octets, which are so many fragments outside, so many whole packets of ESP, and so many packets to the
// other end.
func (s *narrowSite) send(t *testing.T, when, flag string, fragments, whole, inner int) {
	t.Helper()
	f, w, in := s.count("fragments"), s.count("whole"), s.b.Session(t).Flows[0].In
	s.host.ip(t, "route", "flush", "cache") // what it has been told
	if _, got, out := s.host.TryPing(t, HostA, InnerB, 3, "-M", flag, "-s", "1472"); got != 3 {
		t.Errorf("%s: %d answers\n%s", when, got, out)
	}
	if f, w = s.count("fragments")-f, s.count("whole")-w; f != fragments || w != whole {
		t.Errorf("%s: %d fragments and %d whole packets outside, want %d and %d", when, f, w, fragments, whole)
	}
	if got := s.b.Session(t).Flows[0].In; int(got.Packets-in.Packets) != inner || got.Dropped != 0 {
		t.Errorf("%s: the other end counts %d packets and %d drops, want %d and none", when, got.Packets-in.Packets, got.Dropped, inner)
	}
}

// refuse has the host send a packet with DF that is too large, and one that fits.
func (s *narrowSite) refuse(t *testing.T, when string) {
	t.Helper()
	s.host.ip(t, "route", "flush", "cache")
	out, _ := s.host.command("ping", "-n", "-I", HostA, "-c", "1", "-W", "5", "-M", "do", "-s", "1472", InnerB).CombinedOutput()
	if want := fmt.Sprintf("From %s icmp_seq=1 Frag needed and DF set (mtu = %d)", FrontA, s.fits); !strings.Contains(string(out), want) {
		t.Errorf("%s: want %q:\n%s", when, want, out)
	}
	if _, got, out := s.host.TryPing(t, HostA, InnerB, 1, "-M", "do", "-s", fmt.Sprint(s.fits-28)); got != 1 {
		t.Errorf("%s: %d octets, which fit:\n%s", when, s.fits, out)
	}
}

// Packets that are too large for a narrow path are fragmented where the configuration says, over either family, in UDP and bare: before encryption,
// so that none of the outer ones is a fragment, or after it, which the other end's host puts together. Senders that forbid it are told, unless DF is
// not heeded.
func TestFragmentationModes(t *testing.T) {
	t.Parallel()
	for _, o := range families {
		for _, bare := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, bare %v", o.name, bare), func(t *testing.T) {
				t.Parallel()
				s := newNarrowSite(t, o, bare)
				s.send(t, "after encryption", "dont", 6, 0, 3)
				dropped := s.a.Session(t).Flows[0].Out.Dropped
				s.refuse(t, "after encryption")
				if f := s.a.Session(t).Flows[0]; f.Out.Dropped != dropped+1 {
					t.Errorf("%d drops, want %d: what was refused", f.Out.Dropped, dropped+1)
				}
				transfer(t, s.Lab, FrontA, InnerB, 1<<20) // whose sender is the host of the router
				s.a.Paste(t, "configure terminal\ncrypto ipsec df-bit clear\nend\n")
				s.send(t, "after encryption, DF not heeded", "do", 6, 0, 3)
				s.a.Paste(t, "configure terminal\nno crypto ipsec fragmentation\nend\n")
				s.send(t, "before encryption, DF not heeded", "do", 0, 6, 6)
				s.a.Paste(t, "configure terminal\nno crypto ipsec df-bit\nend\n")
				s.send(t, "before encryption", "dont", 0, 6, 6)
				s.refuse(t, "before encryption")
				if n := s.count("large"); n != 0 {
					t.Errorf("%d packets were larger than the path", n)
				}
			})
		}
	}
}

// strongSwan puts outer fragments together, and so does the router with strongSwan's.
func TestFragmentsWithStrongSwan(t *testing.T) {
	t.Parallel()
	s, nat := newNATSite(t, "A")
	nat.ip(t, "link", "set", "nB", "mtu", "1300")
	s.B.ip(t, "link", "set", DeviceB, "mtu", "1300")
	r := s.up(t, Connection{Local: OuterBehind, LocalID: OuterBehind, Remote: "%any", RemoteID: OuterA},
		RouterConf{Peer: OuterBehind, Global: []string{"crypto ipsec fragmentation after-encryption", "crypto ipsec df-bit clear"}})
	s.A.Ping(t, InnerA, InnerB, 1)
	const rule = "ip frag-off & 0x3fff != 0"
	there, back := s.B.counted(t, map[string]string{"fragments": rule}), s.A.counted(t, map[string]string{"fragments": rule})
	before := r.Session(t).Flows[0]
	if _, got, out := s.A.TryPing(t, InnerA, InnerB, 5, "-M", "do", "-s", "1320"); got != 5 {
		t.Errorf("%d answers\n%s", got, out)
	}
	after := r.Session(t).Flows[0]
	if there("fragments") != 10 || back("fragments") != 10 {
		t.Errorf("%d fragments there and %d back, want 10 each", there("fragments"), back("fragments"))
	}
	if after.Out.Packets-before.Out.Packets != 5 || after.In.Packets-before.In.Packets != 5 || after.In.Dropped != 0 || after.Out.Dropped != 0 {
		t.Errorf("before %+v, after %+v; want 5 packets each way and no drops", before, after)
	}
	s.checkPeer(t, 6)
	transfer(t, s.Lab, InnerA, InnerB, 1<<20)
}

// A tunnel interface whose packets are fragmented after encryption is as wide as if nothing were encrypted. Who sends more than fits, and forbids
// that it is fragmented, as all do of IPv6, is told what fits with GRE.
func TestTunnelFragments(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	conf := tunnelConf("esp-gcm 128", "transport", "ip address "+tunnelA+" 255.255.255.252", "ipv6 address "+tunnel6A+"/64", "crypto ipsec fragmentation after-encryption")
	a := StartRouterIn(t, l, l.A, binary, conf)
	b := StartRouterIn(t, l, l.B, binary, mirrorTunnel(conf))
	waitUp(t, a, true)
	waitUp(t, b, true)
	const wide, fits = 1500 - 24, 1434 // GRE, and the rest of ESP in UDP in transport mode
	if out := l.A.ip(t, "link", "show", "Tunnel0"); !strings.Contains(out, fmt.Sprintf("mtu %d", wide)) {
		t.Errorf("want an MTU of %d: %s", wide, out)
	}
	for _, tt := range []struct {
		from, to string
		headers  int
		says     string
	}{
		{tunnelA, tunnelB, 28, fmt.Sprintf("From %s icmp_seq=1 Frag needed and DF set (mtu = %d)", tunnelA, fits)},
		{tunnel6A, tunnel6B, 48, fmt.Sprintf("From %s icmp_seq=1 Packet too big: mtu=%d", tunnel6A, fits)},
	} {
		out, _ := l.A.command("ping", "-n", "-I", tt.from, "-c", "1", "-W", "5", "-M", "do", "-s", fmt.Sprint(wide-tt.headers), tt.to).CombinedOutput()
		if !strings.Contains(string(out), tt.says) {
			t.Errorf("want %q\n%s", tt.says, out)
		}
		if _, got, out := l.A.TryPing(t, tt.from, tt.to, 1, "-M", "do", "-s", fmt.Sprint(fits-tt.headers)); got != 1 {
			t.Errorf("%d octets, which fit\n%s", fits, out)
		}
	}
	l.A.ip(t, "route", "flush", "cache")
	count := l.B.counted(t, map[string]string{"fragments": "ip frag-off & 0x3fff != 0"})
	if _, got, out := l.A.TryPing(t, tunnelA, tunnelB, 3, "-M", "dont", "-s", fmt.Sprint(wide-28)); got != 3 || count("fragments") != 6 {
		t.Errorf("%d answers, %d outer fragments; want 3 and 6\n%s", got, count("fragments"), out)
	}
	for _, r := range []*Router{a, b} {
		if f := r.Session(t).Flows[0]; f.In.Dropped != 0 || f.Out.Dropped != map[*Router]uint64{a: 2}[r] {
			t.Errorf("got %+v, want the two drops of what was refused", f)
		}
	}
}
