package tun

import (
	"net/netip"

	wgtun "golang.zx2c4.com/wireguard/tun"
)

// Device is a packet interface of the host: what the host routes into it is read, and what is written arrives at the host.
// Packets are whole IP packets of either version. Read belongs to one goroutine; Write may be called by several at once, one for
// each socket, and so may the other methods. Every device of golang.zx2c4.com/wireguard/tun is one.
type Device interface {
	// Read blocks until there is a packet and returns how many it read, which is at most BatchSize: packet i is
	// bufs[i][offset:][:sizes[i]]. The host may hand over the segments of a TCP stream as one; Read splits them, each into
	// a buffer of its own. The error is os.ErrClosed after Close. Packets may come along with ErrTooManySegments.
	Read(bufs [][]byte, sizes []int, offset int) (int, error)

	// Write delivers the packets bufs[i][offset:]. Offset is at least Headroom. Write may overwrite those octets, and what
	// is behind each packet up to the capacity of its buffer, where it joins the segments of a TCP stream: buffers must
	// not overlap. A packet that cannot be written does not stop the others; the errors of several are joined.
	Write(bufs [][]byte, offset int) (int, error)

	MTU() (int, error) // the largest packet that the host sends here
	BatchSize() int    // how many packets Read may return at once, and how many buffers it must be given
	Close() error      // wakes Read
}

// Headroom is how many octets in front of each packet Write may use: the header that tells the kernel about segments and
// checksums (virtio_net_hdr) goes there.
const Headroom = 16

// ErrTooManySegments is of a Read whose packet had more segments than there were buffers. Those that fit were read.
var ErrTooManySegments = wgtun.ErrTooManySegments

// Config is a device to open.
type Config struct {
	Name string // at most 15 octets; %d in it is replaced by a free number. Default "seikan%d"
	MTU  int    // default 1400
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
const (
	RouteTable   = 4500
	RulePriority = 4500
	Mark         = 0x4500
)
