package session

import (
	"net/netip"
	"strings"
	"testing"
)

// tables is what a configuration of two entries says.
func tables() Tables {
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	gcm := TransformSet{Name: "TS", Transforms: "esp-gcm 128"}
	cbc := TransformSet{Name: "TS2", Transforms: "esp-aes 256 esp-sha256-hmac"}
	return Tables{
		Maps: []CryptoMap{
			{
				Name: "CM", Sequence: 10, Description: "to Osaka", Peer: addr("198.51.100.2"), Profile: "PROF", List: "TO-OSAKA",
				Rules:      []string{"permit ip 10.10.10.0 0.0.0.255 10.30.30.0 0.0.0.255"},
				Protection: Protection{Kilobytes: 4608000, Seconds: 3600, PFS: "group14", Transforms: []NamedSet{gcm, cbc}}, Interfaces: []string{"GigabitEthernet0/0"},
			},
			{Name: "CM", Sequence: 20, Peer: addr("2001:db8::2"), Protection: Protection{Seconds: 7200, Unlimited: true}, Interfaces: []string{"GigabitEthernet0/0"}},
			{Name: "SPARE", Sequence: 1, Protection: Protection{Kilobytes: 4608000, Seconds: 3600}},
		},
		TransformSets: []TransformSet{gcm, cbc},
		Interfaces: []Interface{
			{Name: "GigabitEthernet0/0", Up: true, Description: "outside", Addresses: []string{"203.0.113.1/24", "2001:db8::1/64"}, MTU: 1500, Map: "CM"},
			{Name: "vB", VRF: "INET"},
			{Name: "Tunnel0", Tunnel: true, VRF: "CUST", TunnelVRF: "INET"},
			{Name: "seikan0", Tunnel: true, Up: true, MTU: 1400, Traffic: &Traffic{1, 2, 3, 4, 5, 6}},
		},
		Routes: []Route{
			{Dst: prefix("10.30.30.0/24"), Source: addr("10.10.10.1"), Device: "seikan0"}, {Dst: prefix("10.10.10.0/24"), Device: "seikan0", Pass: true},
			{Dst: prefix("2001:db8:b::/48"), Device: "seikan0"}, {Dst: prefix("10.30.30.0/24"), Device: "Tunnel0", VRF: "CUST"},
		},
		VRFs: []VRF{{Name: "INET", Namespace: "wan", Description: "to the providers", Interfaces: []string{"vB", "vC"}}, {Name: "CUST", Namespace: "CUST"}},
	}
}

func TestTables(t *testing.T) {
	var b strings.Builder
	for _, part := range []struct {
		command string
		render  func() error
	}{
		{"show crypto map", func() error { return tables().RenderMaps(&b, func(CryptoMap) bool { return true }) }},
		{"show crypto map tag SPARE", func() error { return tables().RenderMaps(&b, func(m CryptoMap) bool { return m.Name == "SPARE" }) }},
		{"show crypto ipsec transform-set", func() error { return tables().RenderTransformSets(&b) }},
		{"show interfaces", func() error { return tables().RenderInterfaces(&b) }},
		{"show ip interface brief", func() error { return RenderInterfaceAddresses(&b, tables().InterfaceAddresses(false), false) }},
		{"show ipv6 interface brief", func() error { return RenderInterfaceAddresses(&b, tables().InterfaceAddresses(true), true) }},
		{"show ip route", func() error { return tables().RenderRoutes(&b, false, "") }},
		{"show ipv6 route", func() error { return tables().RenderRoutes(&b, true, "") }},
		{"show ip route vrf CUST", func() error { return tables().RenderRoutes(&b, false, "CUST") }},
		{"show vrf", func() error { return tables().RenderVRFs(&b) }},
		{"show vrf detail", func() error { return tables().RenderVRFDetails(&b) }},
		{"show crypto isakmp sa", func() error { return RenderISAKMP(&b, false) }},
		{"show crypto isakmp sa detail", func() error { return RenderISAKMP(&b, true) }},
		{"show crypto isakmp sa count", func() error { return RenderISAKMPCount(&b) }},
	} {
		b.WriteString("Router#" + part.command + "\n")
		if err := part.render(); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "tables", b.String())
	if err := tables().RenderInterfaces(&brokenWriter{}); err == nil {
		t.Error("no error of a writer that does not write")
	}
}
