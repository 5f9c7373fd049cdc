package session

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// inVRFs is five sessions: four between the same addresses, in two front VRFs and the global one, for the same networks in two inside VRFs and
// the global one; and one elsewhere in the first of the inside VRFs, that is down.
func inVRFs(t *testing.T) (*rig, time.Time) {
	local, peer := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.2:500")
	cfg := Config{
		VRFs: []VRF{{Name: "INET"}, {Name: "INET2"}, {Name: "RED"}, {Name: "BLUE"}},
		Descriptions: map[DescriptionKey]string{
			{Peer: peer.Addr()}: "by the global VRF", {Peer: peer.Addr(), FVRF: "INET"}: "by INET", {Peer: peer.Addr(), FVRF: "INET3"}: "by one that is not used",
		},
	}
	add := func(iface, fvrf, ivrf string, to netip.AddrPort) {
		cfg.Sessions = append(cfg.Sessions, Configured{
			Interface: iface, Local: local, Peer: to, PeerName: iface, FVRF: fvrf, IVRF: ivrf,
			Policies: []sadb.Policy{policy(sadb.PolicyID(iface), 0, "10.10.10.1/32", "10.30.30.1/32")},
		})
	}
	add("Tunnel0", "INET", "RED", peer)
	add("Tunnel1", "INET2", "BLUE", peer)
	add("GigabitEthernet0/0", "INET", "", netip.MustParseAddrPort("192.0.2.3:500"))
	add("GigabitEthernet0/1", "", "", peer)
	add("Tunnel2", "INET", "RED", netip.MustParseAddrPort("192.0.2.4:500"))
	r := newRig(t, cfg)
	for i, c := range cfg.Sessions[:4] {
		sa := active(sadb.IKEID(i+1), t0)
		sa.Peer, sa.Interface = c.PeerName, c.Interface
		sa.Path = sadb.Path{Local: netip.AddrPortFrom(local, 500), Remote: c.Peer, VRF: c.FVRF}
		sa.RemoteID = ike.AddrIdentity(c.Peer.Addr())
		up := child(sa.ID, esp.SPI(0x1001+i), t0, c.Policies...)
		up.Spec.Path = sa.Path
		r.do(t0, ike.SAUp{SA: sa}, up)
	}
	return r, t0.Add(time.Minute)
}

// Sessions in VRFs are chosen by both, by either, and beside other things.
func TestFilterVRFs(t *testing.T) {
	r, now := inVRFs(t)
	all := r.Snapshot(now).Sessions
	peer := netip.MustParseAddr("192.0.2.2")
	for _, tt := range []struct {
		name string
		f    Filter
		want []string
	}{
		{"fvrf INET", Filter{FVRF: new("INET")}, []string{"Tunnel0", "GigabitEthernet0/0", "Tunnel2"}},
		{"ivrf RED", Filter{IVRF: new("RED")}, []string{"Tunnel0", "Tunnel2"}},
		{"fvrf INET ivrf BLUE", Filter{FVRF: new("INET"), IVRF: new("BLUE")}, nil},
		{"remote", Filter{Remote: peer}, []string{"Tunnel0", "Tunnel1", "GigabitEthernet0/1"}},
		{"remote fvrf INET", Filter{Remote: peer, FVRF: new("INET")}, []string{"Tunnel0"}},
		{"remote ivrf BLUE", Filter{Remote: peer, IVRF: new("BLUE")}, []string{"Tunnel1"}},
		{"the global ones", Filter{FVRF: new(""), IVRF: new("")}, []string{"GigabitEthernet0/1"}},
		{"interface fvrf INET2", Filter{Interface: "Tunnel0", FVRF: new("INET2")}, nil},
	} {
		var got, chosen []string
		for _, s := range all {
			if tt.f.Match(s) {
				got = append(got, s.Interface)
			}
		}
		for _, rec := range r.listed() {
			if tt.f.chooses(rec) {
				chosen = append(chosen, rec.Interface)
			}
		}
		if !slices.Equal(got, tt.want) || !slices.Equal(chosen, tt.want) {
			t.Errorf("%s: got %v, and %v before they are listed; want %v", tt.name, got, chosen, tt.want)
		}
	}
}
