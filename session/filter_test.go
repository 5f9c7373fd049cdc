package session

import (
	"net/netip"
	"testing"
)

func TestFilterMatch(t *testing.T) {
	name := func(s string) *string { return &s }
	s := Session{
		Interface: "Tunnel0", Local: netip.MustParseAddr("192.0.2.1"), LocalPort: 4500, Peer: netip.MustParseAddrPort("192.0.2.2:38452"),
		FVRF: "INET", IVRF: "",
	}
	tests := []struct {
		name string
		f    Filter
		want bool
	}{
		{"all", Filter{}, true},
		{"interface", Filter{Interface: "Tunnel0"}, true},
		{"other interface", Filter{Interface: "Tunnel1"}, false},
		{"local", Filter{Local: netip.MustParseAddr("192.0.2.1")}, true},
		{"other local", Filter{Local: netip.MustParseAddr("192.0.2.2")}, false},
		{"remote", Filter{Remote: netip.MustParseAddr("192.0.2.2")}, true},
		{"other remote", Filter{Remote: netip.MustParseAddr("192.0.2.1")}, false},
		{"local port", Filter{LocalPort: 4500}, true},
		{"other local port", Filter{LocalPort: 500}, false},
		{"remote port", Filter{RemotePort: 38452}, true},
		{"other remote port", Filter{RemotePort: 4500}, false},
		{"fvrf", Filter{FVRF: name("INET")}, true},
		{"global fvrf", Filter{FVRF: name("")}, false},
		{"global ivrf", Filter{IVRF: name("")}, true},
		{"other ivrf", Filter{IVRF: name("CUST")}, false},
		{"all but one agree", Filter{Local: s.Local, Remote: s.Peer.Addr(), RemotePort: 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.Match(s); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
