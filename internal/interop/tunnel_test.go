package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The two ends of the tunnels in these tests, and networks behind them that are routed there.
const (
	tunnelA, tunnelB = "10.9.0.1", "10.9.0.2"
	tunnel6A         = "fd00:9::1"
	tunnel6B         = "fd00:9::2"
)

// tunnelConf is a router with one tunnel interface from A to B. lines are further ones of the interface.
func tunnelConf(transform, mode string, lines ...string) string {
	return fmt.Sprintf(`hostname gwA
crypto logging ikev2
crypto ikev2 keyring KR
 peer siteB
  address %[1]s
  pre-shared-key %[2]s
crypto ikev2 profile PROF
 match identity remote address %[1]s 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS %[3]s
 mode %[4]s
crypto ipsec profile IPP
 set transform-set TS
 set ikev2-profile PROF
interface Tunnel0
 tunnel source %[5]s
 tunnel destination %[1]s
 tunnel protection ipsec profile IPP
 %[6]s
`, OuterB, PSK, transform, mode, DeviceA, strings.Join(lines, "\n "))
}

// mirrorTunnel is the other end of tunnelConf.
func mirrorTunnel(conf string) string {
	conf = strings.Replace(conf, "tunnel source "+DeviceA, "tunnel source "+DeviceB, 1)
	return strings.NewReplacer(tunnelA, tunnelB, tunnelB, tunnelA, tunnel6A, tunnel6B, tunnel6B, tunnel6A,
		"ip route "+InnerB, "ip route "+InnerA, "ipv6 route "+Inner6B, "ipv6 route "+Inner6A).Replace(Mirror(conf))
}

// waitUp waits until Tunnel0 is up.
func waitUp(t *testing.T, r *Router, up bool) {
	t.Helper()
	want := "Tunnel0 is down, line protocol is down"
	if up {
		want = "Tunnel0 is up, line protocol is up"
	}
	Eventually(t, want, func() (bool, string) {
		out := r.VTY(t, "show interfaces")
		return strings.Contains(out, want), out
	})
}

// A tunnel interface of each mode between two of our own: it comes up by itself, the host's routes lead into it, and it is down while
// its SA is.
func TestTunnelInterface(t *testing.T) {
	t.Parallel()
	addresses := []string{
		"ip address " + tunnelA + " 255.255.255.252", "ipv6 address " + tunnel6A + "/64", "ip tcp adjust-mss 1200",
	}
	routes := fmt.Sprintf("ip route %s 255.255.255.255 Tunnel0\nipv6 route %s/128 Tunnel0\n", InnerB, Inner6B)
	const any4, any6 = "permit ip 0.0.0.0/0.0.0.0 0.0.0.0/0.0.0.0", "permit ipv6 ::/0 ::/0"
	for _, tt := range []struct {
		name, mode string
		lines      []string
		permit     string
		settings   string
		v4, v6     bool
	}{
		{"ipsec ipv4", "tunnel", []string{"tunnel mode ipsec ipv4"}, any4, "Tunnel UDP-Encaps", true, false},
		{"ipsec ipv6", "tunnel", []string{"tunnel mode ipsec ipv6"}, any6, "Tunnel UDP-Encaps", false, true},
		{"gre in tunnel mode", "tunnel", nil, "permit 47 host " + OuterA + " host " + OuterB, "Tunnel UDP-Encaps", true, true},
		{"gre in transport mode", "transport", []string{"tunnel key 4711"}, "permit 47 host " + OuterA + " host " + OuterB, "Transport UDP-Encaps", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			conf := tunnelConf("esp-gcm 128", tt.mode, append(slices.Clone(addresses), tt.lines...)...) + routes
			a := StartRouterIn(t, l, l.A, binary, conf)
			b := StartRouterIn(t, l, l.B, binary, mirrorTunnel(conf))
			waitUp(t, a, true)
			waitUp(t, b, true)
			if s := a.Session(t); s.Interface != "Tunnel0" || len(s.Flows) != 1 || !slices.Equal(s.Flows[0].Permit, []string{tt.permit}) {
				t.Errorf("got %+v, want interface Tunnel0 with %s", s, tt.permit)
			}
			if out := a.VTY(t, "show crypto ipsec sa"); !strings.Contains(out, "in use settings ={"+tt.settings) {
				t.Errorf("want settings %s:\n%s", tt.settings, out)
			}
			var ends [][2]string
			if tt.v4 {
				ends = append(ends, [2]string{tunnelA, tunnelB}, [2]string{InnerA, InnerB})
			}
			if tt.v6 {
				ends = append(ends, [2]string{tunnel6A, tunnel6B}, [2]string{Inner6A, Inner6B})
			}
			for _, e := range ends {
				l.A.Ping(t, e[0], e[1], 3)
				transfer(t, l, e[0], e[1], 1<<20)
			}
			for _, r := range []*Router{a, b} {
				if f := r.Session(t).Flows[0]; f.In.Packets < 1000 || f.Out.Packets < 1000 || f.In.Dropped != 0 || f.Out.Dropped != 0 {
					t.Errorf("got %+v, want packets and no drops", f)
				}
			}
			b.Stop(t)
			waitUp(t, a, false)
			a.WaitLog(t, "%LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel0, changed state to down")
			if out := l.A.ip(t, "link", "show", "Tunnel0"); !strings.Contains(out, "NO-CARRIER") {
				t.Errorf("the kernel takes the tunnel to be up: %s", out)
			}
		})
	}
}

// strongSwan knows no tunnel interfaces here: for it this is a policy for everything.
func TestTunnelInterfaceToStrongSwan(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	c := Connection{Children: []PeerChild{{LocalTS: "0.0.0.0/0", RemoteTS: "0.0.0.0/0"}}}
	s.peer.Load(t, c)
	r := StartRouter(t, s.Lab, binary, tunnelConf("esp-gcm 128", "tunnel", "ip address "+tunnelA+" 255.255.255.252", "tunnel mode ipsec ipv4")+
		"ip route "+InnerB+" 255.255.255.255 Tunnel0\n")
	waitUp(t, r, true)
	s.A.Ping(t, InnerA, InnerB, 5)
	s.A.Ping(t, tunnelA, InnerB, 5)
	if f := r.Session(t).Flows[0]; f.In.Packets != 10 || f.Out.Packets != 10 {
		t.Errorf("got %+v, want 10 packets each way", f)
	}
}

// Transport mode: the gateways talk to each other for themselves. What the host sends to the peer goes through the device, and the
// router's own packets past it.
func TestTransportMode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		conf RouterConf
		a, b string
	}{
		{"IPv4", RouterConf{ACL: []string{"permit ip host " + OuterA + " host " + OuterB}}, OuterA, OuterB},
		{"IPv6", RouterConf{Peer: Outer6B, IPv6: true, ACL: []string{"permit ipv6 host " + Outer6A + " host " + Outer6B}}, Outer6A, Outer6B},
		{"bare ESP", RouterConf{ACL: []string{"permit ip host " + OuterA + " host " + OuterB}, Profile: []string{"no nat force-encap"}}, OuterA, OuterB},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			conf := strings.Replace(tt.conf.String(), "mode tunnel", "mode transport", 1)
			a := StartRouterIn(t, l, l.A, binary, conf)
			b := StartRouterIn(t, l, l.B, binary, mirrored6(conf))
			l.A.Ping(t, tt.a, tt.b, 3)
			transfer(t, l, tt.a, tt.b, 1<<20)
			for _, r := range []*Router{a, b} {
				if f := r.Session(t).Flows[0]; f.In.Packets < 700 || f.Out.Packets < 700 || f.In.Dropped != 0 || f.Out.Dropped != 0 {
					t.Errorf("got %+v, want packets and no drops", f)
				}
				if out := r.VTY(t, "show crypto ipsec sa"); !strings.Contains(out, "in use settings ={Transport") {
					t.Errorf("want transport mode:\n%s", out)
				}
			}
		})
	}
}

// Tunnel interfaces come, go and change while the router runs.
func TestTunnelInterfaceChanges(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	conf := tunnelConf("esp-gcm 128", "transport", "ip address "+tunnelA+" 255.255.255.252")
	a := StartRouterIn(t, l, l.A, binary, conf)
	b := StartRouterIn(t, l, l.B, binary, mirrorTunnel(conf))
	waitUp(t, a, true)
	waitUp(t, b, true)
	l.A.Ping(t, tunnelA, tunnelB, 2)
	a.Paste(t, "configure terminal\ninterface Tunnel0\n shutdown\nend\n")
	if devices := l.A.Devices(t); slices.Contains(devices, "Tunnel0") {
		t.Errorf("devices %v: the tunnel was shut down", devices)
	}
	waitUp(t, b, false)
	key := "configure terminal\ninterface Tunnel0\n tunnel key 9\n no shutdown\nend\n"
	a.Paste(t, key)
	b.Paste(t, key)
	waitUp(t, a, true)
	waitUp(t, b, true)
	Eventually(t, "packets get through with the key", func() (bool, string) {
		sent, received, out := l.A.TryPing(t, tunnelA, tunnelB, 2)
		return sent == received, out
	})
	if out, _, _ := strings.Cut(a.VTY(t, "show interfaces"), "seikan0"); strings.Contains(out, " 0 packets output") {
		t.Errorf("no packets counted:\n%s", out)
	}
	a.Paste(t, "configure terminal\nno interface Tunnel0\ninterface "+DeviceA+"\nend\n")
	if out := a.VTY(t, "show running-config"); strings.Contains(out, "Tunnel0") {
		t.Errorf("the tunnel is still there:\n%s", out)
	}
}
