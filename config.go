package seikan

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"seikan/ike"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// Config is everything that a Router works from. New checks it; nothing modifies it afterwards.
type Config struct {
	IKE      ike.Config    // Heard and Sent may be nil: the Router has them
	Policies []sadb.Policy // the SPD, in order
	Session  session.Config

	Device tun.Device // inner packets; closed by Run. tun.Adapt makes one of a device of wireguard/tun
	// Queues are further queues of the Device, which it closes along with itself (tun.Host.Queues). Each has lanes of its own, and so has each
	// socket of Socket.More: packets of one flow stay in order, and those of one SA leave in the order of their sequence numbers.
	Queues  []tun.Device
	Sockets []Socket // outer datagrams; closed by Run
	Tunnels []Tunnel // tunnel interfaces, each with one of the Policies

	// SetMTU is called from the control goroutine when the largest inner packet that fits changes. Nil: no call.
	SetMTU func(int) error

	// SetRouteMTU is called from the control goroutine when packets to a destination of the Policies have to be smaller than SetMTU was told, or
	// need not be any more (0). Nil: no call, and SetMTU is told what fits to every destination. Tunnel.SetRouteMTU is the same of its device.
	SetRouteMTU func(dst netip.Prefix, n int) error

	// SendICMP sends an ICMP message, whose checksum is right but for that of ICMPv6, from an address of this host to the sender of a packet which
	// the Device gave and which is too large. Lanes call it, several at once; it borrows message and does not wait. Nil: senders are not told, and
	// what is too large goes in whole. Tunnel.SendICMP is the same of its device.
	SendICMP func(to netip.Addr, message []byte)

	Hold         int           // packets held per policy while an SA is being set up; default 16, negative: none
	HoldTime     time.Duration // a held packet is dropped after this; default 30 s
	ShutdownTime time.Duration // how long Run waits for the answers to its Deletes; default 3 s

	// Log gets what happens, without waiting: a writer behind it that blocks blocks control.
	Log    zerolog.Logger
	LogIKE bool // IKE and Child SAs that come and go are news, not details for debugging
}

// Socket is one socket of the router and what it carries: bare IKE (port 500); or IKE behind the non-ESP marker, ESP and keepalives
// (port 4500, RFC 3948); or bare ESP, IP protocol 50 (ListenESP). An address where peers may be without a NAT between
// (ike.EncapAuto) needs all three.
type Socket struct {
	Conn udp.Conn
	NATT bool
	ESP  bool
	MTU  int    // of the interface behind it; default 1500
	VRF  string // the front VRF that it is in: the name that paths through it carry; "" for the global one

	// More are further sockets at the address of Conn, of a group that ListenGroup has opened. Closed by Run.
	More []udp.Conn
}

// Types of the sockets, so that code outside of this module can name and implement them.
type (
	Conn          = udp.Conn
	Reader        = udp.Reader
	Writer        = udp.Writer
	Message       = udp.Message
	ListenOptions = udp.Options
)

// Listen opens a UDP socket of the operating system. The address must not be a wildcard: an SA's path names it.
func Listen(addr netip.AddrPort, o ListenOptions) (Conn, error) { return udp.Listen(addr, o) }

// ListenGroup opens up to n sockets on one address, of which the first is for Socket.Conn and the others for Socket.More. Each datagram with
// ESP comes to the one that its SPI says.
func ListenGroup(addr netip.AddrPort, n int, o ListenOptions) ([]Conn, error) {
	return udp.ListenGroup(addr, n, o)
}

// ListenESP opens a socket of the operating system for ESP that is not in UDP.
func ListenESP(addr netip.Addr, o ListenOptions) (Conn, error) { return udp.ListenESP(addr, o) }

const (
	defaultHold         = 16
	defaultHoldTime     = 30 * time.Second
	defaultShutdownTime = 3 * time.Second
	defaultSocketMTU    = 1500
)

// withDefaults is c with the documented defaults in place of zeros.
func (c Config) withDefaults() Config {
	switch {
	case c.Hold == 0:
		c.Hold = defaultHold
	case c.Hold < 0:
		c.Hold = 0
	}
	if c.HoldTime == 0 {
		c.HoldTime = defaultHoldTime
	}
	if c.ShutdownTime == 0 {
		c.ShutdownTime = defaultShutdownTime
	}
	sockets := make([]Socket, len(c.Sockets))
	for i, s := range c.Sockets {
		if s.MTU == 0 {
			s.MTU = defaultSocketMTU
		}
		sockets[i] = s
	}
	c.Sockets = sockets
	return c
}

// check finds what the packages below cannot see, each looking at its own part.
func (c Config) check() error {
	if c.Device == nil {
		return errors.New("no device")
	}
	type place struct {
		addr netip.AddrPort
		vrf  string
	}
	local := make(map[place]bool)
	for i, s := range c.Sockets {
		if s.Conn == nil {
			return fmt.Errorf("socket %d has no conn", i)
		}
		a := s.Conn.LocalAddr()
		if local[place{a, s.VRF}] {
			return fmt.Errorf("socket %v%s is there twice", a, inVRF(s.VRF))
		}
		local[place{a, s.VRF}] = true
		for _, m := range s.More {
			if m.LocalAddr() != a || !s.NATT {
				return fmt.Errorf("socket %v: one of its group is at %v, or it carries no ESP in UDP", a, m.LocalAddr())
			}
		}
	}
	if len(local) == 0 {
		return errors.New("no sockets")
	}
	if err := c.checkESP(); err != nil {
		return err
	}
	if err := c.checkTunnels(); err != nil {
		return err
	}
	known := make(map[sadb.PolicyID]bool)
	for _, p := range c.Policies {
		if known[p.ID] {
			return fmt.Errorf("policy %q is there twice", p.ID)
		}
		known[p.ID] = true
	}
	for _, p := range c.IKE.Peers {
		for _, f := range p.Flows {
			if !known[f.ID] {
				return fmt.Errorf("peer %q: flow %q is no policy", p.Name, f.ID)
			}
		}
	}
	return nil
}

// checkESP finds sockets that are two things at once, and peers whose bare ESP has no socket.
func (c Config) checkESP() error {
	bare := make(map[sadb.Host]bool)
	for _, s := range c.Sockets {
		if s.ESP && s.NATT {
			return fmt.Errorf("socket %v is for bare ESP and for ESP in UDP", s.Conn.LocalAddr())
		}
		if s.ESP {
			bare[s.host()] = true
		}
	}
	for _, p := range c.IKE.Peers {
		if p.Encap == ike.EncapAuto && !bare[sadb.Host{Addr: p.Local.Unmap(), VRF: p.FVRF}] {
			return fmt.Errorf("peer %q: no socket for bare ESP at %v%s", p.Name, p.Local, inVRF(p.FVRF))
		}
	}
	return nil
}
