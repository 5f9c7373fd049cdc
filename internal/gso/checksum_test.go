package gso

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"seikan/internal/gso/gsotest"
)

// checkSums holds all ways to sum b up against the definition.
func checkSums(t *testing.T, b []byte) {
	t.Helper()
	same := func(got, want uint16) bool { return got == want || got == 0xffff && want == 0 } // the two zeros
	want := gsotest.Sum(b...)
	if got := fold(sum(b, 0)); !same(got, want) {
		t.Errorf("%d octets: got %#x, want %#x", len(b), got, want)
	}
	if got := fold(sumWords(b, 0)); !same(got, want) {
		t.Errorf("%d octets in words: got %#x, want %#x", len(b), got, want)
	}
	dst := bytes.Repeat([]byte{0xa5}, len(b)+8)
	if got := fold(copySum(dst, b)); !same(got, want) || !bytes.Equal(dst[:len(b)], b) || !bytes.Equal(dst[len(b):], bytes.Repeat([]byte{0xa5}, 8)) {
		t.Errorf("%d octets copied: got %#x, % x; want %#x, % x and nothing behind it", len(b), got, dst, want, b)
	}
	with := [2]byte{0xfe, 0xdc}
	want = gsotest.Sum(append(with[:], b...)...)
	if got := fold(sum(b, sum(with[:], 0))); !same(got, want) {
		t.Errorf("%d octets behind two: got %#x, want %#x", len(b), got, want)
	}
}

func TestSum(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	for n := range 700 {
		b := make([]byte, n+n%32)[n%32:] // begins anywhere in a vector
		checkSums(t, b)
		random.Read(b)
		checkSums(t, b)
		for i := range b {
			b[i] = 0xff
		}
		checkSums(t, b)
	}
	checkSums(t, bytes.Repeat([]byte{0xff, 0xfe}, maxPacket/2))
}

func FuzzSum(f *testing.F) {
	f.Add(gsotest.Octets(1386))
	f.Add(bytes.Repeat([]byte{0xff}, 129))
	f.Fuzz(checkSums)
}

func BenchmarkSum(b *testing.B) {
	for _, n := range []int{20, 64, 1386} {
		p, dst := gsotest.Octets(n), make([]byte, n)
		b.Run(fmt.Sprintf("size=%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				sum(p, 0)
			}
		})
		b.Run(fmt.Sprintf("copy/size=%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				copySum(dst, p)
			}
		})
	}
}
