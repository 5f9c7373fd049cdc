package ike

import (
	"testing"
	"time"

	"seikan/sadb"
)

// A flow that does not wait for traffic is set up at the start, and again for as long as it should be.
func TestConnect(t *testing.T) {
	start := func(p *pair) { p.a.do(p.a.e.Start); p.run(time.Second) }
	for _, tt := range []struct {
		name    string
		connect Connect
		do      func(p *pair)
		up      bool // in the end
	}{
		{"on traffic", OnTraffic, start, false},
		{"at start", AtStart, start, true},
		{"at start, cleared", AtStart, func(p *pair) { start(p); p.a.delete(); p.run(time.Minute) }, false},
		{"at start, the peer comes later", AtStart, func(p *pair) {
			p.lose = func(*side, []byte) bool { return true }
			start(p)
			p.run(10 * time.Minute)
			p.lose = nil
			p.run(2 * time.Minute)
		}, true},
		{"always", Always, start, true},
		{"always, cleared here", Always, func(p *pair) { start(p); p.a.delete(); p.run(time.Minute) }, true},
		{"always, cleared there", Always, func(p *pair) { start(p); p.b.delete(); p.run(time.Minute) }, true},
		{"always, the Child SA expires", Always, func(p *pair) {
			start(p)
			in := p.b.only()
			p.b.do(func(now time.Time, out *Output) { p.b.e.ExpireChild(now, in, out) })
			p.run(time.Minute)
		}, true},
		{"always, the peer is not there for an hour", Always, func(p *pair) {
			start(p)
			p.lose = func(*side, []byte) bool { return true }
			p.run(time.Hour)
			if n := len(p.a.kids); n != 0 {
				p.fail("%d children of a dead peer", n)
			}
			p.lose = nil
			p.run(2 * time.Minute)
		}, true},
		{"always, the peer refuses the Child SA for a while", Always, func(p *pair) {
			flow := p.b.e.flows["f0"].Flow
			good := flow.Remote
			flow.Remote = []sadb.Selector{prefix("10.99.0.0/16")}
			start(p)
			p.run(10 * time.Minute)
			if n := len(find[Failed](p.a)); n < 10 || n > 30 {
				p.fail("%d attempts in 10 minutes, want them to wait for each other half a minute", n)
			}
			flow.Remote = good
			p.run(time.Minute)
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) {
				a.Peers[0].Flows[0].Connect = tt.connect
				a.Peers[0].DPD = DPD{Interval: 20 * time.Second}
				b.Peers[0].DPD = DPD{Interval: 20 * time.Second}
			})
			tt.do(p)
			if !tt.up {
				p.wantNothing()
				return
			}
			p.wantOne()
			p.a.do(p.a.e.Shutdown)
			p.run(time.Minute)
			p.wantNothing()
		})
	}
}

// A peer that deletes what is set up again at once is met at longer and longer intervals.
func TestConnectFlaps(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].Flows[0].Connect = Always })
	p.a.do(p.a.e.Start)
	for range 600 {
		p.run(time.Second)
		for spi := range p.b.kids {
			p.b.do(func(now time.Time, out *Output) { p.b.e.ExpireChild(now, spi, out) })
		}
	}
	if n := len(find[ChildUp](p.a)); n < 15 || n > 40 {
		p.fail("%d Child SAs in 10 minutes", n)
	}
}

// A packet asks for what the peer has just refused: that waits.
func TestRefusedChildWaits(t *testing.T) {
	p := newPair(t, func(a, b *Config) { b.Peers[0].Flows[0].Remote[0] = prefix("10.99.0.0/16") })
	p.a.acquire("f0")
	p.run(100 * time.Millisecond)
	sent := len(p.sent)
	for range 5 {
		p.a.acquire("f0")
		p.run(100 * time.Millisecond)
	}
	if len(p.sent) != sent {
		p.fail("%d messages more while the refused Child SA should wait", len(p.sent)-sent)
	}
	if failed := find[Failed](p.a); len(failed) != 6 || failed[1].Reason != ReasonNoTrafficSelectors || !failed[1].Repeat {
		p.fail("failures %+v, want each call to be answered with the reason", failed)
	}
	p.run(time.Second)
	p.a.acquire("f0")
	p.run(100 * time.Millisecond)
	if len(p.sent) == sent {
		p.fail("nothing is tried after the wait")
	}
}
