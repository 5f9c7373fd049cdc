package udp

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func setMark(raw syscall.RawConn, mark uint32) error {
	if mark == 0 {
		return nil
	}
	return setsockopt(raw, unix.SO_MARK, int(mark))
}

// setBuffers sets the sizes that are not 0. With the privilege to, it passes over the limits of the system; without, the
// system cuts the sizes to its limits and says nothing, so there is no error worth returning.
func setBuffers(c *net.UDPConn, recv, send int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	if recv > 0 && setsockopt(raw, unix.SO_RCVBUFFORCE, recv) != nil {
		_ = c.SetReadBuffer(recv)
	}
	if send > 0 && setsockopt(raw, unix.SO_SNDBUFFORCE, send) != nil {
		_ = c.SetWriteBuffer(send)
	}
}

// setsockopt sets an option of level SOL_SOCKET.
func setsockopt(raw syscall.RawConn, option, value int) error {
	var opErr error
	if err := raw.Control(func(fd uintptr) {
		opErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, value)
	}); err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", opErr)
}
