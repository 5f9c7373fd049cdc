package gso

import (
	"encoding/binary"
	"math/bits"
)

// sumWords adds the ones' complement sum of b to initial (RFC 1071). An odd octet at the end counts as if a zero followed. The result is
// not folded: the sum of several parts is the sum of their sums, where all but the last are even in length. It may be in little-endian order,
// as initial is: only fold knows. Adding the last carry cannot overflow: a sum of all ones with a carry comes only of another one.
func sumWords(b []byte, initial uint64) uint64 {
	s := initial
	var c uint64
	for len(b) >= 64 {
		p := (*[64]byte)(b)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[0:]), 0)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[8:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[16:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[24:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[32:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[40:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[48:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[56:]), c)
		s += c
		b = b[64:]
	}
	for len(b) >= 8 {
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b), 0)
		s += c
		b = b[8:]
	}
	var last uint64 // what is left, as if zeros followed
	switch {
	case len(b) == 0:
		return s
	case len(b) >= 4:
		last = uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))<<(8*(len(b)-4))
	default:
		last = uint64(b[0]) | uint64(b[len(b)/2])<<(8*(len(b)/2)) | uint64(b[len(b)-1])<<(8*(len(b)-1))
	}
	return add(s, last)
}

// add is the sum of two sums.
func add(a, b uint64) uint64 {
	s, c := bits.Add64(a, b, 0)
	return s + c
}

// fold reduces a sum to 16 bits, in network order. It is 0 only for the sum of nothing but zeros.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return bits.ReverseBytes16(uint16(s>>16 + s&0xffff))
}

// put adds a 16-bit number of the packet to a sum.
func put(s uint64, n int) uint64 {
	return add(s, uint64(bits.ReverseBytes16(uint16(n))))
}

// addresses is the part of the pseudo header's sum (RFC 9293 §3.1, RFC 8200 §8.1) that all packets of a flow share: source,
// destination and protocol. hdr is the IP header.
func addresses(hdr []byte, proto int) uint64 {
	if hdr[0]>>4 == 4 {
		return put(sum(hdr[12:20], 0), proto)
	}
	return put(sum(hdr[8:40], 0), proto)
}

// ipv4Sum sets the header checksum of an IPv4 header (RFC 791 §3.1).
func ipv4Sum(hdr []byte) {
	hdr[10], hdr[11] = 0, 0
	binary.BigEndian.PutUint16(hdr[10:], ^fold(sum(hdr, 0)))
}

// finish makes a checksum field of a sum. A computed zero becomes the other zero where zero means that there is no checksum (RFC 768).
func finish(s uint64, udp bool) uint16 {
	c := ^fold(s)
	if c == 0 && udp {
		return 0xffff
	}
	return c
}
