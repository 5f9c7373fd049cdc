package udptest

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seikan/internal/udp"
)

// queueLen is how many datagrams wait at a socket; more are dropped.
const queueLen = 1024

// Filter decides whether a datagram arrives. The addresses are those on the wire: outside of a NAT. Data is borrowed for the
// call. Several goroutines may call it at once.
type Filter func(from, to netip.AddrPort, data []byte) bool

// Net is a network without loss, delay or reordering unless told so. All methods may be called by several goroutines.
type Net struct {
	mu      sync.Mutex // guards what follows; never held during a Filter
	conns   map[netip.AddrPort]*conn
	outside map[netip.AddrPort]netip.AddrPort // by inside address, for sockets behind a NAT
	inside  map[netip.AddrPort]netip.AddrPort // the reverse
	filter  Filter
	delay   time.Duration

	overflows atomic.Uint64
}

// NewNet makes a network without sockets.
func NewNet() *Net {
	return &Net{
		conns:   make(map[netip.AddrPort]*conn),
		outside: make(map[netip.AddrPort]netip.AddrPort),
		inside:  make(map[netip.AddrPort]netip.AddrPort),
	}
}

// Listen makes a socket. It panics when the address is taken.
func (n *Net) Listen(addr netip.AddrPort) udp.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns[addr] != nil {
		panic(fmt.Sprintf("udptest: listen %v: address already in use", addr))
	}
	c := &conn{net: n, local: addr, queue: make(chan datagram, queueLen), done: make(chan struct{})}
	n.conns[addr] = c
	return c
}

// SetFilter has f decide what arrives of the datagrams that are sent from now on. Nil: everything.
func (n *Net) SetFilter(f Filter) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.filter = f
}

// SetDelay has datagrams that are sent from now on arrive d later, in order.
func (n *Net) SetDelay(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = d
}

// Rebind puts the socket at inside behind a NAT, or moves it there: from now on others see it at outside and reach it
// nowhere else. The zero outside takes it out of the NAT.
func (n *Net) Rebind(inside, outside netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.inside, n.outside[inside])
	delete(n.outside, inside)
	if outside.IsValid() {
		n.outside[inside], n.inside[outside] = outside, inside
	}
}

// Overflows is how many datagrams were dropped because a socket's queue was full.
func (n *Net) Overflows() uint64 { return n.overflows.Load() }

// send takes one datagram to the queue of the socket that it is for, if there is one.
func (n *Net) send(from, to netip.AddrPort, data []byte, tos uint8) {
	n.mu.Lock()
	if out, ok := n.outside[from]; ok {
		from = out
	}
	filter, delay := n.filter, n.delay
	target := to
	if in, ok := n.inside[to]; ok {
		target = in
	} else if _, hidden := n.outside[to]; hidden {
		target = netip.AddrPort{}
	}
	c := n.conns[target]
	n.mu.Unlock()
	if filter != nil && !filter(from, to, data) || c == nil {
		return
	}
	d := datagram{data: slices.Clone(data), from: from, tos: tos}
	if delay > 0 {
		d.due = time.Now().Add(delay)
	}
	select {
	case c.queue <- d:
	default:
		n.overflows.Add(1)
	}
}

// remove frees the address of a socket.
func (n *Net) remove(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c.local)
}

// datagram is one on its way.
type datagram struct {
	data []byte
	from netip.AddrPort
	tos  uint8
	due  time.Time // zero: now
}

// conn is a socket. Readers and writers have no state of their own, so it is each of them too.
type conn struct {
	net    *Net
	local  netip.AddrPort
	queue  chan datagram
	closed sync.Once
	done   chan struct{} // closed by Close
}

func (c *conn) NewReader() udp.Reader     { return &reader{conn: c} }
func (c *conn) NewWriter() udp.Writer     { return writer{c} }
func (c *conn) LocalAddr() netip.AddrPort { return c.local }

func (c *conn) Close() error {
	c.closed.Do(func() {
		c.net.remove(c)
		close(c.done)
	})
	return nil
}

// isClosed tells whether Close was called.
func (c *conn) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// writer sends; it is the Writer of a conn.
type writer struct{ *conn }

// WriteBatch sends all of ms: a network that loses datagrams does not say so.
func (w writer) WriteBatch(ms []udp.Message) (int, error) {
	for i := range ms {
		if w.isClosed() {
			return i, net.ErrClosed
		}
		w.net.send(w.local, ms[i].Remote, ms[i].Data, ms[i].TOS)
	}
	return len(ms), nil
}

// reader receives; it is the Reader of a conn.
type reader struct {
	*conn
	early []datagram // at most one: taken off the queue, and not due yet
	lent  [][]byte   // what the last batch held
}

func (r *reader) ReadBatch(ms []udp.Message) (int, error) {
	if len(ms) == 0 {
		return 0, nil
	}
	for _, b := range r.lent { // so that a test notices who still uses it
		for i := range b {
			b[i] = 0xee
		}
	}
	r.lent = r.lent[:0]
	d, err := r.wait()
	if err != nil {
		return 0, err
	}
	r.fill(&ms[0], d)
	n := 1
	for n < len(ms) && r.peek() {
		r.fill(&ms[n], r.early[0])
		r.early = r.early[:0]
		n++
	}
	return n, nil
}

// wait takes the next datagram when it is due.
func (r *reader) wait() (datagram, error) {
	if r.isClosed() {
		return datagram{}, net.ErrClosed
	}
	if len(r.early) == 0 {
		select {
		case d := <-r.queue:
			r.early = append(r.early, d)
		case <-r.done:
			return datagram{}, net.ErrClosed
		}
	}
	d := r.early[0]
	if wait := time.Until(d.due); !d.due.IsZero() && wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.done:
			return datagram{}, net.ErrClosed
		}
	}
	r.early = r.early[:0]
	return d, nil
}

// peek tells whether another datagram is there and due, and has it in early.
func (r *reader) peek() bool {
	if len(r.early) == 0 {
		select {
		case d := <-r.queue:
			r.early = append(r.early, d)
		default:
			return false
		}
	}
	due := r.early[0].due
	return due.IsZero() || !time.Now().Before(due)
}

// fill makes m a datagram.
func (r *reader) fill(m *udp.Message, d datagram) {
	m.Data, m.Remote, m.TOS = d.data, d.from, d.tos
	r.lent = append(r.lent, d.data)
}
