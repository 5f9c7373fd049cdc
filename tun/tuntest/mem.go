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

// Mem is a tun.Device whose host is the test: what the test sends is read, and what is written the test receives. It is a tun.Plain as
// well, for tests of what Adapt makes of one. All methods may be called by several goroutines.
type Mem struct {
	mtu  atomic.Int64
	in   chan tun.Frame // to Read
	done chan struct{}

	mu     sync.Mutex  // guards sending on out against its close
	out    chan []byte // from Write
	closed bool

	overflows atomic.Uint64
}

var (
	_ tun.Device = (*Mem)(nil)
	_ tun.Plain  = (*Mem)(nil)
)

// NewMem makes a device.
func NewMem(mtu int) *Mem {
	m := &Mem{in: make(chan tun.Frame, queueLen), out: make(chan []byte, queueLen), done: make(chan struct{})}
	m.mtu.Store(int64(mtu))
	return m
}

// Send has the host send a packet, of which it keeps a copy. It blocks while the queue is full, and is false when the device is
// closed.
func (m *Mem) Send(pkt []byte) bool { return m.SendFrame(tun.Frame{Data: pkt}) }

// SendFrame is Send of a frame with work left to do, which a Plain does not have.
func (m *Mem) SendFrame(f tun.Frame) bool {
	select {
	case <-m.done:
		return false
	default:
	}
	f.Data = slices.Clone(f.Data)
	select {
	case m.in <- f:
		return true
	case <-m.done:
		return false
	}
}

// Recv is where the host receives packets, which are its own. It is closed by Close, behind those that are still there.
func (m *Mem) Recv() <-chan []byte { return m.out }

// Overflows is how many packets were dropped because the host did not receive them.
func (m *Mem) Overflows() uint64 { return m.overflows.Load() }

// NewReader returns a tun.Reader.
func (m *Mem) NewReader() tun.Reader { return &reader{m: m} }

// NewWriter returns a tun.Writer.
func (m *Mem) NewWriter() tun.Writer { return writer{m} }

// receive appends as many frames as there are to fs, up to its capacity, and waits for the first.
func (m *Mem) receive(fs []tun.Frame) ([]tun.Frame, error) {
	select {
	case <-m.done:
		return fs, os.ErrClosed
	default:
	}
	select {
	case f := <-m.in:
		fs = append(fs, f)
	case <-m.done:
		return fs, os.ErrClosed
	}
	for len(fs) < cap(fs) {
		select {
		case f := <-m.in:
			fs = append(fs, f)
		default:
			return fs, nil
		}
	}
	return fs, nil
}

// deliver has the host receive a packet, or drops and counts it when the queue is full, as the kernel does. m.mu is held.
func (m *Mem) deliver(p []byte) {
	select {
	case m.out <- p:
	default:
		m.overflows.Add(1)
	}
}

// reader is a tun.Reader.
type reader struct {
	m      *Mem
	frames [batchSize]tun.Frame
}

func (r *reader) ReadBatch() ([]tun.Frame, error) { return r.m.receive(r.frames[:0]) }

// writer is a tun.Writer. It overwrites what it has delivered, so that a test of its user notices what is used for longer than it may be.
type writer struct{ m *Mem }

func (w writer) WriteBatch(packets [][]byte) (int, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if w.m.closed {
		return 0, os.ErrClosed
	}
	for _, p := range packets {
		w.m.deliver(slices.Clone(p))
		scribble(p)
	}
	return len(packets), nil
}

// Read is that of a tun.Plain.
func (m *Mem) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	fs, err := m.receive(make([]tun.Frame, 0, len(bufs)))
	for n, f := range fs {
		room := bufs[n][offset:]
		if len(f.Data) > len(room) || f.Kind != 0 || f.Partial {
			return n, fmt.Errorf("tuntest: read: frame of %d octets, %+v; room for a packet of %d", len(f.Data), f.Offload, len(room))
		}
		sizes[n] = copy(room, f.Data)
	}
	return len(fs), err
}

// headroom is what a tun.Plain may use in front of a packet.
const headroom = 16

// Write is that of a tun.Plain. Like the device of the kernel it may use the octets around a packet; unlike that one it always does, so that
// a test of its user notices a packet that is in the way.
func (m *Mem) Write(bufs [][]byte, offset int) (int, error) {
	if offset < headroom {
		return 0, fmt.Errorf("tuntest: write: offset %d is less than the headroom of %d", offset, headroom)
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
		scribble(b[offset-headroom : offset])
		behind := b[len(b):cap(b)]
		scribble(behind[:min(len(behind), headroom)])
		m.deliver(p)
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
