package seikan

import (
	"slices"
	"testing"
	"time"

	"seikan/ike"
	"seikan/session"
)

// What an operator clears is counted from 0 again in the listing only: totals go on.
func TestIKEStats(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		stats := func() session.IKEStats {
			t.Helper()
			s, err := g.a.router.IKEStats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Created-s.Deleted != s.Active()+s.Deleting {
				t.Errorf("got %d created, %d deleted, %d active and %d marked for deletion", s.Created, s.Deleted, s.Active(), s.Deleting)
			}
			return s
		}
		one := session.IKECensus{Sessions: 1, Outgoing: session.IKERoles{Active: 1}}
		if s := stats(); s.IKECensus != one || s.Initiated != 1 || s.Established != 1 || s.Created != 1 || s.Deleted != 0 || s.Children != 1 {
			t.Errorf("up: got %+v", s)
		}
		if _, err := g.a.router.RekeyIKE(t.Context(), session.Filter{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ends := []session.CauseCount{{Cause: ike.ReasonRekeyed.String(), Count: 1}}
		if s := stats(); s.IKECensus != one || s.Rekeys != 1 || s.Created != 2 || s.Deleted != 1 || !slices.Equal(s.Ends, ends) {
			t.Errorf("rekeyed: got %+v", s)
		}
		if err := g.a.router.ClearIKEStats(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := g.a.router.IKEStats(t.Context())
		if err != nil || s.IKECensus != one || s.Created+s.Deleted+s.Initiated+s.Established+s.Rekeys+s.Children != 0 || len(s.Ends)+len(s.Drops) != 0 {
			t.Errorf("cleared: got %+v, %v", s, err)
		}
		if all, err := g.a.router.Stats(t.Context()); err != nil || all.IKE.Established != 1 || all.IKE.Rekeys != 1 || all.IKE.Ends[ike.ReasonRekeyed] != 1 {
			t.Errorf("totals: got %+v, %v", all.IKE, err)
		}
		if _, err := g.a.router.RekeyIKE(t.Context(), session.Filter{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		s, err = g.a.router.IKEStats(t.Context())
		if err != nil || s.Rekeys != 1 || s.Created != 1 || s.Deleted != 1 || !slices.Equal(s.Ends, ends) {
			t.Errorf("rekeyed again: got %+v, %v", s, err)
		}
	})
}
