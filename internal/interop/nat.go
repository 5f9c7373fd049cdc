package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Addresses of a bench with a NAT in the middle.
const (
	NATInsideA  = "192.0.2.254"   // the NAT, as A sees it
	NATInsideB  = "203.0.113.254" // the NAT, as B sees it
	OuterBehind = "203.0.113.2"   // B, which is in another network then
)

// natRules translate what leaves through one side to the address of the NAT there and to a port that is new each time.
const natRules = `table ip nat {
  chain out {
    type nat hook postrouting priority srcnat;
    oifname "%DEVICE%" masquerade fully-random
  }
}
`

// bothRules hide B as well: what comes to the NAT's own address goes on to B.
const bothRules = `table ip nat {
  chain in {
    type nat hook prerouting priority dstnat;
    iifname "` + DeviceB + `" udp dport { 500, 4500 } dnat to ` + OuterBehind + `
  }
}
`

// NAT is a namespace between A and B that translates addresses.
type NAT struct{ *Namespace }

// AddNAT puts a NAT between A and B. It is in front of A, of B or of both, as hides says.
func (l *Lab) AddNAT(t testing.TB, hides string) NAT {
	t.Helper()
	n := l.AddHop(t)
	out := "nB"
	if hides == "B" {
		out = DeviceB
	}
	c := n.command("nft", "-f", "-")
	rules := strings.ReplaceAll(natRules, "%DEVICE%", out)
	if hides == "both" {
		rules += bothRules
	}
	c.Stdin = strings.NewReader(rules)
	run(t, c)
	nat := NAT{n}
	nat.keep(t, 60)
	return nat
}

// keep sets how many seconds a mapping is kept that is not used.
func (n NAT) keep(t testing.TB, seconds int) {
	t.Helper()
	run(t, n.command("sysctl", "-q", "-w", fmt.Sprintf("net.netfilter.nf_conntrack_udp_timeout=%d", seconds),
		fmt.Sprintf("net.netfilter.nf_conntrack_udp_timeout_stream=%d", seconds)))
}

// Forget makes the NAT forget the mapping that use uses.
func (n NAT) Forget(t testing.TB, use func()) {
	t.Helper()
	n.keep(t, 1)
	use() // which sets the short time
	time.Sleep(2500 * time.Millisecond)
	n.keep(t, 60)
}
