package session

import (
	"slices"
	"testing"
	"time"

	"seikan/ike"
)

// A session that is configured as before goes on, one that is not any more is listed no longer, and its end is told all the same.
func TestReconfigure(t *testing.T) {
	r := newRig(t, site())
	p := site().Sessions[0].Policies[0]
	r.do(t0, ike.SAStart{SA: halfOpen(1)}, ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, p))
	before := r.only(t0)
	if before.Status != UpActive {
		t.Fatalf("got %v before", before.Status)
	}
	more := site()
	c := more.Sessions[0]
	c.PeerName, c.Policies, c.Peer = "CM 20", nil, path("192.0.2.1:500", "192.0.2.3:500").Remote
	more.Sessions = append([]Configured{c}, more.Sessions...)
	r.Tracker.Reconfigure(more)
	all := r.Tracker.Snapshot(t0.Add(time.Minute)).Sessions
	if len(all) != 2 || all[0].Status != Down || all[1].Status != UpActive || all[1].Peer != before.Peer {
		t.Fatalf("got %+v, want the new session, which is down, and the one that there was", all)
	}
	none := site()
	none.Sessions = none.Sessions[:0]
	r.Tracker.Reconfigure(none)
	if all := r.Tracker.Snapshot(t0).Sessions; len(all) != 0 {
		t.Errorf("got %+v, want no session", all)
	}
	n := len(r.all)
	r.do(t0.Add(time.Hour), ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonRemoved}, ike.SAEnding{SA: gone(active(1, t0)), Reason: ike.ReasonRemoved})
	if len(r.all) != n+1 || r.all[n].Up || r.all[n].Peer != before.Peer || r.all[n].Reason != ike.ReasonRemoved {
		t.Errorf("got transitions %+v, want the end of the session", r.all[n:])
	}
	r.do(t0.Add(time.Hour), ike.SADown{SA: gone(active(1, t0)), Reason: ike.ReasonRemoved})
	if len(r.all) != n+1 {
		t.Errorf("the end is told twice: %+v", r.all[n:])
	}
	gone := r.Gone(Filter{})
	if len(gone) != 1 || gone[0].Name != "CM 10" || gone[0].LastReason != "removed from the configuration" ||
		!slices.Equal(kinds(gone[0].History), []HistoryKind{HistoryUp, HistoryDown}) {
		t.Errorf("got %+v, want the history of the session that was removed", gone)
	}
}

// One that is down already keeps its history too, also where it was never up; one of which there is nothing to tell is forgotten.
func TestReconfigureWhileDown(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []ike.Event
		want   []HistoryKind
	}{
		{"nothing happened", nil, nil},
		{"it failed", []ike.Event{ike.Failed{Peer: "CM 10", Reason: ike.ReasonPeerLost}}, []HistoryKind{HistoryFailed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, site())
			r.do(t0, tt.events...)
			none := site()
			none.Sessions = none.Sessions[:0]
			r.Tracker.Reconfigure(none)
			var got []HistoryKind
			for _, s := range r.Gone(Filter{}) {
				got = append(got, kinds(s.History)...)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			r.Tracker.Reconfigure(none)
			r.Tracker.Reconfigure(site())
			if n := len(r.Gone(Filter{})); n != len(tt.want) {
				t.Errorf("after two changes more: %d histories, want %d", n, len(tt.want))
			}
		})
	}
}
