package bench

import (
	"os"
	"sync"
	"time"

	"seikan/tun"
)

// line joins the host end of two routers' devices: it makes packets at one and counts them at the other, with a bounded
// number under way, as a transport protocol would have.
type line struct {
	packet []byte // what is sent, again and again
	window int

	mu       sync.Mutex
	changed  *sync.Cond
	left     int // packets to be sent
	flying   int
	received int
	lost     int // given up
	closed   bool
}

func newLine(packet []byte, window int) *line {
	l := &line{packet: packet, window: window}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// send has n packets sent and waits until each has arrived or was given up.
func (l *line) send(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = n
	l.changed.Broadcast()
	watch := time.AfterFunc(stall, l.giveUp)
	defer watch.Stop()
	for l.left > 0 || l.flying > 0 {
		l.changed.Wait()
		watch.Reset(stall)
	}
}

// stall is how long nothing arrives before what is under way counts as lost.
const stall = 200 * time.Millisecond

func (l *line) giveUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost += l.flying
	l.flying = 0
	l.changed.Broadcast()
}

// source is the device of the router that the packets enter.
type source struct{ *line }

func (s source) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	s.mu.Lock()
	for !s.closed && (s.left == 0 || s.flying >= s.window) {
		s.changed.Wait()
	}
	n := min(len(bufs), s.left, s.window-s.flying)
	s.left -= n
	s.flying += n
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return 0, os.ErrClosed
	}
	for i := range n {
		sizes[i] = copy(bufs[i][offset:], s.packet)
	}
	return n, nil
}

func (s source) Write(bufs [][]byte, _ int) (int, error) { return len(bufs), nil }

// sink is the device of the router that they leave.
type sink struct {
	*line
	done chan struct{}
}

func (s sink) Read([][]byte, []int, int) (int, error) {
	<-s.done
	return 0, os.ErrClosed
}

func (s sink) Write(bufs [][]byte, _ int) (int, error) {
	s.mu.Lock()
	s.received += len(bufs)
	s.flying = max(0, s.flying-len(bufs))
	s.mu.Unlock()
	s.changed.Broadcast()
	return len(bufs), nil
}

func (l *line) MTU() (int, error) { return len(l.packet), nil }
func (l *line) BatchSize() int    { return 128 }

func (s source) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.changed.Broadcast()
	return nil
}

func (s sink) Close() error {
	close(s.done)
	return nil
}

var (
	_ tun.Device = source{}
	_ tun.Device = sink{}
)
