package session

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"seikan/ike"
)

func TestIKEStats(t *testing.T) {
	some := func(cause string, n uint64) []CauseCount {
		return []CauseCount{{cause, n}, {"protocol error", 1 << 40}}
	}
	full := IKEStats{
		IKECensus: IKECensus{Sessions: 3, Incoming: IKERoles{Active: 1, Negotiating: 2}, Outgoing: IKERoles{Active: 12, Negotiating: 13}}, Deleting: 14,
		Created: 126, Deleted: 125, Initiated: 21, Accepted: 22, Established: 23, Rekeys: 24, Children: 25, ChildRekeys: 26,
		Failures: some("authentication failed", 31), Refusals: some("traffic selectors unacceptable", 32), Ends: some("deleted by peer", 33), Drops: some("no such peer", 34),
	}
	var b strings.Builder
	for _, s := range []IKEStats{full, {}} {
		for _, part := range []struct {
			command string
			render  func() error
		}{
			{"stats", func() error { return s.Render(&b) }}, {"stats json", func() error { return s.RenderJSON(&b) }},
			{"count", func() error { return s.RenderCount(&b) }}, {"count json", func() error { return s.RenderCountJSON(&b) }},
		} {
			b.WriteString("Router#show crypto ikev2 " + part.command + "\n")
			if err := part.render(); err != nil {
				t.Fatal(err)
			}
		}
	}
	golden(t, "ikestats", b.String())
	if err := full.Render(&brokenWriter{}); err == nil {
		t.Error("no error of a writer that does not write")
	}
}

// The IKE SAs of a moment, by who set them up. One that was replaced, or is not authenticated yet, makes no session.
func TestIKECensus(t *testing.T) {
	r := newRig(t, branches())
	one, two, three := branch(1, "CM 10", 38452), branch(2, "CM 20", 55411), branch(3, "CM 10", 38452)
	one.Initiator, two.Active, three.Initiator = true, false, true
	r.do(t0, ike.SAUp{SA: one}, ike.SAStart{SA: two})
	if got, want := r.IKECensus(), (IKECensus{1, IKERoles{0, 1}, IKERoles{1, 0}}); got != want {
		t.Errorf("one up, one not: got %+v, want %+v", got, want)
	}
	two.Active = true
	r.do(t0, ike.SAUp{SA: two}, ike.SAUp{SA: three, Replaces: 1})
	if got, want := r.IKECensus(), (IKECensus{2, IKERoles{1, 0}, IKERoles{1, 0}}); got != want {
		t.Errorf("both up, one rekeyed: got %+v, want %+v", got, want)
	}
}

// No more failures are listed than there is room for, and these are the newest.
func TestErrorsAreBounded(t *testing.T) {
	fail := func(s int, n int) Session {
		v := Session{Interface: "v0", Name: string(rune('a' + s))}
		for i := range n {
			v.History = append(v.History, HistoryRecord{At: t0.Add(time.Duration(s+100*i) * time.Second), Kind: HistoryFailed, Peer: netip.MustParseAddrPort("192.0.2.2:500"), Cause: "no", Count: 1})
		}
		return v
	}
	var all []Session
	for s := range 10 {
		all = append(all, fail(s, historyLength))
	}
	text := render(t, Snapshot{Sessions: all}, View{Show: ShowErrors})
	if want := "Exit Path Table - status: enable, current entry 50, deleted 110, max allow 50\n"; !strings.HasPrefix(text, want) {
		t.Errorf("got %q, want it to begin with %q", text[:min(len(text), 100)], want)
	}
	var got struct{ Errors []errorItem }
	if err := json.Unmarshal([]byte(render(t, Snapshot{Sessions: all}, View{Show: ShowErrors, JSON: true})), &got); err != nil || len(got.Errors) != 50 {
		t.Fatalf("got %d, %v, want 50", len(got.Errors), err)
	}
	for i, e := range got.Errors {
		if want := t0.Add(time.Duration(9-i%10+100*(15-i/10)) * time.Second); !e.At.Equal(want) {
			t.Errorf("%d: got %v, want %v", i, e.At, want)
		}
	}
}

// What somebody has ended is no failure.
func TestErrors(t *testing.T) {
	for why, want := range map[ike.Reason]bool{ike.ReasonPeerLost: true, ike.ReasonOperator: false, ike.ReasonPeerDeleted: false, ike.ReasonRemoved: false} {
		r := newRig(t, site())
		r.do(t0, ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, site().Sessions[0].Policies[0]))
		r.do(t0, ike.ChildDown{In: 0x1001, IKE: 1, Reason: why}, ike.SADown{SA: gone(active(1, t0)), Reason: why})
		text := render(t, r.Snapshot(t0), View{Show: ShowErrors})
		if got := strings.Contains(text, "Error(1): "+why.String()); got != want {
			t.Errorf("%v: got %v, want %v, in\n%s", why, got, want, text)
		}
	}
}
