package ike

import (
	"net/netip"

	"seikan/ike/wire"
	"seikan/sadb"
)

// toTS makes a traffic selector payload of selectors (RFC 7296 §3.13).
func toTS(initiator bool, sels []sadb.Selector) *wire.TS {
	ts := &wire.TS{Initiator: initiator, Selectors: make([]wire.Selector, 0, len(sels))}
	for _, s := range sels {
		kind := wire.TS_IPV4_ADDR_RANGE
		if s.Lo.Is6() {
			kind = wire.TS_IPV6_ADDR_RANGE
		}
		ts.Selectors = append(ts.Selectors, wire.Selector{Kind: kind, Proto: s.Proto, LoPort: s.LoPort, HiPort: s.HiPort, Lo: s.Lo, Hi: s.Hi})
	}
	return ts
}

// fromTS reads a traffic selector payload; the selectors of kinds that are not known here were left out by wire.
func fromTS(ts *wire.TS) []sadb.Selector {
	sels := make([]sadb.Selector, 0, len(ts.Selectors))
	for _, s := range ts.Selectors {
		sels = append(sels, sadb.Selector{Proto: s.Proto, Lo: s.Lo, Hi: s.Hi, LoPort: s.LoPort, HiPort: s.HiPort})
	}
	return sels
}

// within reports whether each of the selectors lies in one of the others.
func within(sels, others []sadb.Selector) bool {
	for _, s := range sels {
		if !coveredBy(s, others) {
			return false
		}
	}
	return len(sels) > 0
}

func coveredBy(s sadb.Selector, others []sadb.Selector) bool {
	for _, o := range others {
		if o.Covers(s) {
			return true
		}
	}
	return false
}

// hostSelectors are the two ends of one packet's flow: what a request names first when it wants a Child SA for just that
// packet (RFC 7296 §2.9).
func hostSelectors(f sadb.Flow) (local, remote sadb.Selector) {
	local = sadb.Selector{Proto: f.Proto, Lo: f.Src, Hi: f.Src, HiPort: 65535}
	remote = sadb.Selector{Proto: f.Proto, Lo: f.Dst, Hi: f.Dst, HiPort: 65535}
	if f.Ports {
		local.LoPort, local.HiPort = f.SrcPort, f.SrcPort
		remote.LoPort, remote.HiPort = f.DstPort, f.DstPort
	}
	return local, remote
}

// endToEnd reports whether selectors name the two ends of the IKE SA and nobody else, so that transport mode can do. Behind a NAT they do
// not: what an end calls itself is not what the other one sees (RFC 7296 §2.23.1), and tunnel mode has no need to know.
func (s *sa) endToEnd(local, remote []sadb.Selector) bool {
	return onlyHost(local, s.path.Local.Addr()) && onlyHost(remote, s.path.Remote.Addr())
}

func onlyHost(sels []sadb.Selector, a netip.Addr) bool {
	for _, s := range sels {
		if s.Lo != a || s.Hi != a {
			return false
		}
	}
	return len(sels) > 0
}

// equalSelectors reports whether a and b are the same list.
func equalSelectors(a, b []sadb.Selector) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
