package gso

import "encoding/binary"

// flow is what packets have in common that may be joined. It is compared, and never read.
type flow struct {
	src, dst [16]byte // an IPv4 address is in the front, with zeros behind
	ports    uint32
	like     uint64 // what else must be the same in the IP header
	proto    uint8
	is6      bool
}

// slot is where a flow is looked for in a table of tableLen, there and in its neighbour.
func (f *flow) slot() int {
	const odd = 0x9e3779b97f4a7c15 // of the golden ratio: spreads what differs in few bits
	le := binary.LittleEndian
	h := le.Uint64(f.src[0:]) ^ le.Uint64(f.src[8:])*odd
	h = (h ^ le.Uint64(f.dst[0:]) ^ le.Uint64(f.dst[8:])*odd) * odd
	h = (h ^ h>>32 ^ uint64(f.ports) ^ uint64(f.proto)<<32) * odd
	return int(h >> (64 - tableBits))
}

// same reports whether two packets are of one flow, joined or not.
func (f *flow) same(p *packet) bool {
	return f.ports == p.ports && f.proto == p.proto && f.src == p.src && f.dst == p.dst
}

// packet is one that may be joined with others, as far as its own header tells.
type packet struct {
	flow
	kind Kind
	l4   int // where TCP or UDP begins
	head int // where the payload begins
	size int // of the payload

	id   uint16 // IPv4
	df   bool   // IPv4: not to be fragmented
	seq  uint32 // TCP
	push bool   // TCP
}

// parse reads a packet. It is false for one whose flow is not plain: a fragment, IPv4 options, IPv6 extension headers, not of the length that
// it says. kind stays None for one that goes by itself: of TCP what carries no data, or has flags other than ACK, PSH and ECE; of UDP what is
// empty or has no checksum; other protocols. Checksums are not looked at.
func (p *packet) parse(b []byte) bool {
	switch {
	case len(b) >= ipv4Header && b[0] == 0x45: // no options
		if !p.ipv4((*[ipv4Header]byte)(b), len(b)) {
			return false
		}
	case len(b) >= ipv6Header && b[0]>>4 == 6:
		if !p.ipv6((*[ipv6Header]byte)(b), len(b)) {
			return false
		}
	default:
		return false
	}
	l4 := b[p.l4:]
	switch {
	case p.proto == protoTCP && len(l4) >= tcpHeader:
		p.tcp((*[tcpHeader]byte)(l4), len(l4))
	case p.proto == protoUDP && len(l4) >= udpHeader:
		p.udp((*[udpHeader]byte)(l4), len(l4))
	case !p.is6:
	default:
		return p.proto == protoICMPv6 // or else it may be an extension header
	}
	return true
}

func (p *packet) ipv4(h *[ipv4Header]byte, n int) bool {
	const reserved, df = 0x8000, 0x4000
	fragment := binary.BigEndian.Uint16(h[6:])
	if int(binary.BigEndian.Uint16(h[2:])) != n || fragment&^df != 0 {
		return false
	}
	p.l4, p.is6, p.proto = ipv4Header, false, h[9]
	p.src, p.dst = [16]byte{}, [16]byte{}
	copy(p.src[:4], h[12:16])
	copy(p.dst[:4], h[16:20])
	p.id, p.df = binary.BigEndian.Uint16(h[4:]), fragment&df != 0
	p.like = uint64(h[1])<<24 | uint64(h[8])<<16 | uint64(fragment) // traffic class with ECN, TTL, DF
	return true
}

func (p *packet) ipv6(h *[ipv6Header]byte, n int) bool {
	if int(binary.BigEndian.Uint16(h[4:]))+ipv6Header != n {
		return false
	}
	p.l4, p.is6, p.proto = ipv6Header, true, h[6]
	p.src, p.dst = [16]byte(h[8:24]), [16]byte(h[24:40])
	p.like = uint64(binary.BigEndian.Uint32(h[0:]))<<8 | uint64(h[7]) // traffic class with ECN, flow label, hop limit
	return true
}

func (p *packet) tcp(h *[tcpHeader]byte, n int) {
	p.ports = binary.BigEndian.Uint32(h[0:])
	header := int(h[tcpWordAt]>>4) * 4
	if flags := h[tcpFlagsAt]; header < tcpHeader || header >= n || flags&^(flagPSH|flagECE) != flagACK {
		return
	}
	p.kind, p.head, p.size = TCP, p.l4+header, n-header
	p.seq, p.push = binary.BigEndian.Uint32(h[tcpSeqAt:]), h[tcpFlagsAt]&flagPSH != 0
}

func (p *packet) udp(h *[udpHeader]byte, n int) {
	p.ports = binary.BigEndian.Uint32(h[0:])
	if n == udpHeader || int(binary.BigEndian.Uint16(h[udpLenAt:])) != n || h[udpSumAt]|h[udpSumAt+1] == 0 {
		return
	}
	p.kind, p.head, p.size = UDP, p.l4+udpHeader, n-udpHeader
}

// intact verifies the checksums of packet b. Whoever joins packets makes checksums anew, and so vouches for what they were to protect.
func (p *packet) intact(b []byte) bool {
	if !p.is6 && fold(sum(b[:ipv4Header], 0)) != 0xffff {
		return false
	}
	return fold(sum(b[p.l4:], put(addresses(b, int(p.proto)), len(b)-p.l4))) == 0xffff
}
