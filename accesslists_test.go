package seikan

import (
	"testing"

	"seikan/sadb"
	"seikan/session"
)

// A line counts what it let out and in and what no SA came up for, once, whatever became of it afterwards; clearing the counters of SAs does not
// touch it.
func TestAccessLists(t *testing.T) {
	lists := []session.AccessList{{Name: "TO-B", Rules: []session.AccessRule{
		{Sequence: 10, Rule: "permit ip any any", Policies: []sadb.PolicyID{"P"}}, {Sequence: 20, Rule: "deny ip any any"},
		{Sequence: 30, Rule: "permit ip any any", Policies: []sadb.PolicyID{"gone"}},
	}}}
	engine(t, func(a, _ *Config) { a.Session.Lists = lists }, func(t *testing.T, g *rig) {
		g.up() // four packets
		out := &g.a.flow().Out
		out.Drop(sadb.DropNoSA, 2)
		out.Drop(sadb.DropQueueFull, 1)
		out.Drop(sadb.DropSendBuffer, 100) // they are among those that were sealed
		g.a.flow().In.Packets.Add(1000)
		if _, err := g.a.router.ClearSAs(t.Context(), session.ClearRequest{What: session.ClearCounters}); err != nil {
			t.Fatal(err)
		}
		got, err := g.a.router.AccessLists(t.Context())
		if err != nil || len(got) != 1 || len(got[0].Rules) != 3 {
			t.Fatalf("got %+v, %v", got, err)
		}
		rules := got[0].Rules
		if n := rules[0].Matches; n == nil || *n != out.Packets.Load()+3+g.a.flow().In.Packets.Load() {
			t.Errorf("got %v matches, want %d", n, out.Packets.Load()+3+g.a.flow().In.Packets.Load())
		}
		if rules[1].Matches != nil || rules[2].Matches == nil || *rules[2].Matches != 0 {
			t.Errorf("got %+v, want nothing that denies to be counted, and none of a policy that is gone", rules)
		}
		if lists[0].Rules[0].Matches != nil {
			t.Error("the configuration was changed")
		}

		clear := func(name string) int {
			t.Helper()
			n, err := g.a.router.ClearAccessLists(t.Context(), func(l *session.AccessList) bool { return l.Name == name })
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		matches := func() uint64 {
			t.Helper()
			got, err := g.a.router.AccessLists(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return *got[0].Rules[0].Matches
		}
		if n := clear("TO-C"); n != 0 || matches() == 0 {
			t.Errorf("another list: got %d lists, %d matches", n, matches())
		}
		g.a.flow().In.Packets.Add(7)
		if n := clear("TO-B"); n != 1 || matches() != 0 {
			t.Errorf("cleared: got %d lists, %d matches", n, matches())
		}
		if n := clear("TO-C"); n != 0 || matches() != 0 {
			t.Errorf("another list afterwards: got %d lists, %d matches", n, matches())
		}
		if n := g.a.session().Flows[0].In.Packets; n != 7 {
			t.Errorf("the session has %d packets, want 7", n)
		}
		out.Packets.Add(5)
		if n := matches(); n != 5 {
			t.Errorf("got %d matches since, want 5", n)
		}
	})
}
