package ping

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// IP protocols.
const (
	protocolICMP   = 1
	protocolICMPv6 = 58
)

// Octets of headers.
const (
	headerIPv4 = 20
	headerIPv6 = 40
	headerEcho = 8
)

func (r Request) protocol() int {
	if r.To.Is6() {
		return protocolICMPv6
	}
	return protocolICMP
}

// echo is an Echo request. The system puts the checksum of ICMPv6 in.
func (r Request) echo(id, seq uint16) ([]byte, error) {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho}
	room := r.Size - headerIPv4 - headerEcho
	if r.To.Is6() {
		m.Type, room = ipv6.ICMPTypeEchoRequest, r.Size-headerIPv6-headerEcho
	}
	data := make([]byte, room)
	for i := 0; i+1 < len(data); i += 2 {
		binary.BigEndian.PutUint16(data[i:], 0xabcd) // the pattern of a classic router
	}
	m.Body = &icmp.Echo{ID: int(id), Seq: int(seq), Data: data}
	return m.Marshal(nil)
}

// judge reads a message. It is false for one that is no answer to the request with that ID and sequence number.
func (r Request) judge(b []byte, from netip.Addr, id, seq uint16) (Answer, bool) {
	m, err := icmp.ParseMessage(r.protocol(), b)
	if err != nil {
		return 0, false
	}
	var inner []byte // the datagram that an error is about
	switch body := m.Body.(type) {
	case *icmp.Echo:
		reply := m.Type == ipv4.ICMPTypeEchoReply || m.Type == ipv6.ICMPTypeEchoReply
		ours := body.ID == int(id) && body.Seq == int(seq) && from.WithZone("") == r.To.WithZone("")
		return Reply, reply && ours
	case *icmp.DstUnreach:
		inner = body.Data
	case *icmp.PacketTooBig:
		inner = body.Data
	case *icmp.TimeExceeded:
		inner = body.Data
	case *icmp.ParamProb:
		inner = body.Data
	default:
		const unused = 4 // octets in front of the datagram
		raw, ok := m.Body.(*icmp.RawBody)
		if !ok || r.To.Is6() || m.Type != sourceQuench || len(raw.Data) < unused {
			return 0, false
		}
		inner = raw.Data[unused:]
	}
	if !r.about(inner, id, seq) {
		return 0, false
	}
	if r.To.Is6() {
		return answer6(m), true
	}
	return answer4(m), true
}

const sourceQuench = ipv4.ICMPType(4) // RFC 792; deprecated by RFC 6633

// answer4 is what an ICMP error says (RFC 792, RFC 1812 §5.2.7.1).
func answer4(m *icmp.Message) Answer {
	switch m.Type {
	case ipv4.ICMPTypeDestinationUnreachable:
		if m.Code == 4 {
			return TooBig
		}
		return Unreachable
	case ipv4.ICMPTypeTimeExceeded:
		return TimeExceeded
	case ipv4.ICMPTypeParameterProblem:
		return ParamProblem
	case sourceQuench:
		return SourceQuench
	}
	return Unknown
}

// answer6 is what an ICMPv6 error says (RFC 4443 §3).
func answer6(m *icmp.Message) Answer {
	switch m.Type {
	case ipv6.ICMPTypeDestinationUnreachable:
		codes := [...]Answer{NoRoute, Prohibited, BeyondScope, HostUnreachable, PortUnreachable}
		if m.Code < len(codes) {
			return codes[m.Code]
		}
		return Unreachable
	case ipv6.ICMPTypePacketTooBig:
		return TooBig
	case ipv6.ICMPTypeTimeExceeded:
		return TimeExceeded
	case ipv6.ICMPTypeParameterProblem:
		return ParamProblem
	}
	return Unknown
}

// about reports whether the beginning of a datagram is that of the request.
func (r Request) about(datagram []byte, id, seq uint16) bool {
	s := cryptobyte.String(datagram)
	var first, typ, code uint8
	var to []byte
	var sum, gotID, gotSeq uint16
	if r.To.Is6() {
		if !s.Skip(24) || !s.ReadBytes(&to, 16) { // extension headers are none of ours
			return false
		}
	} else {
		if !s.ReadUint8(&first) || !s.Skip(15) || !s.ReadBytes(&to, 4) || first&15 < 5 || !s.Skip(4*int(first&15)-headerIPv4) {
			return false
		}
	}
	at, ok := netip.AddrFromSlice(to)
	if !ok || at != r.To.WithZone("") || !s.ReadUint8(&typ) || !s.ReadUint8(&code) || !s.ReadUint16(&sum) || !s.ReadUint16(&gotID) || !s.ReadUint16(&gotSeq) {
		return false
	}
	echo := uint8(ipv4.ICMPTypeEcho)
	if r.To.Is6() {
		echo = uint8(ipv6.ICMPTypeEchoRequest)
	}
	return typ == echo && gotID == id && gotSeq == seq
}
