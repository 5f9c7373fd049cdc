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

func (s source) NewReader() tun.Reader { return &sourceReader{source: s} }
func (s source) NewWriter() tun.Writer { return s }

func (s source) WriteBatch(packets [][]byte) (int, error) { return len(packets), nil }

type sourceReader struct {
	source
	mem    [128][]byte
	frames [128]tun.Frame
}

func (s *sourceReader) ReadBatch() ([]tun.Frame, error) {
	s.mu.Lock()
	for !s.closed && (s.left == 0 || s.flying >= s.window) {
		s.changed.Wait()
	}
	n := min(len(s.frames), s.left, s.window-s.flying)
	s.left -= n
	s.flying += n
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, os.ErrClosed
	}
	for i := range n {
		s.mem[i] = append(s.mem[i][:0], s.packet...)
		s.frames[i] = tun.Frame{Data: s.mem[i]}
	}
	return s.frames[:n], nil
}

// sink is the device of the router that they leave.
type sink struct {
	*line
	done chan struct{}
}

func (s sink) NewReader() tun.Reader { return s }
func (s sink) NewWriter() tun.Writer { return s }

func (s sink) ReadBatch() ([]tun.Frame, error) {
	<-s.done
	return nil, os.ErrClosed
}

func (s sink) WriteBatch(packets [][]byte) (int, error) {
	s.mu.Lock()
	s.received += len(packets)
	s.flying = max(0, s.flying-len(packets))
	s.mu.Unlock()
	s.changed.Broadcast()
	return len(packets), nil
}

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
