package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Congestion that is marked on the way comes out of the tunnel, the class of service is that of the inner packet outside, and a mark on what
// cannot carry it drops the packet and is counted (RFC 6040), for ESP in UDP and bare, over either family.
func TestECN(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, family, esp string
		conf              RouterConf
		bare              bool
	}{
		{"UDP, IPv4", "ip", "udp dport 4500", RouterConf{}, false},
		{"UDP, IPv6", "ip6", "udp dport 4500", RouterConf{Peer: Outer6B}, false},
		{"bare, IPv4", "ip", "meta l4proto esp", RouterConf{}, true},
		{"bare, IPv6", "ip6", "meta l4proto esp", RouterConf{Peer: Outer6B}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			if tt.bare {
				tt.conf.Profile = []string{"no nat force-encap"}
			}
			StartRouterIn(t, l, l.A, binary, tt.conf.String())
			back := tt.conf
			if back.Peer != "" { // mirrored knows the addresses of IPv4
				back.Peer = Outer6A
			}
			b := StartRouterIn(t, l, l.B, binary, mirrored(back.String()))
			l.A.Ping(t, InnerA, InnerB, 3)

			nft := func(rules string) {
				t.Helper()
				run(t, l.B.command("nft", fmt.Sprintf("flush ruleset; add table inet m; add chain inet m pre { type filter hook prerouting priority -300; }; %s", rules)))
			}
			count := func() int {
				t.Helper()
				m := regexp.MustCompile(`counter packets (\d+)`).FindStringSubmatch(run(t, l.B.command("nft", "list", "ruleset")))
				if m == nil {
					t.Fatal("nft shows no counter")
				}
				n, _ := strconv.Atoi(m[1])
				return n
			}
			const tos = "0xba" // EF, ECT(0)
			nft(fmt.Sprintf("add rule inet m pre %s %s dscp ef %s ecn ect0 counter", tt.esp, tt.family, tt.family))
			if _, got, out := l.A.TryPing(t, InnerA, InnerB, 5, "-Q", tos); got != 5 || count() != 5 {
				t.Errorf("%d answers, %d packets with the class of service of the inner one; want 5\n%s", got, count(), out)
			}
			nft(fmt.Sprintf("add rule inet m pre %s %s ecn ect0 %s ecn set ce; add rule inet m pre icmp type echo-request ip dscp ef ip ecn ce counter", tt.esp, tt.family, tt.family))
			if _, got, out := l.A.TryPing(t, InnerA, InnerB, 5, "-Q", tos); got != 5 || count() != 5 {
				t.Errorf("%d answers, %d inner packets with the mark; want 5\n%s", got, count(), out)
			}
			nft(fmt.Sprintf("add rule inet m pre %s %s ecn set ce counter", tt.esp, tt.family))
			if _, got, _ := l.A.TryPing(t, InnerA, InnerB, 3); got != 0 {
				t.Errorf("%d answers to packets whose mark cannot be told, want none", got)
			}
			if f := b.Session(t).Flows[0]; f.In.Dropped != 3 {
				t.Errorf("%d drops, want 3", f.In.Dropped)
			}
			if out := b.VTY(t, "show crypto session detail json"); !strings.Contains(out, "congestion mark") {
				t.Errorf("the reason is not shown:\n%s", out)
			}
		})
	}
}
