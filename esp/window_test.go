package esp

import (
	"math/rand/v2"
	"testing"
)

// naive is a window that remembers everything.
type naive struct {
	size, top uint64
	seen      map[uint64]bool
	from      uint64 // this and all before count as received
}

func (n *naive) check(seq uint64) error {
	switch {
	case seq > n.top:
		return nil
	case n.top-seq >= n.size:
		return ErrStale
	case seq <= n.from || n.seen[seq]:
		return ErrReplay
	}
	return nil
}

func (n *naive) commit(seq uint64) error {
	if err := n.check(seq); err != nil {
		return err
	}
	n.seen[seq] = true
	n.top = max(n.top, seq)
	return nil
}

func TestWindowModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := 64; size <= 8192; size += 64 {
		for _, start := range []uint64{0, 1, 63, 64, 1<<32 - 200, 5 << 32, 1<<64 - 1 - 50000} {
			w, err := NewWindow(size, start)
			if err != nil {
				t.Fatal(err)
			}
			if w.Size() != size {
				t.Fatalf("size %d, want %d", w.Size(), size)
			}
			n := &naive{uint64(size), start, map[uint64]bool{}, start}
			for range 600 {
				var seq uint64
				switch r.IntN(10) {
				case 0:
					seq = n.top + r.Uint64N(uint64(3*size)) // a jump, up to over the window
				case 1, 2, 3:
					seq = n.top + r.Uint64N(4)
				default:
					seq = n.top - r.Uint64N(uint64(size)+70)
				}
				if seq > 1<<64-2 || seq > n.top+1<<20 { // it wrapped
					continue
				}
				if got, want := w.Check(seq), n.check(seq); got != want {
					t.Fatalf("size %d, top %d: check %d: got %v, want %v", size, n.top, seq, got, want)
				}
				if r.IntN(3) > 0 {
					if got, want := w.Commit(seq), n.commit(seq); got != want {
						t.Fatalf("size %d, top %d: commit %d: got %v, want %v", size, n.top, seq, got, want)
					}
				}
			}
		}
	}
}

func TestWindowExtend(t *testing.T) {
	const high = 1 << 32
	for _, tt := range []struct {
		top  uint64
		low  uint32
		want uint64
	}{
		{0, 1, 1}, {0, 1<<32 - 1, 1<<32 - 1}, {10, 5, 5}, {10, 10, 10}, {63, 0, 0},
		{64, 0, high}, {64, 1, 1},
		{high - 1, 0, high}, {high - 1, 1<<32 - 64, high - 64}, {high - 1, 1<<32 - 65, 2*high - 65},
		{high + 10, 5, high + 5}, {high + 10, 1<<32 - 10, high - 10}, {high + 10, 1<<32 - 60, 2*high - 60},
		{5*high + 1000, 1001, 5*high + 1001}, {5*high + 1000, 900, 6*high + 900},
	} {
		w, err := NewWindow(64, tt.top)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Extend(tt.low); got != tt.want {
			t.Errorf("top %d, low %d: got %d, want %d", tt.top, tt.low, got, tt.want)
		}
	}
}

// extended is RFC 4303 appendix A2.2, with its names: Th and Tl are the halves of the greatest number, W is the size.
func extended(top, size uint64, seql uint32) uint64 {
	th, tl, w := top>>32, top&(1<<32-1), size
	seqh := th
	if tl >= w-1 { // case A: the window lies within one subspace
		if uint64(seql) < tl-w+1 {
			seqh = th + 1
		}
	} else if th > 0 && uint64(seql) >= (1<<32+tl-w+1)&(1<<32-1) { // case B: it spans two
		seqh = th - 1
	}
	return seqh<<32 | uint64(seql)
}

// Extend agrees with the RFC's cases, and finds each number that is in the window or less than 2^32 right of its left edge.
func TestWindowExtendModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for size := uint64(64); size <= 8192; size += 64 {
		tops := []uint64{0, 1, size - 2, size - 1, size, size + 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + size - 2, 1<<32 + size - 1, 1<<32 + size, 1<<63 - 1}
		for range 20 {
			tops = append(tops, 1<<32-size+r.Uint64N(2*size), r.Uint64()>>1)
		}
		for _, top := range tops {
			w := Window{size: size, top: top}
			left := top - min(top, size-1)
			for _, off := range []uint64{0, 1, size - 2, size - 1, size, size + 1, 1 << 31, 1<<32 - size, 1<<32 - 1, r.Uint64N(2 * size), r.Uint64N(1 << 32)} {
				if got, want := w.Extend(uint32(left+off)), left+off; got != want {
					t.Fatalf("size %d, top %d: got %d, want %d", size, top, got, want)
				}
				if got, want := w.Extend(uint32(left+off)), extended(top, size, uint32(left+off)); got != want {
					t.Fatalf("size %d, top %d: got %d, RFC 4303 says %d", size, top, got, want)
				}
			}
		}
	}
}

// At the end of the numbers Extend comes to small ones, which are stale.
func TestWindowLast(t *testing.T) {
	w, err := NewWindow(64, 1<<64-3)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		low  uint32
		want error
	}{{1<<32 - 2, nil}, {1<<32 - 1, nil}, {1<<32 - 1, ErrReplay}, {1<<32 - 2, ErrReplay}, {0, ErrStale}, {1, ErrStale}, {1<<32 - 65, ErrStale}, {1<<32 - 64, ErrReplay}} {
		if got := w.Commit(w.Extend(tt.low)); got != tt.want {
			t.Errorf("low half %#x: got %v, want %v", tt.low, got, tt.want)
		}
	}
}
