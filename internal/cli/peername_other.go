//go:build !linux

package cli

import "net"

// peerName is the user of this machine at the other end of a connection: "", as it is not known here.
func peerName(net.Conn) string { return "" }
