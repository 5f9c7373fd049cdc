package session

import (
	"testing"
	"time"
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
