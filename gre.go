package seikan

import (
	"cmp"
	"encoding/binary"
	"errors"
	"net/netip"
)

// GRE is how a tunnel interface wraps its packets (RFC 2784): as its two ends see each other, which are IPv4 addresses. It never sends
// sequence numbers or checksums, and takes both.
type GRE struct {
	Local, Remote netip.Addr
	Keyed         bool
	Key           uint32 // of the tunnel, in both directions (RFC 2890 §2.1), where it is Keyed
	TTL           uint8  // of the IPv4 header; 0: 255. In transport mode that header is the host's own
}

// Fields of the GRE header.
const (
	protoGRE = 47

	greChecksum = 0x8000
	greKey      = 0x2000
	greSequence = 0x1000
	greZero     = 0x4c07 // must be 0: routing and strict source route of RFC 1701, recursion, version

	greWord   = 4                      // the header without options, and each option
	greMost   = ipv4Header + 2*greWord // headLen at most
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	greTTL    = 255    // unless the tunnel says otherwise
	dontSplit = 0x4000 // the flag DF of the IPv4 header's word at octet 6

	moreFragments = 0x2000 // the flag MF there
)

// greMark is what tells the packets of one tunnel from those of another between the same ends.
type greMark struct {
	keyed bool
	key   uint32
}

func (g *GRE) mark() greMark {
	if !g.Keyed {
		return greMark{}
	}
	return greMark{true, g.Key}
}

// greMarkOf reads the mark of an IPv4 packet, which has been parsed. False: there is no whole header.
func greMarkOf(packet []byte) (m greMark, ok bool) {
	p := packet[int(packet[0]&0xf)*4:]
	if len(p) < greWord {
		return m, false
	}
	flags, at := binary.BigEndian.Uint16(p), greWord
	if flags&greKey == 0 {
		return m, true
	}
	if flags&greChecksum != 0 {
		at += greWord // which comes before (RFC 2890 §2)
	}
	if len(p) < at+greWord {
		return m, false
	}
	return greMark{true, binary.BigEndian.Uint32(p[at:])}, true
}

// isFragment reports whether an IPv4 packet, which has been parsed, is a part of one.
func isFragment(packet []byte) bool {
	return binary.BigEndian.Uint16(packet[6:])&(moreFragments|fragOffset) != 0
}

var errGRE = errors.New("not of the tunnel")

// headLen is the octets that put needs: of the IPv4 header and the GRE header.
func (g *GRE) headLen() int {
	if g.Keyed {
		return ipv4Header + 2*greWord
	}
	return ipv4Header + greWord
}

// put writes what goes before an inner packet of n octets into the whole of p, which is headLen octets. first is the beginning of the
// inner packet, whose class of service the packet takes over.
func (g *GRE) put(p, first []byte, n int) {
	flags, kind := uint16(0), uint16(etherIPv4)
	if first[0]>>4 == 6 {
		kind = etherIPv6
	}
	g.ip(p, classOf(first), len(p)+n)
	p = p[ipv4Header:]
	if g.Keyed {
		flags = greKey
		binary.BigEndian.PutUint32(p[greWord:], g.Key)
	}
	binary.BigEndian.PutUint16(p, flags)
	binary.BigEndian.PutUint16(p[2:], kind)
}

// ip writes the IPv4 header of a packet of n octets. It is never fragmented, so that its identification may be 0 (RFC 6864 §4.1).
func (g *GRE) ip(p []byte, class uint8, n int) {
	putIPv4(p, g.Local, g.Remote, class, protoGRE, cmp.Or(g.TTL, greTTL), n)
}

// putIPv4 writes an IPv4 header without options for a packet of n octets.
func putIPv4(p []byte, src, dst netip.Addr, class, proto, ttl uint8, n int) {
	clear(p[:ipv4Header])
	p[0], p[1] = 0x45, class
	binary.BigEndian.PutUint16(p[2:], uint16(n))
	binary.BigEndian.PutUint16(p[6:], dontSplit)
	p[8], p[9] = ttl, proto
	s, d := src.As4(), dst.As4()
	copy(p[12:], s[:])
	copy(p[16:], d[:])
	putIPv4Sum(p)
}

// putIPv4Sum makes the checksum of an IPv4 header without options.
func putIPv4Sum(p []byte) {
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], ^internetSum(p[:ipv4Header]))
}

// internetSum is the sum in ones' complement of the words of b (RFC 1071).
func internetSum(b []byte) uint16 {
	s := uint32(0)
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// inner is the packet in an IPv4 packet with GRE, which is whole as far as the IPv4 header goes: it has been parsed. The error is errGRE
// where the header has another key, a checksum that does not hold, or what is no IP packet behind it.
func (g *GRE) inner(packet []byte) ([]byte, error) {
	p := packet[int(packet[0]&0xf)*4:]
	if len(p) < greWord {
		return nil, errGRE
	}
	flags, kind := binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:])
	if flags&greZero != 0 || (flags&greKey != 0) != g.Keyed {
		return nil, errGRE
	}
	at := greWord
	for _, option := range [...]uint16{greChecksum, greKey, greSequence} { // in this order
		if flags&option == 0 {
			continue
		}
		if len(p) < at+greWord {
			return nil, errGRE
		}
		switch {
		case option == greKey && binary.BigEndian.Uint32(p[at:]) != g.Key:
			return nil, errGRE
		case option == greChecksum && internetSum(p) != 0xffff:
			return nil, errGRE
		}
		at += greWord
	}
	p = p[at:]
	switch {
	case kind == etherIPv4 && len(p) >= ipv4Header && p[0]>>4 == 4, kind == etherIPv6 && len(p) >= ipv6Header && p[0]>>4 == 6:
		return p, nil
	}
	return nil, errGRE
}
