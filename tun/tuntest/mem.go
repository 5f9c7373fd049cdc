package tuntest

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"seikan/tun"
)

const (
	queueLen  = 1024 // packets that wait in each direction
	batchSize = 128
)

// Mem is a tun.Device whose host is the test: what the test sends is read, and what is written the test receives. All
// methods may be called by several goroutines.
type Mem struct {
	mtu  atomic.Int64
	in   chan []byte // to Read
	done chan struct{}

	mu     sync.Mutex  // guards sending on out against its close
	out    chan []byte // from Write
	closed bool

	overflows atomic.Uint64
}

var _ tun.Device = (*Mem)(nil)

// NewMem makes a device.
func NewMem(mtu int) *Mem {
	m := &Mem{in: make(chan []byte, queueLen), out: make(chan []byte, queueLen), done: make(chan struct{})}
	m.mtu.Store(int64(mtu))
	return m
}

// Send has the host send a packet, of which it keeps a copy. It blocks while the queue is full, and is false when the device is
// closed.
func (m *Mem) Send(pkt []byte) bool {
	select {
	case <-m.done:
		return false
	default:
	}
	select {
	case m.in <- slices.Clone(pkt):
		return true
	case <-m.done:
		return false
	}
}

// Recv is where the host receives packets, which are its own. It is closed by Close, behind those that are still there.
func (m *Mem) Recv() <-chan []byte { return m.out }

// Overflows is how many packets were dropped because the host did not receive them.
func (m *Mem) Overflows() uint64 { return m.overflows.Load() }

// Read returns as many packets as there are, and waits for the first.
func (m *Mem) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	select {
	case <-m.done:
		return 0, os.ErrClosed
	default:
	}
	var p []byte
	select {
	case p = <-m.in:
	case <-m.done:
		return 0, os.ErrClosed
	}
	for n := 0; ; {
		room := bufs[n][offset:]
		if len(p) > len(room) {
			return n, fmt.Errorf("tuntest: read: packet of %d octets, room for %d", len(p), len(room))
		}
		sizes[n] = copy(room, p)
		if n++; n == len(bufs) {
			return n, nil
		}
		select {
		case p = <-m.in:
		default:
			return n, nil
		}
	}
}

// Write delivers packets, or drops and counts them when the queue is full, as the kernel does. Like the device of the
// kernel it may use the octets around a packet; unlike that one it always does, so that a test of its user notices a
// packet that is in the way.
func (m *Mem) Write(bufs [][]byte, offset int) (int, error) {
	if offset < tun.Headroom {
		return 0, fmt.Errorf("tuntest: write: offset %d is less than the headroom of %d", offset, tun.Headroom)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, os.ErrClosed
	}
	total := 0
	for _, b := range bufs {
		p := slices.Clone(b[offset:])
		total += len(p)
		scribble(b[offset-tun.Headroom : offset])
		behind := b[len(b):cap(b)]
		scribble(behind[:min(len(behind), tun.Headroom)])
		select {
		case m.out <- p:
		default:
			m.overflows.Add(1)
		}
	}
	return total, nil
}

func scribble(b []byte) {
	for i := range b {
		b[i] = 0xee
	}
}

// MTU is what NewMem or SetMTU said.
func (m *Mem) MTU() (int, error) { return int(m.mtu.Load()), nil }

// SetMTU changes the MTU.
func (m *Mem) SetMTU(n int) error {
	m.mtu.Store(int64(n))
	return nil
}

// BatchSize is that of the kernel's device.
func (m *Mem) BatchSize() int { return batchSize }

// Close wakes Read, and ends Recv.
func (m *Mem) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		close(m.done)
		close(m.out)
	}
	return nil
}
