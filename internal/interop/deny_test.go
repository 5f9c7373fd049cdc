package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Kill ends the router as nothing in it can prevent.
func (r *Router) Kill(t testing.TB) {
	t.Helper()
	if err := r.p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.p.done
}

// clear counts the echo requests that come by the cable in the clear.
type clear struct{ n *Namespace }

// countClear counts requests from two addresses.
func countClear(t testing.TB, n *Namespace, family, device, denied, permitted string) clear {
	t.Helper()
	run(t, n.command("nft", fmt.Sprintf(`add table inet m; add counter inet m denied; add counter inet m permitted
add chain inet m pre { type filter hook prerouting priority -300; }
add rule inet m pre iifname %[1]s %[2]s saddr %[3]s meta l4proto { icmp, icmpv6 } counter name denied
add rule inet m pre iifname %[1]s %[2]s saddr %[4]s meta l4proto { icmp, icmpv6 } counter name permitted`, device, family, denied, permitted)))
	return clear{n}
}

// want fails the test unless so many have come since it was last called.
func (c clear) want(t testing.TB, what string, denied, permitted int) {
	t.Helper()
	for name, want := range map[string]int{"denied": denied, "permitted": permitted} {
		out := run(t, c.n.command("nft", "reset", "counter", "inet", "m", name))
		m := regexp.MustCompile(`packets (\d+)`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("nft shows no counter:\n%s", out)
		}
		if got, _ := strconv.Atoi(m[1]); got != want {
			t.Errorf("%s: %d packets of the address that is %s in the clear, want %d", what, got, name, want)
		}
	}
}

// What an access list denies before it permits the rest leaves in the clear, by the system's own routes; the lines change while it
// runs, and what is the same goes on; a stop removes all, and a router that was killed protects what it protected.
func TestDeny(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, ip            string
		a, denied, b        string
		netA, netB          string // of the routes
		linesA, linesB      []string
		permitA, permitB    string // lines before those
		via, viaB, listMode string
		option              string // of ip
	}{
		{
			name: "IPv4", ip: "ip", a: InnerA, denied: "10.10.10.5", b: InnerB, netA: "10.10.10.0/24", netB: "10.30.30.0/24",
			linesA:  []string{"deny ip host 10.10.10.5 any", "permit ip 10.10.10.0 0.0.0.255 10.30.30.0 0.0.0.255"},
			linesB:  []string{"deny ip any host 10.10.10.5", "permit ip 10.30.30.0 0.0.0.255 10.10.10.0 0.0.0.255"},
			permitA: "5 permit ip host 10.10.10.5 10.30.30.0 0.0.0.255", permitB: "5 permit ip 10.30.30.0 0.0.0.255 host 10.10.10.5",
			via: OuterB, viaB: OuterA, listMode: "ip access-list extended", option: "-4",
		},
		{
			name: "IPv6", ip: "ip6", a: Inner6A, denied: "fd00:10::5", b: Inner6B, netA: "fd00:10::/64", netB: "fd00:30::/64",
			linesA:  []string{"deny ipv6 host fd00:10::5 any", "permit ipv6 fd00:10::/64 fd00:30::/64"},
			linesB:  []string{"deny ipv6 any host fd00:10::5", "permit ipv6 fd00:30::/64 fd00:10::/64"},
			permitA: "sequence 5 permit ipv6 host fd00:10::5 fd00:30::/64", permitB: "sequence 5 permit ipv6 fd00:30::/64 host fd00:10::5",
			via: Outer6B, viaB: Outer6A, listMode: "ipv6 access-list", option: "-6",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			bits := map[string]string{"ip": "/32", "ip6": "/128"}[tt.ip]
			l.A.AddAddress(t, tt.denied+bits)
			l.A.ip(t, "route", "add", tt.netB, "via", tt.via)
			l.B.ip(t, "route", "add", tt.netA, "via", tt.viaB)
			before := l.A.Routes(t)
			conf := RouterConf{IPv6: tt.ip == "ip6", ACL: tt.linesA}.String()
			a := StartRouterIn(t, l, l.A, binary, conf)
			b := StartRouterIn(t, l, l.B, binary, Mirror(RouterConf{IPv6: tt.ip == "ip6", ACL: tt.linesB}.String()))
			c := countClear(t, l.B, tt.ip, DeviceB, tt.denied, tt.a)

			change := func(no string) {
				a.Paste(t, fmt.Sprintf("configure terminal\n%s TO-B\n %s%s\nend\n", tt.listMode, no, tt.permitA))
				b.Paste(t, fmt.Sprintf("configure terminal\n%s TO-A\n %s%s\nend\n", tt.listMode, no, tt.permitB))
			}

			l.A.Ping(t, tt.denied, tt.b, 3)
			c.want(t, "denied", 3, 0)
			if s := a.Session(t); s.Status != "DOWN" {
				t.Errorf("got %+v, want no tunnel yet", s)
			}
			l.A.Ping(t, tt.a, tt.b, 3)
			c.want(t, "permitted", 0, 0)
			if f := a.Session(t).Flows[0]; f.In.Packets != 3 || f.Out.Packets != 3 {
				t.Errorf("got %+v, want 3 packets each way", f)
			}

			// The line that permits comes first now, while the tunnel carries packets.
			ping := l.A.StartPing(t, tt.a, tt.b, 5e6)
			change("")
			l.A.Ping(t, tt.denied, tt.b, 3)
			ping.Stop(t)
			c.want(t, "permitted before it is denied", 0, 0)
			if n := strings.Count(a.Log(t), "Crypto tunnel is"); n != 1 {
				t.Errorf("the session went up or down %d times, want once", n)
			}
			change("no ")
			l.A.Ping(t, tt.denied, tt.b, 2)
			c.want(t, "denied again", 2, 0)

			protected := l.A.Routes(t)
			l.A.ip(t, tt.option, "route", "flush", "table", "4500")
			a.WaitLog(t, "somebody has removed routes")
			Eventually(t, "the routes are back", func() (bool, string) { now := l.A.Routes(t); return now == protected, now })
			l.A.Ping(t, tt.a, tt.b, 2)
			c.want(t, "routes removed by somebody", 0, 0)

			a.Kill(t)
			if _, received, out := l.A.TryPing(t, tt.a, tt.b, 2); received != 0 {
				t.Errorf("killed: got answers\n%s", out)
			}
			l.A.Ping(t, tt.denied, tt.b, 2)
			c.want(t, "killed", 2, 0)

			another := strings.NewReplacer(tt.linesA[0]+"\n", "", tt.netB, tt.b+bits, "10.30.30.0 0.0.0.255", "host "+tt.b).Replace(conf)
			a = StartRouterIn(t, l, l.A, binary, another)
			if routes := l.A.Routes(t); strings.Contains(routes, "goto") || strings.Contains(routes, "unreachable "+tt.netB) {
				t.Errorf("left by the one that was killed:\n%s", routes)
			}
			a.Stop(t)
			if after := l.A.Routes(t); after != before {
				t.Errorf("got\n%s\nwant\n%s", after, before)
			}
		})
	}
}
