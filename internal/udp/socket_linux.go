package udp

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func setMark(raw syscall.RawConn, mark uint32) error {
	if mark == 0 {
		return nil
	}
	return setsockopt(raw, unix.SOL_SOCKET, unix.SO_MARK, int(mark))
}

// setAbsent lets the socket be bound to an address that is not here.
func setAbsent(raw syscall.RawConn, absent, v6 bool) error {
	switch {
	case !absent:
		return nil
	case v6:
		return setsockopt(raw, unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
	}
	return setsockopt(raw, unix.SOL_IP, unix.IP_FREEBIND, 1)
}

// buffered is a socket of package net.
type buffered interface {
	syscall.Conn
	SetReadBuffer(n int) error
	SetWriteBuffer(n int) error
}

// setBuffers sets the sizes that are not 0. With the privilege to, it passes over the limits of the system; without, the
// system cuts the sizes to its limits and says nothing, so there is no error worth returning.
func setBuffers(c buffered, recv, send int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	if recv > 0 && setsockopt(raw, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, recv) != nil {
		_ = c.SetReadBuffer(recv)
	}
	if send > 0 && setsockopt(raw, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, send) != nil {
		_ = c.SetWriteBuffer(send)
	}
}

func setsockopt(raw syscall.RawConn, level, option, value int) error {
	var opErr error
	if err := raw.Control(func(fd uintptr) {
		opErr = unix.SetsockoptInt(int(fd), level, option, value)
	}); err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", opErr)
}
