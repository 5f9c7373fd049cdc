//go:build linux

package udp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxBatch is how many messages the kernel takes in one call (UIO_MAXIOV).
const maxBatch = 1024

func newConn(c *net.UDPConn, o Options) (Conn, error) {
	if o.Portable {
		return portable{c}, nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	local := localAddr(c)
	lc := &linuxConn{conn: c, raw: raw, local: local, onRefused: o.Refused}
	if zone := local.Addr().Zone(); zone != "" {
		ifc, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, err
		}
		lc.scope = uint32(ifc.Index)
	}
	if !o.NoCoalescing {
		enableGRO(raw)
	}
	reportTOS(raw, local.Addr().Is6())
	lc.noGSO.Store(o.NoSegmentation || !cutsUp(raw))
	return lc, nil
}

// linuxConn is a Conn whose batches are recvmmsg and sendmmsg. The descriptor stays non-blocking: package net waits.
type linuxConn struct {
	conn  io.Closer
	raw   syscall.RawConn
	local netip.AddrPort
	scope uint32 // the interface of a link-local address
	bare  bool   // ESP without UDP: there are no ports, and IPv4 gives its header along

	loose *linuxConn // sends messages with MayFragment; nil: this one does
	errs  io.Closer  // a socket that is told of errors in its place; nil: none

	noGSO     atomic.Bool // datagrams do not go together: the kernel or a device cannot
	onRefused func(error) // as Options.Refused
}

// refuse has datagrams not go together any more.
func (c *linuxConn) refuse(err error) {
	if !c.noGSO.Swap(true) && c.onRefused != nil {
		c.onRefused(err)
	}
}

func (c *linuxConn) LocalAddr() netip.AddrPort { return c.local }

func (c *linuxConn) Close() error {
	err := c.conn.Close()
	if c.loose != nil {
		err = errors.Join(err, c.loose.Close())
	}
	if c.errs != nil {
		err = errors.Join(err, c.errs.Close())
	}
	return err
}

func (c *linuxConn) NewReader() Reader { return newReader(c) }

func (c *linuxConn) NewWriter() Writer {
	if c.loose == nil {
		return newWriter(c)
	}
	return forked{newWriter(c), newWriter(c.loose)}
}

// mmsghdr is struct mmsghdr of the kernel.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32 // octets received or sent
}

// vector is what the kernel reads and fills, made once: the header of message i points at iovs[i] and names[i].
type vector struct {
	*linuxConn
	hdrs  []mmsghdr
	iovs  []unix.Iovec
	names []unix.RawSockaddrInet6 // or RawSockaddrInet4, in the front
}

// resize makes room for n messages.
func (v *vector) resize(n int) {
	if n <= len(v.hdrs) {
		return
	}
	v.hdrs = make([]mmsghdr, n)
	v.iovs = make([]unix.Iovec, n)
	v.names = make([]unix.RawSockaddrInet6, n)
	for i := range v.hdrs {
		h := &v.hdrs[i].hdr
		h.Iov = &v.iovs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&v.names[i]))
		h.Namelen = v.nameLen()
	}
}

func (v *vector) nameLen() uint32 {
	if v.local.Addr().Is4() {
		return unix.SizeofSockaddrInet4
	}
	return unix.SizeofSockaddrInet6
}

// point aims iovs[i] at data.
func (v *vector) point(i int, data []byte) {
	v.iovs[i].Base = unsafe.SliceData(data)
	v.iovs[i].SetLen(len(data))
}

// setName writes a remote address into names[i].
func (v *vector) setName(i int, to netip.AddrPort) {
	a, port := to.Addr().Unmap(), swap(to.Port())
	is4 := v.local.Addr().Is4()
	switch {
	case !a.IsValid() || a.Is4() != is4:
		v.names[i].Family = unix.AF_MAX // no socket takes it: the kernel refuses this message in its turn
	case is4:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&v.names[i]))
		*sa = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: a.As4()}
	default:
		v.names[i] = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: a.As16()}
		if a.IsLinkLocalUnicast() {
			v.names[i].Scope_id = v.scope
		}
	}
}

// name reads the remote address out of names[i].
func (v *vector) name(i int) netip.AddrPort {
	if v.local.Addr().Is4() {
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&v.names[i]))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), swap(sa.Port))
	}
	sa := &v.names[i]
	a := netip.AddrFrom16(sa.Addr)
	if v.scope != 0 && a.IsLinkLocalUnicast() {
		a = a.WithZone(v.local.Addr().Zone())
	}
	return netip.AddrPortFrom(a, swap(sa.Port))
}

// swap turns a port from host to network order, or back.
func swap(port uint16) uint16 {
	b := *(*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}

// mmsg is recvmmsg or sendmmsg of the messages from lo up to hi. It is kept from the Go scheduler, which would take the processor away from
// a thread that is in a system call for 20 µs, although this one never waits: see ARCHITECTURE.md.
func (v *vector) mmsg(call, fd uintptr, lo, hi int) (n int, errno syscall.Errno) {
	for {
		r, _, errno := unix.RawSyscall6(call, fd, uintptr(unsafe.Pointer(&v.hdrs[lo])), uintptr(hi-lo), 0, 0, 0)
		if errno != unix.EINTR {
			return int(r), errno
		}
	}
}

func sysError(call string, errno syscall.Errno) error { return os.NewSyscallError(call, errno) }
