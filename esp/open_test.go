package esp

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// openErr opens a copy and fails the test if anything but err comes out, or if anything of the inner packet shows in spite of it.
func openErr(t *testing.T, o *Opener, p, inner []byte, err error, what string) {
	t.Helper()
	buf := bytes.Clone(p)
	f := []Frame{{Data: buf, Next: 99}}
	o.Open(new(Scratch), f)
	if f[0].Err != err {
		t.Fatalf("%s: got %v, want %v", what, f[0].Err, err)
	}
	if f[0].Next != 99 || len(f[0].Data) != len(buf) || len(buf) > 0 && &f[0].Data[0] != &buf[0] {
		t.Fatalf("%s: the frame is changed as if it were opened: next header %d, %d of %d octets", what, f[0].Next, len(f[0].Data), len(buf))
	}
	if o.suite.Encr == ENCR_NULL {
		return // nothing is secret
	}
	const part = 8
	for i := 0; i+part <= len(inner); i++ {
		if bytes.Contains(buf, inner[i:i+part]) {
			t.Fatalf("%s: octets %d to %d of the inner packet were released", what, i, i+part)
		}
	}
}

// Whatever is changed in a packet, it does not authenticate, nothing of it is released, and the window stays.
func TestForgeries(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		inner := ping(61)
		o := newOpener(t, p)
		p.FirstSeq = 1 << 31 // no flipped bit makes the next number one that was received
		s := newSealer(t, p)
		good, second := sealOne(t, s, inner, 4), sealOne(t, s, ping6(61), 41)
		p.FirstSeq = 0
		for i := range good {
			for bit := range 8 {
				bad := bytes.Clone(good)
				bad[i] ^= 1 << bit
				want := ErrICV
				if i < seqAt {
					want = ErrSPI
				}
				openErr(t, o, bad, inner, want, "a flipped bit")
			}
		}
		l := p.Suite.layout()
		openErr(t, o, append(bytes.Clone(good), make([]byte, p.Suite.layout().block)...), inner, ErrICV, "longer")
		for _, fill := range []byte{0, 0xff} {
			bad := bytes.Clone(good)
			copy(l.icvOf(bad), bytes.Repeat([]byte{fill}, l.icv))
			openErr(t, o, bad, inner, ErrICV, "a constant ICV")
		}
		for _, part := range [][2]int{{seqAt, headerLen}, {headerLen, headerLen + l.iv}, {headerLen + l.iv, len(good) - l.icv}, {len(good) - l.icv, len(good)}} {
			if part[0] == part[1] {
				continue // it has no IV
			}
			bad := bytes.Clone(good)
			copy(bad[part[0]:part[1]], second[part[0]:])
			openErr(t, o, bad, inner, ErrICV, "a part of another packet")
		}
		q := p
		q.ESN = !p.ESN
		openErr(t, newOpener(t, q), good, inner, ErrICV, "ESN")
		q = p
		q.Key, q.Auth = bytes.Clone(p.Key), bytes.Clone(p.Auth)
		if key := q.Auth; len(key) > 0 { // integrity has a key of its own
			key[3] ^= 1
		} else {
			q.Key[3] ^= 1
		}
		openErr(t, newOpener(t, q), good, inner, ErrICV, "another key")
		if f := openOne(o, good); f.Err != nil || !bytes.Equal(f.Data, inner) { // the window has not moved, and the algorithm's state is not spoilt
			t.Fatalf("the good one after all that: %v", f.Err)
		}
		openErr(t, o, good, nil, ErrReplay, "a replay")
	})
}

// A packet that lacks octets is too short, or does not authenticate where whole blocks are missing.
func TestTruncated(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		inner := ping(61)
		o, good := newOpener(t, p), sealOne(t, newSealer(t, p), inner, 4)
		cut := func(packet []byte, what string) {
			want := ErrShort
			if p.Suite.layout().whole(len(packet)) {
				want = ErrICV
			}
			openErr(t, o, packet, inner, want, what)
		}
		for n := range good {
			cut(good[:n], "cut at the end")
		}
		for n := headerLen + 1; n < len(good); n++ {
			cut(append(bytes.Clone(good[:headerLen]), good[n:]...), "cut behind the header")
		}
		if f := openOne(o, good); f.Err != nil || !bytes.Equal(f.Data, inner) {
			t.Errorf("the whole one after all that: %v", f.Err)
		}
	})
}

// The padding must be 1, 2, 3, ... and fit (RFC 4303 §2.4).
func TestPadding(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false)
	for i, tt := range []struct {
		name string
		body []byte
		want error
		data []byte
	}{
		{"none", []byte{9, 9, 0, 17}, nil, []byte{9, 9}},
		{"two", []byte{9, 9, 9, 9, 1, 2, 2, 17}, nil, []byte{9, 9, 9, 9}},
		{"nothing else", []byte{1, 2, 2, 59}, nil, []byte{}},
		{"begins with 0", []byte{9, 9, 9, 9, 0, 1, 2, 17}, ErrPadding, nil},
		{"not ascending", []byte{9, 9, 9, 9, 1, 1, 2, 17}, ErrPadding, nil},
		{"longer than the packet", []byte{1, 2, 3, 17}, ErrPadding, nil},
		{"as long as can be said", []byte{9, 9, 255, 17}, ErrPadding, nil},
	} {
		packet := reference(p, uint64(i+1), testIV(p.Suite), tt.body)
		if f := openOne(newOpener(t, p), packet); f.Err != tt.want || tt.want == nil && !bytes.Equal(f.Data, tt.data) {
			t.Errorf("%s: got %v, %x; want %v, %x", tt.name, f.Err, f.Data, tt.want, tt.data)
		}
	}
	long := make([]byte, 0, 300)
	long = append(long, 9)
	for i := 1; i <= 253; i++ {
		long = append(long, byte(i))
	}
	long = append(long, 253, 4)
	if f := openOne(newOpener(t, p), reference(p, 1, testIV(p.Suite), long)); f.Err != nil || !bytes.Equal(f.Data, []byte{9}) {
		t.Errorf("253 octets of padding: got %v, %d octets", f.Err, len(f.Data))
	}
}

// What stands behind the packet by its own account is padding for traffic flow confidentiality (RFC 4303 §2.7).
func TestTFCPadding(t *testing.T) {
	v6 := make([]byte, 48)
	v6[0], v6[5] = 0x60, 8
	for i, tt := range []struct {
		name  string
		inner []byte
		next  uint8
		keep  int
	}{
		{"IPv4", append(ping(40), make([]byte, 100)...), 4, 40},
		{"IPv6", append(v6, make([]byte, 100)...), 41, 48},
		{"IPv4 that is longer than it is", ping(40)[:30], 4, 30},
		{"IPv6 in the name of IPv4", append(bytes.Clone(v6), make([]byte, 12)...), 4, 60},
		{"no IP", make([]byte, 64), 4, 64},
		{"short", []byte{0x45, 0}, 4, 2},
		{"dummy", make([]byte, 64), 59, 64},
	} {
		p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 256}, true)
		packet := reference(p, uint64(i+1), testIV(p.Suite), padded(p.Suite, tt.inner, tt.next))
		if f := openOne(newOpener(t, p), packet); f.Err != nil || len(f.Data) != tt.keep {
			t.Errorf("%s: got %v, %d octets, want %d", tt.name, f.Err, len(f.Data), tt.keep)
		}
	}
}

// One batch has good packets, forged ones, duplicates and short ones; each is judged for itself. It is longer than a run.
func TestBatch(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_CBC, KeyBits: 128, Integ: AUTH_HMAC_SHA2_256_128}, true)
	p.Window = 1024
	s, o := newSealer(t, p), newOpener(t, p)
	var frames []Frame
	var want []error
	for i := range 300 {
		b := sealOne(t, s, ping(20+i), 4)
		switch i % 5 {
		case 1:
			frames, want = append(frames, Frame{Data: bytes.Clone(b)}), append(want, nil)
			frames, want = append(frames, Frame{Data: b}), append(want, ErrReplay)
			continue
		case 2:
			b[len(b)-1] ^= 1
			want = append(want, ErrICV)
		case 3:
			b = b[:7]
			want = append(want, ErrShort)
		case 4:
			b[0] ^= 1
			want = append(want, ErrSPI)
		default:
			want = append(want, nil)
		}
		frames = append(frames, Frame{Data: b})
	}
	starts := make([]*byte, len(frames))
	for i := range frames {
		if len(frames[i].Data) > o.HeaderLen() {
			starts[i] = &frames[i].Data[o.HeaderLen()]
		}
	}
	o.Open(new(Scratch), frames)
	for i, f := range frames {
		if f.Err != want[i] {
			t.Errorf("frame %d: got %v, want %v", i, f.Err, want[i])
		}
		if f.Err == nil && &f.Data[0] != starts[i] {
			t.Errorf("frame %d: the inner packet is not HeaderLen octets into the packet", i)
		}
	}
}

// Anti-replay off takes a packet any number of times, in any order (RFC 4303 §3.4.3).
func TestNoAntiReplay(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_CHACHA20_POLY1305}, false)
	p.Window = -1
	s, o := newSealer(t, p), newOpener(t, p)
	first := sealOne(t, s, ping(20), 4)
	for range 200 {
		if f := openOne(o, sealOne(t, s, ping(20), 4)); f.Err != nil {
			t.Fatal(f.Err)
		}
		if f := openOne(o, first); f.Err != nil {
			t.Fatalf("an old one: %v", f.Err)
		}
	}
}

// With ESN the number that a packet carries half of is found again over the edges of 2^32 (RFC 4303 appendix A).
func TestESNEdges(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, true)
	p.FirstSeq = 3<<32 - 100
	s, o := newSealer(t, p), newOpener(t, p)
	var all [][]byte
	for range 200 {
		all = append(all, sealOne(t, s, ping(20), 4))
	}
	for i := range all { // pairs out of order, so that both sides of the edge are met from both sides
		if f := openOne(o, all[i^1]); f.Err != nil {
			t.Fatalf("number %d: %v", p.FirstSeq+uint64(i^1)+1, f.Err)
		}
	}
	for i, b := range all {
		want := ErrReplay
		if i < len(all)-64 {
			want = ErrICV // taken for a number of the next 2^32: it is left of the window
		}
		if f := openOne(o, b); f.Err != want {
			t.Fatalf("packet %d again: got %v, want %v", i, f.Err, want)
		}
	}
	if seq := binary.BigEndian.Uint32(all[99][seqAt:]); seq != 0 {
		t.Fatalf("the test does not cross the edge: %d", seq)
	}
}

// A number that was received, or is left of the window, ends it before the packet is authenticated (RFC 4303 §3.4.3): the forged
// ICV is not looked at, and no octet of the packet is changed.
func TestReplayCheckedFirst(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		s, o := newSealer(t, p), newOpener(t, p)
		var all [][]byte
		for range 80 {
			all = append(all, sealOne(t, s, ping(40), 4))
		}
		for _, i := range []int{0, 20, 79} {
			if f := openOne(o, all[i]); f.Err != nil {
				t.Fatalf("packet %d: %v", i, f.Err)
			}
		}
		for _, tt := range []struct {
			packet int
			want   error
		}{{20, ErrReplay}, {79, ErrReplay}, {0, ErrStale}, {15, ErrStale}, {16, ErrICV}, {78, ErrICV}} {
			bad := bytes.Clone(all[tt.packet])
			bad[len(bad)-1] ^= 1
			want := tt.want
			if p.ESN && want == ErrStale { // it is taken for a number of the next 2^32
				want = ErrICV
			}
			f := []Frame{{Data: bytes.Clone(bad)}}
			o.Open(new(Scratch), f)
			if f[0].Err != want || want == ErrReplay && !bytes.Equal(f[0].Data, bad) {
				t.Errorf("packet %d with a forged ICV: got %v, want %v", tt.packet, f[0].Err, want)
			}
		}
		if o.window.top != 80 {
			t.Errorf("the window is at %d, want 80", o.window.top)
		}
	})
}
