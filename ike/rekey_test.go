package ike

import (
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// sole is the one IKE SA of a side that is established.
func (s *side) sole() *sa {
	s.p.t.Helper()
	var found *sa
	for _, x := range s.e.sorted() {
		if x.state == established {
			if found != nil {
				s.p.fail("%s has several IKE SAs", s.name)
			}
			found = x
		}
	}
	if found == nil {
		s.p.fail("%s has no IKE SA", s.name)
	}
	return found
}

func (s *side) rekeyChild() {
	in := s.only()
	s.do(func(now time.Time, out *Output) { s.e.RekeyChild(now, in, out) })
}

func (s *side) rekeySA() {
	x := s.sole()
	s.do(func(now time.Time, out *Output) { x.rekey(now, out) })
}

// reachable checks that whatever a side may send on, the other one has the inbound SA for.
func (p *pair) reachable() {
	p.t.Helper()
	for _, s := range []*side{p.a, p.b} {
		for spi, k := range s.kids {
			if s.active[spi] && !s.gone[spi] && p.other(s).e.children[k.Out.SPI] == nil {
				p.fail("%s may send on %v, which %s does not have", s.name, k.Out.SPI, p.other(s).name)
			}
		}
	}
}

// land lets what is on its way arrive, and be answered: an end may have asked for a sign of life a moment ago.
func (p *pair) land() {
	p.t.Helper()
	for range 100 {
		if len(p.flight) == 0 {
			return
		}
		p.run(10 * time.Millisecond)
	}
	p.fail("the two ends do not stop talking")
}

// wantOne checks that the two ends have settled on one IKE SA with one Child SA that both may send on, and nothing else.
func (p *pair) wantOne() {
	p.t.Helper()
	p.land()
	p.reachable()
	n := p.agree()
	for _, s := range []*side{p.a, p.b} {
		if len(s.kids) != 1 || s.e.Len() != 1 || len(s.e.bySPI) != 1 || len(s.e.children) != 1 || len(s.e.halfOpen) != 0 {
			p.fail("%s: %d children, %d IKE SAs, want 1 of each; events %+v", s.name, len(s.kids), s.e.Len(), s.events)
		}
		if x := s.sole(); len(x.children) != 1 || x.own.x != nil || len(x.queue) != 0 {
			p.fail("%s: IKE SA has %d children, and %T with %d more under way", s.name, len(x.children), x.own.x, len(x.queue))
		}
		in := s.only()
		if !s.active[in] || s.gone[in] {
			p.fail("%s: child %v: active %v, retired %v", s.name, in, s.active[in], s.gone[in])
		}
	}
	if n != 1 {
		p.fail("%d children, want 1", n)
	}
}

// Either side, or both at once, rekeys the Child SA or the IKE SA; packets that cross settle by nonce (RFC 7296 §2.8.1, §2.8.2).
func TestRekey(t *testing.T) {
	pfs := func(a, b *Config) {
		a.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256}
		b.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256}
	}
	for _, tt := range []struct {
		name             string
		change           func(a, b *Config)
		do               func(p *pair)
		children, ikeSAs bool // which of the two are new
	}{
		{"child, by its initiator", nil, func(p *pair) { p.a.rekeyChild() }, true, false},
		{"child, by its responder", nil, func(p *pair) { p.b.rekeyChild() }, true, false},
		{"child, with a key exchange", pfs, func(p *pair) { p.a.rekeyChild() }, true, false},
		{"child, both at once", nil, func(p *pair) { p.a.rekeyChild(); p.b.rekeyChild() }, true, false},
		{"child, both at once, with a key exchange", pfs, func(p *pair) { p.a.rekeyChild(); p.b.rekeyChild() }, true, false},
		{"IKE SA, by its initiator", nil, func(p *pair) { p.a.rekeySA() }, false, true},
		{"IKE SA, by its responder", nil, func(p *pair) { p.b.rekeySA() }, false, true},
		{"IKE SA, both at once", nil, func(p *pair) { p.a.rekeySA(); p.b.rekeySA() }, false, true},
		{"child and IKE SA, from both ends", nil, func(p *pair) { p.a.rekeyChild(); p.b.rekeySA() }, true, true},
		{"IKE SA and child, from both ends", nil, func(p *pair) { p.a.rekeySA(); p.b.rekeyChild() }, true, true},
		{"child and then IKE SA, from one end", nil, func(p *pair) { p.a.rekeyChild(); p.a.rekeySA() }, true, true},
		{"IKE SA and then child, from one end", nil, func(p *pair) { p.a.rekeySA(); p.a.rekeyChild() }, true, true},
		{"everything at once", nil, func(p *pair) { p.a.rekeyChild(); p.b.rekeyChild(); p.a.rekeySA(); p.b.rekeySA() }, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 20 { // the nonces decide who wins
				p := newPair(t, tt.change)
				p.listen()
				p.up()
				child, first := p.a.only(), p.a.sole().spiI
				tt.do(p)
				p.run(2 * time.Minute)
				p.wantOne()
				if got := p.a.only() != child; got != tt.children {
					p.fail("a new child: %v, want %v", got, tt.children)
				}
				if got := p.a.sole().spiI != first; got != tt.ikeSAs {
					p.fail("a new IKE SA: %v, want %v", got, tt.ikeSAs)
				}
				for _, s := range []*side{p.a, p.b} {
					if len(find[Failed](s)) != 0 {
						p.fail("%s: failures %+v", s.name, find[Failed](s))
					}
					for _, down := range find[ChildDown](s) {
						if down.Reason != ReasonRekeyed {
							p.fail("%s: child down for %v", s.name, down.Reason)
						}
					}
				}
			}
		})
	}
}

// Lifetimes run out for days: there is a Child SA at every moment, and the old ones go.
func TestRekeyByTime(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		a.Peers[0].Lifetime, b.Peers[0].Lifetime = 4*time.Hour, 3*time.Hour
		a.Peers[0].Flows[0].Lifetime, b.Peers[0].Flows[0].Lifetime = time.Hour, 50*time.Minute
	})
	p.up()
	for range 3 * 24 * 60 {
		p.run(time.Minute)
		p.reachable()
		for _, s := range []*side{p.a, p.b} {
			if len(s.kids) < 1 || len(s.kids) > 3 || s.e.Len() > 2 {
				p.fail("%v: %s has %d children in %d IKE SAs", p.now.Sub(start), s.name, len(s.kids), s.e.Len())
			}
		}
		p.settle() // in the middle of a rekey, and when an old SA goes, the two differ for as long as a message takes
		p.agree()
	}
	if got := len(find[SAUp](p.a)); got < 20 {
		t.Errorf("%d IKE SAs in 3 days, want one every 3 hours", got)
	}
	if got := len(find[ChildUp](p.a)); got < 80 {
		t.Errorf("%d children in 3 days, want one every 50 minutes", got)
	}
	if n := len(find[SADown](p.a)); n != len(find[SAUp](p.a))-1 {
		t.Errorf("%d SADown for %d SAUp", n, len(find[SAUp](p.a)))
	}
}

// The responder of a rekey sends on the old SA until the initiator has been heard on the new one, or has deleted the old one.
func TestResponderStandsBy(t *testing.T) {
	for _, tt := range []struct {
		name string
		used bool
	}{{"used", true}, {"old one deleted", false}} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, nil)
			p.up()
			old := p.b.only()
			deletes := 0
			p.lose = func(from *side, data []byte) bool { // the Delete, and all behind it
				h, _ := wire.ParseHeader(data)
				if h.Exchange == wire.INFORMATIONAL {
					deletes++
				}
				return h.Exchange == wire.INFORMATIONAL
			}
			p.a.rekeyChild()
			p.run(100 * time.Millisecond)
			var fresh esp.SPI
			for spi := range p.b.kids {
				if spi != old {
					fresh = spi
				}
			}
			if fresh == 0 || p.b.active[fresh] || !p.b.active[old] || deletes == 0 {
				p.fail("B: new child %v active %v, old one active %v, want the new one to stand by", fresh, p.b.active[fresh], p.b.active[old])
			}
			if tt.used {
				p.b.do(func(now time.Time, out *Output) { p.b.e.Used(now, fresh, out) })
			} else {
				p.lose = nil
				p.run(10 * time.Second)
			}
			if !p.b.active[fresh] {
				p.fail("B still stands by")
			}
		})
	}
}
