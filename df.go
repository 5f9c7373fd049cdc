package seikan

import (
	"encoding/binary"

	"seikan/sadb"
)

// mayFragment reports whether routers may fragment the outer packet of an inner one, which has a whole IP header (RFC 4301 §8.1). What is in
// GRE has the flag DF in the header around it, and IPv6 counts as if it had: nobody but the sender fragments that.
func (w *wrapping) mayFragment(df sadb.DF, packet []byte) bool {
	switch {
	case df == sadb.DFClear:
		return true
	case df == sadb.DFSet, w.gre != nil, packet[0]>>4 != 4:
		return false
	}
	return !hasDF(packet)
}

// hasDF is the flag DF of an IPv4 packet.
func hasDF(packet []byte) bool { return binary.BigEndian.Uint16(packet[6:])&dontSplit != 0 }
