package esp

import (
	"bytes"
	"testing"
)

// What a Sealer makes is what the RFCs say, for every suite and length, and an Opener gives back what went in.
func TestSealed(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		p.FirstSeq = 1<<32 - 3 // so that the high half of an extended number matters
		if !p.ESN {
			p.FirstSeq = 5
		}
		s, o := newSealer(t, p), newOpener(t, p)
		seq := p.FirstSeq
		for _, n := range []int{20, 21, 22, 23, 24, 28, 36, 40, 64, 511, 512, 513, 1400, 9000, 65535} {
			for _, next := range []uint8{4, 41} {
				if next == 41 && n < 40 {
					continue
				}
				seq++
				inner := ping(n)
				if next == 41 {
					inner = ping6(n)
				}
				got := sealOne(t, s, inner, next)
				l := p.Suite.layout()
				want := reference(p, seq, got[headerLen:headerLen+l.iv], padded(p.Suite, inner, next))
				if !bytes.Equal(got, want) || len(got) != s.SealedLen(n) || len(got) != p.Suite.SealedLen(n) {
					t.Fatalf("%d octets: got  %x\nwant %x", n, got, want)
				}
				if s.Sent() != seq || s.SPI() != p.SPI || s.Suite() != p.Suite {
					t.Fatalf("sent %d, SPI %v, suite %v; want %d, %v, %v", s.Sent(), s.SPI(), s.Suite(), seq, p.SPI, p.Suite)
				}
				f := openOne(o, got)
				if f.Err != nil || f.Next != next || !bytes.Equal(f.Data, inner) {
					t.Fatalf("%d octets: opened %v, next header %d, %x", n, f.Err, f.Next, f.Data)
				}
			}
		}
		sealInPlace(t, s, o)
		if f := openOne(o, sealOne(t, s, nil, 59)); f.Err != nil || f.Next != 59 || len(f.Data) != 0 {
			t.Errorf("dummy packet: opened %v, next header %d, %x", f.Err, f.Next, f.Data)
		}
	})
}

// sealInPlace seals packets where they are.
func sealInPlace(t *testing.T, s *Sealer, o *Opener) {
	t.Helper()
	const before = 7
	dst := make([]byte, before, 4096)
	at := before
	var frames []Frame
	sizes := []int{100, 20, 21, 99}
	for _, n := range sizes {
		inner := dst[at+s.HeaderLen() : at+s.HeaderLen()+n : cap(dst)]
		copy(inner, ping(n))
		frames = append(frames, Frame{Data: inner, Next: 4})
		at += s.SealedLen(n)
	}
	if dst = s.Seal(new(Scratch), dst, frames); len(dst) != at {
		t.Fatalf("in place: got %d octets, want %d", len(dst), at)
	}
	at = before
	for i, n := range sizes {
		f := &frames[i]
		if f.Err != nil || len(f.Data) != s.SealedLen(n) || &f.Data[0] != &dst[at] {
			t.Fatalf("in place, packet %d: got %v, %d octets, want %d where the packet was", i, f.Err, len(f.Data), s.SealedLen(n))
		}
		at += len(f.Data)
		if g := openOne(o, f.Data); g.Err != nil || !bytes.Equal(g.Data, ping(n)) {
			t.Fatalf("in place, packet %d: opened %v, %x; want %x", i, g.Err, g.Data, ping(n))
		}
	}
}

func TestMaxInner(t *testing.T) {
	for _, s := range suites() {
		for n := range 200 {
			m := s.MaxInner(n)
			if m > 0 && s.SealedLen(m) > n || s.SealedLen(m+1) <= n {
				t.Errorf("%v: at most %d of %d octets, which seal to %d, and one more to %d", s, m, n, s.SealedLen(m), s.SealedLen(m+1))
			}
		}
	}
}

// No IV comes twice, and those of CBC are not predictable by being equal across SAs.
func TestIVs(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		l := p.Suite.layout()
		if l.iv == 0 {
			t.Skip("has no IV")
		}
		a, b := newSealer(t, p), newSealer(t, p)
		seen := make(map[string]bool)
		for range 300 {
			iv := string(l.ivOf(sealOne(t, a, ping(20), 4)))
			if seen[iv] {
				t.Fatalf("IV %x twice", iv)
			}
			seen[iv] = true
			if other := string(l.ivOf(sealOne(t, b, ping(20), 4))); p.Suite.Encr == ENCR_AES_CBC && other == iv {
				t.Fatalf("two SAs use the same IV %x", iv)
			}
		}
	})
}

// The sequence number stops at its end, for ever (RFC 4303 §3.3.3).
func TestSequenceEnds(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		last := p.lastSeq()
		p.FirstSeq = last - 3
		s := newSealer(t, p)
		frames := make([]Frame, 5)
		for i := range frames {
			frames[i] = Frame{Data: ping(20 + i), Next: 4}
		}
		s.Seal(new(Scratch), make([]byte, 0, 4096), frames)
		for i, f := range frames {
			if want := i >= 3; (f.Err == ErrSeqExhausted) != want || f.Err != nil && !want {
				t.Errorf("frame %d: got %v", i, f.Err)
			}
			if i >= 3 && !bytes.Equal(f.Data, ping(20+i)) {
				t.Errorf("frame %d was not sealed and is changed", i)
			}
		}
		for range 3 {
			again := []Frame{{Data: ping(20), Next: 4}}
			s.Seal(new(Scratch), make([]byte, 0, 4096), again)
			if again[0].Err != ErrSeqExhausted || s.Sent() != last || s.Left() != 0 {
				t.Errorf("got %v, sent %d, left %d; want %v for ever", again[0].Err, s.Sent(), s.Left(), ErrSeqExhausted)
			}
		}
	})
}

// A packet that does not fit takes no number and leaves no gap.
func TestNoRoom(t *testing.T) {
	p := testParams(suites()[0], false)
	s := newSealer(t, p)
	small, large := s.SealedLen(40), s.SealedLen(1000)
	frames := []Frame{{Data: ping(40), Next: 4}, {Data: ping(1000), Next: 4}, {Data: ping(40), Next: 4}, {Data: ping(40), Next: 4}}
	dst := make([]byte, 3, 3+2*small+large/2)
	out := s.Seal(new(Scratch), dst, frames)
	for i, want := range []error{nil, ErrNoRoom, nil, nil} {
		if frames[i].Err != want {
			t.Errorf("frame %d: got %v, want %v", i, frames[i].Err, want)
		}
	}
	if len(out) != 3+3*small || cap(out) != cap(dst) || s.Sent() != 3 {
		t.Errorf("got %d octets of %d, sent %d; want %d, and 3 numbers", len(out), cap(out), s.Sent(), 3+3*small)
	}
	if got := frames[3].Data[seqAt+3]; got != 3 {
		t.Errorf("the last packet has number %d, want 3", got)
	}
	if again := s.Seal(new(Scratch), nil, []Frame{{Data: ping(20)}}); len(again) != 0 || s.Sent() != 3 {
		t.Errorf("got %d octets in no room, sent %d", len(again), s.Sent())
	}
}

// Room is counted down over a batch, to the octet, and what does not fit does not take the last numbers from what does.
func TestRoomAndNumbers(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		small := p.Suite.SealedLen(40)
		for _, tt := range []struct {
			name       string
			room, left int
			want       []error
		}{
			{"exact", 3 * small, 9, []error{nil, nil, nil}},
			{"an octet short", 3*small - 1, 9, []error{nil, nil, ErrNoRoom}},
			{"an octet more than two", 2*small + 1, 9, []error{nil, nil, ErrNoRoom}},
			{"one", small, 9, []error{nil, ErrNoRoom, ErrNoRoom}},
			{"none", 0, 9, []error{ErrNoRoom, ErrNoRoom, ErrNoRoom}},
			{"numbers end first", 3 * small, 1, []error{nil, ErrSeqExhausted, ErrSeqExhausted}},
			{"both end", 2 * small, 1, []error{nil, ErrSeqExhausted, ErrNoRoom}},
		} {
			p.FirstSeq = p.lastSeq() - uint64(tt.left)
			s, arena := newSealer(t, p), make([]byte, tt.room, tt.room+small) // behind room there is what is not ours
			frames := []Frame{{Data: ping(40), Next: 4}, {Data: ping(40), Next: 4}, {Data: ping(40), Next: 4}}
			out := s.Seal(new(Scratch), arena[:0:tt.room], frames)
			sealed := 0
			for i, want := range tt.want {
				if frames[i].Err != want {
					t.Errorf("%s: frame %d: got %v, want %v", tt.name, i, frames[i].Err, want)
				}
				if want == nil {
					sealed++
				}
			}
			if len(out) != sealed*small || s.Left() != uint64(tt.left-sealed) {
				t.Errorf("%s: got %d octets, %d numbers left; want %d, %d", tt.name, len(out), s.Left(), sealed*small, tt.left-sealed)
			}
			if rest := arena[:cap(arena)][tt.room:]; !bytes.Equal(rest, make([]byte, len(rest))) {
				t.Errorf("%s: wrote behind dst", tt.name)
			}
		}
	})
}
