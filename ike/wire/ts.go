package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// TSType is the TS Type of a traffic selector (RFC 7296 §3.13.1).
type TSType uint8

// Traffic selector types, by their IANA names.
const (
	TS_IPV4_ADDR_RANGE TSType = 7
	TS_IPV6_ADDR_RANGE TSType = 8
)

// TS is a Traffic Selector payload (RFC 7296 §3.13): TSi if Initiator is set, else TSr.
type TS struct {
	Initiator bool

	// Selectors are those of the types that are known here. The parser leaves out the others, as if the peer had not offered
	// them, so that there may be none.
	Selectors []Selector
}

// Selector is a traffic selector (RFC 7296 §3.13.1). Comparable with ==.
type Selector struct {
	Kind  TSType
	Proto uint8 // IP protocol; 0 for any

	// LoPort to HiPort are ports, or type<<8|code of ICMP. 0 to 65535 is ANY, 65535 to 0 is OPAQUE; otherwise LoPort is not
	// above HiPort.
	LoPort, HiPort uint16
	Lo, Hi         netip.Addr // both included; both of the family that Kind says, and Lo not above Hi
}

const (
	selectorHeader = 4 // octets up to Selector Length
	selectorFixed  = 8 // octets up to the addresses
	opaqueLo       = 65535
	opaqueHi       = 0
)

// Type returns PayloadTSi or PayloadTSr.
func (p *TS) Type() PayloadType {
	if p.Initiator {
		return PayloadTSi
	}
	return PayloadTSr
}

func parseTS(kind PayloadType, s cryptobyte.String) (*TS, error) {
	p := &TS{Initiator: kind == PayloadTSi}
	var count uint8
	if !s.ReadUint8(&count) || !s.Skip(3) {
		return nil, malformed(kind.String(), "truncated")
	}
	if count == 0 {
		return nil, malformed(kind.String(), "no traffic selectors")
	}
	for range count {
		sel, known, ok := readSelector(&s)
		if !ok {
			return nil, malformed(kind.String(), "traffic selector")
		}
		if known {
			p.Selectors = append(p.Selectors, sel)
		}
	}
	if !s.Empty() {
		return nil, malformed(kind.String(), "octets after the last traffic selector")
	}
	return p, nil
}

// readSelector reads one selector. One of an unknown type, of which only the length means anything, is skipped.
func readSelector(s *cryptobyte.String) (t Selector, known, ok bool) {
	var length uint16
	var body cryptobyte.String
	if !s.ReadUint8((*uint8)(&t.Kind)) || !s.ReadUint8(&t.Proto) || !s.ReadUint16(&length) ||
		!s.ReadBytes((*[]byte)(&body), int(length)-selectorHeader) {
		return t, false, false
	}
	var n int
	switch t.Kind {
	case TS_IPV4_ADDR_RANGE:
		n = 4
	case TS_IPV6_ADDR_RANGE:
		n = 16
	default:
		return t, false, true
	}
	var lo, hi []byte
	if !body.ReadUint16(&t.LoPort) || !body.ReadUint16(&t.HiPort) ||
		!body.ReadBytes(&lo, n) || !body.ReadBytes(&hi, n) || !body.Empty() {
		return t, true, false
	}
	t.Lo, _ = netip.AddrFromSlice(lo)
	t.Hi, _ = netip.AddrFromSlice(hi)
	opaque := t.LoPort == opaqueLo && t.HiPort == opaqueHi
	return t, true, t.Lo.Compare(t.Hi) <= 0 && (opaque || t.LoPort <= t.HiPort)
}

func (p *TS) append(b []byte) []byte {
	b = append(b, byte(len(p.Selectors)), 0, 0, 0)
	for _, t := range p.Selectors {
		b = t.append(b)
	}
	return b
}

func (t Selector) append(b []byte) []byte {
	lo, hi := t.Lo.AsSlice(), t.Hi.AsSlice()
	b = append(b, byte(t.Kind), t.Proto)
	b = binary.BigEndian.AppendUint16(b, uint16(selectorFixed+len(lo)+len(hi)))
	b = binary.BigEndian.AppendUint16(b, t.LoPort)
	b = binary.BigEndian.AppendUint16(b, t.HiPort)
	return append(append(b, lo...), hi...)
}

// String is the selector as the RFC writes it: "(17, 500, 192.0.2.0-192.0.2.255)", with "any" and "opaque" for such ports.
func (t Selector) String() string {
	ports := fmt.Sprintf("%d-%d", t.LoPort, t.HiPort)
	switch {
	case t.LoPort == 0 && t.HiPort == 65535:
		ports = "any"
	case t.LoPort == opaqueLo && t.HiPort == opaqueHi:
		ports = "opaque"
	case t.LoPort == t.HiPort:
		ports = fmt.Sprint(t.LoPort)
	}
	return fmt.Sprintf("(%d, %s, %v-%v)", t.Proto, ports, t.Lo, t.Hi)
}
