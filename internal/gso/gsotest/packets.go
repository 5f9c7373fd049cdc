// Package gsotest makes packets for tests, without the code that is tested.
package gsotest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

const tcp, udp = 6, 17

// Sum is the ones' complement sum of b, 16 bits at a time (RFC 1071).
func Sum(b ...byte) uint16 {
	s := uint32(0)
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i]) << 8
		if i+1 < len(b) {
			s += uint32(b[i+1])
		}
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// Pseudo is the pseudo header of a packet whose transport header is at l4.
func Pseudo(p []byte, l4 int, proto byte) []byte {
	n := len(p) - l4
	addrs := p[12:20]
	if p[0]>>4 == 6 {
		addrs = p[8:40]
	}
	return append(bytes.Clone(addrs), 0, proto, byte(n>>8), byte(n))
}

// SetSums sets the checksums of a packet to what they should be.
func SetSums(p []byte) {
	l4, proto := 40, p[6]
	if p[0]>>4 == 4 {
		l4, proto = 20, p[9]
		p[10], p[11] = 0, 0
		binary.BigEndian.PutUint16(p[10:], ^Sum(p[:20]...))
	}
	at := l4 + 16
	if proto == udp {
		at = l4 + 6
	}
	p[at], p[at+1] = 0, 0
	c := ^Sum(append(Pseudo(p, l4, proto), p[l4:]...)...)
	if c == 0 && proto == udp {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(p[at:], c)
}

// Spec is a packet to be made, of TCP unless it says UDP.
type Spec struct {
	IPv6     bool
	Src, Dst netip.Addr // default: 10.1.0.1 to 10.2.3.4, fd00:1::1 to fd00:2::4
	UDP      bool
	Port     uint16
	TOS      byte
	TTL      byte
	ID       uint16
	Frag     uint16 // flags and offset
	Seq      uint32
	Ack      uint32
	Flags    byte
	Window   uint16
	Options  []byte // a multiple of 4
	Payload  []byte
}

// Packet is the packet.
func (s Spec) Packet() []byte {
	var l4 []byte
	proto := byte(tcp)
	if s.UDP {
		proto = udp
		l4 = binary.BigEndian.AppendUint16(nil, 1000)
		l4 = binary.BigEndian.AppendUint16(l4, s.Port)
		l4 = binary.BigEndian.AppendUint16(l4, uint16(8+len(s.Payload)))
		l4 = append(l4, 0, 0)
	} else {
		l4 = binary.BigEndian.AppendUint16(nil, 1000)
		l4 = binary.BigEndian.AppendUint16(l4, s.Port)
		l4 = binary.BigEndian.AppendUint32(l4, s.Seq)
		l4 = binary.BigEndian.AppendUint32(l4, s.Ack)
		l4 = append(l4, byte(20+len(s.Options))<<2, s.Flags)
		l4 = binary.BigEndian.AppendUint16(l4, s.Window)
		l4 = append(l4, 0, 0, 0, 0)
		l4 = append(l4, s.Options...)
	}
	l4 = append(l4, s.Payload...)
	var p []byte
	if s.IPv6 {
		p = binary.BigEndian.AppendUint32(nil, 6<<28|uint32(s.TOS)<<20|0x12345)
		p = binary.BigEndian.AppendUint16(p, uint16(len(l4)))
		p = append(p, proto, s.TTL)
		p = append(p, or(s.Src, "fd00:1::1").AsSlice()...)
		p = append(p, or(s.Dst, "fd00:2::4").AsSlice()...)
	} else {
		p = binary.BigEndian.AppendUint16([]byte{0x45, s.TOS}, uint16(20+len(l4)))
		p = binary.BigEndian.AppendUint16(p, s.ID)
		p = binary.BigEndian.AppendUint16(p, s.Frag)
		p = append(p, s.TTL, proto, 0, 0)
		p = append(p, or(s.Src, "10.1.0.1").AsSlice()...)
		p = append(p, or(s.Dst, "10.2.3.4").AsSlice()...)
	}
	p = append(p, l4...)
	SetSums(p)
	return p
}

func or(a netip.Addr, otherwise string) netip.Addr {
	if a.IsValid() {
		return a
	}
	return netip.MustParseAddr(otherwise)
}

// Octets is n octets that differ.
func Octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// Stream is the packets of a stream or of equal datagrams: n of size octets and a last one of tail, none if it is 0.
func Stream(s Spec, n, size, tail int) (ps [][]byte) {
	all := Octets(n*size + tail)
	seq := s.Seq
	for len(all) > 0 {
		k := min(size, len(all))
		s.Payload, all = all[:k], all[k:]
		s.Seq = seq
		ps = append(ps, s.Packet())
		seq += uint32(k)
		s.ID++
	}
	return ps
}
