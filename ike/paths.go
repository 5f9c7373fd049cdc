package ike

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// Where either end has several addresses, an SA with MOBIKE has several paths (RFC 4555 §3.4-§3.6). The end that set it up chooses: it stays
// where it is for as long as answers come, tries the other paths when none does, and leaves an address that is taken from it.

// MaxAlternates is how many Alternates a Peer may have, and how many a peer of ours is remembered with.
const MaxAlternates = 8

const (
	pathTries = 2 // resends on a path before the next one is tried, and on each of those
)

// paths are the ways between the two ends, in order of preference: our addresses as configured, and for each of them the peer's.
func (s *sa) paths() (list []sadb.Path) {
	remotes := append([]netip.AddrPort{s.home}, s.elsewhere...)
	for _, l := range append([]netip.Addr{s.peer.Local}, s.peer.Alternates...) {
		for _, r := range remotes {
			if l.Is4() == r.Addr().Is4() && !s.e.away[sadb.Host{Addr: l, VRF: s.peer.FVRF}] {
				list = append(list, sadb.Path{Local: netip.AddrPortFrom(l, s.path.Local.Port()), Remote: r, VRF: s.peer.FVRF})
			}
		}
	}
	return list
}

// route is the path that the Child SAs take: the one known to work, while others are tried, or a peer's new one is checked.
func (s *sa) route() sadb.Path { return cmp.Or(s.settled, s.path) }

// localAddr is our first address for a peer that is there, of the family of the peer's.
func (e *Endpoint) localAddr(p *peerRef) netip.Addr {
	for _, a := range append([]netip.Addr{p.Local}, p.Alternates...) {
		if !e.away[sadb.Host{Addr: a, VRF: p.FVRF}] && a.Is4() == p.Remote.Is4() {
			return a
		}
	}
	return p.Local
}

// roams reports whether it is for us to choose the path.
func (s *sa) roams() bool { return s.mobike && s.original && s.state == established }

// detours is how many more resends a request gets because there are other paths to try.
func (s *sa) detours() int {
	if !s.roams() {
		return 0
	}
	return pathTries * max(0, len(s.paths())-1)
}

// detour sends the next resends on the next path. Nothing else moves before an answer has come.
func (s *sa) detour() {
	if s.own.tries%pathTries != 0 || !s.roams() {
		return
	}
	list := s.paths()
	if len(list) == 0 {
		return
	}
	next := list[(slices.Index(list, s.path)+1)%len(list)]
	if next == s.path {
		return
	}
	if s.settled == (sadb.Path{}) {
		s.settled = s.path
	}
	s.path = next
}

// arrived takes an authentic answer on a path as the sign that it works, where several were tried.
func (s *sa) arrived(now time.Time, p sadb.Path, out *Output) {
	from := s.settled
	if from == (sadb.Path{}) || !s.original {
		return
	}
	s.path, s.settled = p, sadb.Path{}
	if p != from {
		out.Events = append(out.Events, PathMoved{SA: s.info(), From: from})
		s.update(now, out)
	}
}

// Reachable tells that an address of ours has come or is gone. SAs that we set up leave one that is gone for another one of the peer's
// configuration, and come back to the first one of it. The peers are told which addresses there are (RFC 4555 §3.6).
func (e *Endpoint) Reachable(now time.Time, host sadb.Host, there bool, out *Output) {
	if e.away[host] == !there {
		return
	}
	if there {
		delete(e.away, host)
	} else {
		e.away[host] = true
	}
	addr := host.Addr
	for _, s := range e.sorted() {
		if !s.mobike || s.state != established || s.peer.FVRF != host.VRF || s.peer.Local != addr && !slices.Contains(s.peer.Alternates, addr) {
			continue
		}
		e.request(now, s, out, func(now time.Time, out *Output) { s.reachable(now, addr, out) })
	}
}

// reachable goes elsewhere, or tells the peer of it, as an address of ours has come or is gone.
func (s *sa) reachable(now time.Time, addr netip.Addr, out *Output) {
	list, at := s.paths(), s.path.Local.Addr()
	if s.original && len(list) > 0 && list[0].Local.Addr() != at && (at == addr || addr == s.peer.Local) {
		s.move(now, list[0].Local.Addr(), out)
		return
	}
	s.start(now, &addresses{}, out)
}

// addresses tells the peer where else we are:
//
//	HDR, SK {N(ADDITIONAL_IP4_ADDRESS)+ | N(ADDITIONAL_IP6_ADDRESS)+ | N(NO_ADDITIONAL_ADDRESSES)}  -->
//	                                                                        <--  HDR, SK {}
type addresses struct{}

func (addresses) wants() *flowRef { return nil }

func (addresses) begin(s *sa, _ time.Time, _ *Output) (wire.ExchangeType, []wire.Payload, bool) {
	return wire.INFORMATIONAL, s.additional(), s.state == established
}

func (addresses) done(*sa, time.Time, *parts, *Output) {}

// additional names our addresses but for the one in use, where several are configured.
func (s *sa) additional() (ps []wire.Payload) {
	for _, a := range append([]netip.Addr{s.peer.Local}, s.peer.Alternates...) {
		kind := wire.ADDITIONAL_IP4_ADDRESS
		if a.Is6() {
			kind = wire.ADDITIONAL_IP6_ADDRESS
		}
		if a != s.path.Local.Addr() && !s.e.away[sadb.Host{Addr: a, VRF: s.peer.FVRF}] {
			ps = append(ps, &wire.Notify{Kind: kind, Data: a.AsSlice()})
		}
	}
	if len(ps) == 0 && len(s.peer.Alternates) > 0 {
		ps = append(ps, &wire.Notify{Kind: wire.NO_ADDITIONAL_ADDRESSES})
	}
	return ps
}

// hearAdditional keeps the peer's other addresses, if the message speaks of them. Each message has all of them.
func (s *sa) hearAdditional(p *parts) {
	var list []netip.AddrPort
	told := p.notify(wire.NO_ADDITIONAL_ADDRESSES) != nil
	for _, n := range p.notifies {
		if n.Kind != wire.ADDITIONAL_IP4_ADDRESS && n.Kind != wire.ADDITIONAL_IP6_ADDRESS {
			continue
		}
		told = true
		a, ok := netip.AddrFromSlice(n.Data)
		if ok && a.Is4() == (n.Kind == wire.ADDITIONAL_IP4_ADDRESS) && a.IsGlobalUnicast() && len(list) < MaxAlternates && a != s.home.Addr() {
			list = append(list, netip.AddrPortFrom(a.Unmap(), s.peer.NATTPort))
		}
	}
	if told {
		s.elsewhere = list
	}
}
