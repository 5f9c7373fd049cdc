package session

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"seikan/ike"
)

// A listing is taken a few sessions at a time, while SAs come and go.
func TestListing(t *testing.T) {
	r := newRig(t, branches())
	guest := active(9, t0)
	guest.Peer, guest.Path = "GUEST", path("192.0.2.1:500", "198.51.100.99:500")
	r.do(t0, ike.SAUp{SA: guest})
	l := r.List(Filter{}, Parts{})
	if l.Len() != 4 {
		t.Fatalf("got %d sessions, want 4", l.Len())
	}
	if got := fmt.Sprint(l.Next(4)); got != "[9]" {
		t.Errorf("IKE SAs: got %s, want that of the guest", got)
	}
	got := r.Sessions(t0, l, 2, nil)
	r.do(t0, ike.SADown{SA: gone(guest)}) // before its turn
	r.do(t0, ike.SAUp{SA: branch(1, "CM 30", 500)})
	got = r.Sessions(t0, l, 2, got)
	if l.Len() != 0 || len(got) != 3 || got[2].Name != "CM 30" || got[2].Status != UpIdle {
		t.Errorf("got %d sessions, the last %+v", len(got), got[len(got)-1])
	}
	if got[0].Children != nil || got[0].History != nil {
		t.Errorf("got parts that nobody asked for: %+v", got[0])
	}
	if got := r.Sessions(t0, r.List(Filter{Interface: "vB", Remote: netip.MustParseAddr("198.51.100.7")}, Parts{}), 10, nil); len(got) != 1 || got[0].Name != "CM 30" {
		t.Errorf("filtered: got %+v", got)
	}
}

// Counters begin anew in the listing only: what limits an SA goes on.
func TestZeroCounters(t *testing.T) {
	r, now := siteUp(t)
	r.ZeroCounters(Filter{Interface: "other"})
	if f := r.only(now).Flows[0]; f.In.Packets != 4 || f.Out.Dropped != 1 {
		t.Errorf("others zeroed: got %+v", f)
	}
	r.ZeroCounters(Filter{})
	r.carry(0x1001, "TO-B 10", 3, 300, 200)
	f := r.only(now.Add(time.Second)).Flows[0]
	if f.In.Packets != 3 || f.Out.Packets != 3 || f.In.Bytes != 300 || f.Out.Bytes != 200 || f.Out.Dropped != 0 || len(f.Out.Drops) != 0 {
		t.Errorf("got in %+v, out %+v", f.In, f.Out)
	}
	all := r.Sessions(now.Add(time.Second), r.List(Filter{}, Parts{Totals: true}), 1, nil)
	if f := all[0].Flows[0]; f.In.Packets != 7 || f.Out.Packets != 7 || f.Out.Dropped != 1 {
		t.Errorf("totals: got in %+v, out %+v, want them as if nothing had been zeroed", f.In, f.Out)
	}
	if c := r.db.Lookup(0x1001).Child(); c.In.Counters.Packets.Load() != 7 || r.db.Entry("TO-B 10").Counters.In.Packets.Load() != 7 {
		t.Error("what the lanes count has changed")
	}
}

func TestChildSAs(t *testing.T) {
	r := newRig(t, branches())
	r.do(t0, ike.SAUp{SA: branch(1, "CM 10", 38452)}, ike.SAUp{SA: branch(2, "CM 20", 55411)})
	r.do(t0, child(1, 0x1001, t0, branches().Sessions[0].Policies[0]), child(2, 0x2001, t0, branches().Sessions[2].Policies[0]))
	spis := func(f Filter) (all []uint32) {
		for _, sa := range r.ChildSAs(f) {
			all = append(all, uint32(sa.SPI()))
		}
		return all
	}
	if got := spis(Filter{}); len(got) != 2 {
		t.Errorf("got %x, want both", got)
	}
	if got := spis(Filter{RemotePort: 55411}); len(got) != 1 || got[0] != 0x2001 {
		t.Errorf("got %x, want that of one port", got)
	}
}

func TestFilterOfConfiguration(t *testing.T) {
	s := Session{Map: "CM", Profile: "PROF", Group: "easy", Username: "cisco"}
	for _, tt := range []struct {
		name string
		f    Filter
		want bool
	}{
		{"map", Filter{Map: "CM"}, true}, {"other map", Filter{Map: "CM2"}, false},
		{"profile", Filter{Profile: "PROF"}, true}, {"other profile", Filter{Profile: "P"}, false},
		{"group", Filter{Group: "easy"}, true}, {"other group", Filter{Group: "e"}, false},
		{"username", Filter{Username: "cisco"}, true}, {"other username", Filter{Username: "c"}, false},
	} {
		if got := tt.f.Match(s); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	cfg := site()
	cfg.Sessions[0].Map, cfg.Sessions[0].Profile = "CM", "PROF"
	r := newRig(t, cfg)
	for f, want := range map[Filter]int{{Map: "CM", Profile: "PROF"}: 1, {Map: "X"}: 0, {Profile: "X"}: 0, {Group: "X"}: 0, {Username: "X"}: 0} {
		if got := r.List(f, Parts{}).Len(); got != want {
			t.Errorf("%+v: got %d, want %d", f, got, want)
		}
	}
	r.do(t0, ike.SAUp{SA: active(1, t0)})
	r.do(t0, ike.SAUp{SA: active(2, t0)})
	for f, want := range map[Filter]string{{Map: "CM"}: "[1 2]", {ConnID: 2}: "[2]", {ConnID: 3}: "[]", {ConnID: 1, Map: "X"}: "[]"} {
		if got := fmt.Sprint(r.IKESAs(f)); got != want {
			t.Errorf("%+v: got IKE SAs %s, want %s", f, got, want)
		}
	}
}
