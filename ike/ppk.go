package ike

import (
	"errors"
	"fmt"

	"seikan/esp"
	"seikan/ike/wire"
)

// PPK is a postquantum preshared key (RFC 8784): it is mixed into the keys of the Child SAs, of the rekeyed IKE SAs and of the
// authentication, so that who breaks the key exchange later does not have them. The zero value is none.
type PPK struct {
	ID       string // what the two ends call it; sent in the clear only to who is behind the key exchange
	Key      esp.Secret
	Required bool // no IKE SA without it; otherwise a peer that has none is accepted
}

// ppkFixed is PPK_ID_FIXED: the identity is a string that was agreed on (RFC 8784 §5.1.1).
const ppkFixed = 2

func (p PPK) identity() *wire.Notify {
	return &wire.Notify{Kind: wire.PPK_IDENTITY, Data: append([]byte{ppkFixed}, p.ID...)}
}

// named reports whether a PPK_IDENTITY notify names p.
func (p PPK) named(n *wire.Notify) bool {
	return p.ID != "" && len(n.Data) > 0 && n.Data[0] == ppkFixed && string(n.Data[1:]) == p.ID
}

// mixed is k with the key mixed into SK_d, SK_pi and SK_pr: prf+(PPK, SK_x') (RFC 8784 §3).
func (k *keys) mixed(ppk esp.Secret) *keys {
	m := *k
	for _, sk := range []*esp.Secret{&m.skD, &m.skPi, &m.skPr} {
		*sk = esp.Secret(k.prf.Plus(ppk, len(*sk), *sk))
	}
	return &m
}

// authPayloads proves us, as the initiator, with the PPK where both ends have one.
func (s *sa) authPayloads() []wire.Payload {
	prove := func(k *keys) []byte {
		return k.authOctets(s.peer.LocalKey, s.initRequest, s.nr, s.localID, true, s.intAuth())
	}
	if !s.ppk {
		return []wire.Payload{&wire.Auth{Method: wire.AuthSharedKey, Data: prove(s.keys)}}
	}
	p := s.peer.PPK
	ps := []wire.Payload{&wire.Auth{Method: wire.AuthSharedKey, Data: prove(s.keys.mixed(p.Key))}, p.identity()}
	if !p.Required { // so that a responder that does not know this one can do without (RFC 8784 §3)
		ps = append(ps, &wire.Notify{Kind: wire.NO_PPK_AUTH, Data: prove(s.keys)})
	}
	return ps
}

// settlePPK takes the responder's word on whether the PPK is used, before its AUTH payload is looked at.
func (s *sa) settlePPK(p *parts) error {
	switch used := p.notify(wire.PPK_IDENTITY) != nil; {
	case used && !s.ppk:
		return errors.New("ike: the peer uses a PPK that we did not offer")
	case used:
		s.keys = s.keys.mixed(s.peer.PPK.Key)
	case s.peer.PPK.Required:
		return fmt.Errorf("ike: the peer does not use the PPK %q, which is required", s.peer.PPK.ID)
	}
	s.ppk = s.ppk && p.notify(wire.PPK_IDENTITY) != nil
	return nil
}

// proof is what a configured peer's initiator has to be held against: the keys, and the content of its AUTH payload, or of the one that it
// made for a responder without the PPK.
func (s *sa) proof(c *peerRef, p *parts) (k *keys, auth *wire.Auth, ppk bool, err error) {
	n := p.notify(wire.PPK_IDENTITY)
	switch {
	case s.ppk && n != nil && c.PPK.named(n):
		return s.keys.mixed(c.PPK.Key), p.auth, true, nil
	case c.PPK.Required:
		return nil, nil, false, fmt.Errorf("ike: peer %q does not use the PPK %q, which is required", c.Name, c.PPK.ID)
	case n == nil:
		return s.keys, p.auth, false, nil
	}
	without := p.notify(wire.NO_PPK_AUTH)
	if without == nil {
		return nil, nil, false, fmt.Errorf("ike: peer %q insists on a PPK that is not configured", c.Name)
	}
	return s.keys, &wire.Auth{Method: p.auth.Method, Data: without.Data}, false, nil
}
