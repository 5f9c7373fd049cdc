//go:build !linux

package ping

import (
	"errors"
	"net"
)

// setFragment leaves it to the system.
func setFragment(_ *net.IPConn, r Request) error {
	if r.DontFragment {
		return errors.New("datagrams that may not be fragmented can only be sent on Linux")
	}
	return nil
}
