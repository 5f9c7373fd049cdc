package ike

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// authenticate is the IKE_AUTH exchange from the initiator's side, with a shared key (RFC 7296 §1.2, §2.15):
//
//	HDR, SK {IDi, AUTH, SAi2, TSi, TSr}  -->
//	                                     <--  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
type authenticate struct {
	child *newChild
}

func (x *authenticate) wants() *flowRef { return x.child.wants() }

func (x *authenticate) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	ps := []wire.Payload{s.localID.payload(true)}
	if !s.e.hasOther(s) {
		ps = append(ps, &wire.Notify{Kind: wire.INITIAL_CONTACT}) // RFC 7296 §2.4
	}
	ps = append(append(ps, s.authPayloads()...), &wire.Notify{Kind: wire.MOBIKE_SUPPORTED})
	return wire.IKE_AUTH, append(ps, x.child.offer(s, true)...), true
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
		s.queue = append([]exchange{x.child}, s.queue...)
		n := p.failure()
		s.kill(now, reasonOf(n.Kind), "the peer answered IKE_AUTH with "+n.Kind.String(), out)
		return
	}
	err := s.settlePPK(p)
	if err == nil {
		err = s.verify(s.peer, s.keys, p.idR, p.auth, s.initResponse, s.ni, false)
	}
	if err != nil {
		s.queue = append([]exchange{x.child}, s.queue...)
		s.reject(now, err, out)
		return
	}
	s.mobike = p.notify(wire.MOBIKE_SUPPORTED) != nil
	s.establish(now, 0, out)
	x.child.complete(s, now, p, s.ni, s.nr, out)
}

// reject ends an SA whose responder did not prove who it is. The peer is told (RFC 7296 §2.21.2).
func (s *sa) reject(now time.Time, err error, out *Output) {
	s.blame(now, ReasonAuthFailed)
	s.giveUp(s.dropQueue(), ReasonAuthFailed, err.Error(), out)
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
	err := s.authenticatePeer(p)
	if err != nil {
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
		reply = append(reply, &wire.Notify{Kind: wire.MOBIKE_SUPPORTED})
	}
	s.closeHalfOpen()
	s.establish(now, 0, out)
	if p.notify(wire.INITIAL_CONTACT) != nil {
		s.e.supersede(now, s, out)
	}
	child, bad := s.respondChild(now, p, nil, s.ni, s.nr, true, out)
	if bad != nil {
		out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Reason: reasonOf(bad.Type), Detail: bad.Err.Error()})
		return append(reply, bad.payload()), nil
	}
	return append(reply, child...), nil
}

// authenticatePeer finds the configured peer that the initiator proves to be.
func (s *sa) authenticatePeer(p *parts) error {
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
		if last = s.verify(c, k, p.idI, auth, s.initRequest, s.nr, true); last == nil {
			s.join(c)
			s.keys, s.ppk = k, ppk
			return nil
		}
	}
	return last
}

// supersede ends the IKE SAs of the same peer from before s: the peer has said that s is its only one (RFC 7296 §2.4).
// Those that came up while s was being set up stay; both ends began at once then.
func (e *Endpoint) supersede(now time.Time, s *sa, out *Output) {
	for _, o := range slices.Clone(s.peer.sas) {
		if o != s && o.up && o.remoteID == s.remoteID && o.created.Before(s.started) {
			o.kill(now, ReasonReplacedByPeer, "", out)
		}
	}
}
