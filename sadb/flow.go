package sadb

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// ErrMalformed is of octets that are not one whole IP packet.
var ErrMalformed = errors.New("sadb: not a whole IP packet")

// Protocol numbers that are looked at.
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoTCP      = 6
	protoUDP      = 17
	protoDCCP     = 33
	protoRouting  = 43
	protoFragment = 44
	protoICMPv6   = 58
	protoDestOpts = 60
	protoSCTP     = 132
	protoUDPLite  = 136
)

// maxExtensions is how many IPv6 extension headers are walked. RFC 8200 §4.1 knows 6 of these kinds in a packet at most.
const maxExtensions = 8

// ParseFlow reads what the policy looks at in an IP packet of either version. The packet must be as long as its header says. Its
// result refers to nothing in pkt.
func ParseFlow(pkt []byte) (Flow, error) {
	switch {
	case len(pkt) >= 20 && pkt[0]>>4 == 4:
		return parseIPv4(pkt)
	case len(pkt) >= 40 && pkt[0]>>4 == 6:
		return parseIPv6(pkt)
	}
	return Flow{}, ErrMalformed
}

func parseIPv4(pkt []byte) (Flow, error) { // RFC 791 §3.1
	h := (*[20]byte)(pkt)
	headerLen := int(h[0]&0x0f) * 4
	if headerLen < len(h) || int(binary.BigEndian.Uint16(h[2:4])) != len(pkt) || headerLen > len(pkt) {
		return Flow{}, ErrMalformed
	}
	f := Flow{Src: netip.AddrFrom4([4]byte(h[12:16])), Dst: netip.AddrFrom4([4]byte(h[16:20])), Proto: h[9]}
	const more, offset = 0x2000, 0x1fff
	place := binary.BigEndian.Uint16(h[6:8])
	if place&offset == 0 {
		f.ports(pkt[headerLen:])
	}
	f.Fragment = place&(more|offset) != 0 && !f.Ports
	return f, nil
}

func parseIPv6(pkt []byte) (Flow, error) { // RFC 8200 §3
	h := (*[40]byte)(pkt)
	rest := pkt[len(h):]
	if int(binary.BigEndian.Uint16(h[4:6])) != len(rest) {
		return Flow{}, ErrMalformed
	}
	f := Flow{Src: netip.AddrFrom16([16]byte(h[8:24])), Dst: netip.AddrFrom16([16]byte(h[24:40])), Proto: h[6]}
	fragment := false
	for range maxExtensions {
		if !isExtension(f.Proto) {
			f.ports(rest)
			f.Fragment = fragment && !f.Ports
			return f, nil
		}
		if len(rest) < 8 {
			return Flow{}, ErrMalformed
		}
		e := (*[8]byte)(rest)
		length := 8 + int(e[1])*8
		if f.Proto == protoFragment { // RFC 8200 §4.5
			length = len(e)
			place := binary.BigEndian.Uint16(e[2:4])
			if fragment = place&^6 != 0; place>>3 != 0 { // what follows is the middle of something
				f.Proto, f.Fragment = e[0], true
				return f, nil
			}
		}
		if length > len(rest) {
			return Flow{}, ErrMalformed
		}
		f.Proto, rest = e[0], rest[length:]
	}
	return Flow{}, ErrMalformed
}

// isExtension reports whether what follows is an extension header, behind which the protocol is found (RFC 8200 §4). ESP and AH
// are protocols here: a selector can name them.
func isExtension(proto uint8) bool {
	switch proto {
	case protoHopByHop, protoRouting, protoFragment, protoDestOpts:
		return true
	}
	return false
}

// ports reads the ports from the beginning of the payload, where the protocol has any. A payload that is too short shows
// none (RFC 4301 §4.4.1.1).
func (f *Flow) ports(payload []byte) {
	if len(payload) < 4 {
		return
	}
	p := (*[4]byte)(payload)
	switch f.Proto {
	case protoTCP, protoUDP, protoDCCP, protoSCTP, protoUDPLite:
		f.SrcPort, f.DstPort, f.Ports = binary.BigEndian.Uint16(p[0:2]), binary.BigEndian.Uint16(p[2:4]), true
	case protoICMP, protoICMPv6:
		f.SrcPort = binary.BigEndian.Uint16(p[0:2]) // type and code
		f.DstPort, f.Ports = f.SrcPort, true
	}
}

// Reverse is the flow of the packets the other way.
func (f Flow) Reverse() Flow {
	f.Src, f.Dst = f.Dst, f.Src
	f.SrcPort, f.DstPort = f.DstPort, f.SrcPort
	return f
}
