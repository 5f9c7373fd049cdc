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
	for range s.Len() {
		room, n := make([]byte, s.HeaderLen()), s.NextLen()
		head, payload := s.Next(room)
		if len(head)+len(payload) != n {
			t.Fatalf("got a packet of %d octets, announced %d", len(head)+len(payload), n)
		}
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
