package sadb

import (
	"testing"
	"time"
)

// Each reason once in a while, however many goroutines ask.
func TestTell(t *testing.T) {
	in := &Inbound{}
	const t0 = int64(1e18)
	for _, tt := range []struct {
		name  string
		after time.Duration
		why   DropReason
		want  bool
	}{
		{"the first", 0, DropICV, true},
		{"at once again", 0, DropICV, false},
		{"another reason", 0, DropReplay, true},
		{"a moment early", time.Minute - 1, DropICV, false},
		{"when it is time", time.Minute, DropICV, true},
		{"then it is quiet again", time.Minute + time.Second, DropICV, false},
	} {
		if got := in.Tell(t0+int64(tt.after), tt.why, time.Minute); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
	in.TellAgain(DropICV)
	if !in.Tell(t0+int64(time.Minute)+1, DropICV, time.Minute) {
		t.Error("nobody was told, and nobody is now")
	}
	if n := testing.AllocsPerRun(100, func() { in.Tell(t0, DropICV, time.Minute) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
