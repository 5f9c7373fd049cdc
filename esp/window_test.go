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
	for _, size := range []int{64, 128, 192, 1024, 4096, 8192} {
		for _, start := range []uint64{0, 1, 63, 64, 1<<32 - 200, 5 << 32, 1<<64 - 1 - 50000} {
			w, err := NewWindow(size, start)
			if err != nil {
				t.Fatal(err)
			}
			if w.Size() != size {
				t.Fatalf("size %d, want %d", w.Size(), size)
			}
			n := &naive{uint64(size), start, map[uint64]bool{}, start}
			for range 8000 {
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
