package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
)

// counted has nft count packets that come to this namespace, before it puts fragments together, by rules of which each has a name.
func (n *Namespace) counted(t *testing.T, rules map[string]string) (count func(name string) int) {
	t.Helper()
	text := "flush ruleset; add table inet c; add chain inet c pre { type filter hook prerouting priority -450; }"
	for name, rule := range rules {
		text += fmt.Sprintf("; add counter inet c %s; add rule inet c pre %s counter name %s", name, rule, name)
	}
	run(t, n.command("nft", text))
	return func(name string) int {
		t.Helper()
		m := regexp.MustCompile(`packets (\d+)`).FindStringSubmatch(run(t, n.command("nft", "list", "counter", "inet", "c", name)))
		if m == nil {
			t.Fatalf("nft shows no counter %s", name)
		}
		k, _ := strconv.Atoi(m[1])
		return k
	}
}

// The flag DF of the outer packets is as the configuration says, in UDP and bare. Where it is cleared and the path is narrow, the way there and the
// router itself fragment the outer packets, and the other end's host puts them together.
func TestDFBit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line            string
		whole, fragment int // packets of ten with DF, of inner ones with DF and without
	}{
		{"copy", 10, 0},
		{"set", 10, 10},
		{"clear", 0, 0},
	} {
		for _, bare := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, bare %v", tt.line, bare), func(t *testing.T) {
				t.Parallel()
				Require(t)
				binary, err := build()
				if err != nil {
					t.Fatal(err)
				}
				l := NewLab(t)
				hop := l.AddHop(t)
				conf := RouterConf{Peer: OuterBehind, Global: []string{"crypto ipsec df-bit " + tt.line}}
				esp := "udp dport 4500 udp length > 100"
				if bare {
					conf.Profile = []string{"no nat force-encap"}
					esp = "ip protocol esp"
				}
				a := StartRouterIn(t, l, l.A, binary, conf.String())
				conf.Peer = "" // whose mirror is A
				b := StartRouterIn(t, l, l.B, binary, mirrored(conf.String()))
				l.A.Ping(t, InnerA, InnerB, 3)

				count := hop.counted(t, map[string]string{"df": "ip saddr " + OuterA + " " + esp + " ip frag-off & 0x4000 != 0", "sum": "ip saddr " + OuterA + " " + esp})
				before := 0
				for _, flag := range []struct {
					option string
					want   int
				}{{"do", tt.whole}, {"dont", tt.fragment}} {
					if _, got, out := l.A.TryPing(t, InnerA, InnerB, 10, "-M", flag.option, "-s", "200"); got != 10 {
						t.Errorf("%d answers\n%s", got, out)
					}
					if got := count("df") - before; got != flag.want {
						t.Errorf("inner packets with -M %s: %d of %d outer ones with DF, want %d", flag.option, got, count("sum"), flag.want)
					}
					before = count("df")
				}
				if tt.line != "clear" {
					return
				}
				for _, r := range []*Router{a, b} {
					r.Paste(t, "configure terminal\ncrypto ipsec fragmentation after-encryption\nend\n")
				}
				hop.ip(t, "link", "set", "nB", "mtu", "1300")
				l.B.ip(t, "link", "set", DeviceB, "mtu", "1300")
				const fragments = "ip frag-off & 0x3fff != 0"
				there := l.B.counted(t, map[string]string{"fragments": fragments})
				here := hop.counted(t, map[string]string{"fragments": fragments + " ip saddr " + OuterBehind})
				if _, got, out := l.A.TryPing(t, InnerA, InnerB, 5, "-M", "do", "-s", "1472"); got != 5 {
					t.Errorf("%d answers to packets of 1500 octets with DF\n%s", got, out)
				}
				// There the router makes two of each packet, and the hop two of the first of these; back the router knows of the narrow link.
				if there("fragments") != 15 || here("fragments") != 10 {
					t.Errorf("%d fragments there and %d back, want 15 and 10", there("fragments"), here("fragments"))
				}
				l.A.TransferTCP(t, l.B, InnerA, InnerB, false)
				for _, r := range []*Router{a, b} {
					if f := r.Session(t).Flows[0]; f.In.Dropped != 0 || f.Out.Dropped != 0 {
						t.Errorf("drops: %+v", f)
					}
				}
			})
		}
	}
}
