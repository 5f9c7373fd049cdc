package ike

import (
	"slices"
	"time"

	"seikan/ike/wire"
)

// What a peer can have here is bounded, also once it is authenticated.
const (
	maxChildren = 512 // Child SAs of an IKE SA, those that have been rekeyed and not deleted included
	maxSAs      = 16  // IKE SAs of an identity, with the same

	maxSelectors = 255     // of one side of a Child SA: their number is one octet (RFC 7296 §3.13)
	maxNarrowing = 1 << 20 // comparisons of selectors with each other for one offer, but for the flow that fits best
)

// childRoom refuses one more Child SA of the peer's where there are too many.
func (s *sa) childRoom() *NotifyError {
	if len(s.children) < maxChildren {
		return nil
	}
	return refuse(wire.NO_ADDITIONAL_SAS, "ike: the peer has %d Child SAs", len(s.children))
}

// kin are the IKE SAs of the same identity, s included, in order of age.
func (s *sa) kin() (list []*sa) {
	for _, o := range s.peer.sas {
		if o == s || o.up && o.remoteID == s.remoteID {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b *sa) int { return a.created.Compare(b.created) })
	return list
}

// thin ends the oldest IKE SAs of an identity that has set up one too many. A peer that forgets its own must not be locked out.
func (s *sa) thin(now time.Time, out *Output) {
	list := s.kin()
	for len(list) > maxSAs {
		if list[0] != s {
			list[0].kill(now, ReasonReplacedByPeer, "the peer has too many", out)
		}
		list = list[1:]
	}
}
