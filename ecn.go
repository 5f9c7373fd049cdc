package seikan

import "encoding/binary"

// The class of service: of an IPv4 header its TOS, of an IPv6 header its traffic class. Both hold the DSCP (RFC 2474) in the upper six bits
// and the ECN field (RFC 3168) in the lower two. On the way out the outer header takes over the whole octet of the inner one: the ECN
// field in the normal mode of RFC 6040 §4.1, which is that of RFC 4301 §5.1.2. On the way in the DSCP stays behind and the ECN field is
// combined as RFC 6040 §4.2 has it.

// ECN fields.
const (
	ecnBits = 3
	notECT  = 0
	ect1    = 1
	ect0    = 2
	ecnCE   = 3
)

// classOf is the class of service of a packet with a whole IP header.
func classOf(packet []byte) uint8 {
	if packet[0]>>4 == 6 {
		return packet[0]<<4 | packet[1]>>4
	}
	return packet[1]
}

// combineECN brings the ECN field of a packet, which has a whole IP header, up to date with the class of service of the header that it came
// in. False: the packet is to be dropped, since the mark of congestion would be lost on a transport that does not know of it.
func combineECN(packet []byte, outer uint8) (ok bool) {
	inner := classOf(packet) & ecnBits
	switch outer & ecnBits {
	case ecnCE:
		if inner == notECT {
			return false
		}
	case ect1:
		if inner != ect0 {
			return true
		}
	default:
		return true
	}
	if inner != outer&ecnBits {
		setECN(packet, outer&ecnBits)
	}
	return true
}

// setECN writes the ECN field, and mends the checksum of IPv4 by what has changed (RFC 1624).
func setECN(packet []byte, ecn uint8) {
	if packet[0]>>4 == 6 {
		packet[1] = packet[1]&^(ecnBits<<4) | ecn<<4
		return
	}
	before := binary.BigEndian.Uint16(packet)
	packet[1] = packet[1]&^ecnBits | ecn
	after := binary.BigEndian.Uint16(packet)
	sum := uint32(^binary.BigEndian.Uint16(packet[10:])) + uint32(^before) + uint32(after)
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(packet[10:], ^uint16(sum))
}
