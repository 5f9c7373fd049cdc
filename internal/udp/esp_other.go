//go:build !linux

package udp

import (
	"errors"
	"fmt"
	"net/netip"
)

// ListenESP opens a socket for ESP that is not in UDP. This system has none.
func ListenESP(addr netip.Addr, _ Options) (Conn, error) {
	return nil, fmt.Errorf("udp: listen for ESP on %v: %w", addr, errors.ErrUnsupported)
}
