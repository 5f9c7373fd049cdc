package clocktest

import (
	"testing"
	"time"
)

func TestStep(t *testing.T) {
	now := time.Now()
	for _, d := range []time.Duration{0, time.Hour, -time.Hour, -90 * time.Minute} {
		got := Step(t, now, d)
		if wall := got.Round(0); !wall.Equal(now.Round(0).Add(d)) || !got.Equal(now) || got.Add(time.Second).Sub(now) != time.Second {
			t.Errorf("stepped by %v: got %v and %v later, want it %v later and the same moment", d, wall, got.Sub(now), d)
		}
	}
}
