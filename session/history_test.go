package session

import (
	"slices"
	"testing"
	"time"

	"seikan/ike"
)

// kinds is a history in short.
func kinds(list []HistoryRecord) (all []HistoryKind) {
	for _, h := range list {
		all = append(all, h.Kind)
	}
	return all
}

func TestHistory(t *testing.T) {
	r := newRig(t, site())
	p := site().Sessions[0].Policies[0]
	fail := func(after time.Duration, why ike.Reason) {
		r.do(t0.Add(after), ike.Failed{Peer: "CM 10", Reason: why, Detail: "what it said"})
	}
	fail(0, ike.ReasonNoProposal)
	fail(time.Second, ike.ReasonNoProposal)
	fail(2*time.Second, ike.ReasonAuthFailed)
	up := t0.Add(time.Minute)
	r.do(up, ike.SAUp{SA: active(1, up)}, child(1, 0x1001, up, p))
	down := up.Add(time.Hour)
	r.do(down, ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonPeerDeleted}, ike.SADown{SA: gone(active(1, up)), Reason: ike.ReasonPeerDeleted})
	again := down.Add(90 * time.Second)
	r.do(again, ike.SAUp{SA: active(2, again)}, child(2, 0x1002, again, p))

	h := r.only(again).History
	if got, want := kinds(h), []HistoryKind{HistoryFailed, HistoryFailed, HistoryUp, HistoryDown, HistoryUp}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if f := h[0]; f.Count != 2 || !f.At.Equal(t0.Add(time.Second)) || f.Cause != "no proposal chosen" || f.Detail != "what it said" {
		t.Errorf("two failures alike: got %+v", f)
	}
	if u := h[2]; u.Seconds != 0 || u.Phase1ID != "192.0.2.2" || u.Cause != "" {
		t.Errorf("first up: got %+v", u)
	}
	if d := h[3]; d.Seconds != 3600 || d.Cause != "deleted by peer" || d.Peer != path500.Remote {
		t.Errorf("down: got %+v", d)
	}
	if u := h[4]; u.Seconds != 90 {
		t.Errorf("up again: got %+v", u)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	r := newRig(t, site())
	reasons := []ike.Reason{ike.ReasonNoProposal, ike.ReasonAuthFailed}
	for i := range 3 * historyLength {
		r.do(t0.Add(time.Duration(i)*time.Second), ike.Failed{Peer: "CM 10", Reason: reasons[i%2]})
	}
	h := r.only(t0).History
	if len(h) != historyLength || !h[0].At.Equal(t0.Add(2*historyLength*time.Second)) {
		t.Errorf("got %d records from %v on, want the last %d", len(h), h[0].At, historyLength)
	}
}

// Whoever fails in the name of a peer, again and again, does not push out when the session was up.
func TestFailuresPushOutFailures(t *testing.T) {
	r := newRig(t, site())
	p := site().Sessions[0].Policies[0]
	for i := range 4 {
		now := t0.Add(time.Duration(i) * time.Minute)
		r.do(now, ike.SAUp{SA: active(1, now)}, child(1, 0x1001, now, p))
		r.do(now, ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonPeerLost}, ike.SADown{SA: gone(active(1, now)), Reason: ike.ReasonPeerLost})
	}
	reasons := []ike.Reason{ike.ReasonNoProposal, ike.ReasonAuthFailed}
	for i := range 100 {
		r.do(t0.Add(time.Hour+time.Duration(i)*time.Second), ike.Failed{Peer: "CM 10", Reason: reasons[i%2]})
	}
	h := r.only(t0).History
	changes := slices.DeleteFunc(slices.Clone(h), func(h HistoryRecord) bool { return h.Kind == HistoryFailed })
	if len(h) != historyLength || len(changes) < 7 {
		t.Errorf("got %d records with %d changes, want %d with 7 or more", len(h), len(changes), historyLength)
	}
}

// A session that is not configured leaves the listing with its SAs; what happened to it can still be read.
func TestHistoryOfTheGone(t *testing.T) {
	r := newRig(t, site())
	for i := range historyGone + 2 {
		now := t0.Add(time.Duration(i) * time.Second)
		guest := active(1, now)
		guest.Peer, guest.Path = "GUEST", path("192.0.2.1:4500", "198.51.100.99:4500")
		r.do(now, ike.SAUp{SA: guest}, child(1, 0x4001, now, site().Sessions[0].Policies[0]))
		r.do(now, ike.ChildDown{In: 0x4001, IKE: 1, Reason: ike.ReasonPeerLost}, ike.SADown{SA: gone(guest), Reason: ike.ReasonPeerLost})
	}
	list := r.Gone(Filter{Remote: path("192.0.2.1:1", "198.51.100.99:1").Remote.Addr()})
	if len(list) != historyGone {
		t.Fatalf("got %d, want %d", len(list), historyGone)
	}
	s := list[0]
	if got, want := kinds(s.History), []HistoryKind{HistoryUp, HistoryDown}; !slices.Equal(got, want) || !s.History[0].At.Equal(t0.Add(2*time.Second)) {
		t.Errorf("got %v from %v on, want %v and not the oldest", got, s.History[0].At, want)
	}
	if s.Peer.String() != "198.51.100.99:4500" || s.LastReason != "peer does not answer" || s.Status != Down {
		t.Errorf("got %+v", s)
	}
	if got := r.Gone(Filter{Interface: "other"}); len(got) != 0 {
		t.Errorf("of another interface: got %d", len(got))
	}
}

func TestWaiting(t *testing.T) {
	const traffic, attempt, negotiation = "traffic that one of its flows permits, or for the peer", "the next attempt to set it up", "the negotiation with the peer"
	p := site().Sessions[0].Policies[0]
	for _, tt := range []struct {
		name    string
		connect ike.Connect
		events  []ike.Event
		want    string
	}{
		{"on traffic", ike.OnTraffic, nil, traffic},
		{"always up", ike.Always, nil, attempt},
		{"at the start", ike.AtStart, nil, attempt},
		{"at the start, and was up", ike.AtStart, []ike.Event{
			ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, p), ike.ChildDown{In: 0x1001, IKE: 1}, ike.SADown{SA: gone(active(1, t0))},
		}, traffic},
		{"negotiating", ike.Always, []ike.Event{ike.SAStart{SA: halfOpen(1)}}, negotiation},
		{"idle", ike.OnTraffic, []ike.Event{ike.SAUp{SA: active(1, t0)}}, traffic},
		{"up", ike.OnTraffic, []ike.Event{ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, p)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := site()
			cfg.Sessions[0].Connect = tt.connect
			r := newRig(t, cfg)
			r.do(t0, tt.events...)
			if got := r.only(t0).Waiting; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
