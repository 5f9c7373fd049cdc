package interop

import (
	"strings"
	"testing"
)

// A link on the way carries less than the router's own: its ICMP message is learnt, what goes through the tunnel becomes smaller, and a
// host that may not be fragmented is told what fits.
func TestPathMTULearnt(t *testing.T) {
	t.Parallel()
	s, nat := newNATSite(t, "A")
	nat.ip(t, "link", "set", "nB", "mtu", "1300")
	s.B.ip(t, "link", "set", DeviceB, "mtu", "1300")
	r := s.up(t, Connection{Local: OuterBehind, LocalID: OuterBehind, Remote: "%any", RemoteID: OuterA}, RouterConf{Peer: OuterBehind})
	s.A.Ping(t, InnerA, InnerB, 1)
	if out := r.VTY(t, "show crypto ipsec sa"); !strings.Contains(out, "path mtu 1500") {
		t.Errorf("before: want path mtu 1500:\n%s", out)
	}
	Eventually(t, "the path MTU is learnt", func() (bool, string) {
		_, _, _ = s.A.TryPing(t, InnerA, InnerB, 1, "-s", "1380")
		out := r.VTY(t, "show crypto ipsec sa")
		return strings.Contains(out, "path mtu 1300"), out
	})
	b, _ := s.A.command("ping", "-n", "-I", InnerA, "-c", "1", "-W", "1", "-M", "do", "-s", "1380", InnerB).CombinedOutput()
	if out := string(b); !strings.Contains(out, "message too long, mtu=1238") {
		t.Errorf("want the host to be told 1238, which is 1300 without IP, UDP and ESP:\n%s", out)
	}
	transfer(t, s.Lab, InnerA, InnerB, 1<<20)
}
