package ike

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"seikan/ike/internal/suite"
	"seikan/ike/wire"
)

// followUp is the IKE_FOLLOWUP_KE exchange with the additional key exchange of a CREATE_CHILD_SA (RFC 9370 §2.2.4):
//
//	HDR, SK {KEi(1), N(ADDITIONAL_KEY_EXCHANGE)}  -->
//	                                              <--  HDR, SK {KEr(1)}
//
// What was agreed on before comes into being with it.
type followUp struct {
	of   followed
	kex  suite.KeyExchange
	link []byte // the responder's name for what this belongs to
}

// followed is an exchange that needs an additional key exchange behind it.
type followed interface {
	exchange
	// complete makes what was agreed on; shared is the secret of the additional key exchange.
	complete(s *sa, now time.Time, shared []byte, out *Output)
	// abandon gives it up, for an error of the peer's, or one that was found here (then n is nil).
	abandon(s *sa, now time.Time, n *wire.Notify, err error, out *Output)
}

// followUp goes on with the additional key exchange in group g, which the answer p asks for.
func (s *sa) followUp(now time.Time, of followed, g wire.GroupID, p *parts, out *Output) {
	n := p.notify(wire.ADDITIONAL_KEY_EXCHANGE)
	if n == nil {
		of.abandon(s, now, nil, errors.New("ike: answer chooses an additional key exchange and does not say for what it is"), out)
		return
	}
	kex, err := suite.NewKeyExchange(g)
	if err != nil {
		of.abandon(s, now, nil, err, out)
		return
	}
	s.launch(now, &followUp{of, kex, bytes.Clone(n.Data)}, out)
}

func (x *followUp) wants() *flowRef { return x.of.wants() }

func (x *followUp) begin(s *sa, _ time.Time, _ *Output) (wire.ExchangeType, []wire.Payload, bool) {
	return wire.IKE_FOLLOWUP_KE, []wire.Payload{
		&wire.KE{Group: x.kex.Group(), Data: x.kex.Public()}, &wire.Notify{Kind: wire.ADDITIONAL_KEY_EXCHANGE, Data: x.link},
	}, s.state == established
}

func (x *followUp) done(s *sa, now time.Time, p *parts, out *Output) {
	if n := p.failure(); n != nil && p.ke == nil {
		if s.notFound++; n.Kind == wire.STATE_NOT_FOUND && s.notFound >= maxNotFound {
			s.delete(now, ReasonProtocol, out)
			return
		}
		x.of.abandon(s, now, n, nil, out)
		return
	}
	s.notFound = 0
	if p.ke.Group != x.kex.Group() {
		x.of.abandon(s, now, nil, fmt.Errorf("ike: additional key exchange of group %v, want %v", p.ke.Group, x.kex.Group()), out)
		return
	}
	shared, err := x.kex.Shared(p.ke.Data)
	if err != nil {
		x.of.abandon(s, now, nil, err, out)
		return
	}
	defer clear(shared)
	x.of.complete(s, now, shared, out)
}

// maxNotFound is how often in a row a peer may have forgotten what an additional key exchange is for, before the IKE SA ends
// (RFC 9370 §2.2.4).
const maxNotFound = 5

// followUpTime is how long a responder waits for the additional key exchange (RFC 9370 §2.2.4: 5 to 20 seconds).
const followUpTime = 20 * time.Second

// awaited is what a responder has agreed on and makes when the additional key exchange comes. An IKE SA has one at most, as the peer
// has one exchange under way at most.
type awaited struct {
	link  []byte
	group wire.GroupID
	nonce []byte // the lower one of the exchange, which settles collisions
	old   *child // that is being rekeyed; nil: the IKE SA, or none
	isSA  bool   // the IKE SA is being rekeyed

	// finish makes it. An error is one that the peer is to be told.
	finish func(now time.Time, shared []byte, out *Output) *NotifyError
}

// await keeps what is to be finished, in the place of what the peer has left unfinished, and names it for the answer.
func (s *sa) await(now time.Time, w *awaited) *wire.Notify {
	w.link = make([]byte, 8)
	rand.Read(w.link)
	s.awaited = w
	s.e.deadlines.arm(&s.awaitEnd, now.Add(followUpTime))
	return &wire.Notify{Kind: wire.ADDITIONAL_KEY_EXCHANGE, Data: w.link}
}

// forsake forgets what was awaited. An IKE SA that the peer would have rekeyed is rekeyed by us, if nobody does.
func (s *sa) forsake(now time.Time) {
	w := s.awaited
	s.awaited = nil
	s.e.deadlines.disarm(&s.awaitEnd)
	if w != nil && w.isSA && s.state == established && s.rekeyAt.index == 0 {
		s.e.deadlines.arm(&s.rekeyAt, now.Add(between(time.Second, 50, 150)))
	}
}

// handleFollowUp answers IKE_FOLLOWUP_KE.
func (s *sa) handleFollowUp(now time.Time, p *parts, out *Output) []wire.Payload {
	w, n := s.awaited, p.notify(wire.ADDITIONAL_KEY_EXCHANGE)
	if w == nil || n == nil || !bytes.Equal(n.Data, w.link) || s.state != established {
		return []wire.Payload{&wire.Notify{Kind: wire.STATE_NOT_FOUND}}
	}
	s.forsake(now)
	if p.ke.Group != w.group {
		return []wire.Payload{&wire.Notify{Kind: wire.INVALID_SYNTAX}}
	}
	public, shared, err := suite.Respond(w.group, p.ke.Data)
	if err != nil {
		return []wire.Payload{&wire.Notify{Kind: wire.INVALID_SYNTAX}}
	}
	defer clear(shared)
	if bad := w.finish(now, shared, out); bad != nil {
		s.e.traceRefusal(s.id, s.path, bad, out)
		return []wire.Payload{bad.payload()}
	}
	return []wire.Payload{&wire.KE{Group: w.group, Data: public}}
}

// outrun settles a collision with a rekey of the peer's that awaits its additional key exchange. nonce is the lower one of our own exchange:
// where it is the lowest of all ours was one too many, and it just ends (RFC 9370 §2.2.4); else the peer's ends.
func (s *sa) outrun(now time.Time, w *awaited, nonce []byte) (goOn bool) {
	if w == nil {
		return true
	}
	if bytes.Compare(nonce, w.nonce) < 0 {
		return false
	}
	s.forsake(now)
	return true
}
