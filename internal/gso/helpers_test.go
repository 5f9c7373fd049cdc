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
		const skip = ipv4Header // as of transport mode
		p, rest := make([]byte, s.NextLen()), s
		if n := s.Put(p, 0); n != len(p) {
			t.Fatalf("got a packet of %d octets, announced %d", n, len(p))
		}
		short := make([]byte, max(0, len(p)-skip))
		if n := rest.Put(short, min(skip, len(p))); n != len(short) || !bytes.Equal(short, p[len(p)-len(short):]) {
			t.Fatalf("packet %d without %d octets: got %d, % x; want the rest of % x", i, skip, n, short, p)
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
