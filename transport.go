package seikan

import (
	"encoding/binary"

	"seikan/esp"
	"seikan/sadb"
)

// Transport mode (RFC 4303 §3.1.1). ESP carries what is behind the IP header; the header travels as that of the outer packet, from which
// nobody here can read it. So it is made anew from the SA's selectors, which name one address at each end and are what IKE has
// authenticated: no NAT on the way changes them, and checksums over them hold (RFC 3948 §3.1.2 has nothing to mend).

const (
	transportTTL = 64 // of the header that is made: what is opened is at its destination

	protoHopByHop = 0
	protoRouting  = 43
	protoFragment = 44
)

// bare is where the part begins that transport mode protects of a packet, and its protocol. False: the packet cannot travel so. It is a
// fragment (RFC 4303 §3.3.4: only whole datagrams), or has options or extension headers that belong to the IP header.
func bare(packet []byte) (at int, next uint8, ok bool) {
	if packet[0]>>4 == 4 {
		return ipv4Header, packet[9], packet[0] == 0x45 && !isFragment(packet)
	}
	next = packet[6]
	return ipv6Header, next, next != protoHopByHop && next != protoRouting && next != protoFragment
}

// rebuild makes the IP packet again that an opened packet of transport mode was, in room, which it may grow, and sets the frame to it. class
// is the outer header's class of service.
func rebuild(room []byte, spec *sadb.ChildSpec, f *esp.Frame, class uint8) []byte {
	src, dst := spec.Remote[0].Lo, spec.Local[0].Lo
	at := len(room)
	if src.Is4() {
		room = append(room, make([]byte, ipv4Header)...)
		putIPv4(room[at:], src, dst, class, f.Next, transportTTL, ipv4Header+len(f.Data))
		f.Next = nextIPv4
	} else {
		room = append(room, make([]byte, ipv6Header)...)
		h := room[at:]
		h[0], h[1] = 0x60|class>>4, class<<4
		binary.BigEndian.PutUint16(h[4:], uint16(len(f.Data)))
		h[6], h[7] = f.Next, transportTTL
		copy(h[8:], src.AsSlice())
		copy(h[24:], dst.AsSlice())
		f.Next = nextIPv6
	}
	room = append(room, f.Data...)
	f.Data = room[at:len(room):len(room)]
	return room
}
