package config

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"seikan"
	"seikan/ike"
	"seikan/sadb"
	"seikan/tun"
)

// tunnelText is siteText with a tunnel interface, whose lines are more.
func tunnelText(more ...string) string {
	return siteText + `crypto ipsec profile IPP
 set transform-set TS
 set ikev2-profile PROF
crypto ikev2 keyring KR
 peer siteC
  address 192.0.2.77
  pre-shared-key b-test-key
interface Tunnel0
 ` + strings.Join(more, "\n ") + "\n"
}

var tunnelEnds = []string{"tunnel source vA", "tunnel destination 192.0.2.77", "tunnel protection ipsec profile IPP"}

func TestBuildTunnel(t *testing.T) {
	whole := func(p string) []sadb.Selector {
		return []sadb.Selector{sadb.SelectorFromPrefix(netip.MustParsePrefix(p), 0)}
	}
	gre := func(a string) []sadb.Selector {
		return []sadb.Selector{sadb.SelectorFromPrefix(netip.MustParsePrefix(a+"/32"), 47)}
	}
	local, remote := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.77")
	for _, tt := range []struct {
		name   string
		lines  []string
		policy sadb.Policy
		gre    *seikan.GRE
	}{
		{"gre", []string{"tunnel key 5", "tunnel ttl 64", "ip tcp adjust-mss 1300", "crypto ipsec df-bit clear", "crypto ipsec fragmentation after-encryption"},
			sadb.Policy{Local: gre("192.0.2.1"), Remote: gre("192.0.2.77"), MSS: 1300, DF: sadb.DFClear, FragmentAfter: true},
			&seikan.GRE{Local: local, Remote: remote, Keyed: true, Key: 5, TTL: 64}},
		{"ipsec ipv4", []string{"tunnel mode ipsec ipv4"}, sadb.Policy{Local: whole("0.0.0.0/0"), Remote: whole("0.0.0.0/0")}, nil},
		{"ipsec ipv6", []string{"tunnel mode ipsec ipv6"}, sadb.Policy{Local: whole("::/0"), Remote: whole("::/0")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := tunnelText(append(append([]string{"ip address 10.9.0.1 255.255.255.252", "ip mtu 1300"}, tunnelEnds...), tt.lines...)...) +
				"ip route 10.77.0.0 255.255.0.0 Tunnel0\n"
			b := mustBuild(t, text)
			want := tt.policy
			want.ID, want.Action, want.Interface = "Tunnel0", sadb.Protect, "Tunnel0"
			if got := b.Policies[len(b.Policies)-1]; !reflect.DeepEqual(got, want) {
				t.Errorf("policy %+v, want %+v", got, want)
			}
			tunnel := Tunnel{Name: "Tunnel0", Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/30")}, MTU: 1300, GRE: tt.gre,
				Routes: []tun.Route{{Dst: netip.MustParsePrefix("10.77.0.0/16")}}}
			if len(b.Tunnels) != 1 || !reflect.DeepEqual(b.Tunnels[0], tunnel) {
				t.Errorf("tunnels %+v, want %+v", b.Tunnels, tunnel)
			}
			p := b.IKE.Peers[len(b.IKE.Peers)-1]
			if p.Name != "Tunnel0-head-0" || p.Interface != "Tunnel0" || p.Local != local || p.Remote != remote || string(p.LocalKey) != "b-test-key" ||
				len(p.Flows) != 1 || p.Flows[0].Connect != ike.Always || !reflect.DeepEqual(p.Flows[0].Local, want.Local) {
				t.Errorf("peer %+v", p)
			}
			if s := b.Session.Sessions[1]; s.Interface != "Tunnel0" || s.Outside != "vA" || s.Map != "Tunnel0-head-0" || s.Origin != "crypto map" || s.Policies[0].ID != "Tunnel0" {
				t.Errorf("session %+v", s)
			}
		})
	}
}

// A tunnel that is not whole, or shut down, is there and not in use.
func TestBuildTunnelDown(t *testing.T) {
	for i := range len(tunnelEnds) + 1 {
		lines := append([]string{"ip address 10.9.0.1 255.255.255.252"}, tunnelEnds...)
		if i < len(tunnelEnds) {
			lines = append(lines[:i+1], lines[i+2:]...)
		} else {
			lines = append(lines, "shutdown")
		}
		b := mustBuild(t, tunnelText(lines...))
		if len(b.Tunnels) != 0 || len(b.Policies) != 1 || len(b.IKE.Peers) != 1 {
			t.Errorf("%q: a tunnel", lines)
		}
		if f := b.Session.Interfaces[len(b.Session.Interfaces)-1]; f.Name != "Tunnel0" || !f.Tunnel || f.Up {
			t.Errorf("%q: listed as %+v", lines, f)
		}
	}
}

var sharedEnds = append(append([]string(nil), tunnelEnds[:2]...), "tunnel protection ipsec profile IPP shared")

// another is a tunnel with the ends of the first one.
func another(lines ...string) string {
	return "interface Tunnel1\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.77\n tunnel protection ipsec profile IPP\n" + strings.Join(lines, "\n") + "\n"
}

// Tunnels of one profile between the same ends may share a pair of SAs.
func TestBuildSharedTunnels(t *testing.T) {
	b := mustBuild(t, tunnelText(sharedEnds...)+another(" tunnel key 2", " tunnel protection ipsec profile IPP shared"))
	if len(b.Tunnels) != 2 || b.Tunnels[0].Shares != "" || b.Tunnels[0].GRE.Keyed || b.Tunnels[1].Shares != "Tunnel0" || b.Tunnels[1].GRE.Key != 2 {
		t.Errorf("tunnels %+v", b.Tunnels)
	}
	if len(b.IKE.Peers) != 2 || len(b.Session.Sessions) != 2 || len(b.Policies) != 2 {
		t.Errorf("got %d peers, %d sessions, %d policies; want those of the crypto map and of the first tunnel", len(b.IKE.Peers), len(b.Session.Sessions), len(b.Policies))
	}
}

// Peers with the same two ends are told apart by what they prove to be.
func TestBuildDistinctPeers(t *testing.T) {
	for _, tt := range []struct {
		name, first, second string
		ok                  bool
	}{
		{"names", "fqdn b1.example", "fqdn b2.example", true},
		{"the same name", "fqdn b.example", "fqdn B.example", false},
		{"a name in the domain", "fqdn b.example", "fqdn domain example", false},
		{"a name outside of it", "fqdn domain example", "fqdn b.test", true},
		{"a domain in the other", "fqdn domain example", "fqdn domain b.example", false},
		{"two domains", "fqdn domain a.example", "fqdn domain b.example", true},
		{"a name and an address", "fqdn b.example", "address 192.0.2.77 255.255.255.255", true},
		{"networks", "address 192.0.2.0 255.255.255.0", "address 192.0.2.77 255.255.255.255", false},
		{"key IDs", "key-id 1", "key-id 2", true},
	} {
		text := tunnelText(append([]string{"tunnel mode ipsec ipv4"}, tunnelEnds...)...) + another(" tunnel mode ipsec ipv4", " tunnel protection ipsec profile IPP2")
		text += "crypto ipsec profile IPP2\n set transform-set TS\n set ikev2-profile PROF2\n"
		for name, id := range map[string]string{"PROF1": tt.first, "PROF2": tt.second} {
			text += "crypto ikev2 profile " + name + "\n match identity remote " + id + "\n authentication remote pre-share key x\n authentication local pre-share key x\n"
		}
		text = strings.Replace(text, "crypto ipsec profile IPP\n", "crypto ipsec profile IPP\n set ikev2-profile PROF1\n", 1)
		text = strings.Replace(text, " set ikev2-profile PROF\ncrypto ikev2 keyring", "crypto ikev2 keyring", 1)
		_, err := mustParse(t, text).Build(env())
		if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), "match identity remote tells peer 192.0.2.77") {
			t.Errorf("%s: got %v, want it taken: %v", tt.name, err, tt.ok)
		}
	}
}

func TestBuildTunnelRefused(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"the ends of a crypto map", tunnelText("tunnel source vA", "tunnel destination 192.0.2.2", "tunnel protection ipsec profile IPP"), "tells peer 192.0.2.2 from that of CM 10 (PROF)"},
		{"the ends of another tunnel", tunnelText(tunnelEnds...) + another(" tunnel key 2"), "from that of Tunnel0-head-0 (PROF), which has the same two ends; or tunnel protection with shared"},
		{"only one shares", tunnelText(tunnelEnds...) + another(" tunnel key 2", " tunnel protection ipsec profile IPP shared"), "from that of Tunnel0-head-0"},
		{"shared with the same key", tunnelText(sharedEnds...) + another(" tunnel protection ipsec profile IPP shared"), "another tunnel key than Tunnel0"},
		{"shared without GRE", tunnelText(sharedEnds...) + another(" tunnel mode ipsec ipv4", " tunnel protection ipsec profile IPP shared"), "mode gre ip"},
		{"shared with another MSS", tunnelText(sharedEnds...) + another(" ip tcp adjust-mss 1300", " tunnel key 2", " tunnel protection ipsec profile IPP shared"), "adjust-mss"},
		{"shared with another DF", tunnelText(sharedEnds...) + another(" crypto ipsec df-bit clear", " tunnel key 2", " tunnel protection ipsec profile IPP shared"), "the same crypto ipsec df-bit and fragmentation as Tunnel0"},
		{"shared with another fragmentation", tunnelText(sharedEnds...) + another(" crypto ipsec fragmentation after-encryption", " tunnel key 2", " tunnel protection ipsec profile IPP shared"),
			"the same crypto ipsec df-bit and fragmentation as Tunnel0"},
		{"no such source", tunnelText("tunnel source vX", "tunnel destination 192.0.2.77", "tunnel protection ipsec profile IPP"), "an interface of this system"},
		{"two families", tunnelText("tunnel source 2001:db8::1", "tunnel destination 192.0.2.77", "tunnel protection ipsec profile IPP"), "addresses of one family"},
		{"GRE over IPv6", tunnelText("tunnel source vA", "tunnel destination 2001:db8::77", "tunnel protection ipsec profile IPP"), "a tunnel over IPv4"},
		{"no key", tunnelText("tunnel source vA", "tunnel destination 192.0.2.78", "tunnel protection ipsec profile IPP"), "a keyring with a peer whose address is 192.0.2.78"},
		{"an empty profile", strings.Replace(tunnelText(tunnelEnds...), " set transform-set TS\n set ikev2-profile PROF\ncrypto ikev2 keyring", "crypto ikev2 keyring", 1),
			"an IPsec profile with set ikev2-profile"},
	} {
		_, err := mustParse(t, tt.text).Build(env())
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}
