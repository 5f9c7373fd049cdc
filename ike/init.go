package ike

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"seikan/ike/internal/suite"
	"seikan/ike/wire"
	"seikan/sadb"
)

// initSA is the IKE_SA_INIT exchange from the initiator's side (RFC 7296 §1.2):
//
//	HDR, SAi1, KEi, Ni  -->
//	                    <--  HDR, SAr1, KEr, Nr
//
// What answers it is not authenticated. An error is not believed at once: it is kept as a hint for the case that no
// good answer comes.
type initSA struct {
	kex    suite.KeyExchange
	tried  []wire.GroupID
	cookie []byte
	rounds int // requests made, after cookies and other groups
}

// maxRounds bounds the IKE_SA_INIT requests of one attempt: a cookie or two, and each group once.
const maxRounds = 10

const maxCookie = 64 // octets (RFC 7296 §2.6)

// initiate starts an IKE SA with the peer, and want with it; nil: nothing yet.
func (e *Endpoint) initiate(now time.Time, p *peerRef, want *newChild, out *Output) *sa {
	path := sadb.Path{Local: netip.AddrPortFrom(e.localAddr(p), e.cfg.Port), Remote: netip.AddrPortFrom(p.Remote, p.Port), VRF: p.FVRF}
	if p.StartNATT {
		path = path.At(e.cfg.NATTPort, p.NATTPort)
	}
	s := e.newSA(now, p, path, true)
	s.localID, s.original, s.force = p.LocalID, true, p.Encap == EncapForce
	s.ni = nonce()
	if want != nil {
		s.queue = append(s.queue, want)
	}
	s.announce(out)
	kex, err := suite.NewKeyExchange(p.Proposals[0].Groups[0])
	if err != nil {
		s.kill(now, ReasonLocal, err.Error(), out)
		return s
	}
	s.launch(now, &initSA{kex: kex}, out)
	return s
}

func nonce() []byte {
	b := make([]byte, ourNonce)
	rand.Read(b)
	return b
}

func (x *initSA) wants() *flowRef { return nil }

func (x *initSA) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	x.rounds++
	x.tried = append(x.tried, x.kex.Group())
	var ps []wire.Payload
	if x.cookie != nil { // the cookie comes first (RFC 7296 §2.6)
		ps = append(ps, &wire.Notify{Kind: wire.COOKIE, Data: x.cookie})
	}
	ps = append(ps, offer(s.peer.Proposals, wire.ProtocolIKE, nil, true), &wire.KE{Group: x.kex.Group(), Data: x.kex.Public()}, &wire.Nonce{Data: s.ni})
	if slices.ContainsFunc(s.peer.Proposals, func(p Proposal) bool { return len(p.AddKE) > 0 }) {
		ps = append(ps, &wire.Notify{Kind: wire.INTERMEDIATE_EXCHANGE_SUPPORTED})
	}
	if s.peer.PPK.ID != "" {
		ps = append(ps, &wire.Notify{Kind: wire.USE_PPK})
	}
	if ps = append(ps, s.natNotifies(s.path)...); s.e.cfg.FragmentMTU > 0 {
		ps = append(ps, &wire.Notify{Kind: wire.IKEV2_FRAGMENTATION_SUPPORTED})
	}
	return wire.IKE_SA_INIT, ps, true
}

// again sends the request once more with what the peer asked for. It is a new request under the same message ID 0.
func (x *initSA) again(s *sa, now time.Time, out *Output) {
	s.own.next = 0
	s.launch(now, x, out)
}

// handleInitResponse takes an answer to our IKE_SA_INIT.
func (s *sa) handleInitResponse(now time.Time, d Datagram, out *Output) {
	x, ok := s.own.x.(*initSA)
	if !ok || s.state != connecting {
		s.e.drop(d, DropState, out)
		return
	}
	m, err := wire.Parse(d.Data)
	if err != nil {
		s.e.drop(d, DropMalformed, out)
		return
	}
	s.e.traceClear(Received, s.id, d, len(d.Data), out)
	if m.MessageID != 0 || d.Path != s.path {
		s.e.drop(d, DropMessageID, out)
		return
	}
	p, bad := sort(m.Payloads, answerSchemas[wire.IKE_SA_INIT])
	if bad != nil {
		s.e.drop(d, DropSyntax, out)
		return
	}
	s.e.changing(s)
	if n := p.failure(); n != nil {
		x.refused(s, now, d, n, out)
		return
	}
	if p.sa == nil { // the schema lets only a cookie stand without it
		n := p.notify(wire.COOKIE)
		if len(n.Data) == 0 || len(n.Data) > maxCookie || x.rounds >= maxRounds {
			s.e.drop(d, DropSyntax, out)
			return
		}
		x.cookie = bytes.Clone(n.Data)
		x.tried = x.tried[:len(x.tried)-1]
		x.again(s, now, out)
		return
	}
	if err := x.accept(s, p, m.SPIr); err != nil {
		s.e.drop(d, DropSpoofedError, out)
		s.suspect(ReasonProtocol, err.Error())
		return
	}
	natLocal, natRemote, ok := detectNAT(p.notifies, s.spiI, s.spiR, s.path.Local, s.path.Remote)
	if !ok && s.force {
		s.kill(now, ReasonLocal, "the peer does not encapsulate ESP in UDP, which is what the configuration wants", out)
		return
	}
	s.natLocal, s.natRemote = natLocal, natRemote
	s.fragments = s.e.cfg.FragmentMTU > 0 && p.notify(wire.IKEV2_FRAGMENTATION_SUPPORTED) != nil
	s.ppk = s.peer.PPK.ID != "" && p.notify(wire.USE_PPK) != nil
	s.childless = p.notify(wire.CHILDLESS_IKEV2_SUPPORTED) != nil
	s.initResponse = bytes.Clone(d.Data)
	if ok { // else the peer knows of one port only
		s.path = s.path.At(s.e.cfg.NATTPort, s.peer.NATTPort)
	}
	s.take(now, p, out)
}

// refused takes an unprotected error.
func (x *initSA) refused(s *sa, now time.Time, d Datagram, n *wire.Notify, out *Output) {
	if n.Kind == wire.INVALID_KE_PAYLOAD && len(n.Data) == 2 && x.rounds < maxRounds {
		g := wire.GroupID(binary.BigEndian.Uint16(n.Data))
		offered := slices.ContainsFunc(s.peer.Proposals, func(p Proposal) bool { return slices.Contains(p.Groups, g) })
		if offered && !slices.Contains(x.tried, g) {
			if kex, err := suite.NewKeyExchange(g); err == nil {
				x.kex = kex
				x.again(s, now, out)
				return
			}
		}
	}
	s.e.drop(d, DropSpoofedError, out)
	s.suspect(reasonOf(n.Kind), refusal(n, s.peer.Proposals, wire.ProtocolIKE, true, "the peer answered IKE_SA_INIT"))
}

// suspect keeps what an unauthenticated answer says: it shortens the wait for a good one, and becomes the reason if none comes.
func (s *sa) suspect(why Reason, detail string) { s.hintReason, s.hint = why, detail }

// accept makes the keys from the peer's answer.
func (x *initSA) accept(s *sa, p *parts, spiR wire.SPI) error {
	a, _, err := answered(s.peer.Proposals, p.sa, wire.ProtocolIKE, 0, true)
	if err != nil {
		return err
	}
	if s.peer.PPK.Required && p.notify(wire.USE_PPK) == nil { // RFC 8784 §3
		return fmt.Errorf("ike: the peer uses no PPK, and %q is required", s.peer.PPK.ID)
	}
	if a.addKE != wire.NONE && p.notify(wire.INTERMEDIATE_EXCHANGE_SUPPORTED) == nil {
		return fmt.Errorf("ike: answer chooses an additional key exchange without the exchange for it")
	}
	if spiR == 0 || p.ke.Group != a.group || x.kex.Group() != a.group {
		return fmt.Errorf("ike: answer to IKE_SA_INIT with SPI %x and a key exchange of group %v for %v", uint64(spiR), p.ke.Group, a.group)
	}
	gir, err := x.kex.Shared(p.ke.Data)
	if err != nil {
		return err
	}
	defer clear(gir)
	prf, err := suite.NewPRF(a.prf)
	if err != nil {
		return err
	}
	nr := bytes.Clone(p.nonce.Data)
	k, err := deriveKeys(a, skeyseed(prf, s.ni, nr, gir), s.ni, nr, s.spiI, spiR, true)
	if err != nil {
		return err
	}
	s.spiR, s.nr, s.algs, s.keys, s.quantum = spiR, nr, a, k, a.addKE != wire.NONE
	s.initRequest = s.own.msg[0]
	return nil
}

// done goes on with the additional key exchange, or with IKE_AUTH.
func (x *initSA) done(s *sa, now time.Time, _ *parts, out *Output) {
	s.hint, s.hintReason = "", ReasonNone
	if s.algs.addKE == wire.NONE {
		s.launchAuth(now, out)
		return
	}
	kex, err := suite.NewKeyExchange(s.algs.addKE)
	if err != nil {
		s.kill(now, ReasonLocal, err.Error(), out)
		return
	}
	s.launch(now, &intermediate{kex}, out)
}

// handleInit answers an IKE_SA_INIT request. It makes a half-open SA and believes nothing.
func (e *Endpoint) handleInit(now time.Time, d Datagram, h wire.Header, out *Output) {
	if h.SPIi == 0 || h.SPIr != 0 || h.MessageID != 0 || h.Flags&wire.FlagInitiator == 0 {
		e.drop(d, DropMalformed, out)
		return
	}
	if s := e.bySPI[h.SPIi]; s != nil && s.path.LocalHost() == d.Path.LocalHost() {
		e.drop(d, DropState, out) // what we have sent comes back, and we must not authenticate ourselves
		return
	}
	key := initKey{h.SPIi, d.Path.Remote, d.Path.VRF}
	if s := e.halfOpen[key]; s != nil {
		if !bytes.Equal(s.initRequest, d.Data) {
			e.drop(d, DropState, out)
			return
		}
		e.drop(d, DropRetransmit, out)
		e.sent(s.id, Resent, Datagram{Path: d.Path, Data: s.initResponse}, out)
		return
	}
	m, err := wire.Parse(d.Data)
	if err != nil {
		e.drop(d, DropMalformed, out)
		return
	}
	e.traceClear(Received, 0, d, len(d.Data), out)
	peers := e.candidates(d.Path)
	switch {
	case len(peers) == 0 || e.stopping:
		e.drop(d, DropNoPeer, out)
		return
	case len(e.halfOpen) >= e.cfg.MaxHalfOpen || e.openFrom[d.Path.RemoteHost()] >= e.cfg.MaxHalfOpenFrom:
		e.drop(d, DropHalfOpenLimit, out)
		return
	}
	p, bad := sort(m.Payloads, requestSchemas[wire.IKE_SA_INIT])
	var s *sa
	switch {
	case bad != nil:
		e.drop(d, DropSyntax, out)
	case e.challenges(now, d, h, p):
		e.drop(d, DropCookie, out)
		ask := &wire.Notify{Kind: wire.COOKIE, Data: e.cookies.cookie(now, h.SPIi, p.nonce.Data, d.Path.Remote)}
		e.sent(0, Sent, Datagram{Path: d.Path, Data: clearAnswer(h, ask)}, out)
		return
	default:
		s, bad = e.respondInit(now, d, h, peers, p)
	}
	if bad != nil {
		e.traceRefusal(0, d.Path, bad, out)
		e.sent(0, Sent, Datagram{Path: d.Path, Data: clearAnswer(h, bad.payload())}, out)
		if bad.Type == wire.NO_PROPOSAL_CHOSEN {
			out.Events = append(out.Events, Failed{Peer: peers[0].Name, Path: d.Path, Reason: ReasonNoProposal, Detail: plain(bad.Err.Error())})
		}
		return
	}
	s.announce(out)
	e.sent(s.id, Sent, Datagram{Path: d.Path, Data: s.initResponse}, out)
}

// challenges reports whether a request must show a cookie first: there are many half-open SAs, and it shows no valid one. That
// takes no key exchange, and leaves nothing behind (RFC 7296 §2.6). Who forges the address of one peer must not be able to take all the
// room of that address, so that half of it is for those who receive what is sent there.
func (e *Endpoint) challenges(now time.Time, d Datagram, h wire.Header, p *parts) bool {
	crowded := e.cfg.CookieChallenge <= e.cfg.MaxHalfOpen && 2*e.openFrom[d.Path.RemoteHost()] >= e.cfg.MaxHalfOpenFrom
	if len(e.halfOpen) < e.cfg.CookieChallenge && !crowded {
		return false
	}
	n := p.notify(wire.COOKIE)
	return n == nil || !e.cookies.valid(now, n.Data, h.SPIi, p.nonce.Data, d.Path.Remote)
}

// respondInit makes the half-open SA and its answer.
func (e *Endpoint) respondInit(now time.Time, d Datagram, h wire.Header, peers []*peerRef, p *parts) (*sa, *NotifyError) {
	a, chosen, ok := algorithms{}, wire.Proposal{}, false
	classic := p.notify(wire.INTERMEDIATE_EXCHANGE_SUPPORTED) == nil
	for _, c := range peers {
		ours := c.Proposals
		if classic {
			ours = withoutAddKE(ours, true)
		}
		if a, chosen, ok = choose(ours, p.sa, wire.ProtocolIKE, true); ok {
			break
		}
	}
	if !ok {
		return nil, noneInCommon(p.sa, ourOffer(peers), wire.ProtocolIKE, true)
	}
	if p.ke.Group != a.group {
		return nil, &NotifyError{wire.INVALID_KE_PAYLOAD, binary.BigEndian.AppendUint16(nil, uint16(a.group)), fmt.Errorf("ike: key exchange of group %v, want %v", p.ke.Group, a.group)}
	}
	kex, err := suite.NewKeyExchange(a.group)
	if err != nil {
		return nil, refuse(wire.NO_PROPOSAL_CHOSEN, "ike: %w", err)
	}
	gir, err := kex.Shared(p.ke.Data)
	if err != nil {
		return nil, refuse(wire.INVALID_SYNTAX, "ike: %w", err)
	}
	defer clear(gir)
	prf, err := suite.NewPRF(a.prf)
	if err != nil {
		return nil, refuse(wire.NO_PROPOSAL_CHOSEN, "ike: %w", err)
	}
	s := e.newSA(now, nil, d.Path, false)
	s.spiI, s.ni, s.nr, s.algs = h.SPIi, bytes.Clone(p.nonce.Data), nonce(), a
	natLocal, natRemote, ok := detectNAT(p.notifies, s.spiI, 0, d.Path.Local, d.Path.Remote)
	s.natLocal, s.natRemote = natLocal, natRemote
	s.force = slices.ContainsFunc(peers, func(c *peerRef) bool { return c.Encap == EncapForce })
	s.keys, err = deriveKeys(a, skeyseed(prf, s.ni, s.nr, gir), s.ni, s.nr, s.spiI, s.spiR, false)
	if !ok && s.force {
		err = errors.New("ike: the peer does not encapsulate ESP in UDP, which is what the configuration wants")
	}
	if err != nil {
		e.forget(s)
		return nil, refuse(wire.NO_PROPOSAL_CHOSEN, "%w", err)
	}
	s.candidates = peers
	s.answered.next = 1
	h.SPIr, h.Version, h.Flags = s.spiR, version, wire.FlagResponse
	m := wire.Message{Header: h, Payloads: append([]wire.Payload{
		&wire.SA{Proposals: []wire.Proposal{chosen}}, &wire.KE{Group: a.group, Data: kex.Public()}, &wire.Nonce{Data: s.nr},
	}, s.natNotifies(d.Path)...)}
	if s.fragments = e.cfg.FragmentMTU > 0 && p.notify(wire.IKEV2_FRAGMENTATION_SUPPORTED) != nil; s.fragments {
		m.Payloads = append(m.Payloads, &wire.Notify{Kind: wire.IKEV2_FRAGMENTATION_SUPPORTED})
	}
	if s.quantum = a.addKE != wire.NONE; s.quantum {
		m.Payloads = append(m.Payloads, &wire.Notify{Kind: wire.INTERMEDIATE_EXCHANGE_SUPPORTED})
	}
	if slices.ContainsFunc(peers, func(c *peerRef) bool { return c.Childless != ChildlessNever }) {
		m.Payloads = append(m.Payloads, &wire.Notify{Kind: wire.CHILDLESS_IKEV2_SUPPORTED})
	}
	hasPPK := func(c *peerRef) bool { return c.PPK.ID != "" }
	if s.ppk = p.notify(wire.USE_PPK) != nil && slices.ContainsFunc(peers, hasPPK); s.ppk {
		m.Payloads = append(m.Payloads, &wire.Notify{Kind: wire.USE_PPK})
	}
	s.initRequest, s.initResponse = bytes.Clone(d.Data), m.Append(nil)
	s.initKey = initKey{s.spiI, d.Path.Remote, d.Path.VRF}
	e.halfOpen[s.initKey] = s
	e.openFrom[d.Path.RemoteHost()]++
	e.deadlines.arm(&s.halfOpenEnd, now.Add(e.cfg.HalfOpenTime))
	return s, nil
}

// forget takes back an SA that nothing knows of yet.
func (e *Endpoint) forget(s *sa) {
	s.leave()
}

// reasonOf is the reason that an error notify of the peer stands for.
func reasonOf(n wire.NotifyType) Reason {
	switch n {
	case wire.NO_PROPOSAL_CHOSEN, wire.INVALID_KE_PAYLOAD:
		return ReasonNoProposal
	case wire.AUTHENTICATION_FAILED:
		return ReasonAuthFailed
	case wire.TS_UNACCEPTABLE:
		return ReasonNoTrafficSelectors
	case wire.NO_ADDITIONAL_SAS:
		return ReasonTooMany
	case wire.INVALID_SYNTAX, wire.INVALID_MAJOR_VERSION, wire.UNSUPPORTED_CRITICAL_PAYLOAD:
		return ReasonProtocol
	}
	return ReasonPeerError
}
