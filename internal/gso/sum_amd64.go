package gso

import "golang.org/x/sys/cpu"

// What the vectors take at a time, and how long a slice has to be for them to pay.
const (
	vectorLen   = 32
	vectorWorth = 128
)

// sum adds the ones' complement sum of b to initial: see sumWords.
func sum(b []byte, initial uint64) uint64 {
	if len(b) < vectorWorth || !cpu.X86.HasAVX2 {
		return sumWords(b, initial)
	}
	n := len(b) &^ (vectorLen - 1)
	return sumWords(b[n:], add(initial, sumAVX2(&b[0], n)))
}

// copySum copies src to the front of dst, which has room for it, and returns sum(src, 0). The two do not overlap.
func copySum(dst, src []byte) uint64 {
	dst = dst[:len(src)]
	if len(src) < vectorWorth || !cpu.X86.HasAVX2 {
		copy(dst, src)
		return sumWords(src, 0)
	}
	n := len(src) &^ (vectorLen - 1)
	s := copySumAVX2(&dst[0], &src[0], n)
	copy(dst[n:], src[n:])
	return sumWords(src[n:], s)
}

// sumAVX2 adds up the n octets from p on as 32-bit words. n is a multiple of vectorLen. It needs AVX2.
//
//go:noescape
func sumAVX2(p *byte, n int) uint64

// copySumAVX2 copies n octets besides.
//
//go:noescape
func copySumAVX2(dst, src *byte, n int) uint64
