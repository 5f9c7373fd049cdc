package ike

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var seeds = flag.Int("seeds", 60, "how many noisy networks TestNoise tries")

// A network that loses, repeats and reorders, while both ends rekey, delete and set up as they like. No step may break what a pair
// checks at each event; once the noise ends the two must agree.
func TestNoise(t *testing.T) {
	for seed := range uint64(*seeds) {
		r := rand.New(rand.NewPCG(seed, 2))
		p := newPair(t, func(a, b *Config) {
			a.Peers[0].DPD, b.Peers[0].DPD = DPD{Interval: 30 * time.Second}, DPD{Interval: 40 * time.Second}
			a.Peers[0].Flows[0].Lifetime, b.Peers[0].Flows[0].Lifetime = 5*time.Minute, 4*time.Minute
			a.Peers[0].Lifetime, b.Peers[0].Lifetime = 12*time.Minute, 15*time.Minute
		})
		p.noisy(seed, 0.05+0.3*r.Float64())
		for range 200 {
			s := p.a
			if r.IntN(2) == 0 {
				s = p.b
			}
			p.disturb(r, s)
			p.run(time.Duration(r.IntN(8000)) * time.Millisecond)
			if a, b := p.a.e.Len(), p.b.e.Len(); a > 8 || b > 8 {
				p.fail("seed %d: %d IKE SAs at A, %d at B: they pile up", seed, a, b)
			}
		}
		p.lose, p.repeat = nil, nil
		p.latency = func() time.Duration { return 10 * time.Millisecond }
		p.run(10 * time.Minute) // every request is answered or given up, and dead SAs are noticed
		for range 3 {           // the first may come too soon after a failure
			p.a.acquireIfNone()
			p.settle()
			p.run(maxRetryWait)
		}
		p.settle()
		p.agree()
		p.reachable()
		if a, b := p.a.e.Len(), p.b.e.Len(); a != b || len(p.a.kids) == 0 {
			p.fail("seed %d: in the end %d IKE SAs at A, %d at B, %d children", seed, a, b, len(p.a.kids))
		}
		for _, s := range []*side{p.a, p.b} {
			for _, x := range s.e.sorted() {
				s.do(func(now time.Time, out *Output) { s.e.Delete(now, x.id, ReasonOperator, out) })
			}
		}
		p.run(10 * time.Minute)
		p.wantNothing()
	}
}

// settle waits until neither end is in the middle of anything.
func (p *pair) settle() {
	quiet := func(s *side) bool {
		for _, x := range s.e.sas {
			if x.state != established || x.own.x != nil || len(x.queue) > 0 {
				return false
			}
		}
		for _, c := range s.e.children {
			if c.retired {
				return false
			}
		}
		return true
	}
	for range 600 {
		p.run(time.Second / 2)
		if len(p.flight) == 0 && quiet(p.a) && quiet(p.b) {
			return
		}
	}
	p.fail("not settled after 5 minutes")
}

// disturb does one thing that happens to a router.
func (p *pair) disturb(r *rand.Rand, s *side) {
	sas := s.e.sorted()
	switch n := r.IntN(20); {
	case n < 8:
		s.acquireIfNone()
	case n < 12:
		for spi := range s.kids {
			s.do(func(now time.Time, out *Output) { s.e.RekeyChild(now, spi, out) })
			return
		}
	case n < 15 && len(sas) > 0:
		x := sas[r.IntN(len(sas))]
		s.do(func(now time.Time, out *Output) { x.rekey(now, out) })
	case n < 16 && len(sas) > 0:
		s.do(func(now time.Time, out *Output) { s.e.Delete(now, sas[0].id, ReasonOperator, out) })
	case n < 17:
		for spi := range s.kids {
			s.do(func(now time.Time, out *Output) { s.e.ExpireChild(now, spi, out) })
			return
		}
	case n < 18:
		for spi := range s.kids {
			s.do(func(now time.Time, out *Output) { s.e.Used(now, spi, out) })
		}
	}
}

// acquireIfNone asks for a Child SA as a packet would that finds none.
func (s *side) acquireIfNone() {
	for spi := range s.kids {
		if !s.gone[spi] {
			return
		}
	}
	s.acquire("f0")
}
