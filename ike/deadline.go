package ike

import (
	"container/heap"
	"crypto/rand"
	"encoding/binary"
	"time"
)

// deadline is one thing that is due at a time. It is armed and disarmed on the Endpoint that owns it, any number of times.
type deadline struct {
	run   func(now time.Time, out *Output)
	of    holder
	at    time.Time
	index int // in the heap, plus one; 0: not armed
}

// deadlines is a heap, the next one due on top.
type deadlines []*deadline

func (h deadlines) Len() int           { return len(h) }
func (h deadlines) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h deadlines) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}
func (h *deadlines) Push(x any) {
	d := x.(*deadline)
	*h = append(*h, d)
	d.index = len(*h)
}
func (h *deadlines) Pop() any {
	old := *h
	d := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	d.index = 0
	return d
}

func (h *deadlines) arm(d *deadline, at time.Time) {
	d.at = at
	if d.index == 0 {
		heap.Push(h, d)
		return
	}
	heap.Fix(h, d.index-1)
}

func (h *deadlines) disarm(d *deadline) {
	if d.index != 0 {
		heap.Remove(h, d.index-1)
	}
}

// Next is when Advance has work to do; the zero time when nothing is armed.
func (e *Endpoint) Next() time.Time {
	if len(e.deadlines) == 0 {
		return time.Time{}
	}
	return e.deadlines[0].at
}

// Advance does what is due at now. A call that comes early does nothing.
func (e *Endpoint) Advance(now time.Time, out *Output) {
	for len(e.deadlines) > 0 && !e.deadlines[0].at.After(now) {
		d := heap.Pop(&e.deadlines).(*deadline)
		e.guard(now, Faulted{Own: true}, d.of, out, func() { d.run(now, out) })
	}
}

// between is a random time between lo and hi hundredths of d, so that peers and SAs do not act in step.
func between(d time.Duration, lo, hi int) time.Duration {
	var b [4]byte
	rand.Read(b[:])
	share := float64(lo) + float64(hi-lo)*float64(binary.BigEndian.Uint32(b[:]))/(1<<32)
	return time.Duration(float64(d) * share / 100)
}
