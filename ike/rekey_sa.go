package ike

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"seikan/ike/internal/suite"
	"seikan/ike/wire"
)

// rekeySA replaces the IKE SA by CREATE_CHILD_SA (RFC 7296 §1.3.2, §2.18):
//
//	HDR, SK {SA, Ni, KEi}  -->
//	                       <--  HDR, SK {SA, Nr, KEr}
//
// The Child SAs move to the new one, and the old one is deleted. Two at once are settled by the lowest nonce, as with Child
// SAs (RFC 7296 §2.8.2).
type rekeySA struct {
	group  wire.GroupID // to try; NONE: the one in use
	tries  int
	spi    wire.SPI
	ni     []byte
	kex    suite.KeyExchange
	theirs *sa        // made by the peer's rekey while ours was under way
	struck *saBargain // waits for the additional key exchange
}

func (x *rekeySA) wants() *flowRef { return nil }

// rekey starts our rekey of the IKE SA.
func (s *sa) rekey(now time.Time, out *Output) {
	switch {
	case s.state != established || s.heir != nil || s.reason != ReasonNone: // on its way out
	case slices.ContainsFunc(s.queue, isRekeySA) || s.ownRekey() != nil:
	case s.merge(now, out):
	default:
		s.start(now, &rekeySA{}, out)
	}
}

func isRekeySA(x exchange) bool { _, ok := x.(*rekeySA); return ok }

// ownRekey is our rekey of the IKE SA that is under way, nil for none.
func (s *sa) ownRekey() *rekeySA {
	x := s.own.x
	if f, ok := x.(*followUp); ok {
		x = f.of
	}
	r, _ := x.(*rekeySA)
	return r
}

// unsettled reports whether the peer has lately rekeyed a Child SA and has not been seen to know our answer. Its exchange would die with the
// IKE SA, and it may not refuse our rekey meanwhile as it should (RFC 7296 §2.25.2).
func (s *sa) unsettled(now time.Time) bool {
	for _, c := range s.children {
		if c.standby && now.Before(c.since.Add(s.e.cfg.HalfOpenTime)) {
			return true
		}
	}
	return false
}

func (x *rekeySA) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	switch {
	case s.state != established:
		return 0, nil, false
	case s.unsettled(now):
		s.e.deadlines.arm(&s.rekeyAt, now.Add(time.Second))
		return 0, nil, false
	}
	x.tries++
	if x.group == wire.NONE {
		x.group = s.algs.group
	}
	kex, err := suite.NewKeyExchange(x.group)
	if err != nil {
		return 0, nil, false
	}
	x.kex, x.spi, x.ni = kex, s.e.newSPI(), nonce()
	spi := binary.BigEndian.AppendUint64(nil, uint64(x.spi))
	return wire.CREATE_CHILD_SA, []wire.Payload{
		offer(s.rekeyProposals(), wire.ProtocolIKE, spi, true), &wire.Nonce{Data: x.ni}, &wire.KE{Group: x.group, Data: kex.Public()},
	}, true
}

func (x *rekeySA) done(s *sa, now time.Time, p *parts, out *Output) {
	if n := p.failure(); n != nil && p.sa == nil {
		x.refused(s, now, n, out)
		return
	}
	b, err := x.accept(s, p)
	if err != nil || b.algs.addKE == wire.NONE || s.state != established {
		x.settle(s, now, b, err, nil, out)
		return
	}
	var theirs *awaited
	if s.beingRekeyed() {
		theirs = s.awaited
	}
	if rival := x.rival(); rival != nil && bytes.Compare(b.low(), rival.lowNonce) < 0 || !s.outrun(now, theirs, b.low()) {
		x.settle(s, now, b, errOutrun, nil, out)
		return
	}
	x.struck = b
	s.followUp(now, x, b.algs.addKE, p, out)
}

// errOutrun is of a rekey that ends before its additional key exchange, as the peer's goes on.
var errOutrun = errors.New("ike: the peer rekeys the IKE SA")

func (x *rekeySA) complete(s *sa, now time.Time, shared []byte, out *Output) {
	x.settle(s, now, x.struck, nil, shared, out)
}

func (x *rekeySA) abandon(s *sa, now time.Time, n *wire.Notify, err error, out *Output) {
	if n != nil {
		x.refused(s, now, n, out)
		return
	}
	x.settle(s, now, nil, err, nil, out)
}

// settle makes the new SA and hands over to it, or to the one that the peer has made meanwhile.
func (x *rekeySA) settle(s *sa, now time.Time, b *saBargain, err error, shared []byte, out *Output) {
	var made *sa
	if err == nil {
		made, err = b.make(s, now, shared, true)
	}
	rival := x.rival()
	switch {
	case s.state != established: // the operator was faster, or the peer uses another one already: the new ones go
		discard(now, out, made, rival)
	case rival == nil && errors.Is(err, errOutrun): // the peer's is on its way
	case err != nil && rival == nil: // the peer may have a new SA that we do not have: start afresh
		s.kill(now, ReasonProtocol, err.Error(), out)
	case err != nil || rival != nil && bytes.Compare(b.low(), rival.lowNonce) < 0:
		discard(now, out, made)
		s.hand(now, rival, out)
		s.awaitDelete(now)
	default:
		if rival != nil {
			rival.awaitDelete(now)
		}
		s.hand(now, made, out)
		s.start(now, &deleteSA{}, out)
	}
}

// saBargain is an IKE SA that is agreed on, and what its keys are made of.
type saBargain struct {
	algs       algorithms
	spiI, spiR wire.SPI
	gir        []byte
	ni, nr     []byte
}

// low is the lower nonce, which settles collisions.
func (b *saBargain) low() []byte { return lower(b.ni, b.nr) }

// make makes the SA in the place of s. more is the secret of an additional key exchange, nil for none. The bargain is used up.
func (b *saBargain) make(s *sa, now time.Time, more []byte, initiator bool) (*sa, error) {
	k, err := deriveKeys(b.algs, rekeySkeyseed(s.keys, b.ni, b.nr, b.gir, more), b.ni, b.nr, b.spiI, b.spiR, initiator)
	clear(b.gir)
	if err != nil {
		return nil, err
	}
	ours := b.spiI
	if !initiator {
		ours = b.spiR
	}
	n := s.e.newSAWith(now, s, initiator, ours)
	n.spiI, n.spiR, n.algs, n.keys, n.lowNonce = b.spiI, b.spiR, b.algs, k, b.low()
	return n, nil
}

// adopt settles that the SA is the one which stays: the peer uses it, while the answer to our own rekey is not here yet. The peer then has
// not got our request, or will delete what it makes.
func (s *sa) adopt(now time.Time, out *Output) {
	old := s.elder
	if s.elder = nil; old == nil {
		return
	}
	if x := old.ownRekey(); x != nil && x.theirs == s && old.state == established {
		x.theirs = nil
		old.hand(now, s, out)
		old.awaitDelete(now)
	}
}

// rival is the SA that the peer's own rekey has made meanwhile; nil for none.
func (x *rekeySA) rival() *sa {
	if x.theirs == nil || x.theirs.state == dead {
		return nil
	}
	return x.theirs
}

// refused takes an error notify: it is tried again, later.
func (x *rekeySA) refused(s *sa, now time.Time, n *wire.Notify, out *Output) {
	rival := x.rival()
	switch {
	case s.state != established:
		discard(now, out, rival)
		return
	case rival != nil: // the peer's own rekey went through
		s.hand(now, rival, out)
		s.awaitDelete(now)
		return
	}
	if n.Kind == wire.INVALID_KE_PAYLOAD && len(n.Data) == 2 && x.tries < maxRounds {
		g := wire.GroupID(binary.BigEndian.Uint16(n.Data))
		if g != x.group && slices.ContainsFunc(s.peer.Proposals, func(p Proposal) bool { return slices.Contains(p.Groups, g) }) {
			s.start(now, &rekeySA{group: g, tries: x.tries}, out)
			return
		}
	}
	wait := between(2*time.Second, 50, 150)
	if n.Kind != wire.TEMPORARY_FAILURE && n.Kind != wire.STATE_NOT_FOUND {
		out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Reason: reasonOf(n.Kind),
			Detail: refusal(n, s.rekeyProposals(), wire.ProtocolIKE, true, "the peer answered the rekey")})
		wait = s.expires.Sub(now) / 2
	}
	if now.Add(wait).Before(s.expires) {
		s.e.deadlines.arm(&s.rekeyAt, now.Add(max(wait, time.Second)))
	}
}

// accept reads the answer to our rekey.
func (x *rekeySA) accept(s *sa, p *parts) (*saBargain, error) {
	a, spi, err := answered(s.rekeyProposals(), p.sa, wire.ProtocolIKE, 8, true)
	if err != nil {
		return nil, err
	}
	peerSPI := wire.SPI(binary.BigEndian.Uint64(spi))
	if p.ke == nil || p.ke.Group != a.group || a.group != x.group || peerSPI == 0 {
		return nil, fmt.Errorf("ike: answer to the rekey with SPI %x does not fit group %v", uint64(peerSPI), a.group)
	}
	gir, err := x.kex.Shared(p.ke.Data)
	if err != nil {
		return nil, err
	}
	return &saBargain{a, x.spi, peerSPI, gir, x.ni, bytes.Clone(p.nonce.Data)}, nil
}

// rekeyProposals are what a rekey of the IKE SA offers and takes: what is in use first. An additional key exchange may be left out, as what
// the one before gave goes into the new keys; where the peer does none, none is offered.
func (s *sa) rekeyProposals() []Proposal {
	all := withoutAddKE(s.peer.Proposals, false)
	if s.quantum {
		all = append(slices.Clone(s.peer.Proposals), all...)
	}
	return repeated(s.algs, all, wire.ProtocolIKE)
}

// handleRekeySA answers the peer's rekey of the IKE SA.
func (s *sa) handleRekeySA(now time.Time, p *parts, out *Output) ([]wire.Payload, *NotifyError) {
	ours := s.ownRekey()
	switch x := s.own.x.(type) {
	case *newChild, *rekeyChild, *deleteChildren, *followUp:
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: a %T is under way", x) // RFC 7296 §2.25.2, RFC 9370 §2.2.4
	}
	if bad := s.rekeyRoom(); bad != nil {
		return nil, bad
	}
	if ours != nil && ours.theirs != nil {
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: the peer has rekeyed the IKE SA already")
	}
	a, chosen, ok := choose(s.rekeyProposals(), p.sa, wire.ProtocolIKE, true)
	spi := chosenSPI(p.sa, chosen)
	if !ok || len(spi) != 8 || binary.BigEndian.Uint64(spi) == 0 {
		return nil, noneInCommon(p.sa, s.rekeyProposals(), wire.ProtocolIKE, true)
	}
	gir, ke, bad := respondKE(a.group, p.ke)
	if bad != nil {
		return nil, bad
	}
	b := &saBargain{a, wire.SPI(binary.BigEndian.Uint64(spi)), s.e.newSPI(), gir, bytes.Clone(p.nonce.Data), nonce()}
	chosen.SPI = binary.BigEndian.AppendUint64(nil, uint64(b.spiR))
	reply := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{chosen}}, &wire.Nonce{Data: b.nr}, ke}
	if a.addKE == wire.NONE {
		return reply, b.respond(s, now, nil, out)
	}
	return append(reply, s.await(now, &awaited{
		group: a.addKE, nonce: b.low(), isSA: true,
		finish: func(now time.Time, shared []byte, out *Output) *NotifyError {
			if s.e.bySPI[b.spiR] != nil {
				return refuse(wire.TEMPORARY_FAILURE, "ike: SPI %x was taken meanwhile", uint64(b.spiR))
			}
			return b.respond(s, now, shared, out)
		},
	})), nil
}

// respond makes the SA that the peer has asked for. Where a rekey of ours is under way, which of the two stays is settled when its answer
// comes.
func (b *saBargain) respond(s *sa, now time.Time, shared []byte, out *Output) *NotifyError {
	n, err := b.make(s, now, shared, false)
	if err != nil {
		return refuse(wire.NO_PROPOSAL_CHOSEN, "ike: %w", err)
	}
	if ours := s.ownRekey(); ours != nil {
		ours.theirs, n.elder = n, s
		return nil
	}
	s.hand(now, n, out)
	s.awaitDelete(now)
	return nil
}

// newSAWith makes the SA that a rekey of s creates, with a given SPI of ours.
func (e *Endpoint) newSAWith(now time.Time, s *sa, initiator bool, spi wire.SPI) *sa {
	n := e.newSA(now, s.peer, s.route(), initiator)
	delete(e.bySPI, n.ourSPI())
	if initiator {
		n.spiI = spi
	} else {
		n.spiR = spi
	}
	e.bySPI[spi] = n
	n.localID, n.remoteID, n.natLocal, n.natRemote = s.localID, s.remoteID, s.natLocal, s.natRemote
	n.fragments, n.mobike, n.original, n.childless, n.quantum = s.fragments, s.mobike, s.original, s.childless, s.quantum
	n.authenticated, n.reauthIn, n.force = s.authenticated, s.reauthIn, s.force
	n.home, n.elsewhere = s.home, s.elsewhere
	n.state = established
	return n
}

// hand gives everything of s to the SA that replaces it.
func (s *sa) hand(now time.Time, to *sa, out *Output) {
	s.e.changing(s)
	s.e.changing(to)
	s.stopTimers()
	s.state, s.awaited = replaced, nil
	for spi, c := range s.children {
		c.sa = to
		to.children[spi] = c
		delete(s.children, spi)
		if c.standby {
			s.e.deadlines.arm(&c.doubtAt, now.Add(s.e.cfg.HalfOpenTime))
		}
	}
	queue := s.queue
	s.queue = nil
	to.heir, s.heir = s.heir, nil
	for _, o := range s.peer.sas {
		if o.heir == s {
			o.heir = to
		}
	}
	to.establish(now, s.id, out)
	if s.reason != ReasonNone {
		to.endSoon(now, s.reason)
	}
	for _, x := range queue {
		if !isRekeySA(x) {
			to.queue = append(to.queue, x)
		}
	}
	s.handPath(now, to, out)
	to.pump(now, out)
}

// handPath takes a move that is not done yet to the SA that replaces s.
func (s *sa) handPath(now time.Time, to *sa, out *Output) {
	if _, ok := s.own.x.(*updateAddresses); ok { // the peer may hear of it too late
		to.queue = append(to.queue, &updateAddresses{})
	}
	if s.mobike && !s.original {
		to.path, to.settled = s.path, s.settled
		to.checkPath(now, out)
	}
}

// awaitDelete leaves an SA that is of no more use to the peer, which is to delete it.
func (s *sa) awaitDelete(now time.Time) {
	s.state = replaced
	s.e.deadlines.arm(&s.halfOpenEnd, now.Add(s.e.cfg.HalfOpenTime))
}

// discard deletes SAs that a rekey made and nobody needs: nothing was said of them yet. Nil ones are passed over.
func discard(now time.Time, out *Output, sas ...*sa) {
	for _, s := range sas {
		if s != nil {
			s.state = replaced
			s.start(now, &deleteSA{}, out)
		}
	}
}

// lower is the lower one of two nonces.
func lower(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return bytes.Clone(a)
	}
	return bytes.Clone(b)
}
