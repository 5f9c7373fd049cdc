package ike

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// authenticate is the IKE_AUTH exchange from the initiator's side, with a shared key (RFC 7296 §1.2, §2.15):
//
//	HDR, SK {IDi, AUTH, SAi2, TSi, TSr}  -->
//	                                     <--  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
//
// The Child SA may be left out (RFC 6023).
type authenticate struct {
	child *newChild // nil: none
}

func (x *authenticate) wants() *flowRef {
	if x.child == nil {
		return nil
	}
	return x.child.flow
}

func (x *authenticate) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	ps := []wire.Payload{s.localID.payload(true)}
	if !s.e.hasOther(s) {
		ps = append(ps, &wire.Notify{Kind: wire.INITIAL_CONTACT}) // RFC 7296 §2.4
	}
	ps = append(append(ps, s.authPayloads()...), &wire.Notify{Kind: wire.MOBIKE_SUPPORTED})
	ps = append(ps, s.additional()...)
	if x.child != nil {
		ps = append(ps, x.child.offer(s, true, out)...)
	}
	return wire.IKE_AUTH, ps, true
}

// hasOther reports whether another IKE SA with the same peer is there.
func (e *Endpoint) hasOther(s *sa) bool {
	for _, o := range s.peer.sas {
		if o != s && o.up {
			return true
		}
	}
	return false
}

func (x *authenticate) done(s *sa, now time.Time, p *parts, out *Output) {
	if p.auth == nil || p.idR == nil {
		x.putBack(s)
		n := p.failure()
		s.kill(now, reasonOf(n.Kind), s.refusedAuth(n), out)
		return
	}
	err := s.settlePPK(p)
	if err == nil {
		err = s.verify(s.peer, s.keys, p.idR, p.auth, s.initResponse, s.ni, false)
	}
	if err != nil {
		x.putBack(s)
		s.reject(now, err, out)
		return
	}
	s.mobike = p.notify(wire.MOBIKE_SUPPORTED) != nil
	s.reauthIn = lifetimeTold(s.peer.Reauth, p)
	s.establish(now, 0, out)
	s.hearAdditional(p)
	if x.child != nil {
		x.child.completeInitial(s, now, p, s.ni, s.nr, out)
	}
	s.settleTwins(now, out)
}

// putBack leaves the Child SA in the queue, as one of those that wait for the SA.
func (x *authenticate) putBack(s *sa) {
	if x.child != nil {
		s.queue = append([]exchange{x.child}, s.queue...)
	}
}

// minReauth bounds what a peer may ask for.
const minReauth = 10 * time.Second

// lifetimeTold is how long an authentication counts: as configured, or what the responder says (RFC 4478), the shorter one.
func lifetimeTold(configured time.Duration, p *parts) time.Duration {
	n := p.notify(wire.AUTH_LIFETIME)
	if n == nil || len(n.Data) != 4 {
		return configured
	}
	told := max(minReauth, time.Duration(binary.BigEndian.Uint32(n.Data))*time.Second)
	if configured == 0 {
		return told
	}
	return min(configured, told)
}

// reject ends an SA whose responder did not prove who it is. The peer is told (RFC 7296 §2.21.2).
func (s *sa) reject(now time.Time, err error, out *Output) {
	s.blame(now, ReasonAuthFailed)
	s.giveUp(now, s.dropQueue(), ReasonAuthFailed, err.Error(), out)
	s.stopTimers()
	s.state, s.reason, s.rejected = deleting, ReasonAuthFailed, true
	s.start(now, &lastWord{wire.AUTHENTICATION_FAILED}, out)
}

// verify holds the peer's ID and AUTH payloads against a configured peer, and keeps the identity when both fit. message is the peer's
// first message, nonce ours. fromInitiator tells which side the peer is.
func (s *sa) verify(c *peerRef, k *keys, idp *wire.ID, auth *wire.Auth, message, nonce []byte, fromInitiator bool) error {
	id, ok := identityOf(idp)
	if !ok {
		return fmt.Errorf("ike: identity of kind %v with %d octets does not parse", idp.Kind, len(idp.Data))
	}
	known := false
	for _, m := range c.RemoteIDs {
		known = known || m.Matches(id)
	}
	key := c.RemoteKey
	if !known { // the same work for an unknown name as for a wrong key
		key = make(esp.Secret, 32)
		rand.Read(key)
	}
	want := k.authOctets(key, message, nonce, id, fromInitiator, s.intAuth())
	good := subtle.ConstantTimeCompare(want, auth.Data) == 1
	switch {
	case !known:
		return fmt.Errorf("ike: peer says it is %q (%v), which matches no configured identity", id, id.Kind)
	case auth.Method != wire.AuthSharedKey:
		return fmt.Errorf("ike: peer %q authenticates by %v, want a pre-shared key", id, auth.Method)
	case !good:
		return fmt.Errorf("ike: peer %q does not have the same pre-shared key", id)
	}
	s.remoteID = id
	return nil
}

// handleAuth answers IKE_AUTH.
func (s *sa) handleAuth(now time.Time, p *parts, out *Output) (reply []wire.Payload, after func()) {
	childless, bad := p.childless()
	if bad != nil {
		return []wire.Payload{bad.payload()}, func() { s.kill(now, ReasonProtocol, bad.Error(), out) }
	}
	if err := s.authenticatePeer(now, p, childless, out); err != nil {
		return []wire.Payload{&wire.Notify{Kind: wire.AUTHENTICATION_FAILED}}, func() { s.kill(now, ReasonAuthFailed, err.Error(), out) }
	}
	s.localID = s.peer.LocalID
	reply = []wire.Payload{
		s.localID.payload(false),
		&wire.Auth{Method: wire.AuthSharedKey, Data: s.keys.authOctets(s.peer.LocalKey, s.initResponse, s.ni, s.localID, false, s.intAuth())},
	}
	if s.ppk {
		reply = append(reply, &wire.Notify{Kind: wire.PPK_IDENTITY})
	}
	if s.mobike = p.notify(wire.MOBIKE_SUPPORTED) != nil; s.mobike {
		reply = append(append(reply, &wire.Notify{Kind: wire.MOBIKE_SUPPORTED}), s.additional()...)
	}
	if s.reauthIn = s.peer.Reauth; s.reauthIn > 0 {
		seconds := uint32(min(s.reauthIn/time.Second, math.MaxUint32))
		reply = append(reply, &wire.Notify{Kind: wire.AUTH_LIFETIME, Data: binary.BigEndian.AppendUint32(nil, seconds)})
	}
	s.closeHalfOpen()
	s.establish(now, 0, out)
	s.hearAdditional(p)
	s.peer.Unique.settle(now, s, p.notify(wire.INITIAL_CONTACT) != nil, out)
	s.thin(now, out) // behind, as whoever comes back takes no more room
	after = func() { s.settleTwins(now, out); s.pump(now, out) }
	if childless {
		return reply, after
	}
	child, bad := s.respondChild(now, p, nil, s.ni, s.nr, true, out)
	if bad != nil {
		out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Reason: reasonOf(bad.Type), Detail: plain(bad.Err.Error())})
		return append(reply, bad.payload()), after
	}
	return append(reply, child...), after
}

// authenticatePeer finds the configured peer that the initiator proves to be.
func (s *sa) authenticatePeer(now time.Time, p *parts, childless bool, out *Output) error {
	if p.auth == nil {
		return fmt.Errorf("ike: peer wants EAP, which is not configured")
	}
	var last error
	for _, c := range s.candidates {
		if p.idR != nil && p.idR.Kind != 0 {
			if id, ok := identityOf(p.idR); !ok || id != c.LocalID {
				last = fmt.Errorf("ike: peer asks for %q, we are %q", id, c.LocalID)
				continue
			}
		}
		if _, _, ok := choose(c.Proposals, &wire.SA{Proposals: []wire.Proposal{s.algs.proposal()}}, wire.ProtocolIKE, true); !ok {
			last = fmt.Errorf("ike: peer %q does not take %v", c.Name, s.algs)
			continue
		}
		k, auth, ppk, err := s.proof(c, p)
		if last = err; err != nil {
			continue
		}
		if last = s.verify(c, k, p.idI, auth, s.initRequest, s.nr, true); last != nil {
			continue
		}
		if childless && c.Childless == ChildlessNever {
			return fmt.Errorf("ike: peer %q sets up no Child SA, which is not allowed", s.remoteID)
		}
		if c.Unique.refuses(now, s, c, p.notify(wire.INITIAL_CONTACT) != nil, out) {
			return fmt.Errorf("ike: peer %q has an IKE SA already, from elsewhere", s.remoteID)
		}
		s.join(c)
		s.keys, s.ppk = k, ppk
		return nil
	}
	return last
}
