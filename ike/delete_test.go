package ike

import (
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

func (s *side) delete() {
	x := s.sole()
	s.do(func(now time.Time, out *Output) { s.e.Delete(now, x.id, ReasonOperator, out) })
}

// wantNothing checks that the two ends have no SA left, nor anything that an SA had.
func (p *pair) wantNothing() {
	p.t.Helper()
	for _, s := range []*side{p.a, p.b} {
		if len(s.kids) != 0 || s.e.Len() != 0 || len(s.e.bySPI) != 0 || len(s.e.children) != 0 || len(s.e.halfOpen) != 0 || !s.e.Next().IsZero() {
			p.fail("%s: %d children, %d IKE SAs, next deadline %v, want none; events %+v", s.name, len(s.kids), s.e.Len(), s.e.Next(), s.events)
		}
		for id, n := range s.ups {
			if n != 0 {
				p.fail("%s: IKE SA %d came up and never went down", s.name, id)
			}
		}
	}
}

func (s *side) wantDown(why Reason) {
	s.p.t.Helper()
	downs := find[SADown](s)
	if len(downs) != 1 || downs[0].Reason != why || downs[0].SA.Active {
		s.p.fail("%s: got SADown %+v, want one for %v", s.name, downs, why)
	}
	for _, d := range find[ChildDown](s) {
		if d.Reason != why {
			s.p.fail("%s: got ChildDown %+v, want %v", s.name, d, why)
		}
	}
}

func TestDelete(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(p *pair)
		a, b  Reason
		ended time.Duration
	}{
		{"by the initiator", func(p *pair) { p.a.delete() }, ReasonOperator, ReasonPeerDeleted, time.Second},
		{"by the responder", func(p *pair) { p.b.delete() }, ReasonPeerDeleted, ReasonOperator, time.Second},
		{"by both at once", func(p *pair) { p.a.delete(); p.b.delete() }, ReasonOperator, ReasonOperator, time.Second},
		{"at shutdown", func(p *pair) { p.a.do(p.a.e.Shutdown) }, ReasonShutdown, ReasonPeerDeleted, time.Second},
		{"and the answer is lost", func(p *pair) {
			p.a.delete()
			p.lose = func(from *side, _ []byte) bool { return from == p.b }
		}, ReasonOperator, ReasonPeerDeleted, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, nil)
			p.up()
			tt.do(p)
			p.run(tt.ended)
			p.a.wantDown(tt.a)
			if tt.name == "and the answer is lost" { // the children's Delete is all that B heard
				return
			}
			p.b.wantDown(tt.b)
			p.wantNothing()
			p.a.acquire("f0")
			p.run(time.Second)
			if tt.a != ReasonShutdown && p.agree() != 1 {
				p.fail("the next packet does not bring it up again")
			}
		})
	}
}

// A Child SA that goes alone leaves the IKE SA, which the next one uses.
func TestExpireChild(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	in := p.a.only()
	p.a.do(func(now time.Time, out *Output) { p.a.e.ExpireChild(now, in, out) })
	p.run(time.Second)
	if len(p.a.kids) != 0 || len(p.b.kids) != 0 || p.a.e.Len() != 1 || p.b.e.Len() != 1 {
		p.fail("%d and %d children, %d and %d IKE SAs, want only these", len(p.a.kids), len(p.b.kids), p.a.e.Len(), p.b.e.Len())
	}
	if d := find[ChildDown](p.b); len(d) != 1 || d[0].Reason != ReasonPeerDeleted {
		p.fail("B: got %+v", d)
	}
	p.b.acquire("f0")
	p.run(time.Second)
	p.wantOne()
	if got := len(find[SAUp](p.a)); got != 1 {
		t.Errorf("%d IKE SAs were made, want the one that was there to be used", got)
	}
}

// A Delete meets a rekey of the same SA, from the other end (RFC 7296 §2.25).
func TestDeleteMeetsRekey(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(p *pair)
	}{
		{"child rekeyed, child deleted", func(p *pair) {
			in := p.b.only()
			p.a.rekeyChild()
			p.b.do(func(now time.Time, out *Output) { p.b.e.ExpireChild(now, in, out) })
		}},
		{"child rekeyed, IKE SA deleted", func(p *pair) { p.a.rekeyChild(); p.b.delete() }},
		{"IKE SA rekeyed, IKE SA deleted", func(p *pair) { p.a.rekeySA(); p.b.delete() }},
		{"IKE SA rekeyed, child deleted", func(p *pair) {
			in := p.b.only()
			p.a.rekeySA()
			p.b.do(func(now time.Time, out *Output) { p.b.e.ExpireChild(now, in, out) })
		}},
		{"rekeyed and deleted at one end", func(p *pair) { p.a.rekeySA(); p.a.delete() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, nil)
			p.listen()
			p.up()
			tt.do(p)
			p.run(2 * time.Minute)
			p.agree()
			p.reachable()
			if a, b := p.a.e.Len(), p.b.e.Len(); a != b || a > 1 {
				p.fail("%d IKE SAs at A, %d at B", a, b)
			}
			if p.a.e.Len() == 1 {
				p.a.delete()
				p.run(time.Minute)
			}
			p.wantNothing()
		})
	}
}

// The peer comes back after it has lost everything, and says that it has no other SA (RFC 7296 §2.4).
func TestInitialContact(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	old := p.a
	p.a = newSide(p, "A", addrA, peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16"))
	p.run(time.Second)
	p.up()
	if old.e.Len() != 1 || len(find[SADown](p.b)) != 1 || find[SADown](p.b)[0].Reason != ReasonReplacedByPeer {
		p.fail("B: got %+v, want the old SA gone for %v", find[SADown](p.b), ReasonReplacedByPeer)
	}
}

// Liveness: a peer that is there stays up without end, one that is not goes after the resends (RFC 7296 §2.4).
func TestLiveness(t *testing.T) {
	p := newPair(t, func(a, _ *Config) { a.Peers[0].DPD = DPD{Interval: 10 * time.Second, Retry: 3 * time.Second} })
	p.up()
	before := len(p.sent)
	p.run(5 * time.Minute)
	if asked := (len(p.sent) - before) / 2; asked < 25 || asked > 31 {
		p.fail("asked %d times in 5 minutes of silence, want every 10 s", asked)
	}
	p.wantOne()
	p.lose = func(*side, []byte) bool { return true }
	p.run(10*time.Second + 5*3*time.Second - time.Second)
	if p.a.e.Len() != 1 {
		p.fail("gone before the last resend: %+v", find[SADown](p.a))
	}
	p.run(5 * time.Second)
	p.a.wantDown(ReasonPeerLost)
}

// Packets that arrive are a sign of life; on demand, one that was not asked for anything need not give any.
func TestLivenessByTraffic(t *testing.T) {
	var heard, sent time.Time
	var p *pair
	p = newPair(t, func(a, _ *Config) {
		a.Heard = func(esp.SPI) time.Time { return heard }
		a.Sent = func(esp.SPI) time.Time { return sent }
		a.Peers[0].DPD = DPD{Interval: 10 * time.Second, OnDemand: true}
	})
	p.up()
	asked := func(d time.Duration, traffic func()) int {
		before := len(p.sent)
		for end := p.now.Add(d); p.now.Before(end); {
			traffic()
			p.run(time.Second)
		}
		return len(p.sent) - before
	}
	for _, tt := range []struct {
		name    string
		traffic func()
		want    bool
	}{
		{"none", func() {}, false},
		{"both ways", func() { heard, sent = p.now, p.now }, false},
		{"inbound", func() { heard = p.now }, false},
		{"outbound", func() { sent = p.now }, true},
	} {
		if got := asked(2*time.Minute, tt.traffic) > 0; got != tt.want {
			p.fail("traffic %s: asked for a sign of life: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A half-open SA is forgotten (RFC 7296 §2.6), and their number has a bound.
func TestHalfOpen(t *testing.T) {
	p := newPair(t, func(_, b *Config) { b.MaxHalfOpen, b.CookieChallenge = 3, 4 }) // no cookies
	p.lose = func(from *side, _ []byte) bool { return from == p.b }
	p.a.acquire("f0")
	request := p.a.out.Datagrams[0]
	p.run(time.Second)
	for i := range 5 {
		d := Datagram{Path: swap(request.Path), Data: append([]byte(nil), request.Data...)}
		d.Data[0] ^= byte(i + 1) // another SPIi
		p.b.do(func(now time.Time, out *Output) { p.b.e.Handle(now, d, out) })
	}
	if got := p.b.e.Len(); got != 3 {
		t.Errorf("got %d half-open SAs, want 3", got)
	}
	if got := p.b.e.Drops()[DropHalfOpenLimit]; got != 3 {
		t.Errorf("got %d refused for the limit, want 3", got)
	}
	p.run(time.Minute)
	if p.b.e.Len() > 1 || len(p.b.e.halfOpen) > 1 { // A may have tried again
		t.Errorf("got %d SAs after the time", p.b.e.Len())
	}
	for _, d := range find[SADown](p.b) {
		if d.Reason != ReasonTimeout {
			t.Errorf("got %+v, want %v", d, ReasonTimeout)
		}
	}
}

// A request that comes again gets the same octets again, and nothing else happens (RFC 7296 §2.1).
func TestRetransmission(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	for name, do := range map[string]func(){
		"rekey":    func() { p.a.rekeyChild() },
		"liveness": func() { x := p.a.sole(); p.a.do(func(now time.Time, out *Output) { x.start(now, &liveness{}, out) }) },
	} {
		do()
		d := Datagram{Path: swap(p.a.out.Datagrams[0].Path), Data: p.a.out.Datagrams[0].Data}
		var answers [2][]byte
		var events int
		for i := range answers {
			p.b.do(func(now time.Time, out *Output) { p.b.e.Handle(now, d, out) })
			if len(p.b.out.Datagrams) != 1 {
				p.fail("%s: %d answers", name, len(p.b.out.Datagrams))
			}
			answers[i] = p.b.out.Datagrams[0].Data
			if i == 1 && len(p.b.events) != events {
				p.fail("%s: the second request had an effect: %+v", name, p.b.events[events:])
			}
			events = len(p.b.events)
		}
		if string(answers[0]) != string(answers[1]) {
			p.fail("%s: the two answers differ", name)
		}
		p.run(time.Minute)
		p.wantOne()
	}
	if h, err := wire.ParseHeader(p.b.sole().answered.answer[0]); err != nil || h.MessageID != p.b.sole().answered.next-1 {
		t.Errorf("the answer that is kept is not the last: %+v, %v", h, err)
	}
}

// Requests to a peer that does not answer come again ever later, the same octets each time, and then no more (RFC 7296 §2.4).
func TestBackOff(t *testing.T) {
	p := newPair(t, func(a, _ *Config) {
		a.Retransmit = Retransmit{Base: time.Second, Factor: 2, Cap: 5 * time.Second, Tries: 5}
	})
	var at []time.Time
	var octets []byte
	p.lose = func(_ *side, data []byte) bool {
		at = append(at, p.now)
		if octets == nil {
			octets = append(octets, data...)
		}
		if string(data) != string(octets) {
			t.Error("a resend is not the same as the request")
		}
		return true
	}
	p.a.acquire("f0")
	p.run(5 * time.Minute)
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
	if len(at) != 1+len(want) {
		t.Fatalf("sent %d times, want %d", len(at), 1+len(want))
	}
	even := 0
	for i, d := range want {
		got := at[i+1].Sub(at[i])
		if got < d*9/10 || got > d*11/10 {
			t.Errorf("wait %d: got %v, want about %v", i, got, d)
		}
		if got == d {
			even++
		}
	}
	if even == len(want) {
		t.Error("the waits have no jitter")
	}
	p.a.wantDown(ReasonPeerLost)
}

// The flow of a Child SA that was asked for on an IKE SA which is deleted now has been given up with it, and may be sought elsewhere: the
// answer is of no interest any more.
func TestRefusalAfterDelete(t *testing.T) {
	t.Run("refused", func(t *testing.T) { refusalAfterDelete(t, false) })
	t.Run("not answered", func(t *testing.T) { refusalAfterDelete(t, true) })
}

func refusalAfterDelete(t *testing.T, lost bool) {
	p := newPair(t, func(a, b *Config) {
		second(a, b)
		b.Peers[0].Flows = b.Peers[0].Flows[:1] // B refuses the second one
	})
	p.up()
	p.run(time.Minute)
	p.a.acquire("f1")
	first := p.a.sole().id
	p.a.do(func(now time.Time, out *Output) { p.a.e.Delete(now, first, ReasonReconfigured, out) })
	p.a.acquire("f1")
	p.run(15 * time.Millisecond) // the requests
	before := len(find[Failed](p.a))
	if old := p.a.e.sas[first]; lost {
		p.a.do(func(now time.Time, out *Output) { old.lost(now, out) })
	} else {
		p.run(7 * time.Millisecond)
	}
	if f := find[Failed](p.a); len(f) != before || !p.a.e.flows["f1"].pending {
		p.fail("the flow is given up, of which another IKE SA takes care: %+v", f[before:])
	}
}
