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

// pool bounds how many of something there are. One credential may be good for any number of identities (Match.Domain, Match.Prefix): so
// each configured peer has some for itself, whatever others do, and up to a limit more of what all have in common.
type pool struct {
	own    int // of each peer for itself
	most   int // of each peer
	shared int // of all peers together, beyond their own
	used   int // of those
}

// Pools of IKE SAs and of Child SAs. A network of people behind one NAT, each with an SA of their own, is one peer.
var (
	poolOfSAs      = pool{own: maxSAs, most: 256, shared: 4096}
	poolOfChildren = pool{own: maxChildren, most: 4096, shared: 16384}
)

// take counts one more of a peer that has n, and give one less.
func (p *pool) take(n *int) {
	if *n++; *n > p.own {
		p.used++
	}
}

func (p *pool) give(n *int) {
	if *n > p.own {
		p.used--
	}
	*n--
}

// over reports whether a peer that has n has too many.
func (p *pool) over(n int) bool { return n > p.own && (n > p.most || p.used > p.shared) }

// full reports whether a peer that has n may have no more.
func (p *pool) full(n int) bool { return n >= p.own && (n >= p.most || p.used >= p.shared) }

// childRoom refuses one more Child SA of the peer's where there are too many. The one that it rekeys, if that is not nil, goes soon, so that there
// may be twice as many.
func (s *sa) childRoom(old *child) *NotifyError {
	pool, n := &s.e.childPool, s.peer.children
	switch {
	case len(s.children) >= maxChildren:
		return refuse(wire.NO_ADDITIONAL_SAS, "ike: the peer has %d Child SAs", len(s.children))
	case old == nil && pool.full(n) || n >= 2*pool.most:
		return refuse(wire.NO_ADDITIONAL_SAS, "ike: peer %q has %d Child SAs on all IKE SAs, and all peers %d beyond %d each", s.peer.Name, n, pool.used, pool.own)
	}
	return nil
}

// rekeyRoom refuses one more IKE SA by the peer's rekey. The one that it is made of goes soon, so that there may be twice as many.
func (s *sa) rekeyRoom() *NotifyError {
	if n := len(s.kin()); n >= maxSAs {
		return refuse(wire.TEMPORARY_FAILURE, "ike: the peer has %d IKE SAs and does not delete them", n)
	}
	if n := s.peer.count; n >= 2*s.e.saPool.most {
		return refuse(wire.TEMPORARY_FAILURE, "ike: peer %q has %d IKE SAs and does not delete them", s.peer.Name, n)
	}
	return nil
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

// thin ends IKE SAs of a peer that has set up one too many. It must not be locked out, as it may have forgotten its own: of an identity the
// oldest go. Of a peer with too many identities those go that were not heard for longest: who is there is heard, by liveness checks at least.
func (s *sa) thin(now time.Time, out *Output) {
	list := s.kin()
	for len(list) > maxSAs {
		if list[0] != s {
			list[0].kill(now, ReasonTooMany, "the peer has too many with this identity", out)
		}
		list = list[1:]
	}
	for s.e.saPool.over(s.peer.count) {
		o := s.leastHeard()
		if o == nil {
			return
		}
		o.kill(now, ReasonTooMany, "the peer has too many", out)
	}
}

// leastHeard is the IKE SA of the same peer that was not heard for longest, s left out; nil for none. What is on its way out goes before others.
func (s *sa) leastHeard() (least *sa) {
	var last time.Time // that least was heard
	for _, o := range s.peer.sas {
		if o == s || !o.up {
			continue
		}
		heard := time.Time{}
		if o.state == established {
			heard = o.lastHeard()
		}
		if least == nil || heard.Before(last) {
			least, last = o, heard
		}
	}
	return least
}

// lastHeard is when the peer was last heard on the IKE SA or a Child SA of it.
func (s *sa) lastHeard() time.Time {
	heard := s.heard
	if f := s.e.cfg.Heard; f != nil {
		for spi := range s.children {
			heard = later(heard, f(spi))
		}
	}
	return heard
}
