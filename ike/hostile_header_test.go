package ike

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"seikan/ike/wire"
)

// headers is what can be done to the header of a sealed or unsealed message. What is done after it is sealed no receiver may take for the
// peer's own.
var headers = []struct {
	name  string
	alter func(b []byte)
}{
	{"SPIi 0", func(b []byte) { clear(b[:8]) }},
	{"SPIr 0", func(b []byte) { clear(b[atSPIr:atNext]) }},
	{"both SPIs 0", func(b []byte) { clear(b[:atNext]) }},
	{"SPIi another", func(b []byte) { b[0] ^= 0x80 }},
	{"SPIr another", func(b []byte) { b[atSPIr] ^= 0x80 }},
	{"SPIs swapped", func(b []byte) { copy(b, slices.Concat(b[8:16], b[:8])) }},
	{"of IKEv1", func(b []byte) { b[atVersion] = 0x10 }},
	{"of IKEv1, main mode", func(b []byte) { b[atVersion], b[atNext], b[atExchange] = 0x10, 1, 2 }},
	{"of version 0", func(b []byte) { b[atVersion] = 0 }},
	{"of version 3", func(b []byte) { b[atVersion] = 0x30 }},
	{"of version 15", func(b []byte) { b[atVersion] = 0xff }},
	{"of minor version 15", func(b []byte) { b[atVersion] = 0x2f }},
	{"response flag wrong", func(b []byte) { b[atFlags] ^= byte(wire.FlagResponse) }},
	{"initiator flag wrong", func(b []byte) { b[atFlags] ^= byte(wire.FlagInitiator) }},
	{"both flags wrong", func(b []byte) { b[atFlags] ^= byte(wire.FlagInitiator | wire.FlagResponse) }},
	{"reserved flags", func(b []byte) { b[atFlags] |= 0xc7 }},
	{"message ID one more", func(b []byte) { binary.BigEndian.PutUint32(b[atID:], binary.BigEndian.Uint32(b[atID:])+1) }},
	{"message ID one less", func(b []byte) { binary.BigEndian.PutUint32(b[atID:], binary.BigEndian.Uint32(b[atID:])-1) }},
	{"the last message ID", func(b []byte) { binary.BigEndian.PutUint32(b[atID:], 0xffffffff) }},
	{"length 0", func(b []byte) { binary.BigEndian.PutUint32(b[atLength:], 0) }},
	{"length of the header", func(b []byte) { binary.BigEndian.PutUint32(b[atLength:], wire.HeaderLen) }},
	{"length an octet more", func(b []byte) { binary.BigEndian.PutUint32(b[atLength:], uint32(len(b))+1) }},
	{"length of 4 GiB", func(b []byte) { binary.BigEndian.PutUint32(b[atLength:], 0xffffffff) }},
	{"first payload none", func(b []byte) { b[atNext] = 0 }},
	{"first payload of an unknown type", func(b []byte) { b[atNext] = 200 }},
	{"first payload SKF", func(b []byte) { b[atNext] = byte(wire.PayloadSKF) }},
}

// The header of each message altered: by the peer itself before it seals, and by anybody after.
func TestHostileHeader(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, g := range points(byB) {
			for _, tt := range headers {
				t.Run(fmt.Sprintf("%s%s/%s", g.name, role(byB), tt.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := g.say(h)[0]
					sealed := h.open(d.Data).sealed != nil
					before := h.b.digest()
					h.attack(true, d, edit(d.Data, tt.alter))
					if after := h.b.digest(); sealed && after != before {
						t.Errorf("changed %+v to %+v", before, after)
					}
					h.aftermath()
				})
			}
		}
	}
}

// An authentic peer seals a message under another header than is due.
func TestHostileSealedHeader(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, g := range points(byB)[1:] { // the first is not sealed
			for _, tt := range headers {
				t.Run(fmt.Sprintf("%s%s/%s", g.name, role(byB), tt.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := g.say(h)[0]
					f := h.open(d.Data)
					first, plain := chain(f.ps)
					k := f.sealed.keys
					b := wire.AppendEncryptedHeader(nil, f.Header, first, k.out.SealedLen(len(plain)))
					tt.alter(b[:wire.HeaderLen])
					h.attack(g.unauth, d, k.out.Seal(b, b, plain))
					h.aftermath()
				})
			}
		}
	}
}

// What is not a message at all, and messages cut short at each octet of what is in front of the content.
func TestHostileLength(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, g := range points(byB) {
			for _, n := range []int{0, 1, 3, 4, 7, 8, 15, 16, 17, 27, 28, 29, 31, 32, 33, 36, 40, 47, 48, 49, 55, 56, 57} {
				t.Run(fmt.Sprintf("%s%s/%d octets", g.name, role(byB), n), func(t *testing.T) {
					h := newHostile(t, nil)
					d := g.say(h)[0]
					cut := slices.Clone(d.Data[:min(n, len(d.Data)-1)])
					honest := slices.Clone(cut)
					if len(honest) >= wire.HeaderLen {
						binary.BigEndian.PutUint32(honest[atLength:], uint32(len(honest)))
					}
					before := h.b.digest()
					h.attack(true, d, cut, honest)
					if after := h.b.digest(); after != before {
						t.Errorf("changed %+v to %+v", before, after)
					}
					h.aftermath()
				})
			}
		}
	}
}
