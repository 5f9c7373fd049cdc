package ike

import (
	"encoding/binary"
	"slices"

	"seikan/ike/wire"
)

// raw is one payload as it is on the wire.
type raw struct {
	typ      wire.PayloadType
	critical bool
	body     []byte
	length   int // what the length field says; 0: the truth
}

// forged is a message taken apart.
type forged struct {
	wire.Header
	ps     []raw
	sealed *sa // M's end of the SA under whose keys it is sealed; nil: it is in the clear
}

// open takes M's message apart, as B can.
func (h *hostile) open(data []byte) forged {
	h.t.Helper()
	m, err := wire.Parse(data)
	if err != nil {
		h.t.Fatal(err)
	}
	f := forged{Header: m.Header}
	first, rest := m.Next, data[wire.HeaderLen:]
	if e, ok := m.Payloads[0].(*wire.Encrypted); ok {
		f.sealed, first = h.endOf(m.Header), e.Next
		if rest, err = h.withM().keys.in.Open(data[:len(data)-len(e.Body)], e.Body); err != nil {
			h.t.Fatal(err)
		}
	}
	f.ps = split(first, rest)
	return f
}

// endOf is M's end of the SA of a message.
func (h *hostile) endOf(of wire.Header) *sa {
	for _, s := range h.m.sas {
		if s.spiI == of.SPIi && s.spiR == of.SPIr {
			return s
		}
	}
	h.t.Fatalf("M has no SA %v, %v", of.SPIi, of.SPIr)
	return nil
}

// split takes a chain of payloads apart.
func split(typ wire.PayloadType, b []byte) (ps []raw) {
	for typ != wire.PayloadNone {
		n := int(binary.BigEndian.Uint16(b[2:]))
		ps = append(ps, raw{typ: typ, critical: b[1] != 0, body: slices.Clone(b[4:n])})
		typ, b = wire.PayloadType(b[0]), b[n:]
	}
	return ps
}

// chain is the payloads on the wire.
func chain(ps []raw) (first wire.PayloadType, b []byte) {
	next := wire.PayloadNone
	for _, p := range slices.Backward(ps) {
		n, flags := p.length, byte(0)
		if n == 0 {
			n = 4 + len(p.body)
		}
		if p.critical {
			flags = 0x80
		}
		b = slices.Concat([]byte{byte(next), flags, byte(n >> 8), byte(n)}, p.body, b)
		next = p.typ
	}
	return next, b
}

// close puts a message together again, sealed as M can.
func (h *hostile) close(f forged) []byte {
	first, plain := chain(f.ps)
	if f.sealed != nil {
		k := f.sealed.keys
		b := wire.AppendEncryptedHeader(nil, f.Header, first, k.out.SealedLen(len(plain)))
		return k.out.Seal(b, b, plain)
	}
	m := wire.Message{Header: f.Header}
	b := append(m.Append(nil), plain...)
	b[atNext] = byte(first)
	binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)))
	return b
}
