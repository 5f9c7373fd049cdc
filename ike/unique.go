package ike

import (
	"slices"
	"time"
)

// Unique is what becomes of the other IKE SAs of an identity when a peer sets up one more, beyond those that the peer itself
// declares void (INITIAL_CONTACT, RFC 7296 §2.4). A reauthentication has two for a while; it works with each of them.
type Unique uint8

// Policies of uniqueness.
const (
	UniqueInitialContact Unique = iota // they stay, unless the peer says that it has none
	UniqueNever                        // they stay, whatever the peer says
	UniqueReplace                      // they are deleted, when the new one had time to take over
	UniqueKeep                         // they stay, and a new one from elsewhere is refused
)

// settle carries the policy out for an SA that its initiator, the peer, has just authenticated.
func (u Unique) settle(now time.Time, s *sa, initialContact bool, out *Output) {
	switch {
	case u == UniqueNever:
	case initialContact:
		s.e.supersede(now, s, out)
	case u == UniqueReplace:
		for _, o := range s.rivals() {
			if o.created.Before(s.started) {
				o.endSoon(now, ReasonReplacedByPeer)
			}
		}
	}
}

// rivals are the other IKE SAs of the same identity that are up.
func (s *sa) rivals() (list []*sa) {
	for _, o := range s.peer.sas {
		if o != s && o.state == established && o.reason == ReasonNone && o.remoteID == s.remoteID {
			list = append(list, o)
		}
	}
	return list
}

// refuses reports whether an SA of a peer that has proved to be s.remoteID is one too many. What is there is asked for a sign of life: if
// it is dead, the next attempt will do.
func (u Unique) refuses(now time.Time, s *sa, c *peerRef, initialContact bool, out *Output) bool {
	if u != UniqueKeep || initialContact {
		return false
	}
	refused := false
	for _, o := range c.sas {
		if o.state == established && o.remoteID == s.remoteID && o.path.Remote != s.path.Remote {
			refused = true
			o.probe(now, out)
		}
	}
	return refused
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
