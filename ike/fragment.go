package ike

import (
	"time"

	"seikan/ike/wire"
)

// message is one IKE message as it goes over the wire: a datagram, or several where it is fragmented (RFC 7383). It is resent
// as it is.
type message [][]byte

// Headers in front of an IKE message, with the non-ESP marker (RFC 3948 §2.2).
const (
	ipv4Overhead = 20 + 8 + 4
	ipv6Overhead = 40 + 8 + 4
)

// Bounds on the fragments that are kept of one message, in each direction of an SA.
const (
	maxFragments   = 64
	maxReassembled = 32 << 10         // octets
	reassemblyTime = 30 * time.Second // from the first one
)

// room is how many octets one of our datagrams may have; 0: any number.
func (s *sa) room() int {
	switch {
	case !s.fragments:
		return 0
	case s.path.Remote.Addr().Is4():
		return s.e.cfg.FragmentMTU - ipv4Overhead
	}
	return s.e.cfg.FragmentMTU - ipv6Overhead
}

// header is that of a message of ours.
func (s *sa) header(typ wire.ExchangeType, id uint32, response bool) wire.Header {
	return wire.Header{SPIi: s.spiI, SPIr: s.spiR, Version: version, Exchange: typ, MessageID: id, Flags: s.flags(response)}
}

// seal makes a protected message of payloads, in fragments where it is larger than a datagram may be.
func (s *sa) seal(typ wire.ExchangeType, id uint32, response bool, ps []wire.Payload) message {
	h := s.header(typ, id, response)
	plain, first := wire.AppendPayloads(nil, ps), wire.FirstType(ps)
	whole := s.keys.out.SealedLen(len(plain))
	if room := s.room(); room > 0 && wire.HeaderLen+4+whole > room {
		return s.fragment(h, first, plain, room)
	}
	b := wire.AppendEncryptedHeader(make([]byte, 0, wire.HeaderLen+4+whole), h, first, whole)
	return message{s.keys.out.Seal(b, b, plain)}
}

// fragment seals a message in parts, each as large as there is room for (RFC 7383 §2.5).
func (s *sa) fragment(h wire.Header, first wire.PayloadType, plain []byte, room int) message {
	const header = wire.HeaderLen + 4 + 4
	part := room - header - s.keys.out.SealedLen(0)
	for part > 1 && header+s.keys.out.SealedLen(part) > room { // padding
		part--
	}
	part = max(part, 1)
	total := (len(plain) + part - 1) / part
	msg := make(message, 0, total)
	for num := 1; num <= total; num++ {
		chunk := plain[:min(part, len(plain))]
		plain = plain[len(chunk):]
		n := s.keys.out.SealedLen(len(chunk))
		b := wire.AppendFragmentHeader(make([]byte, 0, header+n), h, first, uint16(num), uint16(total), n)
		msg = append(msg, s.keys.out.Seal(b, b, chunk))
		first = wire.PayloadNone
	}
	return msg
}

// transmit sends a message of ours on the SA's path.
func (s *sa) transmit(m message, out *Output) {
	for _, data := range m {
		out.Datagrams = append(out.Datagrams, Datagram{Path: s.path, Data: data})
	}
}

// reassembly is what has come of the one message that may be arriving in fragments. Only authentic ones are kept.
type reassembly struct {
	id     uint32
	typ    wire.ExchangeType
	first  wire.PayloadType // of the payloads, from fragment 1
	parts  [][]byte         // by number
	have   int
	octets int
	since  time.Time
}

// add takes an authentic fragment's content. Complete is true with the last one that was missing, and what is kept is given up then; kept
// is false where the fragment was there already, or breaks a bound.
func (r *reassembly) add(now time.Time, h wire.Header, f *wire.Encrypted, content []byte) (kept, complete bool) {
	total := int(f.Total)
	if total > maxFragments || f.Next != wire.PayloadNone && f.Num != 1 {
		return false, false
	}
	fresh := r.parts == nil || r.id != h.MessageID || r.typ != h.Exchange || now.Sub(r.since) > reassemblyTime
	if !fresh && total < len(r.parts) {
		return false, false // from before the sender made them smaller
	}
	if fresh || total > len(r.parts) { // RFC 7383 §2.5.2: the sender has cut the message anew
		*r = reassembly{id: h.MessageID, typ: h.Exchange, parts: make([][]byte, total), since: now}
	}
	at := &r.parts[f.Num-1]
	if *at != nil || r.octets+len(content) > maxReassembled {
		return false, false
	}
	if *at = content; content == nil {
		*at = []byte{}
	}
	if f.Num == 1 {
		r.first = f.Next
	}
	r.have++
	r.octets += len(content)
	return true, r.have == total
}

// take is the content of the whole message, and forgets it.
func (r *reassembly) take() (first wire.PayloadType, plain []byte) {
	plain = make([]byte, 0, r.octets)
	for _, p := range r.parts {
		plain = append(plain, p...)
	}
	first = r.first
	*r = reassembly{}
	return first, plain
}
