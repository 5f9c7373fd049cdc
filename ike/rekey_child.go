package ike

import (
	"bytes"
	"fmt"
	"time"

	"seikan/ike/wire"
)

// rekeyChild replaces a Child SA by CREATE_CHILD_SA (RFC 7296 §1.3.3):
//
//	HDR, SK {N(REKEY_SA), SA, Ni, [KEi,] TSi, TSr}  -->
//	                                                <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
//
// and then deletes the old one. The peer may do the same at the same time: the exchange with the lowest of the four nonces
// was one too many, and its initiator deletes what it made (RFC 7296 §2.8.1).
type rekeyChild struct {
	newChild
	old *child
}

func (x *rekeyChild) wants() *flowRef { return nil }

func (x *rekeyChild) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	c := x.old
	if !c.there() || c.retired || c.deleting || c.superseded() || s.state != established {
		c.rekeying = nil
		return 0, nil, false
	}
	x.local, x.remote = c.local, c.remote // RFC 7296 §2.9.2: not narrower than what is in use
	x.repeat = c.algs
	ps, err := x.offerAlone(s, out)
	if err != nil {
		c.rekeying = nil
		return 0, nil, false
	}
	return wire.CREATE_CHILD_SA, append([]wire.Payload{&wire.Notify{Protocol: wire.ProtocolESP, SPI: spiOctets(c.in), Kind: wire.REKEY_SA}}, ps...), true
}

func (x *rekeyChild) done(s *sa, now time.Time, p *parts, out *Output) {
	c := x.old
	if n := p.failure(); n != nil && p.sa == nil {
		x.refusedRekey(s, now, n, out)
		return
	}
	if s.state != established {
		c.rekeying = nil
		return
	}
	b := x.strike(s, now, p, c, out)
	switch {
	case b == nil:
		x.later(now)
	case b.c.algs.addKE == wire.NONE:
		x.settle(s, now, b, nil, out)
	case s.outrun(now, s.awaiting(c), lower(b.ni, b.nr)):
		x.struck = b
		s.followUp(now, x, b.c.algs.addKE, p, out)
	default:
		c.rekeying = nil
		c.rekey(now, out) // later, where the peer does not end what it has begun
	}
}

// awaiting is the peer's rekey of a Child SA that waits for its additional key exchange, nil for none.
func (s *sa) awaiting(c *child) *awaited {
	if s.awaited != nil && s.awaited.old == c {
		return s.awaited
	}
	return nil
}

func (x *rekeyChild) complete(s *sa, now time.Time, shared []byte, out *Output) {
	switch {
	case s.state != established:
		x.old.rekeying = nil
	case x.isMissed(s, now, x.struck.c.out, out):
		x.later(now)
	case x.struck.c.outdated():
		x.abandon(s, now, nil, fmt.Errorf("ike: flow %q is not configured any more", x.flow.ID), out)
	default:
		x.settle(s, now, x.struck, shared, out)
	}
}

func (x *rekeyChild) abandon(s *sa, now time.Time, n *wire.Notify, err error, out *Output) {
	c := x.old
	if n != nil {
		x.refusedRekey(s, now, n, out)
		return
	}
	c.rekeying = nil
	x.undo(s, now, err, out)
}

// settle installs the new Child SA and has the old one go, or the new one where the peer has made another that stays.
func (x *rekeyChild) settle(s *sa, now time.Time, b *bargain, shared []byte, out *Output) {
	c := x.old
	c.rekeying = nil
	s.install(now, b, shared, out)
	switch {
	case c.successor != nil && bytes.Compare(b.c.nonce, c.successor.nonce) < 0:
		b.c.replace(now, out) // ours is the redundant one; the peer deletes the old one, or has done so
	case !c.there() || c.retired: // the peer has deleted it
	default:
		c.replace(now, out)
	}
}

// refusedRekey takes an error notify. Unless the peer has done our work already, the rekey is tried again, and if the old SA runs out
// before it succeeds the next packet sets up a new one.
func (x *rekeyChild) refusedRekey(s *sa, now time.Time, n *wire.Notify, out *Output) {
	c := x.old
	switch {
	case !c.there() || c.superseded() || s.state != established:
		c.rekeying = nil
	case n.Kind == wire.CHILD_SA_NOT_FOUND: // the peer lost it, or deleted it a moment ago (RFC 7296 §2.25.1)
		c.rekeying = nil
		c.retired = true // it is gone there: no Delete
		c.down(now, ReasonPeerDeleted, out)
	case n.Kind == wire.TEMPORARY_FAILURE, (n.Kind == wire.INVALID_KE_PAYLOAD || n.Kind == wire.STATE_NOT_FOUND) && x.tries < maxChildTries:
		x.refused(s, now, n, x, out)
	default:
		x.fail(s, now, reasonOf(n.Kind), x.refusal(n, true, "the peer answered the rekey"), out)
		x.later(now)
	}
}

// later has the rekey tried again, where there is time.
func (x *rekeyChild) later(now time.Time) {
	c := x.old
	c.rekeying = nil
	if left := c.expireAt.at.Sub(now); c.there() && !c.retired && left > 20*time.Second {
		c.e.deadlines.arm(&c.rekeyAt, now.Add(left/2))
	}
}
