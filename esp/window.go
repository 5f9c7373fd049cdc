package esp

import "fmt"

// Window is the anti-replay window of one inbound SA (RFC 4303 §3.4.3, appendix A). It remembers which of the last Size
// numbers up to the greatest one were received. Made by NewWindow; the zero value is not ready. Not safe for concurrent use.
//
// The bits are a ring of words (RFC 6479): number n has bit n mod 64 of word n/64, modulo the length of the ring. The ring
// is longer than the window by a word or more, so that the window moves by clearing words and shifts nothing.
type Window struct {
	words []uint64 // a power of two
	size  uint64
	top   uint64 // greatest number received
}

// NewWindow makes a window of size packets, 64 to 8192 and a multiple of 64. Number last, and all before it, count as
// received; 0 is no packet's number, and so what a new SA begins with.
func NewWindow(size int, last uint64) (*Window, error) {
	w, err := newWindow(size, last)
	if err != nil {
		return nil, fmt.Errorf("esp: %w", err)
	}
	return &w, nil
}

func newWindow(size int, last uint64) (Window, error) {
	if size < minWindow || size > maxWindow || size%64 != 0 {
		return Window{}, fmt.Errorf("replay window of %d packets: want 64 to 8192, a multiple of 64", size)
	}
	n := 2
	for n*64 < size+64 {
		n *= 2
	}
	w := Window{words: make([]uint64, n), size: uint64(size), top: last}
	for i := range w.words {
		w.words[i] = ^uint64(0)
	}
	*w.word(last) >>= 63 - last%64 // what comes after last was not received
	return w, nil
}

// Size is the number of packets in the window.
func (w *Window) Size() int { return int(w.size) }

// Extend finds the 64-bit number whose low half a packet carries (RFC 4303 appendix A2.2): the first one that is not left
// of the window.
func (w *Window) Extend(low uint32) uint64 {
	var left uint64 // edge of the window
	if w.top >= w.size {
		left = w.top - w.size + 1
	}
	return left + uint64(low-uint32(left))
}

// Check reports whether a packet with number seq may be received: nil, ErrReplay or ErrStale. It changes nothing.
func (w *Window) Check(seq uint64) error {
	switch {
	case seq > w.top:
		return nil
	case w.top-seq >= w.size:
		return ErrStale
	case *w.word(seq)&(1<<(seq%64)) != 0:
		return ErrReplay
	}
	return nil
}

// Commit marks seq as received, and moves the window if it is the greatest one yet. It is for packets whose ICV has been
// verified (RFC 4303 §3.4.3). Where Check would report an error by now, Commit does, and changes nothing.
func (w *Window) Commit(seq uint64) error {
	if err := w.Check(seq); err != nil {
		return err
	}
	if seq > w.top {
		for n := min(seq/64-w.top/64, uint64(len(w.words))); n > 0; n-- {
			*w.word(w.top + n*64) = 0
		}
		w.top = seq
	}
	*w.word(seq) |= 1 << (seq % 64)
	return nil
}

// word is where seq has its bit.
func (w *Window) word(seq uint64) *uint64 { return &w.words[seq/64&uint64(len(w.words)-1)] }
