package gso

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"seikan/internal/gso/gsotest"
)

const df = 0x4000

// describe is how many packets each frame holds.
func describe(t testing.TB, fs []Frame) (n []int) {
	t.Helper()
	for _, f := range fs {
		n = append(n, len(cut(t, Frame{bytes.Clone(f.Data), f.Offload})))
	}
	return n
}

func TestCoalesce(t *testing.T) {
	tcp := gsotest.Spec{Flags: flagACK, TTL: 64, Frag: df, Ack: 9, Window: 100}
	udp := gsotest.Spec{UDP: true, TTL: 64, Frag: df}
	// change alters packet i of five full ones, and makes its checksums right again.
	change := func(s gsotest.Spec, i int, f func(p []byte)) [][]byte {
		ps := gsotest.Stream(s, 5, 100, 0)
		f(ps[i])
		gsotest.SetSums(ps[i])
		return ps
	}
	broken := func(s gsotest.Spec, i, at int) [][]byte {
		ps := gsotest.Stream(s, 5, 100, 0)
		ps[i][at] ^= 1
		return ps
	}
	six, udp6 := tcp, udp
	six.IPv6, udp6.IPv6 = true, true
	fixed, free, later := tcp, tcp, tcp
	later.Seq, later.ID = 250, 3
	free.Frag = 0
	alone := []int{1, 1, 1, 1, 1}
	for _, tt := range []struct {
		name string
		ps   [][]byte
		want []int // packets in each frame
	}{
		{"nothing", nil, nil},
		{"a stream", gsotest.Stream(tcp, 5, 100, 0), []int{5}},
		{"a stream over IPv6", gsotest.Stream(six, 5, 100, 0), []int{5}},
		{"with a short end", gsotest.Stream(tcp, 5, 100, 1), []int{6}},
		{"datagrams", gsotest.Stream(udp, 5, 100, 50), []int{6}},
		{"datagrams over IPv6", gsotest.Stream(udp6, 5, 100, 50), []int{6}},
		{"at most 64 KB", gsotest.Stream(tcp, 60, 1386, 0), []int{47, 13}},
		{"at most 64 packets", gsotest.Stream(udp, 70, 10, 0), []int{64, 6}},
		{"short one in the middle", slices.Concat(gsotest.Stream(tcp, 2, 100, 50), gsotest.Stream(later, 2, 100, 0)), []int{3, 2}},
		{"a longer one", slices.Concat(gsotest.Stream(udp, 2, 100, 0), gsotest.Stream(udp, 2, 101, 0)), []int{2, 2}},
		{"empty datagrams", gsotest.Stream(udp, 0, 1, 0), nil},
		{"an empty datagram", slices.Concat(gsotest.Stream(udp, 2, 100, 0), [][]byte{udp.Packet()}, gsotest.Stream(udp, 2, 100, 0)), []int{2, 1, 2}},
		{"sequence gap", change(tcp, 2, func(p []byte) { p[27]++ }), []int{2, 1, 2}},
		{"the same again", slices.Repeat(gsotest.Stream(tcp, 1, 100, 0), 3), []int{1, 1, 1}},
		{"PSH ends", change(tcp, 2, func(p []byte) { p[33] |= flagPSH }), []int{3, 2}},
		{"PSH on the first", change(tcp, 0, func(p []byte) { p[33] |= flagPSH }), []int{1, 4}},
		{"FIN", change(tcp, 4, func(p []byte) { p[33] |= flagFIN }), []int{4, 1}},
		{"SYN", change(tcp, 2, func(p []byte) { p[33] |= 2 }), []int{2, 1, 2}},
		{"RST", change(tcp, 2, func(p []byte) { p[33] |= 4 }), []int{2, 1, 2}},
		{"URG", change(tcp, 2, func(p []byte) { p[33] |= 0x20 }), []int{2, 1, 2}},
		{"CWR", change(tcp, 2, func(p []byte) { p[33] |= flagCWR }), []int{2, 1, 2}},
		{"CWR on the first", change(tcp, 0, func(p []byte) { p[33] |= flagCWR }), []int{1, 4}},
		{"ECE", change(tcp, 2, func(p []byte) { p[33] |= flagECE }), []int{2, 1, 2}},
		{"no ACK", change(tcp, 2, func(p []byte) { p[33] = 0 }), []int{2, 1, 2}},
		{"reserved bit", change(tcp, 2, func(p []byte) { p[32] |= 1 }), []int{2, 1, 2}},
		{"acknowledgment", change(tcp, 2, func(p []byte) { p[31]++ }), []int{2, 1, 2}},
		{"window", change(tcp, 2, func(p []byte) { p[35]++ }), []int{2, 1, 2}},
		{"urgent pointer", change(tcp, 2, func(p []byte) { p[39]++ }), []int{2, 1, 2}},
		{"ports", change(tcp, 2, func(p []byte) { p[23]++ }), []int{2, 1, 2}},
		{"CE", change(tcp, 2, func(p []byte) { p[1] |= 3 }), []int{2, 1, 2}},
		{"TTL", change(tcp, 2, func(p []byte) { p[8]-- }), []int{2, 1, 2}},
		{"DF", change(tcp, 2, func(p []byte) { p[6] = 0 }), []int{2, 1, 2}},
		{"fragment", change(tcp, 2, func(p []byte) { p[6] |= 0x20 }), []int{2, 1, 2}},
		{"later fragment", change(tcp, 2, func(p []byte) { p[7] = 9 }), []int{2, 1, 2}},
		{"source", change(tcp, 2, func(p []byte) { p[15]++ }), []int{2, 1, 2}},
		{"identification of what may be fragmented", change(free, 2, func(p []byte) { p[5]++ }), []int{2, 1, 2}},
		{"identification far off", change(fixed, 2, func(p []byte) { p[5] += 9 }), []int{2, 1, 2}},
		{"TCP checksum", broken(tcp, 2, 120), []int{2, 1, 2}},
		{"TCP checksum of the first", broken(tcp, 0, 120), []int{1, 4}},
		{"header checksum", broken(tcp, 2, 10), []int{2, 1, 2}},
		{"UDP checksum", broken(udp, 2, 100), []int{2, 1, 2}},
		{"UDP checksum over IPv6", broken(udp6, 2, 100), []int{2, 1, 2}},
		{"no UDP checksum", func() [][]byte {
			ps := gsotest.Stream(udp, 5, 100, 0)
			for _, p := range ps {
				p[26], p[27] = 0, 0
			}
			return ps
		}(), alone},
		{"UDP length", broken(udp, 2, 25), []int{2, 1, 2}},
		{"IPv4 options", func() [][]byte {
			ps := gsotest.Stream(tcp, 5, 100, 0)
			for i, p := range ps {
				p = slices.Insert(p, 20, 1, 1, 1, 1)
				p[0], p[3] = 0x46, p[3]+4
				ps[i] = p
			}
			return ps
		}(), alone},
		{"flow label", change(six, 2, func(p []byte) { p[3]++ }), []int{2, 1, 2}},
		{"CE over IPv6", change(six, 2, func(p []byte) { p[1] |= 0x30 }), []int{2, 1, 2}},
		{"hop limit", change(six, 2, func(p []byte) { p[7]-- }), []int{2, 1, 2}},
		{"extension header", change(six, 2, func(p []byte) { p[6] = 60 }), []int{2, 1, 2}},
		{"not of its length", func() [][]byte { ps := gsotest.Stream(tcp, 3, 100, 0); ps[1] = ps[1][:120]; return ps }(), []int{1, 1, 1}},
		{"no IP at all", [][]byte{{}, {0x45}, make([]byte, 100), {0x60, 1, 2}}, []int{1, 1, 1, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c Coalescer
			fs := coalesced(&c, tt.ps)
			if got := describe(t, fs); !slices.Equal(got, tt.want) {
				t.Fatalf("got frames of %v packets, want %v", got, tt.want)
			}
			wantRoundTrip(t, fs, tt.ps)
			if t.Failed() {
				t.Logf("frames: %s", fmt.Sprint(fs))
			}
		})
	}
}

// Flows that alternate are joined each by itself, and one does not lose its place to another.
func TestCoalesceFlows(t *testing.T) {
	var ps [][]byte
	a := gsotest.Stream(gsotest.Spec{Flags: flagACK, TTL: 64, Port: 1}, 10, 100, 0)
	b := gsotest.Stream(gsotest.Spec{Flags: flagACK, TTL: 64, Port: 2}, 10, 200, 0)
	u := gsotest.Stream(gsotest.Spec{UDP: true, TTL: 64, Port: 1}, 10, 300, 0)
	ack := gsotest.Spec{Flags: flagACK, TTL: 64, Port: 3}.Packet()
	for i := range a {
		ps = append(ps, a[i], b[i], u[i], ack)
	}
	var c Coalescer
	if got := describe(t, coalesced(&c, ps)); len(got) != 13 || got[0] != 10 || got[1] != 10 || got[2] != 10 {
		t.Errorf("got frames of %v packets, want three of 10 and the acknowledgments", got)
	}
	c.Off[UDP] = true
	if got := describe(t, coalesced(&c, ps)); len(got) != 22 {
		t.Errorf("got frames of %v packets, want the datagrams alone", got)
	}
}

// A kernel that refuses a frame gets the packets as they were.
func TestUndo(t *testing.T) {
	for _, s := range []gsotest.Spec{{Flags: flagACK}, {IPv6: true, Flags: flagACK, Options: make([]byte, 40)}, {UDP: true}, {IPv6: true, UDP: true}} {
		ps := gsotest.Stream(s, 5, 100, 30)
		var own [][]byte
		for _, p := range ps {
			own = append(own, bytes.Clone(p))
		}
		var c Coalescer
		if n := c.Coalesce(own); n != 1 {
			t.Fatalf("%+v: got %d frames, want 1", s, n)
		}
		c.Frame(0)
		if got := c.Undo(0); !slices.EqualFunc(got, ps, bytes.Equal) {
			t.Errorf("%+v: got % x, want % x", s, got, ps)
		}
	}
}

// wantRoundTrip cuts frames again and fails unless the packets are those that they were made of, in the order of their flow.
func wantRoundTrip(t testing.TB, fs []Frame, ps [][]byte) {
	t.Helper()
	var got [][]byte
	for _, f := range fs {
		got = append(got, cut(t, Frame{bytes.Clone(f.Data), f.Offload})...)
	}
	if len(got) != len(ps) {
		t.Fatalf("got %d packets, want %d", len(got), len(ps))
	}
	// Frames are in the order of their first packets: a stable sort by flow makes both orders one.
	byFlow := func(a, b []byte) int { return bytes.Compare(ends(a), ends(b)) }
	want := slices.Clone(ps)
	slices.SortStableFunc(got, byFlow)
	slices.SortStableFunc(want, byFlow)
	for i := range got {
		if !bytes.Equal(anyID(got[i]), anyID(want[i])) {
			t.Fatalf("packet %d: got % x\nwant % x", i, got[i], want[i])
		}
	}
}

// ends is the addresses, the protocol and the ports of a packet.
func ends(p []byte) []byte {
	switch {
	case len(p) >= 24 && p[0]>>4 == 4:
		return append(bytes.Clone(p[12:24]), p[9])
	case len(p) >= 44 && p[0]>>4 == 6:
		return append(bytes.Clone(p[8:44]), p[6])
	}
	return nil
}

// anyID is a packet whose identification is not looked at where it means nothing: of IPv4 that is not to be fragmented.
func anyID(p []byte) []byte {
	if len(p) < 20 || p[0] != 0x45 || p[6] != 0x40 || p[7] != 0 || gsotest.Sum(p[:20]...) != 0xffff {
		return p
	}
	p = bytes.Clone(p)
	p[4], p[5], p[10], p[11] = 0, 0, 0, 0
	return p
}
