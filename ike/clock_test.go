package ike

import (
	"fmt"
	"slices"
	"testing"
	"testing/cryptotest"
	"time"

	"seikan/esp"
	"seikan/internal/clocktest"
)

// Lifetimes, liveness checks and waits are spans of time: where the system's clock is set they go on as they would have.
func TestSteppedClock(t *testing.T) {
	for _, test := range []struct {
		name string
		then func(p *pair) // after the step
	}{
		{"five hours", func(p *pair) {
			p.run(5 * time.Hour)
			if n := p.agree(); n != 1 || len(find[Failed](p.a))+len(find[Failed](p.b)) > 0 {
				p.fail("%d children, want 1 and no failure", n)
			}
		}},
		{"the peer is lost", func(p *pair) {
			p.run(time.Minute)
			p.lose = func(*side, []byte) bool { return true }
			p.run(5 * time.Minute)
			if p.a.e.Len() != 0 || p.b.e.Len() != 0 {
				p.fail("%d and %d IKE SAs are left with a peer that is gone", p.a.e.Len(), p.b.e.Len())
			}
		}},
		{"the peer comes back", func(p *pair) {
			p.lose = func(*side, []byte) bool { return true }
			p.run(5 * time.Minute)
			p.lose = nil
			p.run(5 * time.Minute)
			if n := p.agree(); n != 1 {
				p.fail("%d children, want 1", n)
			}
		}},
	} {
		// history is what happens, and when, where the clock is stepped after 20 minutes.
		history := func(t *testing.T, step time.Duration) (told []string) {
			cryptotest.SetGlobalRandom(t, 1)
			heard := time.Time{} // on ESP
			p := newPair(t, func(a, b *Config) {
				for _, c := range []*Config{a, b} {
					c.Peers[0].Lifetime = 3 * time.Hour
					c.Peers[0].DPD = DPD{Interval: 10 * time.Second}
					c.Heard = func(esp.SPI) time.Time { return heard }
				}
				if test.name == "the peer comes back" {
					a.Peers[0].Flows[0].Connect = Always
				}
			})
			began := time.Now()
			p.now = began
			p.up()
			seen := map[*side]int{}
			p.after = func() {
				for _, s := range []*side{p.a, p.b} {
					for _, ev := range s.events[seen[s]:] {
						told = append(told, fmt.Sprintf("%s %v %T", s.name, p.now.Sub(began).Round(time.Second), ev))
					}
					seen[s] = len(s.events)
				}
			}
			p.run(20 * time.Minute)
			heard = p.now
			p.now = clocktest.Step(t, p.now, step)
			test.then(p)
			return told
		}
		t.Run(test.name, func(t *testing.T) {
			want := history(t, 0)
			for _, step := range []time.Duration{time.Hour, -time.Hour} {
				if got := history(t, step); !slices.Equal(got, want) {
					t.Errorf("a step of %v: got %q, want %q", step, got, want)
				}
			}
		})
	}
}
