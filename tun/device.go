package tun

import (
	"net/netip"

	"seikan/internal/gso"
)

// Device is a packet interface of the host: what the host routes into it is read, and what is written arrives at the host. Its
// methods may be called by several goroutines at once. Open makes one of the operating system; Adapt makes one of any device of
// golang.zx2c4.com/wireguard/tun.
type Device interface {
	NewReader() Reader // there is one at a time
	NewWriter() Writer
	Close() error // wakes the Reader
}

// Reader takes what the host sends. It belongs to one goroutine.
type Reader interface {
	// ReadBatch blocks until there is a frame and returns those that are there. They are borrowed until the next call, and may be
	// changed. The error is os.ErrClosed after Close. Frames may come along with an error.
	ReadBatch() ([]Frame, error)
}

// Writer delivers packets to the host. It belongs to one goroutine.
type Writer interface {
	// WriteBatch delivers whole IP packets, which it borrows for the call and may change. Those of a flow stay in order. It returns how
	// many it delivered and the first error: a packet that cannot be delivered does not stop the others.
	WriteBatch(packets [][]byte) (int, error)
}

// Frame is what the host sends at once: an IP packet of either version, or with an offload descriptor the segments of a TCP stream or
// datagrams of one size as one, and a checksum that is to be completed.
type Frame = gso.Frame

// Offload is a set of the ways to spare the host's network stack the work of single packets.
type Offload uint8

const (
	TCPSegmentation Offload = 1 << iota // the host hands over the segments of a stream as one
	UDPSegmentation                     // and datagrams of one size
	TCPCoalescing                       // segments that arrive together are delivered as one
	UDPCoalescing                       // and datagrams of one size
)

// Config is a device to open.
type Config struct {
	Name string // at most 15 octets; %d in it is replaced by a free number. Default "seikan%d"
	MTU  int    // default 1400

	// Queues is how many readers the device can have, each with a descriptor of its own. The kernel keeps packets of one flow in one queue.
	// Default 1.
	Queues int

	// Netns is the name of the network namespace that the device is in, with its addresses and routes (internal/netns). "": that of the process.
	Netns string

	// Static is for an interface whose routes somebody has given it as those of the system: what passes by another device (Line) takes
	// them as well. Default: they are those of a policy.
	Static bool

	Off Offload // what is not to be used. Default: everything is, as far as the kernel can

	// Refused is called once for each offload that the kernel does not take, which is off from then on: by Open, or by the goroutine
	// that writes. Nil: no call.
	Refused func(Offload, error)
}

const (
	defaultName = "seikan%d"
	defaultMTU  = 1400
)

// withDefaults is c with the documented defaults in place of zeros.
func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = defaultName
	}
	if c.MTU == 0 {
		c.MTU = defaultMTU
	}
	c.Queues = max(1, c.Queues)
	if c.Refused == nil {
		c.Refused = func(Offload, error) {}
	}
	return c
}

// Route leads packets to Dst into a device.
type Route struct {
	Dst netip.Prefix
	Src netip.Addr // the address that this host sends from, unless its sockets are bound; the zero Addr: the system chooses

	// Pass takes Dst out of a wider route: the system's other routes decide. It is for a network on this side that the other side's
	// contains.
	Pass bool
}

// Routes are in a table of their own, which a rule asks before the main table, for packets without Mark. Sockets for outer
// packets set the mark, so that a route which covers the peer's own address does not swallow them. Reverse-path filtering
// that is strict (net.ipv4.conf.*.rp_filter = 1) on the outer interface does not know the mark, and such a route needs it
// loose (2).
//
// Rules for lines have the priorities before that one, and one behind it, which leads past the routes and to those in BypassTable.
const (
	RouteTable   = 4500
	BypassTable  = 4501
	RulePriority = 4500
	Mark         = 0x4500
)
