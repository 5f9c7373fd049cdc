//go:build !amd64

package gso

// sum adds the ones' complement sum of b to initial: see sumWords.
func sum(b []byte, initial uint64) uint64 { return sumWords(b, initial) }

// copySum copies src to the front of dst, which has room for it, and returns sum(src, 0). The two do not overlap.
func copySum(dst, src []byte) uint64 {
	copy(dst[:len(src)], src)
	return sumWords(src, 0)
}
