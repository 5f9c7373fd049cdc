package udp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"seikan/internal/netns"
)

// protocolESP is the number of ESP as a protocol over IP (RFC 4303 §2).
const protocolESP = "50"

// ListenESP opens a socket for ESP that is not in UDP, IP protocol 50, on an address of this host. Its addresses have port 0. It needs the
// right to use raw sockets (CAP_NET_RAW), and a kernel that does not do ESP for the same address itself.
func ListenESP(addr netip.Addr, o Options) (Conn, error) {
	addr = addr.Unmap()
	c, err := listenESP(addr, o)
	if err == nil {
		if err = c.accompany(addr, o); err != nil {
			c.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("udp: listen for ESP on %v: %w", addr, err)
	}
	return c, nil
}

// accompany opens what has to be beside the socket.
func (c *linuxConn) accompany(addr netip.Addr, o Options) (err error) {
	switch {
	case addr.Is6():
		c.errs, err = heedErrors(addr, o)
	case o.MayFragment:
		err = loosen(c, func() (Conn, error) {
			second, err := listenESP(addr, o)
			if err != nil {
				return nil, err
			}
			if err := deafen(second.raw, addr.As4()); err != nil {
				second.Close()
				return nil, err
			}
			return second, nil
		})
	}
	return err
}

// heedErrors has the kernel learn path MTUs from what ICMPv6 says of ESP from an address. Unlike that of IPv4, the raw sockets of IPv6 have it do so
// only where they ask to be told of errors, and then an error takes the place of a packet to receive or to send. So this one asks, and is left alone:
// it has room for one packet, after which the kernel makes it no copies.
func heedErrors(addr netip.Addr, o Options) (io.Closer, error) {
	o.RecvBuffer, o.SendBuffer = 1, 1
	c, err := listenESP(addr, o)
	if err != nil {
		return nil, err
	}
	if err := setsockopt(c.raw, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func listenESP(addr netip.Addr, o Options) (*linuxConn, error) {
	switch {
	case !addr.IsValid():
		return nil, errors.New("no address")
	case addr.IsUnspecified():
		return nil, errWildcard
	}
	network := "ip4:"
	if addr.Is6() {
		network = "ip6:"
	}
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return errors.Join(setMark(raw, o.Mark), setAbsent(raw, o.Absent, addr.Is6()))
	}}
	var pc net.PacketConn
	err := netns.Do(o.Netns, func() (err error) {
		pc, err = lc.ListenPacket(context.Background(), network+protocolESP, addr.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	conn := pc.(*net.IPConn)
	setBuffers(conn, bufferSize(o.RecvBuffer), bufferSize(o.SendBuffer))
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	reportTOS(raw, addr.Is6())
	c := &linuxConn{conn: conn, raw: raw, local: netip.AddrPortFrom(addr, 0), bare: true}
	c.noGSO.Store(true)
	return c, nil
}

// withoutHeader is a received packet without its IPv4 header, which the kernel has checked; IPv6 comes without one.
func withoutHeader(b []byte, v4 bool) []byte {
	if !v4 || len(b) == 0 {
		return b
	}
	return b[min(len(b), int(b[0]&0xf)*4):]
}
