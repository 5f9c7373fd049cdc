package sadb

import (
	"testing"
	"time"

	"seikan/internal/clocktest"
)

// What somebody sets the system's clock to makes no difference to numbers of moments, nor to the limits that go by them.
func TestClock(t *testing.T) {
	now := time.Now()
	var db DB
	db.StartClock(now)
	if got := db.Stamp(now); got != now.UnixNano() {
		t.Errorf("the clock starts at %d, want the system's %d", got, now.UnixNano())
	}
	if !db.Moment(0).IsZero() {
		t.Errorf("0 is %v, want never", db.Moment(0))
	}
	in := &Inbound{}
	in.Tell(db.Stamp(now), DropICV, time.Minute)
	for _, step := range []time.Duration{0, time.Hour, -time.Hour} {
		in := &Inbound{}
		in.Tell(db.Stamp(now), DropICV, time.Minute)
		soon := clocktest.Step(t, now.Add(59*time.Second), step)
		if got := db.Stamp(soon) - db.Stamp(now); got != int64(59*time.Second) {
			t.Errorf("a step of %v: 59 s are %v", step, time.Duration(got))
		}
		if got := db.Moment(db.Stamp(soon)); !got.Equal(soon) || soon.Sub(got) != 0 {
			t.Errorf("a step of %v: got %v, want %v", step, got, soon)
		}
		if in.Tell(db.Stamp(soon), DropICV, time.Minute) || !in.Tell(db.Stamp(soon.Add(time.Second)), DropICV, time.Minute) {
			t.Errorf("a step of %v: a drop is told of before its minute is over, or not after it", step)
		}
	}
	if now := now.Round(0); db.Stamp(now) == 0 || !new(DB).Moment(new(DB).Stamp(now)).Equal(now) {
		t.Errorf("a clock that was not started does not give back %v", now)
	}
}
