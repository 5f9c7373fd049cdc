package ike

import (
	"strings"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/internal/suite"
	"seikan/ike/wire"
	"seikan/sadb"
)

// faulty is an exchange that panics: with its answer, or when it begins.
type faulty struct{ early bool }

func (x faulty) wants() *flowRef { return nil }

func (x faulty) begin(*sa, time.Time, *Output) (wire.ExchangeType, []wire.Payload, bool) {
	if x.early {
		panic("a fault")
	}
	return wire.INFORMATIONAL, nil, true
}

func (x faulty) done(*sa, time.Time, *parts, *Output) { panic("a fault") }

// faultyCipher panics at what it is to open.
type faultyCipher struct{ suite.Cipher }

func (faultyCipher) Open(_, _ []byte) ([]byte, error) { panic("a fault") }

// twoSites are two peers of each end, at one pair of addresses each, with a flow each.
func twoSites(t *testing.T) *pair {
	t.Helper()
	p := newPair(t, func(a, b *Config) {
		for _, c := range []*Config{a, b} {
			q := c.Peers[0]
			q.Name += "2"
			q.Flows = []Flow{q.Flows[0]}
			q.Flows[0].ID = "f1"
			q.LocalID = Identity{Kind: wire.ID_FQDN, Data: "second"}
			q.RemoteIDs = []Match{{Kind: wire.ID_FQDN, Data: "second"}}
			c.Peers = append(c.Peers, q)
		}
	})
	p.a.acquire("f0")
	p.run(time.Second)
	p.a.acquire("f1")
	p.run(time.Second)
	if n := p.agree(); n != 2 || p.a.e.Len() != 2 || p.b.e.Len() != 2 {
		p.fail("after the set-up: %d children, %d and %d IKE SAs, want 2 of each", n, p.a.e.Len(), p.b.e.Len())
	}
	return p
}

// of is the only IKE SA of a side with a peer.
func (s *side) of(peer string) *sa {
	s.p.t.Helper()
	var found *sa
	for _, x := range s.e.sorted() {
		if x.peer != nil && x.peer.Name == peer {
			if found != nil {
				s.p.fail("%s has several IKE SAs with %s", s.name, peer)
			}
			found = x
		}
	}
	if found == nil {
		s.p.fail("%s has no IKE SA with %s", s.name, peer)
	}
	return found
}

// wantFault checks that one panic was caught, and what it is told of with.
func (s *side) wantFault(own bool, drops uint64) {
	s.p.t.Helper()
	list := find[Faulted](s)
	if len(list) != 1 || list[0].Own != own || list[0].Path.Remote.IsValid() != (drops > 0) || list[0].What != "panic of type string" || !strings.HasPrefix(list[0].At, "seikan/ike.faulty") {
		s.p.fail("%s: got the faults %+v, want one in faulty, of its own: %v", s.name, list, own)
	}
	if got := s.e.Drops()[DropFault]; got != drops {
		s.p.fail("%s: %d messages were dropped for a fault, want %d", s.name, got, drops)
	}
}

// wantOnlyEnded checks that the IKE SA of one of two sites has ended with everything of it, that the other's goes on, and that the first can come
// back.
func (p *pair) wantOnlyEnded(gone sadb.IKEID) {
	p.t.Helper()
	downs := find[SADown](p.a)
	if len(downs) != 1 || downs[0].SA.ID != gone || downs[0].Reason != ReasonFault {
		p.fail("got the ends %+v, want that of SA %d alone", downs, gone)
	}
	if len(p.a.kids) != 1 || p.a.e.Len() != 1 || len(p.a.e.bySPI) != 1 || len(p.a.e.children) != 1 {
		p.fail("%d children, %d IKE SAs, %d SPIs are left, want 1 of each", len(p.a.kids), p.a.e.Len(), len(p.a.e.bySPI))
	}
	p.run(10 * time.Second)
	p.a.acquire("f0")
	p.run(2 * time.Second)
	if n := p.agree(); n != 2 || p.a.e.Len() != 2 {
		p.fail("%d children, %d IKE SAs, want that the site came back", n, p.a.e.Len())
	}
}

// A panic with an authentic message ends the IKE SA that it is of, which may be torn, and no other.
func TestPanicWithAMessage(t *testing.T) {
	p := twoSites(t)
	s := p.a.of("B")
	p.a.do(func(now time.Time, out *Output) { s.start(now, faulty{}, out) })
	p.run(time.Second)
	p.a.wantFault(false, 1)
	p.wantOnlyEnded(s.id)
}

// Nobody ends an IKE SA by a panic without its keys: nothing has changed there yet.
func TestPanicBeforeTheIntegrityCheck(t *testing.T) {
	p := twoSites(t)
	s := p.a.of("B")
	good := s.keys.in
	s.keys.in = faultyCipher{good}
	msg := (&wire.Message{
		Header:   wire.Header{SPIi: s.spiI, SPIr: s.spiR, Version: version, Exchange: wire.INFORMATIONAL, MessageID: s.answered.next},
		Payloads: []wire.Payload{&wire.Encrypted{Body: make([]byte, 64)}},
	}).Append(nil)
	for range 100 {
		p.a.do(func(now time.Time, out *Output) { p.a.e.Handle(now, Datagram{Path: s.path, Data: msg}, out) })
	}
	s.keys.in = good
	if got := p.a.e.Drops()[DropFault]; got != 100 || len(find[Faulted](p.a)) != 100 {
		p.fail("%d messages were dropped for a fault, %d told of, want 100", got, len(find[Faulted](p.a)))
	}
	if downs := find[SADown](p.a); len(downs) != 0 || p.agree() != 2 {
		p.fail("got the ends %+v, want none", downs)
	}
}

// What a stranger has begun to set up is gone with the panic that it has met, and the next one comes in.
func TestPanicInTheSetUp(t *testing.T) {
	p := newPair(t, nil)
	good := p.b.e.halfOpen
	p.b.e.halfOpen = nil // an entry in it is a panic
	p.a.acquire("f0")
	p.run(time.Second)
	if got := p.b.e.Drops()[DropFault]; got == 0 || p.b.e.Len() != 0 || len(p.b.e.bySPI) != 0 || len(p.b.e.openFrom) != 0 {
		p.fail("%d messages were dropped for a fault, %d IKE SAs and %d SPIs are left, want none", got, p.b.e.Len(), len(p.b.e.bySPI))
	}
	p.b.e.halfOpen = good
	p.run(10 * time.Second) // a resend
	if n := p.agree(); n != 1 {
		p.fail("%d children, want 1", n)
	}
}

// A panic at a deadline ends the IKE SA that the deadline is of.
func TestPanicAtADeadline(t *testing.T) {
	p := twoSites(t)
	s := p.a.of("B")
	s.queue = append(s.queue, faulty{early: true})
	p.a.e.deadlines.arm(&s.pauseEnd, p.now.Add(time.Second))
	p.run(2 * time.Second)
	p.a.wantFault(true, 0)
	p.wantOnlyEnded(s.id)
}

// A panic in a request ends the IKE SA that it is on, and what waits for an SA is told.
func TestPanicInARequest(t *testing.T) {
	p := twoSites(t)
	s := p.a.of("B")
	in := esp.SPI(0)
	for spi := range s.children {
		in = spi
	}
	s.queue = append(s.queue, faulty{early: true})
	p.a.do(func(now time.Time, out *Output) { p.a.e.RekeyChild(now, in, out) })
	p.a.wantFault(false, 0)
	p.wantOnlyEnded(s.id)
}

// An attempt that a panic has ended has failed: it is not under way for ever.
func TestPanicInAnAttempt(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	s := p.a.of("B")
	p.a.do(func(now time.Time, out *Output) { p.a.e.DeleteChild(now, p.a.only(), ReasonOperator, out) })
	p.run(time.Second)
	s.keys.out = nil // the request cannot be sealed
	p.a.acquire("f0")
	failed := find[Failed](p.a)
	if len(failed) != 1 || len(failed[0].Policies) != 1 || failed[0].Policies[0] != "f0" || failed[0].Reason != ReasonFault {
		p.fail("got the failures %+v, want that of f0", failed)
	}
	if downs := find[SADown](p.a); len(downs) != 1 || downs[0].Reason != ReasonFault {
		p.fail("got the ends %+v, want that of the IKE SA", downs)
	}
	p.run(10 * time.Second)
	p.a.acquire("f0")
	p.run(2 * time.Second)
	if n := p.agree(); n != 1 {
		p.fail("%d children, want 1", n)
	}
}

// A flow that is to be up without being asked for is sought again after a panic.
func TestPanicInWhatIsSought(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].Flows[0].Connect = Always })
	p.a.do(p.a.e.Start)
	p.run(time.Second)
	s := p.a.of("B")
	s.queue = append(s.queue, faulty{early: true})
	p.a.e.deadlines.arm(&s.pauseEnd, p.now.Add(time.Second))
	p.run(10 * time.Second)
	p.a.wantFault(true, 0)
	if n := p.agree(); n != 1 || p.a.e.Len() != 1 {
		p.fail("%d children, %d IKE SAs, want 1 of each", n, p.a.e.Len())
	}
}
