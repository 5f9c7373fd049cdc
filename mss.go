package seikan

import "encoding/binary"

const (
	protoTCP   = 6
	tcpHeader  = 20 // without options
	flagSYN    = 0x02
	optionEnd  = 0
	optionNOP  = 1
	optionMSS  = 2 // RFC 9293 §3.2, of four octets
	mssOctets  = 4
	fragOffset = 0x1fff // of the IPv4 header's word at octet 6
)

// clampMSS lowers the maximum segment size that a TCP segment with SYN announces to mss, and reports whether it did. The checksum, which is
// complete, is kept right (RFC 1624). What is no such segment is left alone: a later fragment, IPv6 with extension headers, options that do not
// parse.
func clampMSS(packet []byte, mss uint16) bool {
	var tcp []byte
	switch {
	case len(packet) >= ipv4Header && packet[0]>>4 == 4 && packet[9] == protoTCP && binary.BigEndian.Uint16(packet[6:])&fragOffset == 0:
		tcp = packet[min(len(packet), int(packet[0]&0xf)*4):]
	case len(packet) >= ipv6Header && packet[0]>>4 == 6 && packet[6] == protoTCP:
		tcp = packet[ipv6Header:]
	}
	if len(tcp) < tcpHeader || tcp[13]&flagSYN == 0 {
		return false
	}
	end := int(tcp[12]>>4) * 4
	if end < tcpHeader || end > len(tcp) {
		return false
	}
	for at := tcpHeader; at < end; {
		switch kind := tcp[at]; {
		case kind == optionEnd:
			return false
		case kind == optionNOP:
			at++
			continue
		case at+1 >= end || tcp[at+1] < 2 || at+int(tcp[at+1]) > end:
			return false
		case kind == optionMSS && tcp[at+1] == mssOctets:
			return lower(tcp, at+2, mss)
		}
		at += int(tcp[at+1])
	}
	return false
}

// lower sets the word at an octet of a TCP header to v, where it is more.
func lower(tcp []byte, at int, v uint16) bool {
	old := binary.BigEndian.Uint16(tcp[at:])
	if old <= v {
		return false
	}
	binary.BigEndian.PutUint16(tcp[at:], v)
	// The sum is over words from the header's beginning on. A word that begins at an odd octet is two halves of words, each in the other
	// place: the sum takes it with its octets swapped.
	if at%2 == 1 {
		old, v = old<<8|old>>8, v<<8|v>>8
	}
	sum := uint32(^binary.BigEndian.Uint16(tcp[16:])) + uint32(^old) + uint32(v)
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
	return true
}
