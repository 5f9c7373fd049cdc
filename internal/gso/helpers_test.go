package gso

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// naiveSum is the ones' complement sum of b, 16 bits at a time (RFC 1071).
func naiveSum(b ...byte) uint16 {
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

// pseudo is the pseudo header of a packet whose transport header is at l4.
func pseudo(p []byte, l4 int, proto byte) []byte {
	n := len(p) - l4
	addrs := p[12:20]
	if p[0]>>4 == 6 {
		addrs = p[8:40]
	}
	return append(bytes.Clone(addrs), 0, proto, byte(n>>8), byte(n))
}

// sums reports whether the checksums of a packet without options or extension headers are right.
func sums(p []byte) bool {
	l4, proto := 40, p[6]
	if p[0]>>4 == 4 {
		l4, proto = 20, p[9]
		if naiveSum(p[:20]...) != 0xffff {
			return false
		}
	}
	return naiveSum(append(pseudo(p, l4, proto), p[l4:]...)...) == 0xffff
}

// setSums sets the checksums of a packet to what they should be.
func setSums(p []byte) {
	l4, proto := 40, p[6]
	if p[0]>>4 == 4 {
		l4, proto = 20, p[9]
		p[10], p[11] = 0, 0
		binary.BigEndian.PutUint16(p[10:], ^naiveSum(p[:20]...))
	}
	at := l4 + tcpSumAt
	if proto == protoUDP {
		at = l4 + udpSumAt
	}
	p[at], p[at+1] = 0, 0
	c := ^naiveSum(append(pseudo(p, l4, proto), p[l4:]...)...)
	if c == 0 && proto == protoUDP {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(p[at:], c)
}

// spec is a packet to be made.
type spec struct {
	six     bool
	udp     bool
	port    uint16
	tos     byte
	ttl     byte
	id      uint16
	frag    uint16 // flags and offset
	seq     uint32
	ack     uint32
	flags   byte
	window  uint16
	options []byte // a multiple of 4
	payload []byte
}

func (s spec) packet() []byte {
	var l4 []byte
	proto := byte(protoTCP)
	if s.udp {
		proto = protoUDP
		l4 = binary.BigEndian.AppendUint16(nil, 1000)
		l4 = binary.BigEndian.AppendUint16(l4, s.port)
		l4 = binary.BigEndian.AppendUint16(l4, uint16(8+len(s.payload)))
		l4 = append(l4, 0, 0)
	} else {
		l4 = binary.BigEndian.AppendUint16(nil, 1000)
		l4 = binary.BigEndian.AppendUint16(l4, s.port)
		l4 = binary.BigEndian.AppendUint32(l4, s.seq)
		l4 = binary.BigEndian.AppendUint32(l4, s.ack)
		l4 = append(l4, byte(20+len(s.options))<<2, s.flags)
		l4 = binary.BigEndian.AppendUint16(l4, s.window)
		l4 = append(l4, 0, 0, 0, 0)
		l4 = append(l4, s.options...)
	}
	l4 = append(l4, s.payload...)
	var p []byte
	if s.six {
		p = binary.BigEndian.AppendUint32(nil, 6<<28|uint32(s.tos)<<20|0x12345)
		p = binary.BigEndian.AppendUint16(p, uint16(len(l4)))
		p = append(p, proto, s.ttl)
		p = append(p, bytes.Repeat([]byte{0xfd}, 16)...)
		p = append(p, bytes.Repeat([]byte{0xfe}, 16)...)
	} else {
		p = binary.BigEndian.AppendUint16([]byte{0x45, s.tos}, uint16(20+len(l4)))
		p = binary.BigEndian.AppendUint16(p, s.id)
		p = binary.BigEndian.AppendUint16(p, s.frag)
		p = append(p, s.ttl, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	}
	p = append(p, l4...)
	setSums(p)
	return p
}

// octets is n octets that differ.
func octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// stream is the packets of a stream or of equal datagrams: n of size octets and a last one of tail, none if it is 0.
func stream(s spec, n, size, tail int) (ps [][]byte) {
	all := octets(n*size + tail)
	seq := s.seq
	for len(all) > 0 {
		k := min(size, len(all))
		s.payload, all = all[:k], all[k:]
		s.seq = seq
		ps = append(ps, s.packet())
		seq += uint32(k)
		s.id++
	}
	return ps
}

// cut is the packets of a frame.
func cut(t testing.TB, f Frame) (ps [][]byte) {
	t.Helper()
	var s Segmenter
	if err := s.Begin(f); err != nil {
		t.Fatal(err)
	}
	for range s.Len() {
		room := make([]byte, s.HeaderLen())
		head, payload := s.Next(room)
		ps = append(ps, append(head, payload...))
	}
	return ps
}

// coalesced is the frames of packets, whose memory is not touched.
func coalesced(c *Coalescer, ps [][]byte) (fs []Frame) {
	var own [][]byte
	for _, p := range ps {
		own = append(own, bytes.Clone(p))
	}
	for i := range c.Coalesce(own) {
		parts, o := c.Frame(i)
		fs = append(fs, Frame{bytes.Join(parts, nil), o})
	}
	return fs
}
