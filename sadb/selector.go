package sadb

import (
	"fmt"
	"net/netip"
	"strconv"
)

const maxPort = 65535

// SelectorFromPrefix selects the addresses of a prefix, with a protocol, 0 for any, and any port.
func SelectorFromPrefix(p netip.Prefix, proto uint8) Selector {
	p = p.Masked()
	return Selector{Proto: proto, Lo: p.Addr(), Hi: lastAddr(p), HiPort: maxPort}
}

// IsOpaque reports whether s is for packets only that show no port (RFC 4301 §4.4.1.1).
func (s Selector) IsOpaque() bool { return s.LoPort == maxPort && s.HiPort == 0 }

// AnyPort reports whether s does not look at ports.
func (s Selector) AnyPort() bool { return s.LoPort == 0 && s.HiPort == maxPort }

// matches reports whether s selects one side of a flow.
func (s *Selector) matches(a netip.Addr, proto uint8, port uint16, shown bool) bool {
	if s.Proto != 0 && s.Proto != proto || !s.hasAddr(a) {
		return false
	}
	if !shown { // RFC 4301 §7: no port is known of a later fragment
		return s.AnyPort() || s.IsOpaque()
	}
	return s.LoPort <= port && port <= s.HiPort
}

// hasAddr reports whether an address is in the range. Addresses of the other family are not.
func (s *Selector) hasAddr(a netip.Addr) bool {
	return a.BitLen() == s.Lo.BitLen() && s.Lo.Compare(a) <= 0 && a.Compare(s.Hi) <= 0
}

// Covers reports whether s selects all that o does.
func (s Selector) Covers(o Selector) bool {
	return (s.Proto == 0 || s.Proto == o.Proto) && s.hasAddr(o.Lo) && s.hasAddr(o.Hi) && s.coversPorts(o)
}

func (s Selector) coversPorts(o Selector) bool {
	switch {
	case s.AnyPort():
		return true
	case s.IsOpaque() || o.IsOpaque():
		return s.IsOpaque() && o.IsOpaque()
	}
	return s.LoPort <= o.LoPort && o.HiPort <= s.HiPort
}

// Intersect is what both s and o select. False: nothing.
func (s Selector) Intersect(o Selector) (Selector, bool) {
	if s.Proto == 0 {
		s.Proto = o.Proto
	} else if o.Proto != 0 && o.Proto != s.Proto {
		return Selector{}, false
	}
	if s.Lo.BitLen() != o.Lo.BitLen() {
		return Selector{}, false
	}
	if o.Lo.Compare(s.Lo) > 0 {
		s.Lo = o.Lo
	}
	if o.Hi.Compare(s.Hi) < 0 {
		s.Hi = o.Hi
	}
	switch {
	case s.coversPorts(o):
		s.LoPort, s.HiPort = o.LoPort, o.HiPort
	case o.coversPorts(s):
	case s.IsOpaque() || o.IsOpaque():
		return Selector{}, false
	default:
		s.LoPort, s.HiPort = max(s.LoPort, o.LoPort), min(s.HiPort, o.HiPort)
		if s.LoPort > s.HiPort {
			return Selector{}, false
		}
	}
	return s, s.Lo.Compare(s.Hi) <= 0
}

// Prefixes is the fewest prefixes that make up the address range, in order.
func (s Selector) Prefixes() []netip.Prefix {
	var ps []netip.Prefix
	for lo := s.Lo; lo.IsValid() && lo.Compare(s.Hi) <= 0; {
		p := netip.PrefixFrom(lo, lo.BitLen())
		for p.Bits() > 0 {
			wider := netip.PrefixFrom(lo, p.Bits()-1)
			if wider.Masked().Addr() != lo || lastAddr(wider).Compare(s.Hi) > 0 {
				break
			}
			p = wider
		}
		ps = append(ps, p)
		lo = lastAddr(p).Next() // the zero Addr behind the last one of the family
	}
	return ps
}

// String is the addresses, as a prefix where they are one, and then what else is asked for: "10.1.0.0/16",
// "10.1.0.1-10.1.0.9 protocol 6 port 80-90".
func (s Selector) String() string {
	addrs := s.Lo.String() + "-" + s.Hi.String()
	if p, ok := s.around(); ok && p.Addr() == s.Lo && lastAddr(p) == s.Hi {
		addrs = p.String()
	}
	if s.Proto != 0 {
		addrs += " protocol " + strconv.Itoa(int(s.Proto))
	}
	switch {
	case s.AnyPort():
		return addrs
	case s.IsOpaque():
		return addrs + " port opaque"
	case s.LoPort == s.HiPort:
		return fmt.Sprintf("%s port %d", addrs, s.LoPort)
	}
	return fmt.Sprintf("%s port %d-%d", addrs, s.LoPort, s.HiPort)
}

// lastAddr is the greatest address of a prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	if p.Addr().Is4() {
		a := p.Addr().As4()
		setHostBits(a[:], p.Bits())
		return netip.AddrFrom4(a)
	}
	a := p.Addr().As16()
	setHostBits(a[:], p.Bits())
	return netip.AddrFrom16(a)
}

// setHostBits sets the bits of an address behind the first n.
func setHostBits(a []byte, n int) {
	for i := range a {
		switch bits := n - 8*i; {
		case bits <= 0:
			a[i] = 0xff
		case bits < 8:
			a[i] |= 0xff >> bits
		}
	}
}

// Narrow is what a policy permits of the selectors that were offered (RFC 7296 §2.9): each with each, in the order offered,
// without what another one covers. Nil when nothing is left.
func Narrow(offered, policy []Selector) []Selector {
	var all []Selector
	for _, o := range offered {
		for _, p := range policy {
			if s, ok := o.Intersect(p); ok {
				all = append(all, s)
			}
		}
	}
	var kept []Selector
	for i, s := range all {
		if !coveredByOther(all, i) {
			kept = append(kept, s)
		}
	}
	return kept
}

// coveredByOther reports whether all[i] adds nothing to the others. Of equal ones the first counts.
func coveredByOther(all []Selector, i int) bool {
	for j, o := range all {
		if j != i && o.Covers(all[i]) && (j < i || !all[i].Covers(o)) {
			return true
		}
	}
	return false
}

// selects reports whether a pair of the two lists selects a flow.
func selects(local, remote []Selector, f *Flow) bool {
	return anyMatches(local, f.Src, f.Proto, f.SrcPort, f.Ports) && anyMatches(remote, f.Dst, f.Proto, f.DstPort, f.Ports)
}

func anyMatches(sels []Selector, a netip.Addr, proto uint8, port uint16, shown bool) bool {
	for i := range sels {
		if sels[i].matches(a, proto, port, shown) {
			return true
		}
	}
	return false
}
