package ike

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/cryptotest"
	"time"

	"seikan/esp"
)

var (
	seeds = flag.Uint64("seeds", 100, "how many noisy networks TestNoise tries")
	first = flag.Uint64("first", 0, "the first seed of TestNoise")
)

// A network that loses, repeats and reorders, behind a NAT that forgets in every third one, while both ends rekey, delete and set up as
// they like. No step may break what a pair checks at each event and message; once the noise ends the two must agree, and when all is
// deleted nothing may be left. A seed that fails is tried again by
//
//	go test ./ike -run TestNoise -first 7 -seeds 1
func TestNoise(t *testing.T) {
	for seed := *first; seed < *first+*seeds; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { noise(t, seed, false) })
	}
}

// What happens follows from the seed: the exchange is the same the second time.
func TestNoiseRepeats(t *testing.T) {
	for seed := range uint64(6) {
		once, again := noise(t, seed, false).sent, noise(t, seed, true).sent
		for i := range once {
			if i >= len(again) || once[i] != again[i] {
				t.Fatalf("seed %d: message %d of %d and %d differs:\n%s\n%s", seed, i, len(once), len(again), once[i], again[min(i, len(again)-1)])
			}
		}
	}
}

// noise runs one network. spare lets pass what TestCollisionOpen lists.
func noise(t *testing.T, seed uint64, spare bool) *pair {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	r := rand.New(rand.NewPCG(seed, 2))
	outer := netip.MustParseAddr("203.0.113.1")
	p := newPair(t, func(a, b *Config) {
		a.Peers[0].DPD, b.Peers[0].DPD = DPD{Interval: 30 * time.Second}, DPD{Interval: 40 * time.Second}
		a.Peers[0].Flows[0].Lifetime, b.Peers[0].Flows[0].Lifetime = 5*time.Minute, 4*time.Minute
		a.Peers[0].Lifetime, b.Peers[0].Lifetime = 12*time.Minute, 15*time.Minute
		if seed%4 == 1 {
			quantumAll(a)
			quantumAll(b)
		}
		if seed%3 == 0 {
			b.Peers[0].Remote = outer
			b.Peers[0].RemoteIDs = []Match{{Kind: AddrIdentity(addrA).Kind, Data: AddrIdentity(addrA).Data}}
		}
	})
	if seed%3 == 0 {
		p.nat = &nat{addr: outer, ports: map[uint16]uint16{}, last: 1024}
	}
	data := p.listen()
	data.lossy, data.spare = true, spare
	p.noisy(seed, 0.05+0.3*r.Float64())
	for range 200 {
		s := p.a
		if p.nat == nil && r.IntN(2) == 0 { // B does not reach A to set something up behind a NAT
			s = p.b
		}
		p.disturb(r, s, data)
		p.run(time.Duration(r.IntN(8000)) * time.Millisecond)
		if a, b := p.a.e.Len(), p.b.e.Len(); a > 8 || b > 8 {
			p.fail("%d IKE SAs at A, %d at B: they pile up", a, b)
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
		p.fail("in the end %d IKE SAs at A, %d at B, %d children", a, b, len(p.a.kids))
	}
	for _, s := range []*side{p.a, p.b} {
		for _, x := range s.e.sorted() {
			s.do(func(now time.Time, out *Output) { s.e.Delete(now, x.id, ReasonOperator, out) })
		}
	}
	p.run(10 * time.Minute)
	p.wantNothing()
	return p
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
func (p *pair) disturb(r *rand.Rand, s *side, data *audit) {
	sas, children := s.e.sorted(), slices.Sorted(maps.Keys(s.kids))
	pick := func() (spi esp.SPI) {
		if len(children) > 0 {
			spi = children[r.IntN(len(children))]
		}
		return spi
	}
	switch n := r.IntN(21); {
	case n < 8:
		s.acquireIfNone()
	case n < 12:
		spi := pick()
		s.do(func(now time.Time, out *Output) { s.e.RekeyChild(now, spi, out) })
	case n < 15 && len(sas) > 0:
		if x := sas[r.IntN(len(sas))]; x.up { // one that a rekey has made may not be in use yet
			s.do(func(now time.Time, out *Output) { x.rekey(now, out) })
		}
	case n < 16 && len(sas) > 0:
		s.do(func(now time.Time, out *Output) { s.e.Delete(now, sas[0].id, ReasonOperator, out) })
	case n < 17:
		spi := pick()
		s.do(func(now time.Time, out *Output) { s.e.ExpireChild(now, spi, out) })
	case n < 18:
		data.arrive()
	case n < 19 && p.nat != nil:
		clear(p.nat.ports)
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
