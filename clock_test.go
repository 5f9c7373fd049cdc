package seikan

import (
	"testing"
	"time"

	"seikan/internal/clocktest"
	"seikan/sadb"
)

// A peer was heard when it was, whatever the system's clock was set to since: it is neither taken for dead nor for alive by that.
func TestHeardWhileTheClockSteps(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	at := time.Now()
	a.up.step(a.r.db.Stamp(at), packets(1, 100))
	b.down.msgs[0].Data = a.wire.kept[0].Data
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		b.down.step(b.r.db.Stamp(at), 1)
		later := clocktest.Step(t, at.Add(time.Minute), step)
		if got := later.Sub(b.r.heard(0x1001)); got != time.Minute {
			t.Errorf("a step of %v: last heard %v ago, want a minute", step, got)
		}
		if got := later.Sub(a.r.sent(0x1002)); got != time.Minute {
			t.Errorf("a step of %v: last sent %v ago, want a minute", step, got)
		}
	}
}

// A lane tells of unknown SPIs once a minute, also where the system's clock was set back meanwhile.
func TestUnknownSPIWhileTheClockSteps(t *testing.T) {
	_, b := newHalves(t)
	at := time.Now()
	tell := func(at time.Time) bool {
		b.down.msgs[0].Data = append(make([]byte, 3, 40), make([]byte, 37)...)
		b.down.msgs[0].Data[0] = 9
		b.down.step(b.r.db.Stamp(at), 1)
		select {
		case <-b.r.notes:
			return true
		default:
			return false
		}
	}
	if !tell(at) || tell(at.Add(time.Second)) {
		t.Error("the first packet was not told of, or the second one was")
	}
	if back := clocktest.Step(t, at.Add(time.Minute), -time.Hour); !tell(back) {
		t.Error("nothing was told after a minute, in which the clock was set back by an hour")
	}
}
