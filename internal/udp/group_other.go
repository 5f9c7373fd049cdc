//go:build !linux

package udp

import (
	"errors"
	"syscall"
)

func setReusePort(Conn) error { return errors.ErrUnsupported }

func reusePort(_ syscall.RawConn, on bool) error {
	if on {
		return errors.ErrUnsupported
	}
	return nil
}

func steer(syscall.RawConn, int) error { return errors.ErrUnsupported }
