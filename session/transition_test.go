package session

import (
	"net/netip"
	"testing"
)

func TestMessage(t *testing.T) {
	site := Transition{Up: true, Peer: netip.MustParseAddrPort("10.2.2.9:500"), Description: "connection from site A", ID: "ezvpn"}
	vrf := Transition{
		Up: true, Peer: netip.MustParseAddrPort("10.6.6.1:500"), FVRF: "name10", IVRF: "name20", Description: "SJC24-2-VPN-Gateway", ID: "10.5.5.2",
	}
	down := vrf
	down.Up = false
	tests := []struct {
		name string
		tr   Transition
		want string
	}{
		{"description", site, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 10.2.2.9:500 Description: connection from site A Id: ezvpn"},
		{"VRFs", vrf, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 10.6.6.1:500 fvrf=name10 ivrf=name20 Description: SJC24-2-VPN-Gateway Id: 10.5.5.2"},
		{"down", down, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN. Peer 10.6.6.1:500 fvrf=name10 ivrf=name20 Description: SJC24-2-VPN-Gateway Id: 10.5.5.2"},
		{"plain", Transition{Up: true, Peer: netip.MustParseAddrPort("10.1.1.2:4500"), ID: "10.1.1.2"}, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 10.1.1.2:4500 Id: 10.1.1.2"},
		{"IPv6", Transition{Peer: netip.MustParseAddrPort("[2001:db8::2]:500"), ID: "2001:db8::2"}, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN. Peer 2001:DB8::2:500 Id: 2001:DB8::2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.tr.Message(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
