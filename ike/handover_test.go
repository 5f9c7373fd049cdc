package ike

import (
	"fmt"
	"testing"
	"testing/cryptotest"
	"time"

	"seikan/sadb"
)

// second adds a flow to both ends.
func second(a, b *Config) {
	for _, c := range []*Config{a, b} {
		f := c.Peers[0].Flows[0]
		f.ID = "f1"
		f.Local, f.Remote = []sadb.Selector{prefix("10.3.0.0/16")}, []sadb.Selector{prefix("10.4.0.0/16")}
		if c == b {
			f.Local, f.Remote = f.Remote, f.Local
		}
		c.Peers[0].Flows = append(c.Peers[0].Flows, f)
	}
}

// carried checks that a side can send for each flow, and that what it sends on is there at the other end.
func (s *side) carried(flows ...sadb.PolicyID) {
	s.p.t.Helper()
	for _, id := range flows {
		found := false
		for spi, k := range s.kids {
			found = found || k.Policies[0] == id && s.active[spi] && !s.gone[spi] && s.p.other(s).e.children[k.Out.SPI] != nil
		}
		if !found {
			s.p.fail("%v: %s has nothing to send %s on", s.p.now.Sub(start), s.name, id)
		}
	}
}

// An IKE SA is authenticated anew before its authentication is too old, from whichever end has to: at each moment there is something to send on,
// nothing that is sent meets no SA, and the old one is gone in the end.
func TestReauthentication(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(a, b *Config)
		least  int // new authentications in 10 hours
	}{
		{"the initiator's", func(a, b *Config) { a.Peers[0].Reauth = time.Hour }, 10},
		{"the responder's, which tells the initiator (RFC 4478)", func(a, b *Config) { b.Peers[0].Reauth = time.Hour }, 10},
		{"both ends'", func(a, b *Config) { a.Peers[0].Reauth, b.Peers[0].Reauth = time.Hour, time.Hour }, 10},
		{"with IKE SA rekeys between", func(a, b *Config) {
			a.Peers[0].Reauth, a.Peers[0].Lifetime, b.Peers[0].Lifetime = time.Hour, 25*time.Minute, 30*time.Minute
		}, 10},
		{"with one SA an identity", func(a, b *Config) {
			a.Peers[0].Reauth, b.Peers[0].Unique = time.Hour, UniqueReplace
		}, 10},
		{"where others are refused", func(a, b *Config) {
			a.Peers[0].Reauth, b.Peers[0].Unique = time.Hour, UniqueKeep
		}, 10},
		{"childless", func(a, b *Config) { a.Peers[0].Reauth, a.Peers[0].Childless = time.Hour, ChildlessPrefer }, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) { second(a, b); tt.change(a, b) })
			p.up()
			p.a.acquire("f1")
			p.run(time.Second)
			for range 10 * 60 * 60 {
				p.run(time.Second)
				p.a.carried("f0", "f1")
				p.b.carried("f0", "f1")
			}
			p.settle()
			p.agree()
			for _, s := range []*side{p.a, p.b} {
				fresh, failed := 0, find[Failed](s)
				for _, up := range find[SAUp](s) {
					if up.Replaces == 0 {
						fresh++
					}
				}
				if fresh < tt.least || fresh > tt.least+5 || len(failed) > 0 {
					p.fail("%s: %d authentications in 10 hours, failures %v", s.name, fresh, failed)
				}
				if len(s.kids) != 2 || s.e.Len() != 1 {
					p.fail("%s: %d children, %d IKE SAs, want 2 and 1", s.name, len(s.kids), s.e.Len())
				}
			}
		})
	}
}

// A reauthentication that fails leaves the old IKE SA alone, is tried again, and ends in its deletion when the time is over.
func TestReauthenticationFails(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].Reauth = time.Hour })
	p.up()
	p.run(45 * time.Minute)
	p.b.e.cfg.Peers[0].RemoteKey = []byte("another-key")
	p.run(13 * time.Minute)
	if n := len(find[Failed](p.a)); n < 2 {
		p.fail("%d failures, want one after the other", n)
	}
	p.a.carried("f0")
	p.run(3 * time.Minute)
	if downs := find[SADown](p.a); downs[len(downs)-1].Reason != ReasonLifetime {
		p.fail("down for %v", downs[len(downs)-1].Reason)
	}
	p.wantNothing()
}

// One that fails for a while succeeds in the end.
func TestReauthenticationDelayed(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].Reauth = time.Hour })
	p.up()
	old := p.a.sole().spiI
	p.run(48 * time.Minute)
	good := p.b.e.cfg.Peers[0].RemoteKey
	p.b.e.cfg.Peers[0].RemoteKey = []byte("another-key")
	p.run(7 * time.Minute)
	p.b.e.cfg.Peers[0].RemoteKey = good
	p.run(2 * time.Minute)
	p.wantOne()
	if p.a.sole().spiI == old {
		p.fail("still the old IKE SA")
	}
}

// Both ends set up an IKE SA at once: one of the two goes, with nothing lost, and both ends mean the same one. Which one is a matter of chance.
func TestTwins(t *testing.T) {
	kept := map[bool]int{}
	for i := range 20 {
		p := newPair(t, func(a, b *Config) {
			second(a, b)
			if i%2 == 0 { // one of the two may answer late
				a.Retransmit.Base = 5 * time.Second
			}
		})
		p.a.acquire("f0")
		p.b.acquire("f1")
		p.run(100 * time.Millisecond)
		for range 100 {
			p.a.carried("f0", "f1")
			p.b.carried("f0", "f1")
			p.run(100 * time.Millisecond)
		}
		p.run(time.Minute)
		p.agree()
		for _, s := range []*side{p.a, p.b} {
			if len(s.kids) != 2 || s.e.Len() != 1 {
				p.fail("%s: %d children, %d IKE SAs, want 2 and 1", s.name, len(s.kids), s.e.Len())
			}
		}
		kept[p.a.sole().original]++
		for _, down := range append(find[SADown](p.a), find[SADown](p.b)...) {
			if down.Reason != ReasonReauthenticated && down.Reason != ReasonPeerDeleted {
				p.fail("down for %v", down.Reason)
			}
		}
	}
	if len(kept) != 2 {
		t.Errorf("it is always the same end's that stays: %v", kept)
	}
}

// Losses do not change how twins and reauthentications end.
func TestHandoverInNoise(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			p := newPair(t, func(a, b *Config) {
				second(a, b)
				a.Peers[0].Reauth, b.Peers[0].Reauth = 10*time.Minute, 11*time.Minute
				a.Peers[0].Lifetime, b.Peers[0].Lifetime = 7*time.Minute, 25*time.Minute
				for _, c := range []*Config{a, b} {
					c.Peers[0].Flows[0].Connect, c.Peers[0].Flows[1].Connect = Always, Always
					c.Peers[0].DPD = DPD{Interval: 30 * time.Second}
				}
				b.Peers[0].Unique = Unique(seed % 4)
				a.Peers[0].Childless = Childless(seed / 4 % 3)
			})
			p.noisy(seed, 0.02+0.01*float64(seed%20))
			p.a.do(p.a.e.Start)
			p.b.do(p.b.e.Start)
			for range 60 {
				p.run(time.Minute)
				if a, b := p.a.e.Len(), p.b.e.Len(); a > 8 || b > 8 {
					p.fail("%d IKE SAs at A, %d at B: they pile up", a, b)
				}
			}
			p.lose, p.repeat = nil, nil
			p.latency = func() time.Duration { return 10 * time.Millisecond }
			p.run(30 * time.Minute)
			p.settle()
			p.agree()
			p.a.carried("f0", "f1")
			p.b.carried("f0", "f1")
			if a, b := p.a.e.Len(), p.b.e.Len(); a != b || a > 2 {
				p.fail("in the end %d IKE SAs at A, %d at B", a, b)
			}
			p.a.do(p.a.e.Shutdown)
			p.b.do(p.b.e.Shutdown)
			p.run(5 * time.Minute)
			p.wantNothing()
		})
	}
}
