package session

import (
	"testing"
	"time"

	"seikan/internal/clocktest"
)

func TestLastUse(t *testing.T) {
	r := newRig(t, site())
	e := r.db.Entry("TO-B 10")
	e.Counters.In.LastUse.Store(t0.UnixNano())
	f := r.only(t0.Add(time.Hour)).Flows[0]
	if !f.In.LastUse.Equal(t0) || !f.Out.LastUse.IsZero() {
		t.Errorf("got %v and %v, want %v and never", f.In.LastUse, f.Out.LastUse, t0)
	}
}

// The last use is told by the system's clock as it is now, and was as long ago as it was.
func TestLastUseWhileTheClockSteps(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		r := newRig(t, site())
		at := time.Now()
		r.db.StartClock(at)
		r.db.Entry("TO-B 10").Counters.Out.LastUse.Store(r.db.Stamp(at))
		now := clocktest.Step(t, at.Add(time.Minute), step)
		if got := r.only(now).Flows[0].Out.LastUse; !got.Equal(now.Round(0).Add(-time.Minute)) {
			t.Errorf("a step of %v: got %v, want a minute before %v", step, got, now)
		}
	}
}
