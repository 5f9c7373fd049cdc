package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// vrfText is siteText with VRFs, its crypto map on an interface in INET, and lines of the profile.
func vrfText(profile string) string {
	return "vrf definition INET\n netns wan\nvrf definition CUST\n" + strings.Replace(with("interface vA", " vrf forwarding INET", "hostname gwA", "crypto isakmp peer address 192.0.2.2 vrf INET\n description by INET",
		" keyring local KR", profile), "interface vA", "interface vW", 1)
}

func TestBuildCryptoMapInVRF(t *testing.T) {
	dst := netip.MustParsePrefix("10.30.30.1/32")
	for _, tt := range []struct {
		name, profile, ivrf string
	}{
		{"the front VRF", " match fvrf INET", "INET"},
		{"another one", " match fvrf any\n ivrf CUST", "CUST"},
		{"the global one", " match fvrf INET\n ivrf global", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := mustBuild(t, vrfText(tt.profile))
			s, p := b.Session.Sessions[0], b.IKE.Peers[0]
			if s.FVRF != "INET" || s.IVRF != tt.ivrf || p.FVRF != "INET" {
				t.Errorf("got session %q/%q, peer in %q, want INET/%s", s.FVRF, s.IVRF, p.FVRF, tt.ivrf)
			}
			want := LocalEndpoint{Addr: netip.MustParseAddr("192.0.2.1"), MTU: 1450, VRF: "INET", Netns: "wan"}
			if !slices.Equal(b.Locals, []LocalEndpoint{want}) {
				t.Errorf("locals: got %+v, want %+v", b.Locals, want)
			}
			if got := b.Session.Descriptions[session.DescriptionKey{Peer: p.Remote, FVRF: s.FVRF}]; got != "by INET" {
				t.Errorf("description: got %q", got)
			}
			if tt.ivrf == "" {
				if len(b.Tunnels) != 0 || len(b.Routes) != 1 || b.Policies[0].Interface != "" {
					t.Errorf("got %+v, %+v, %+v, want the device for all", b.Tunnels, b.Routes, b.Policies)
				}
				return
			}
			device := b.Tunnels[0]
			route := tun.Route{Dst: dst} // env has no 10.10.10.1 there
			if device.VRF != tt.ivrf || !device.Maps || !slices.Equal(device.Routes, []tun.Route{route}) || len(b.Routes) != 0 || b.Policies[0].Interface != device.Name {
				t.Errorf("got %+v, %+v, %+v, want a device in %s with %+v", device, b.Routes, b.Policies, tt.ivrf, route)
			}
		})
	}
}

// Lines that deny are those of the device of their inside VRF, and of no other.
func TestBuildLinesInVRF(t *testing.T) {
	b := mustBuild(t, strings.Replace(vrfText(" match fvrf any\n ivrf CUST"), " permit ip", " deny ip host 10.10.10.5 any\n permit ip", 1))
	if d := b.Tunnels[0]; len(b.Lines) != 0 || !d.Maps || len(d.Lines) != 2 || !d.Lines[0].Pass || d.Lines[1].Pass {
		t.Errorf("got lines %+v, and %+v in the VRF", b.Lines, d.Lines)
	}
}

// Two tunnels between the same addresses in two front VRFs, with the same networks behind them.
func TestBuildTunnelsInVRFs(t *testing.T) {
	text := tunnelText("ip address 10.9.0.1 255.255.255.252", "tunnel source 192.0.2.1", "tunnel destination 192.0.2.77", "tunnel protection ipsec profile IPP") + `vrf definition INET
 netns wan
ip vrf CUST
crypto ikev2 proposal FOR-INET
 encryption aes-cbc-256
 integrity sha256
 group 19
crypto ikev2 policy FOR-INET
 match fvrf INET
 proposal FOR-INET
crypto ikev2 profile PROF
 match fvrf any
interface Tunnel1
 ip vrf forwarding CUST
 ip address 10.9.0.1 255.255.255.252
 tunnel source vW
 tunnel destination 192.0.2.77
 tunnel vrf INET
 tunnel protection ipsec profile IPP
ip route 10.77.0.0 255.255.0.0 Tunnel0
ip route vrf CUST 10.77.0.0 255.255.0.0 Tunnel1
`
	b := mustBuild(t, text)
	one, two := b.IKE.Peers[1], b.IKE.Peers[2]
	if one.Local != two.Local || one.Remote != two.Remote || one.FVRF != "" || two.FVRF != "INET" {
		t.Errorf("got %v-%v in %q and %v-%v in %q, want the same in none and in INET", one.Local, one.Remote, one.FVRF, two.Local, two.Remote, two.FVRF)
	}
	if len(one.Proposals) != len(defaultProposals()) || len(two.Proposals) != 1 {
		t.Errorf("got %d and %d proposals, want those of the policy only in INET", len(one.Proposals), len(two.Proposals))
	}
	if s := b.Session.Sessions[2]; s.FVRF != "INET" || s.IVRF != "CUST" || s.Interface != "Tunnel1" {
		t.Errorf("got session %+v", s)
	}
	if a, c := b.Tunnels[0], b.Tunnels[1]; a.Netns != "" || c.Netns != "CUST" || c.VRF != "CUST" || !slices.Equal(a.Routes, c.Routes) || len(a.Routes) != 1 {
		t.Errorf("got tunnels %+v and %+v", a, c)
	}
	for _, f := range []string{"", "INET"} {
		if !slices.ContainsFunc(b.Locals, func(l LocalEndpoint) bool { return l.VRF == f && l.Addr == one.Local }) {
			t.Errorf("locals: got %+v, want %v in %q", b.Locals, one.Local, f)
		}
	}
	if got, want := fmt.Sprint(b.Session.VRFs), "[{INET wan  []} {CUST CUST  [Tunnel1]}]"; got != want {
		t.Errorf("got VRFs %s, want %s", got, want)
	}
}

func TestVRFRefused(t *testing.T) {
	const two = "vrf definition INET\n netns wan\nvrf definition CUST\n"
	tunnel := func(more ...string) string { return two + tunnelText(append(slices.Clone(tunnelEnds), more...)...) }
	for _, tt := range []struct{ name, text, want string }{
		{"no namespace", "vrf definition GONE\n" + siteText, "a VRF whose network namespace is there (no such namespace)"},
		{"no namespace of another name", "vrf definition INET\n netns gone\n" + siteText, "a VRF whose network namespace is there (no such namespace)"},
		{"one namespace for two", "vrf definition INET\n netns CUST\nvrf definition CUST\n" + siteText, "a network namespace that is not that of VRF INET (CUST)"},
		{"a VRF called global", "vrf definition global\n", "another name than global"},
		{"a path", "vrf definition INET\n netns ../x\n", "name of a network namespace, as in /run/netns"},
		{"undefined on an interface", with("interface vA", " vrf forwarding NONE"), "name of a VRF that is defined; none is"},
		{"undefined front VRF", tunnel("tunnel vrf NONE"), "name of a VRF that is defined: CUST, INET"},
		{"undefined inside VRF", tunnel("vrf forwarding NONE"), "name of a VRF that is defined: CUST, INET"},
		{"undefined in a profile", with(" keyring local KR", " match fvrf NONE"), "name of a VRF that is defined; none is"},
		{"undefined ivrf", with(" keyring local KR", " ivrf NONE"), "name of a VRF that is defined; none is"},
		{"undefined of a peer", "crypto isakmp peer address 192.0.2.2 vrf NONE\n", "name of a VRF that is defined; none is"},
		{"undefined of a route", tunnel() + "ip route vrf NONE 10.0.0.0 255.0.0.0 Tunnel0\n", "name of a VRF that is defined: CUST, INET"},
		{"a route out of its VRF", tunnel("vrf forwarding CUST") + "ip route 10.0.0.0 255.0.0.0 Tunnel0\n", "a tunnel in the global VRF, as the route is; Tunnel0 is in VRF CUST"},
		{"a route into a VRF", tunnel() + "ip route vrf CUST 10.0.0.0 255.0.0.0 Tunnel0\n", "a tunnel in VRF CUST, as the route is; Tunnel0 is in the global VRF"},
		{"a source elsewhere", tunnel("tunnel vrf INET"), "an interface in VRF INET, as tunnel vrf says; vA is in the global VRF"},
		{"a profile for the global VRF", vrfText("!"), "a profile for front VRF INET: with match fvrf INET, or any"},
		{"a profile for another VRF", two + with(" keyring local KR", " match fvrf INET"), "a profile that is not only for another front VRF"},
		{"an inside VRF for a tunnel", tunnel("vrf forwarding CUST") + "crypto ikev2 profile PROF\n ivrf INET\n", "a profile without ivrf"},
		{"an interface that is not in the VRF", two + with("interface vA", " vrf forwarding INET\n!", " keyring local KR", " match fvrf any") + "interface vX\n crypto map CM\n vrf forwarding CUST\n",
			"an interface of this system in VRF CUST"},
	} {
		m, err := Parse("gw.conf", []byte(tt.text))
		if err == nil {
			_, err = m.Build(env())
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	e := env()
	e.Namespace = nil
	if _, err := mustParse(t, two+siteText).Build(e); err == nil || !strings.Contains(err.Error(), "no VRF, as this system's network namespaces are not known") {
		t.Errorf("no namespaces: got %v", err)
	}
	e.Namespace = func(string) error { return errors.New("no") }
	mustBuild(t, siteText) // which asks for none
}

// What a denial keeps out of the crypto maps of one inside VRF concerns no other.
func TestBuildInsidesApart(t *testing.T) {
	b := mustBuild(t, vrfText(" match fvrf any\n ivrf CUST")+`crypto ikev2 profile PROF2
 match fvrf any
 ivrf global
 authentication remote pre-share key x
 authentication local pre-share key x
crypto map CM 20 ipsec-isakmp
 set peer 192.0.2.3
 set transform-set TS
 set ikev2-profile PROF2
 match address TO-B
`)
	var got []string
	for _, p := range b.Policies {
		got = append(got, string(p.ID)+" "+p.Interface)
	}
	if want := []string{"CM 10 TO-B 10 vrf CUST", "CM 20 TO-B 10 "}; !slices.Equal(got, want) {
		t.Errorf("got policies %q, want %q", got, want)
	}
	var db sadb.DB
	db.SetPolicies(b.Policies)
	f := sadb.Flow{Src: netip.MustParseAddr("10.10.10.1"), Dst: netip.MustParseAddr("10.30.30.1")}
	for device, want := range map[string]sadb.PolicyID{"vrf CUST": "CM 10 TO-B 10", "": "CM 20 TO-B 10"} {
		if got := db.RouteVia(device, f).Policy; got == nil || got.ID != want {
			t.Errorf("device %q: got policy %v, want %s", device, got, want)
		}
	}
	if got := db.RouteVia("vrf INET", f); got.Policy != nil {
		t.Errorf("a device that is not there: got %v", got.Policy.ID)
	}
}
