package ike

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// MOBIKE (RFC 4555): the end that set the IKE SA up moves it to other addresses, without a rekey. While it is in use an IKE message
// from elsewhere moves nothing by itself, and is answered where it came from.

// handleUpdate moves the SA to the path that the request came on, where the initiator asks for it, and returns what the answer says
// of that. The Child SAs follow once the initiator was reached there (RFC 4555 §3.5, §3.7).
func (s *sa) handleUpdate(now time.Time, d Datagram, p *parts, out *Output) []wire.Payload {
	if !s.mobike || s.original || s.state != established {
		return nil
	}
	if n := p.notify(wire.NO_NATS_ALLOWED); n != nil && !bytes.Equal(n.Data, addressPair(d.Path.Remote, d.Path.Local)) {
		return []wire.Payload{&wire.Notify{Kind: wire.UNEXPECTED_NAT_DETECTED}} // RFC 4555 §3.9
	}
	s.goTo(d.Path)
	if natLocal, natRemote, ok := detectNAT(p.notifies, s.spiI, s.spiR, d.Path.Local, d.Path.Remote); ok {
		s.setNAT(now, natLocal, natRemote)
	}
	s.checkPath(now, out)
	return nil
}

// goTo takes the SA to another path of the peer's choice; the Child SAs stay where they are until the peer was reached there. A check that is
// under way says nothing of it, nor of the path that it is for, as its resends go to the new one.
func (s *sa) goTo(p sadb.Path) {
	if p == s.path {
		return
	}
	if x, ok := s.own.x.(*routability); ok {
		x.path = sadb.Path{}
	}
	from := s.route()
	if s.path, s.settled = p, from; p == from {
		s.settled = sadb.Path{}
	}
}

// checkPath has the peer's path checked, where it is another one than that of the Child SAs and no check of it is under way or waits.
func (s *sa) checkPath(now time.Time, out *Output) {
	x, _ := s.own.x.(*routability)
	waits := slices.ContainsFunc(s.queue, func(x exchange) bool { _, ok := x.(*routability); return ok })
	if s.settled != (sadb.Path{}) && !waits && (x == nil || x.path != s.path) {
		s.start(now, &routability{}, out)
	}
}

// addressPair is the content of NO_NATS_ALLOWED: the addresses and ports of source and destination (RFC 4555 §4.2.6).
func addressPair(src, dst netip.AddrPort) []byte {
	b := append(src.Addr().AsSlice(), dst.Addr().AsSlice()...)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, src.Port()), dst.Port())
}

// setNAT notes where there are NATs, and keeps the mapping of one in front of us.
func (s *sa) setNAT(now time.Time, local, remote bool) {
	s.natLocal, s.natRemote = local, remote
	switch e := s.e; {
	case !local:
		e.deadlines.disarm(&s.keepaliveAt)
	case s.keepaliveAt.index == 0:
		e.deadlines.arm(&s.keepaliveAt, now.Add(keepaliveInterval))
	}
}

// routability checks that the peer is where it says that it is now, before packets are sent there: it returns a cookie that it
// cannot guess (RFC 4555 §3.7).
type routability struct {
	path   sadb.Path
	cookie []byte
}

func (x *routability) wants() *flowRef { return nil }

func (x *routability) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	x.path, x.cookie = s.path, nonce()
	return wire.INFORMATIONAL, []wire.Payload{&wire.Notify{Kind: wire.COOKIE2, Data: x.cookie}}, s.state == established && s.settled != (sadb.Path{})
}

func (x *routability) done(s *sa, now time.Time, p *parts, out *Output) {
	n := p.notify(wire.COOKIE2)
	if n == nil || !bytes.Equal(n.Data, x.cookie) {
		s.kill(now, ReasonProtocol, "the peer did not return the cookie of its new address", out)
		return
	}
	from := s.settled
	if s.state != established || from == (sadb.Path{}) || x.path != s.path {
		return // it has moved on meanwhile
	}
	s.settled = sadb.Path{}
	out.Events = append(out.Events, PathMoved{SA: s.info(), From: from})
}

// Move takes an IKE SA that we set up, and its Child SAs, to another address of ours. It reports false, and does nothing, where the SA is
// not there or the peer does not take part (RFC 4555 §3.5).
func (e *Endpoint) Move(now time.Time, id sadb.IKEID, local netip.Addr, out *Output) bool {
	s := e.sas[id]
	if s == nil || !s.mobike || !s.original || s.state != established || local.Is4() != s.path.Remote.Addr().Is4() {
		return false
	}
	e.request(now, s, out, func(now time.Time, out *Output) { s.move(now, local, out) })
	return true
}

// move takes the SA to an address of ours.
func (s *sa) move(now time.Time, local netip.Addr, out *Output) {
	from := s.route()
	s.path.Local, s.settled = netip.AddrPortFrom(local, s.path.Local.Port()), sadb.Path{}
	if from != s.path {
		out.Events = append(out.Events, PathMoved{SA: s.info(), From: from})
		s.update(now, out)
	}
}

// update tells the peer that we are elsewhere.
func (s *sa) update(now time.Time, out *Output) {
	for _, x := range s.queue {
		if _, ok := x.(*updateAddresses); ok {
			return
		}
	}
	s.start(now, &updateAddresses{}, out)
}

// updateAddresses asks the responder to send to where this request comes from:
//
//	HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP), [N(ADDITIONAL_*_ADDRESS)+]}  -->
//	                                            <--  HDR, SK {N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP)}
type updateAddresses struct{ path sadb.Path }

func (x *updateAddresses) wants() *flowRef { return nil }

func (x *updateAddresses) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	x.path = s.path
	ps := append([]wire.Payload{&wire.Notify{Kind: wire.UPDATE_SA_ADDRESSES}}, s.natNotifies(s.path)...)
	return wire.INFORMATIONAL, append(ps, s.additional()...), s.state == established
}

func (x *updateAddresses) done(s *sa, now time.Time, p *parts, out *Output) {
	switch n := p.failure(); {
	case s.state != established:
	case s.path != x.path: // moved again meanwhile
		s.update(now, out)
	case n != nil:
		out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Reason: reasonOf(n.Kind), Detail: "the peer answered the move to another address with " + n.Kind.String()})
	default:
		s.learnMapping(now, p, out)
	}
}

// probesMapping reports whether the NAT in front of us is to be watched: its mapping may change, and then the peer, which does not
// follow our messages with MOBIKE, must be told (RFC 4555 §3.8).
func (s *sa) probesMapping() bool { return s.mobike && s.original && s.natLocal }

// learnMapping remembers where the peer sees us, and reports whether that is another place than before.
func (s *sa) learnMapping(now time.Time, p *parts, out *Output) (moved bool) {
	n := p.notify(wire.NAT_DETECTION_DESTINATION_IP)
	if n == nil {
		return false
	}
	moved = s.mapping != nil && !bytes.Equal(s.mapping, n.Data)
	s.mapping = bytes.Clone(n.Data)
	if natLocal, natRemote, ok := detectNAT(p.notifies, s.spiI, s.spiR, s.path.Local, s.path.Remote); ok {
		from := s.espPath()
		s.setNAT(now, natLocal, natRemote)
		if s.espPath() != from && s.settled == (sadb.Path{}) { // a NAT has come, or is gone
			out.Events = append(out.Events, PathMoved{SA: s.info(), From: s.path})
		}
	}
	return moved
}

// cookie2 is the notify that returns a COOKIE2 of the peer's; nil: there is none, or it is none (RFC 4555 §4.2.5).
func cookie2(p *parts) []wire.Payload {
	n := p.notify(wire.COOKIE2)
	if n == nil || len(n.Data) < 8 || len(n.Data) > 64 {
		return nil
	}
	return []wire.Payload{&wire.Notify{Kind: wire.COOKIE2, Data: bytes.Clone(n.Data)}}
}
