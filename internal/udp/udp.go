package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"seikan/internal/netns"
)

// Message is one datagram. A writer borrows Data for the length of a call; what a reader has put there is borrowed from it.
type Message struct {
	Data   []byte
	Remote netip.AddrPort // the other end; never an IPv4 address in IPv6 form when read

	// TOS is the class of service in the IP header: that of IPv4, or the traffic class of IPv6. Portable sockets send and report 0.
	TOS uint8

	// MayFragment has the IPv4 header let routers fragment the datagram: the flag DF is not set. It needs Options.MayFragment.
	MayFragment bool

	// Err is why the message was not sent, set by a writer for those alone: a syscall.Errno or what wraps one, where the system said it.
	Err error
}

// Conn is a bound UDP socket of one address family. Its methods may be called by several goroutines at once.
type Conn interface {
	NewReader() Reader
	NewWriter() Writer
	LocalAddr() netip.AddrPort
	Close() error // wakes readers and writers; they return net.ErrClosed
}

// Reader receives datagrams. It belongs to one goroutine.
type Reader interface {
	// ReadBatch blocks until there is a datagram, and returns how many of ms it filled, from the front. The messages behind are left
	// alone. Data is borrowed until the next call, and may be changed, up to its length. The error is net.ErrClosed after Close.
	ReadBatch(ms []Message) (int, error)
}

// Writer sends datagrams. It belongs to one goroutine.
type Writer interface {
	// WriteBatch sends all of ms that can be sent, in order, and returns how many were sent and the first error. A
	// datagram that cannot be sent (too long, no route, refused by a filter) does not stop those behind it. It blocks
	// while the socket's buffer is full. Each that was not sent has its own error in Err. The error is net.ErrClosed after Close.
	WriteBatch(ms []Message) (int, error)
}

// Overflows is how many datagrams a socket has lost because its queue was full, where the system tells; else 0. Any goroutine may ask, until
// the socket is closed.
func Overflows(c Conn) uint64 {
	if c, ok := c.(interface{ overflows() uint64 }); ok {
		return c.overflows()
	}
	return 0
}

// Prompt makes a new Writer not wait for room in the socket's buffer: what finds none is not sent, and the error says so. Writers of other
// kinds than the fast ones of this package stay as they are.
func Prompt(w Writer) Writer {
	if p, ok := w.(interface{ setPrompt() }); ok {
		p.setPrompt()
	}
	return w
}

// Options of a socket. The zero value is ready.
type Options struct {
	// Mark is set on outgoing packets for routing rules and filters to see (SO_MARK). Linux only, and needs
	// CAP_NET_ADMIN or CAP_NET_RAW; 0 is no mark.
	Mark uint32

	// Netns is the name of the network namespace to open the socket in, where it stays (internal/netns). "": that of the process. Linux only.
	Netns string

	// Octets that the socket may queue in each direction, as far as the system allows. 0: defaultBuffer; negative: leave
	// the system's default.
	RecvBuffer, SendBuffer int

	// Absent lets a socket be bound to an address that this host does not have yet. Linux only; elsewhere Listen fails then.
	Absent bool

	// NoSegmentation and NoCoalescing keep datagrams from going to the kernel together, and from coming together.
	NoSegmentation, NoCoalescing bool

	// MayFragment lets messages have it, for which there is a second socket at the address. Linux and IPv4 only, with ListenGroup and
	// ListenESP; elsewhere it makes no difference.
	MayFragment bool

	// Refused is called once, by the goroutine that writes, when datagrams stop going together as a device cannot take them so. Nil: no
	// call.
	Refused func(error)

	// Portable selects the sockets of package net where a faster way exists.
	Portable bool

	// Unsteered is called by ListenGroup where the system cannot have several sockets share an address as they have to, and there is one
	// instead, without MayFragment. Nil: no call.
	Unsteered func(error)

	reusePort bool // the address is shared with others of a group
	group     int  // how many sockets share it that are to be steered to; 0: it is no group
	steer     func(raw syscall.RawConn, n int) error
}

// defaultBuffer lets a receiver that was off the CPU for a scheduler's slice find its datagrams still there: at 10 Gb/s it
// takes 6 ms to fill.
const defaultBuffer = 8 << 20

var (
	errWildcard = errors.New("address is a wildcard") // whoever receives on all of them cannot tell what a datagram was for
	errFamily   = errors.New("udp: remote address is not of the socket's family")
)

// Listen opens a socket on an address of this host, which must not be a wildcard. Port 0 is any free port.
func Listen(addr netip.AddrPort, o Options) (Conn, error) {
	pc, err := listen(addr, o)
	if err != nil {
		return nil, fmt.Errorf("udp: listen %v: %w", addr, err)
	}
	c, err := newConn(pc, o)
	if err != nil {
		pc.Close()
		return nil, fmt.Errorf("udp: listen %v: %w", addr, err)
	}
	return c, nil
}

func listen(addr netip.AddrPort, o Options) (*net.UDPConn, error) {
	a := addr.Addr().Unmap()
	switch {
	case !a.IsValid():
		return nil, errors.New("no address")
	case a.IsUnspecified():
		return nil, errWildcard
	}
	network := "udp4"
	if a.Is6() {
		network = "udp6" // package net makes it IPV6_V6ONLY
	}
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return errors.Join(setMark(raw, o.Mark), setAbsent(raw, o.Absent, a.Is6()), reusePort(raw, o.reusePort), o.steerGroup(raw))
	}}
	var pc net.PacketConn
	err := netns.Do(o.Netns, func() (err error) {
		pc, err = lc.ListenPacket(context.Background(), network, netip.AddrPortFrom(a, addr.Port()).String())
		return err
	})
	if err != nil {
		return nil, err
	}
	conn := pc.(*net.UDPConn)
	setBuffers(conn, bufferSize(o.RecvBuffer), bufferSize(o.SendBuffer))
	return conn, nil
}

// bufferSize is an option with its default in place; 0 means that the buffer is left alone.
func bufferSize(n int) int {
	if n == 0 {
		return defaultBuffer
	}
	return max(n, 0)
}

// localAddr is what a socket is bound to.
func localAddr(c *net.UDPConn) netip.AddrPort {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
