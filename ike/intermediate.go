package ike

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"seikan/ike/internal/suite"
	"seikan/ike/wire"
)

// intermediate is the IKE_INTERMEDIATE exchange with an additional key exchange (RFC 9242, RFC 9370), between IKE_SA_INIT and
// IKE_AUTH:
//
//	HDR, SK {KEi(1)}  -->
//	                  <--  HDR, SK {KEr(1)}
//
// What follows is protected by keys that depend on both key exchanges: who wants them must break both.
type intermediate struct{ kex suite.KeyExchange }

func (x *intermediate) wants() *flowRef { return nil }

func (x *intermediate) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	return wire.IKE_INTERMEDIATE, []wire.Payload{&wire.KE{Group: x.kex.Group(), Data: x.kex.Public()}}, true
}

func (x *intermediate) done(s *sa, now time.Time, p *parts, out *Output) {
	err := errors.New("ike: the peer did not answer the additional key exchange")
	switch n := p.failure(); {
	case n != nil:
		err = fmt.Errorf("ike: the peer answered the additional key exchange with %v", n.Kind)
	case p.ke != nil && p.ke.Group == x.kex.Group():
		var shared []byte
		if shared, err = x.kex.Shared(p.ke.Data); err == nil {
			err = s.addKey(shared, s.said(false, &wire.KE{Group: x.kex.Group(), Data: x.kex.Public()}), p.inner)
		}
	}
	if err != nil {
		s.kill(now, ReasonProtocol, err.Error(), out)
		return
	}
	s.launchAuth(now, out)
}

// handleIntermediate answers the additional key exchange. The keys change behind the answer.
func (s *sa) handleIntermediate(now time.Time, p *parts, out *Output) (reply []wire.Payload, after func()) {
	g := s.algs.addKE
	if p.ke.Group != g {
		return []wire.Payload{&wire.Notify{Kind: wire.INVALID_SYNTAX}}, func() {
			s.kill(now, ReasonProtocol, fmt.Sprintf("additional key exchange of group %v, want %v", p.ke.Group, g), out)
		}
	}
	public, shared, err := suite.Respond(g, p.ke.Data)
	if err != nil {
		return []wire.Payload{&wire.Notify{Kind: wire.INVALID_SYNTAX}}, func() { s.kill(now, ReasonProtocol, err.Error(), out) }
	}
	reply = []wire.Payload{&wire.KE{Group: g, Data: public}}
	return reply, func() {
		if err := s.addKey(shared, p.inner, s.said(true, reply...)); err != nil {
			s.kill(now, ReasonLocal, err.Error(), out)
		}
	}
}

// addKey takes the shared secret of the additional key exchange into the keys (RFC 9370 §2.2.2), and what was exchanged into what IKE_AUTH
// signs (RFC 9242 §3.3.2). shared is used up.
func (s *sa) addKey(shared []byte, request, reply inner) error {
	defer clear(shared)
	k := s.keys
	s.intAuthI = k.prf.Sum(k.skPi, request.octets())
	s.intAuthR = k.prf.Sum(k.skPr, reply.octets())
	seed := k.prf.Sum(k.skD, shared, s.ni, s.nr)
	fresh, err := deriveKeys(s.algs, seed, s.ni, s.nr, s.spiI, s.spiR, s.initiator)
	if err != nil {
		return err
	}
	s.formerKeys, s.keys, s.addedKE = k, fresh, true
	return nil
}

// said is a message of ours of the exchange.
func (s *sa) said(response bool, ps ...wire.Payload) inner {
	h := wire.Header{SPIi: s.spiI, SPIr: s.spiR, Version: version, Exchange: wire.IKE_INTERMEDIATE, Flags: s.flags(response), MessageID: 1}
	return inner{h: h, first: wire.FirstType(ps), plain: wire.AppendPayloads(nil, ps)}
}

// octets is IntAuth_*A | IntAuth_*P of a message: its headers, with lengths as if nothing but the payloads were in it, and the
// payloads.
func (in inner) octets() []byte {
	return append(wire.AppendEncryptedHeader(nil, in.h, in.first, len(in.plain)), in.plain...)
}

// intAuth is what IKE_AUTH signs of the intermediate exchange, nothing where there was none: IntAuth_i | IntAuth_r | IKE_AUTH_MID
// (RFC 9242 §3.3.2).
func (s *sa) intAuth() []byte {
	if !s.addedKE {
		return nil
	}
	const authID = 2
	return binary.BigEndian.AppendUint32(slices.Concat(s.intAuthI, s.intAuthR), authID)
}

// withoutAddKE is proposals as they are for a rekey, which inherits what the additional key exchange gave, and for a peer that
// does not know of it. classic leaves out those that insist on one.
func withoutAddKE(props []Proposal, classic bool) []Proposal {
	if !slices.ContainsFunc(props, func(p Proposal) bool { return len(p.AddKE) > 0 }) {
		return props
	}
	var list []Proposal
	for _, p := range props {
		if len(p.AddKE) > 0 && classic {
			continue
		}
		p.AddKE = nil
		list = append(list, p)
	}
	return list
}
