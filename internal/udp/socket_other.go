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

// setBuffers sets the sizes that are not 0, as far as the system allows.
func setBuffers(c *net.UDPConn, recv, send int) {
	if recv > 0 {
		_ = c.SetReadBuffer(recv)
	}
	if send > 0 {
		_ = c.SetWriteBuffer(send)
	}
}

func newConn(c *net.UDPConn, _ bool) (Conn, error) { return portable{c}, nil }
