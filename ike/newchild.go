package ike

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike/internal/suite"
	"seikan/ike/wire"
	"seikan/sadb"
)

// newChild sets up a Child SA for a configured flow: within IKE_AUTH, or by CREATE_CHILD_SA (RFC 7296 §1.3.1):
//
//	HDR, SK {SA, Ni, [KEi,] TSi, TSr}  -->
//	                                   <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
type newChild struct {
	flow    *flowRef
	trigger *sadb.Flow // the packet to name first in the traffic selectors; nil: none

	in            esp.SPI
	ni            []byte
	kex           suite.KeyExchange // nil: none
	group         wire.GroupID      // to begin with, after INVALID_KE_PAYLOAD; NONE: the first of the proposals
	local, remote []sadb.Selector   // as offered
	transport     bool              // transport mode was offered
	repeat        algorithms        // of the Child SA that is being rekeyed, to be offered first
	struck        *bargain          // waits for the additional key exchange
	missed        []esp.SPI         // that the peer has deleted while the answer is on its way
	tries         int
}

// maxMissed bounds what is remembered of them.
const maxMissed = 8

// making is the Child SA of ours that is under way, nil for none.
func (s *sa) making() *newChild {
	x := s.own.x
	if f, ok := x.(*followUp); ok {
		x = f.of
	}
	switch x := x.(type) {
	case *newChild:
		return x
	case *rekeyChild:
		return &x.newChild
	}
	return nil
}

// isMissed reports whether the peer has deleted what it has just made, and tells of it.
func (x *newChild) isMissed(s *sa, now time.Time, spi esp.SPI, out *Output) bool {
	if !slices.Contains(x.missed, spi) {
		return false
	}
	x.fail(s, now, ReasonPeerDeleted, "the peer deleted it at once", out)
	return true
}

// missed notes that the peer deletes a Child SA which is not here: it may be the one whose answer has not come yet.
func (s *sa) missed(spi esp.SPI) {
	if x := s.making(); x != nil && len(x.missed) < maxMissed {
		x.missed = append(x.missed, spi)
	}
}

// proposals are what is offered.
func (x *newChild) proposals() []Proposal {
	return repeated(x.repeat, x.flow.Proposals, wire.ProtocolESP)
}

func (x *newChild) wants() *flowRef { return x.flow }

// maxChildTries bounds the requests of one attempt, after other groups and TEMPORARY_FAILURE.
const maxChildTries = 8

func (x *newChild) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	if s.state != established {
		return 0, nil, false
	}
	ps, err := x.offerAlone(s, out)
	if err != nil {
		x.fail(s, now, ReasonLocal, err.Error(), out)
		return 0, nil, false
	}
	return wire.CREATE_CHILD_SA, ps, true
}

// offerAlone is the request's content in CREATE_CHILD_SA.
func (x *newChild) offerAlone(s *sa, out *Output) ([]wire.Payload, error) {
	x.tries++
	if x.group == wire.NONE {
		x.group = firstGroup(x.proposals())
	}
	ps := x.offer(s, false, out)
	x.ni, x.missed = nonce(), nil
	head := []wire.Payload{ps[0], &wire.Nonce{Data: x.ni}}
	x.kex = nil
	if x.group != wire.NONE {
		kex, err := suite.NewKeyExchange(x.group)
		if err != nil {
			return nil, err
		}
		x.kex = kex
		head = append(head, &wire.KE{Group: x.group, Data: kex.Public()})
	}
	return append(head, ps[1:]...), nil
}

func firstGroup(props []Proposal) wire.GroupID {
	for _, p := range props {
		if len(p.Groups) > 0 {
			return p.Groups[0]
		}
	}
	return wire.NONE
}

// offer is SA, TSi, TSr.
func (x *newChild) offer(s *sa, initial bool, out *Output) []wire.Payload {
	x.in = s.e.newChildSPI()
	out.Events = append(out.Events, ChildOffered{x.in})
	if x.local == nil {
		x.local, x.remote = x.flow.Local, x.flow.Remote
		if x.trigger != nil {
			l, r := hostSelectors(*x.trigger)
			x.local, x.remote = append([]sadb.Selector{l}, x.local...), append([]sadb.Selector{r}, x.remote...)
		}
	}
	ps := []wire.Payload{offer(x.proposals(), wire.ProtocolESP, spiOctets(x.in), !initial), toTS(true, x.local), toTS(false, x.remote)}
	if x.transport = x.flow.Transport && s.endToEnd(x.local, x.remote); x.transport {
		ps = append(ps, &wire.Notify{Kind: wire.USE_TRANSPORT_MODE})
	}
	return ps
}

func (x *newChild) done(s *sa, now time.Time, p *parts, out *Output) {
	if s.state != established {
		return // the flow was given up, and the peer's side goes with the IKE SA
	}
	if n := p.failure(); n != nil && p.sa == nil {
		x.refused(s, now, n, x, out)
		return
	}
	switch b := x.strike(s, now, p, nil, out); {
	case b == nil:
	case b.c.algs.addKE != wire.NONE:
		x.struck = b
		s.followUp(now, x, b.c.algs.addKE, p, out)
	default:
		s.install(now, b, nil, out)
	}
}

func (x *newChild) complete(s *sa, now time.Time, shared []byte, out *Output) {
	switch {
	case s.state != established || x.isMissed(s, now, x.struck.c.out, out):
	case x.struck.c.outdated():
		x.undo(s, now, fmt.Errorf("ike: flow %q is not configured any more", x.flow.ID), out)
	default:
		s.install(now, x.struck, shared, out)
	}
}

func (x *newChild) abandon(s *sa, now time.Time, n *wire.Notify, err error, out *Output) {
	switch {
	case s.state != established:
	case n != nil:
		x.refused(s, now, n, x, out)
	default:
		x.undo(s, now, err, out)
	}
}

// refused takes an error notify. again is what to start when the error is one that another try can mend.
func (x *newChild) refused(s *sa, now time.Time, n *wire.Notify, again exchange, out *Output) {
	switch {
	case x.tries >= maxChildTries:
	case n.Kind == wire.INVALID_KE_PAYLOAD && len(n.Data) == 2:
		g := wire.GroupID(binary.BigEndian.Uint16(n.Data))
		if g != x.group && slices.ContainsFunc(x.flow.Proposals, func(p Proposal) bool { return slices.Contains(p.Groups, g) }) {
			x.group = g
			s.start(now, again, out)
			return
		}
	case n.Kind == wire.TEMPORARY_FAILURE, n.Kind == wire.STATE_NOT_FOUND: // RFC 7296 §2.25, RFC 9370 §2.2.4: again, but not at once
		s.pause(now)
		s.start(now, again, out)
		return
	}
	x.fail(s, now, reasonOf(n.Kind), x.refusal(n, true, "the peer answered"), out)
}

// pause keeps our own exchanges back for a moment.
func (s *sa) pause(now time.Time) {
	s.e.deadlines.arm(&s.pauseEnd, now.Add(between(time.Second, 50, 250)))
}

// fail reports that the flow's Child SA did not come up.
func (x *newChild) fail(s *sa, now time.Time, why Reason, detail string, out *Output) {
	s.e.failed(now, x.flow, why)
	out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Policies: []sadb.PolicyID{x.flow.ID}, Reason: why, Detail: plain(detail)})
}

// completeInitial takes the Child SA part of the answer to IKE_AUTH.
func (x *newChild) completeInitial(s *sa, now time.Time, p *parts, ni, nr []byte, out *Output) {
	if n := p.failure(); n != nil {
		x.fail(s, now, reasonOf(n.Kind), x.refusal(n, false, "the peer answered"), out)
		return
	}
	if p.sa == nil || p.tsI == nil || p.tsR == nil {
		x.fail(s, now, ReasonProtocol, "the peer authenticated and left the Child SA out", out)
		return
	}
	if b := x.check(s, now, p, &bargain{ni: ni, nr: nr}, false, out); b != nil {
		s.install(now, b, nil, out)
	}
}

// strike takes the answer to CREATE_CHILD_SA: the key exchange, if it has one, and the rest. old is the Child SA that is being
// rekeyed. It is nil where the answer is not what we asked for, and that is dealt with then.
func (x *newChild) strike(s *sa, now time.Time, p *parts, old *child, out *Output) *bargain {
	if p.tsI == nil || p.tsR == nil {
		x.fail(s, now, ReasonProtocol, "the answer has no traffic selectors", out)
		return nil
	}
	b := &bargain{ni: x.ni, nr: bytes.Clone(p.nonce.Data), old: old}
	if p.ke != nil {
		if x.kex == nil || p.ke.Group != x.kex.Group() {
			x.undo(s, now, fmt.Errorf("ike: answer has a key exchange of group %v", p.ke.Group), out)
			return nil
		}
		var err error
		if b.gir, err = x.kex.Shared(p.ke.Data); err != nil {
			x.undo(s, now, err, out)
			return nil
		}
	}
	return x.check(s, now, p, b, true, out)
}

// check holds the answer against what we offered, and completes b.
func (x *newChild) check(s *sa, now time.Time, p *parts, b *bargain, groups bool, out *Output) *bargain {
	a, spi, err := answered(x.proposals(), p.sa, wire.ProtocolESP, 4, groups)
	local, remote := fromTS(p.tsI), fromTS(p.tsR)
	switch {
	case err != nil:
	case x.flow.gone:
		err = fmt.Errorf("ike: flow %q is not configured any more", x.flow.ID)
	case (a.group != wire.NONE) != (b.gir != nil), a.group != wire.NONE && a.group != x.kex.Group():
		err = fmt.Errorf("ike: answer chooses group %v and its key exchange is another", a.group)
	case !within(local, x.local) || !within(remote, x.remote):
		err = fmt.Errorf("ike: answer's traffic selectors %v === %v are not within ours", local, remote)
	case p.notify(wire.USE_TRANSPORT_MODE) != nil && !x.transport:
		err = errors.New("ike: answer is for transport mode, which was not offered")
	case binary.BigEndian.Uint32(spi) < 256:
		err = fmt.Errorf("ike: answer has the reserved SPI %d", binary.BigEndian.Uint32(spi))
	case s.e.children[x.in] != nil:
		err = fmt.Errorf("ike: SPI %v was taken meanwhile", x.in)
	case x.isMissed(s, now, esp.SPI(binary.BigEndian.Uint32(spi)), out):
		return nil
	}
	if err != nil {
		x.undo(s, now, err, out)
		return nil
	}
	b.c = &child{in: x.in, out: esp.SPI(binary.BigEndian.Uint32(spi)), flows: s.flowsWithin(x.flow, local, remote), local: local, remote: remote, algs: a, initiator: true,
		transport: p.notify(wire.USE_TRANSPORT_MODE) != nil} // or tunnel mode, where the peer does not say so (RFC 7296 §1.3.1)
	return b
}

// undo deletes at the peer what its answer has made and we do not take.
func (x *newChild) undo(s *sa, now time.Time, err error, out *Output) {
	x.fail(s, now, ReasonProtocol, err.Error(), out)
	s.start(now, &deleteChildren{spis: []esp.SPI{x.in}}, out)
}

// flowsWithin are the flows of the peer whose traffic fits selectors that were negotiated for one of them, that one first.
func (s *sa) flowsWithin(first *flowRef, local, remote []sadb.Selector) []*flowRef {
	flows := []*flowRef{first}
	for _, f := range s.peer.flows {
		if f != first && within(f.Local, local) && within(f.Remote, remote) {
			flows = append(flows, f)
		}
	}
	return flows
}

// respondChild negotiates a Child SA that the peer asks for and installs it; old is the one that it rekeys, nil for none.
// The answer is SA, [Nr, [KEr,]] TSi, TSr; initial leaves out what IKE_AUTH does not carry.
func (s *sa) respondChild(now time.Time, p *parts, old *child, ni, nr []byte, initial bool, out *Output) ([]wire.Payload, *NotifyError) {
	if s.encapsulates() && s.path.Local.Port() != s.e.cfg.NATTPort {
		return nil, refuse(wire.NO_PROPOSAL_CHOSEN, "ike: the peer did not move to the NAT-T port, so ESP has no way to it")
	}
	if bad := s.childRoom(old); bad != nil {
		return nil, bad
	}
	if p.tsI == nil || p.tsR == nil || len(p.tsI.Selectors) == 0 || len(p.tsR.Selectors) == 0 {
		return nil, refuse(wire.TS_UNACCEPTABLE, "ike: the peer offers no traffic selectors of a kind that is known here")
	}
	flows, local, remote := s.narrow(fromTS(p.tsR), fromTS(p.tsI))
	if flows == nil {
		return nil, refuse(wire.TS_UNACCEPTABLE, "ike: the peer wants %s; ours are %s", selectorsText(fromTS(p.tsR), fromTS(p.tsI)), s.flowsText())
	}
	props := flows[0].Proposals
	a, chosen, ok := choose(props, p.sa, wire.ProtocolESP, !initial)
	if !ok || len(chosenSPI(p.sa, chosen)) != 4 {
		return nil, noneInCommon(p.sa, props, wire.ProtocolESP, !initial)
	}
	peerSPI := esp.SPI(binary.BigEndian.Uint32(chosenSPI(p.sa, chosen)))
	if peerSPI < 256 {
		return nil, refuse(wire.INVALID_SYNTAX, "ike: the peer offers the reserved SPI %d", peerSPI)
	}
	gir, ke, bad := respondKE(a.group, p.ke)
	if bad != nil {
		return nil, bad
	}
	c := &child{in: s.e.newChildSPI(), out: peerSPI, flows: flows, local: local, remote: remote, algs: a,
		transport: flows[0].Transport && p.notify(wire.USE_TRANSPORT_MODE) != nil && s.endToEnd(local, remote)}
	chosen.SPI = spiOctets(c.in)
	reply := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{chosen}}}
	if !initial {
		reply = append(reply, &wire.Nonce{Data: nr})
	}
	if ke != nil {
		reply = append(reply, ke)
	}
	reply = append(reply, toTS(true, remote), toTS(false, local))
	if c.transport {
		reply = append(reply, &wire.Notify{Kind: wire.USE_TRANSPORT_MODE})
	}
	b := &bargain{c: c, gir: gir, ni: bytes.Clone(ni), nr: nr, old: old}
	if a.addKE == wire.NONE {
		b.respond(s, now, nil, out)
		return reply, nil
	}
	return append(reply, s.await(now, &awaited{
		group: a.addKE, nonce: lower(ni, nr), old: old,
		finish: func(now time.Time, shared []byte, out *Output) *NotifyError {
			switch {
			case s.e.children[c.in] != nil:
				return refuse(wire.TEMPORARY_FAILURE, "ike: SPI %v was taken meanwhile", c.in)
			case c.outdated():
				return refuse(wire.TS_UNACCEPTABLE, "ike: the policy is not configured any more")
			case old != nil && (!old.there() || old.retired):
				return refuse(wire.CHILD_SA_NOT_FOUND, "ike: the Child SA is gone")
			case old != nil && (old.deleting || old.superseded()):
				return refuse(wire.TEMPORARY_FAILURE, "ike: the Child SA is being deleted or has been rekeyed")
			}
			b.respond(s, now, shared, out)
			return nil
		},
	})), nil
}

// respond installs a Child SA that the peer has asked for. The peer can receive on it when it has our answer, so until it is seen to, what is
// there goes on.
func (b *bargain) respond(s *sa, now time.Time, shared []byte, out *Output) {
	b.c.standby = b.old != nil || slices.ContainsFunc(b.c.flows, (*flowRef).served)
	if b.old != nil {
		b.old.successor = b.c
	}
	s.install(now, b, shared, out)
}

// chosenSPI is the peer's SPI in the proposal of its offer that was chosen.
func chosenSPI(offered *wire.SA, chosen wire.Proposal) []byte {
	for _, p := range offered.Proposals {
		if p.Num == chosen.Num && p.Protocol == chosen.Protocol {
			return p.SPI
		}
	}
	return nil
}

// respondKE answers a key exchange in the negotiated group; with NONE a KE payload is ignored.
func respondKE(g wire.GroupID, theirs *wire.KE) (gir []byte, ours *wire.KE, bad *NotifyError) {
	if g == wire.NONE {
		return nil, nil, nil
	}
	if theirs == nil || theirs.Group != g {
		return nil, nil, &NotifyError{wire.INVALID_KE_PAYLOAD, binary.BigEndian.AppendUint16(nil, uint16(g)), fmt.Errorf("ike: the request's key exchange is not of group %v", g)}
	}
	public, gir, err := suite.Respond(g, theirs.Data)
	if err != nil {
		return nil, nil, refuse(wire.INVALID_SYNTAX, "ike: %w", err)
	}
	return gir, &wire.KE{Group: g, Data: public}, nil
}
