package gso

import (
	"bytes"
	"testing"
)

// cut is the packets of a frame.
func cut(t testing.TB, f Frame) (ps [][]byte) {
	t.Helper()
	var s Segmenter
	if err := s.Begin(f); err != nil {
		t.Fatal(err)
	}
	for i := range s.Len() {
		p, at := make([]byte, s.NextLen()), s
		if n := s.Put(p, 0); n != len(p) {
			t.Fatalf("got a packet of %d octets, announced %d", n, len(p))
		}
		for _, skip := range []int{ipv4Header, ipv6Header} { // as in transport mode
			if len(p) < skip || p[0]>>4 == 4 && skip > ipv4Header {
				continue
			}
			short, rest := bytes.Repeat([]byte{0xa5}, len(p)-skip+8), at
			if n := rest.Put(short, skip); n != len(p)-skip || !bytes.Equal(short[:n], p[skip:]) || !bytes.Equal(short[n:], bytes.Repeat([]byte{0xa5}, 8)) {
				t.Fatalf("packet %d without %d octets: got %d, % x; want the rest of % x and nothing behind it", i, skip, n, short, p)
			}
		}
		ps = append(ps, p)
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
