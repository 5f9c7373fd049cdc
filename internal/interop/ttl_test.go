package interop

import (
	"strings"
	"testing"
)

// A packet that is forwarded into the tunnel has lost one of its time to live, by the forwarding host, and none by the tunnel: neither by its
// two ends nor on the way between (RFC 4301 §5.1.2). The outer header has the host's own.
func TestTTL(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	hop, host := l.AddHop(t), l.AddHost(t)
	there, back := between(OuterBehind, InnerB, Inner6B)
	StartRouterIn(t, l, l.A, binary, hubConf("gwA", DeviceA, there))
	StartRouterIn(t, l, l.B, binary, hubConf("gwB", DeviceB, back))
	host.Ping(t, HostA, InnerB, 1)
	host.Ping(t, Host6A, Inner6B, 1)

	outer := hop.counted(t, map[string]string{"ours": "ip saddr " + OuterA + " udp dport 4500 ip ttl 64"})
	inner := l.B.counted(t, map[string]string{
		"four": "ip daddr " + InnerB + " icmp type echo-request ip ttl 16", "six": "ip6 daddr " + Inner6B + " icmpv6 type echo-request ip6 hoplimit 16",
	})
	for _, tt := range []struct{ from, to, counter, exceeded string }{
		{HostA, InnerB, "four", "From " + FrontA + " icmp_seq=1 Time to live exceeded"},
		{Host6A, Inner6B, "six", "From " + Front6A + " icmp_seq=1 Time exceeded: Hop limit"},
	} {
		before := outer("ours")
		if _, got, out := host.TryPing(t, tt.from, tt.to, 5, "-t", "17"); got != 5 || inner(tt.counter) != 5 || outer("ours")-before != 5 {
			t.Errorf("%s: %d answers, %d inner requests with 16 left of 17, %d outer packets with 64; want 5\n%s", tt.to, got, inner(tt.counter), outer("ours")-before, out)
		}
		if _, got, out := host.TryPing(t, tt.from, tt.to, 1, "-t", "2"); got != 1 {
			t.Errorf("%s: two are enough, one for each host\n%s", tt.to, out)
		}
		out, _ := host.command("ping", "-n", "-I", tt.from, "-c", "1", "-W", "2", "-t", "1", tt.to).CombinedOutput()
		if !strings.Contains(string(out), tt.exceeded) {
			t.Errorf("%s: want %q\n%s", tt.to, tt.exceeded, out)
		}
	}
}
