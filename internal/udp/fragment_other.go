//go:build !linux

package udp

import "net/netip"

func loosen(Conn, func() (Conn, error)) error { return nil }

func canLoosen(netip.Addr) bool { return false }
