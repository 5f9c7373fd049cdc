//go:build !linux

package udp

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

func setMark(_ syscall.RawConn, mark uint32) error {
	if mark == 0 {
		return nil
	}
	return fmt.Errorf("mark: %w", errors.ErrUnsupported)
}

func setAbsent(_ syscall.RawConn, absent, _ bool) error {
	if !absent {
		return nil
	}
	return fmt.Errorf("an address that is not here: %w", errors.ErrUnsupported)
}

// setBuffers sets the sizes that are not 0, as far as the system allows.
func setBuffers(c *net.UDPConn, recv, send int) {
	if recv > 0 {
		_ = c.SetReadBuffer(recv)
	}
	if send > 0 {
		_ = c.SetWriteBuffer(send)
	}
}

func newConn(c *net.UDPConn, _ Options) (Conn, error) { return portable{c}, nil }
