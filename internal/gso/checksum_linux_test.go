package gso

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Nothing is read or written beyond the ends of the slices, where there may be no memory.
func TestSumStaysInside(t *testing.T) {
	page := os.Getpagesize()
	fenced := func() []byte {
		m, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Munmap(m) })
		for _, fence := range [][]byte{m[:page], m[2*page:]} {
			if err := unix.Mprotect(fence, unix.PROT_NONE); err != nil {
				t.Fatal(err)
			}
		}
		return m[page : 2*page]
	}
	src, dst := fenced(), fenced()
	for n := range 600 {
		sum(src[:n], 0)
		sum(src[page-n:], 0)
		copySum(dst[:n], src[page-n:])
		copySum(dst[page-n:], src[:n])
	}
}
