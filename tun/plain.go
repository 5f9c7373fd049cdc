package tun

import (
	"errors"

	wgtun "golang.zx2c4.com/wireguard/tun"
)

// Plain is a device that moves packets by themselves. Every device of golang.zx2c4.com/wireguard/tun is one: Read and Write are
// described there.
type Plain interface {
	Read(bufs [][]byte, sizes []int, offset int) (int, error)
	Write(bufs [][]byte, offset int) (int, error)
	BatchSize() int
	Close() error
}

// Adapt makes a Device of a Plain, which is the Device's from then on.
func Adapt(p Plain) Device { return adapted{p} }

type adapted struct{ Plain }

// plainHeadroom is how many octets in front of each packet a Plain may use.
const plainHeadroom = 16

// A slot takes the largest packet, and has room behind a small one: a device may join the segments of a TCP stream there. It is
// longer than a power of two so that neighbors do not share cache sets.
const slotLen = 64<<10 + 2<<10

// plainBatch is how many packets are written at once.
const plainBatch = 64

// newSlots makes n buffers.
func newSlots(n int) [][]byte {
	mem := make([]byte, n*slotLen)
	slots := make([][]byte, n)
	for i := range slots {
		slots[i] = mem[i*slotLen : (i+1)*slotLen : (i+1)*slotLen]
	}
	return slots
}

func (a adapted) NewReader() Reader {
	n := max(1, a.BatchSize())
	return &plainReader{dev: a.Plain, slots: newSlots(n), sizes: make([]int, n), frames: make([]Frame, 0, n)}
}

func (a adapted) NewWriter() Writer {
	return &plainWriter{dev: a.Plain, slots: newSlots(plainBatch), bufs: make([][]byte, 0, plainBatch)}
}

// plainReader reads packets into slots.
type plainReader struct {
	dev    Plain
	slots  [][]byte
	sizes  []int
	frames []Frame
}

func (r *plainReader) ReadBatch() ([]Frame, error) {
	n, err := r.dev.Read(r.slots, r.sizes, plainHeadroom)
	if errors.Is(err, wgtun.ErrTooManySegments) {
		err = nil // those that fit are there; the others are lost as on a full queue
	}
	r.frames = r.frames[:0]
	for i := range n {
		end := plainHeadroom + r.sizes[i]
		r.frames = append(r.frames, Frame{Data: r.slots[i][plainHeadroom:end:end]})
	}
	return r.frames, err
}

// plainWriter copies packets to where there is the room around them that a Plain may use.
type plainWriter struct {
	dev   Plain
	slots [][]byte
	bufs  [][]byte
}

func (w *plainWriter) WriteBatch(packets [][]byte) (int, error) {
	lost := 0
	var first error
	for from := 0; from < len(packets); from += plainBatch {
		w.bufs = w.bufs[:0]
		for i, p := range packets[from:min(from+plainBatch, len(packets))] {
			n := copy(w.slots[i][plainHeadroom:], p)
			w.bufs = append(w.bufs, w.slots[i][:plainHeadroom+n])
		}
		if _, err := w.dev.Write(w.bufs, plainHeadroom); err != nil {
			lost += countErrors(err)
			if first == nil {
				first = err
			}
		}
	}
	return max(0, len(packets)-lost), first
}

// countErrors is how many errors are joined in err: a Plain writes packet by packet, and goes on after an error.
func countErrors(err error) (n int) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return 1
	}
	for _, e := range joined.Unwrap() {
		n += countErrors(e)
	}
	return n
}
