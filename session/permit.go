package session

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"seikan/sadb"
)

// permits writes a policy as the operator would write it in an access list: a line for each pair of selectors, local first.
func permits(p sadb.Policy) []string {
	lines := make([]string, 0, len(p.Local)*len(p.Remote))
	for _, l := range p.Local {
		for _, r := range p.Remote {
			if l.Lo.Is4() == r.Lo.Is4() {
				lines = append(lines, "permit "+protocolText(l, r)+" "+selectorText(l)+" "+selectorText(r))
			}
		}
	}
	return lines
}

// protocolText is `ip` or `ipv6` for any protocol, and the number of a given one.
func protocolText(l, r sadb.Selector) string {
	switch proto := max(l.Proto, r.Proto); {
	case proto != 0:
		return fmt.Sprint(proto)
	case l.Lo.Is4():
		return "ip"
	}
	return "ipv6"
}

// selectorText is `host A`, `A/M` (IPv6: `A/N`) or, where no prefix says it, `range A B`; with the ports behind it.
func selectorText(s sadb.Selector) string {
	var b strings.Builder
	p, ok := prefixOf(s.Lo, s.Hi)
	switch {
	case s.Lo == s.Hi:
		b.WriteString("host " + addrText(s.Lo))
	case !ok:
		b.WriteString("range " + addrText(s.Lo) + " " + addrText(s.Hi))
	case s.Lo.Is4():
		b.WriteString(addrText(s.Lo) + "/" + maskText(p.Bits()))
	default:
		fmt.Fprintf(&b, "%s/%d", addrText(s.Lo), p.Bits())
	}
	b.WriteString(portText(s))
	return b.String()
}

// portText is the ports of a selector with a blank before it, "" for any. ICMP has its type and code in place of ports
// (RFC 4301 §4.4.1.1).
func portText(s sadb.Selector) string {
	switch lo, hi := s.LoPort, s.HiPort; {
	case lo == 0 && hi == 0xffff:
		return ""
	case lo == 0xffff && hi == 0:
		return " port opaque"
	case isICMP(s.Proto) && lo == hi:
		return fmt.Sprintf(" type %d code %d", lo>>8, lo&0xff)
	case isICMP(s.Proto) && lo>>8 == hi>>8 && lo&0xff == 0 && hi&0xff == 0xff:
		return fmt.Sprintf(" type %d", lo>>8)
	case lo == hi:
		return fmt.Sprintf(" port %d", lo)
	default:
		return fmt.Sprintf(" port range %d %d", lo, hi)
	}
}

func isICMP(proto uint8) bool { return proto == 1 || proto == 58 }

// prefixOf is the prefix that covers exactly lo to hi; ok is false where there is none.
func prefixOf(lo, hi netip.Addr) (p netip.Prefix, ok bool) {
	if lo.BitLen() != hi.BitLen() {
		return p, false
	}
	n := 0
	a, b := lo.AsSlice(), hi.AsSlice()
	for i := range a {
		same := bits.LeadingZeros8(a[i] ^ b[i])
		n += same
		if same < 8 {
			break
		}
	}
	p = netip.PrefixFrom(lo, n)
	if p.Masked().Addr() != lo {
		return p, false
	}
	for i := range b { // all the bits behind the prefix are set in hi
		keep := min(max(n-8*i, 0), 8)
		if host := byte(0xff >> keep); b[i]&host != host {
			return p, false
		}
	}
	return p, true
}

// maskText is an IPv4 network mask of n bits.
func maskText(n int) string {
	m := uint32(0xffffffff) << (32 - n)
	return fmt.Sprintf("%d.%d.%d.%d", byte(m>>24), byte(m>>16), byte(m>>8), byte(m))
}

// addrText is an address as the listings have it: IPv6 in capitals.
func addrText(a netip.Addr) string {
	text := strings.ToUpper(a.WithZone("").String())
	if z := a.Zone(); z != "" {
		text += "%" + z
	}
	return text
}

// identityText is a peer's identity as the listings have it: an address like any other, a name as it is.
func identityText(id string) string {
	if a, err := netip.ParseAddr(id); err == nil {
		return addrText(a)
	}
	return id
}
