package seikan

import (
	"maps"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// tallySessions are two peers, one of them on two interfaces.
func tallySessions() []session.Configured {
	return []session.Configured{
		{Interface: "v0", Local: netip.MustParseAddr("192.0.2.1"), PeerName: "CM 10"},
		{Interface: "v1", Local: netip.MustParseAddr("198.51.100.1"), PeerName: "CM 10"},
		{Interface: "v0", Local: netip.MustParseAddr("192.0.2.1"), PeerName: "CM 20"},
	}
}

func TestIKETally(t *testing.T) {
	type counts = map[ike.Reason]uint64
	at := func(id sadb.IKEID, iface, peer string, initiator bool) ike.SAInfo {
		return ike.SAInfo{ID: id, Interface: iface, Peer: peer, Initiator: initiator}
	}
	v1 := sadb.Path{Local: netip.MustParseAddrPort("198.51.100.1:500")}
	child := func(id sadb.IKEID) ike.ChildUp { return ike.ChildUp{Spec: sadb.ChildSpec{IKE: id}} }
	for _, tt := range []struct {
		name   string
		events []ike.Event
		all    IKECounts
		peers  map[PeerKey]IKECounts // those that are not zero
	}{
		{"initiated and up", []ike.Event{
			ike.SAStart{SA: at(1, "v0", "CM 10", true)}, ike.SAUp{SA: at(1, "v0", "CM 10", true)}, child(1),
		}, IKECounts{Initiated: 1, Established: 1, Children: 1}, map[PeerKey]IKECounts{{"v0", "CM 10"}: {Initiated: 1, Established: 1, Children: 1}}},
		{"accepted: whose it is comes out later", []ike.Event{
			ike.SAStart{SA: at(1, "", "", false)}, ike.SAUp{SA: at(1, "v1", "CM 10", false)}, child(1),
		}, IKECounts{Accepted: 1, Established: 1, Children: 1}, map[PeerKey]IKECounts{{"v1", "CM 10"}: {Established: 1, Children: 1}}},
		{"rekeys", []ike.Event{
			ike.SAUp{SA: at(1, "v0", "CM 20", true)}, ike.SAUp{SA: at(2, "v0", "CM 20", true), Replaces: 1},
			ike.SADown{SA: at(1, "v0", "CM 20", true), Reason: ike.ReasonRekeyed},
			ike.ChildUp{Spec: sadb.ChildSpec{IKE: 2}, Replaces: 7},
		}, IKECounts{Established: 1, Rekeys: 1, ChildRekeys: 1, Ends: counts{ike.ReasonRekeyed: 1}}, map[PeerKey]IKECounts{
			{"v0", "CM 20"}: {Established: 1, Rekeys: 1, ChildRekeys: 1, Ends: counts{ike.ReasonRekeyed: 1}},
		}},
		{"set-up fails", []ike.Event{
			ike.SAStart{SA: at(1, "v0", "CM 10", true)}, ike.Failed{Peer: "CM 10", SA: 1, Reason: ike.ReasonAuthFailed},
			ike.SADown{SA: at(1, "v0", "CM 10", true), Reason: ike.ReasonAuthFailed},
		}, IKECounts{Initiated: 1, Failures: counts{ike.ReasonAuthFailed: 1}}, map[PeerKey]IKECounts{
			{"v0", "CM 10"}: {Initiated: 1, Failures: counts{ike.ReasonAuthFailed: 1}},
		}},
		{"no SA came to be: the path tells the interface", []ike.Event{
			ike.Failed{Peer: "CM 10", Path: v1, Reason: ike.ReasonNoProposal},
		}, IKECounts{Failures: counts{ike.ReasonNoProposal: 1}}, map[PeerKey]IKECounts{{"v1", "CM 10"}: {Failures: counts{ike.ReasonNoProposal: 1}}}},
		{"refused on an SA that is up", []ike.Event{
			ike.SAUp{SA: at(1, "v0", "CM 10", true)}, ike.Failed{Peer: "CM 10", SA: 1, Reason: ike.ReasonNoTrafficSelectors},
		}, IKECounts{Established: 1, Refusals: counts{ike.ReasonNoTrafficSelectors: 1}}, map[PeerKey]IKECounts{
			{"v0", "CM 10"}: {Established: 1, Refusals: counts{ike.ReasonNoTrafficSelectors: 1}},
		}},
		{"not tried", []ike.Event{ike.Failed{Peer: "CM 10", Reason: ike.ReasonPeerLost, Repeat: true}}, IKECounts{}, nil},
		{"strangers make no entry", []ike.Event{
			ike.SAStart{SA: at(1, "", "", false)}, ike.Failed{SA: 1, Reason: ike.ReasonTimeout}, ike.SADown{SA: at(1, "", "", false)},
			ike.SAUp{SA: at(2, "v9", "who", false)}, ike.SADown{SA: at(2, "v9", "who", false), Reason: ike.ReasonPeerDeleted},
		}, IKECounts{Accepted: 1, Established: 1, Failures: counts{ike.ReasonTimeout: 1}, Ends: counts{ike.ReasonPeerDeleted: 1}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tally ikeTally
			tally.configure(tallySessions())
			for _, ev := range tt.events {
				tally.observe(ev)
			}
			if got := tally.all.clone(); !reflect.DeepEqual(got, tt.all) {
				t.Errorf("all: got %+v, want %+v", got, tt.all)
			}
			got := make(map[PeerKey]IKECounts)
			for k, c := range tally.peers {
				if !reflect.DeepEqual(*c, IKECounts{}) {
					got[k] = *c
				}
			}
			if !reflect.DeepEqual(got, tt.peers) && len(got)+len(tt.peers) > 0 {
				t.Errorf("peers: got %+v, want %+v", got, tt.peers)
			}
		})
	}
}

// Nothing is kept of an SA that is gone, and nothing of a peer that is not configured any more; the others go on.
func TestIKETallyForgets(t *testing.T) {
	var tally ikeTally
	tally.configure(tallySessions())
	sa := ike.SAInfo{ID: 1, Interface: "v0", Peer: "CM 20", Initiator: true}
	tally.observe(ike.SAUp{SA: sa})
	tally.observe(ike.SADown{SA: sa, Reason: ike.ReasonOperator})
	if len(tally.sas) != 0 {
		t.Errorf("got %d SAs, want none", len(tally.sas))
	}
	tally.configure(tallySessions()[1:])
	want := map[PeerKey]bool{{"v1", "CM 10"}: true, {"v0", "CM 20"}: true}
	for k := range maps.Keys(tally.peers) {
		if !want[k] {
			t.Errorf("peer %v is kept", k)
		}
	}
	if c := tally.peers[PeerKey{"v0", "CM 20"}]; c == nil || c.Established != 1 {
		t.Errorf("got %+v, want 1 established", c)
	}
}

// The counts of a running router: a set-up, its Child SA, and rekeys that nobody asked for.
func TestStatsOfIKE(t *testing.T) {
	engine(t, func(a, _ *Config) { a.IKE.Peers[0].Flows[0].Lifetime = 2 * time.Minute }, func(t *testing.T, g *rig) {
		g.up()
		time.Sleep(10 * time.Minute)
		for e, role := range map[*end]string{g.a: "initiator", g.b: "responder"} {
			s, err := e.router.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			initiated, accepted := uint64(1), uint64(0)
			if role == "responder" {
				initiated, accepted = 0, 1
			}
			c := s.IKE
			if c.Initiated != initiated || c.Accepted != accepted || c.Established != 1 || c.Children != 1 || c.ChildRekeys < 3 || len(c.Failures) != 0 {
				t.Errorf("%s: got %+v", role, c)
			}
			p, ok := s.Peers[PeerKey{"v0", "CM 10"}]
			if !ok || p.Established != 1 || p.ChildRekeys != c.ChildRekeys {
				t.Errorf("%s: peers: got %+v", role, s.Peers)
			}
		}
	})
}
