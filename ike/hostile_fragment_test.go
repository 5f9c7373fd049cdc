package ike

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"seikan/ike/wire"
)

// piece is one fragment as M makes it (RFC 7383 §2.5).
type piece struct {
	num, total uint16
	first      wire.PayloadType
	content    []byte
}

// fragment seals a piece of the message f.
func (h *hostile) fragment(f forged, p piece) []byte {
	k := f.sealed.keys
	b := wire.AppendFragmentHeader(nil, f.Header, p.first, p.num, p.total, k.out.SealedLen(len(p.content)))
	return k.out.Seal(b, b, p.content)
}

// cut is a message in n pieces.
func cut(f forged, n int) (list []piece) {
	first, plain := chain(f.ps)
	for i := range n {
		end := len(plain) * (i + 1) / n
		list = append(list, piece{uint16(i + 1), uint16(n), first, plain[len(plain)*i/n : end]})
		first = wire.PayloadNone
	}
	return list
}

// Fragments of an authentic peer that do not fit together, and of one that has not proved who it is: only a whole message has an effect.
func TestHostileFragment(t *testing.T) {
	long := make([]byte, 20_000)
	for _, tt := range []struct {
		name  string
		whole bool // it makes a message after all
		make  func(f forged) []piece
	}{
		{"in order", true, func(f forged) []piece { return cut(f, 3) }},
		{"in reverse", true, func(f forged) []piece { c := cut(f, 3); slices.Reverse(c); return c }},
		{"each twice", true, func(f forged) []piece { c := cut(f, 3); return []piece{c[0], c[0], c[1], c[1], c[2]} }},
		{"one of one", true, func(f forged) []piece { return cut(f, 1) }},
		{"64, empty ones among them", true, func(f forged) []piece { return cut(f, maxFragments) }},
		{"the first only", false, func(f forged) []piece { return cut(f, 3)[:1] }},
		{"the last only", false, func(f forged) []piece { return cut(f, 3)[2:] }},
		{"number 0", false, func(f forged) []piece { c := cut(f, 2); c[0].num = 0; return c }},
		{"total 0", false, func(f forged) []piece { c := cut(f, 2); c[0].total, c[1].total = 0, 0; return c }},
		{"number and total 0", false, func(f forged) []piece { c := cut(f, 1); c[0].num, c[0].total = 0, 0; return c }},
		{"number above total", false, func(f forged) []piece { c := cut(f, 2); c[1].num = 3; return c }},
		{"number 65535 of 65535", false, func(f forged) []piece { c := cut(f, 2); c[1].num, c[1].total = 65535, 65535; return c }},
		{"total 65535", false, func(f forged) []piece { c := cut(f, 2); c[0].total, c[1].total = 65535, 65535; return c }},
		{"65 of them", false, func(f forged) []piece { return cut(f, maxFragments+1) }},
		{"255 of them", false, func(f forged) []piece { return cut(f, 255) }},
		{"total grows", false, func(f forged) []piece { c := cut(f, 2); c[1].total = 3; return c }},
		{"total shrinks", false, func(f forged) []piece { c := cut(f, 3); c[1].total, c[2].total, c[2].num = 2, 2, 2; return c }},
		{"total grows each time", false, func(f forged) (c []piece) {
			for n := range uint16(maxFragments - 1) {
				c = append(c, piece{1, n + 2, wire.PayloadNotify, []byte{0}})
			}
			return c
		}},
		{"another payload type in the second", false, func(f forged) []piece { c := cut(f, 2); c[1].first = wire.PayloadNotify; return c }},
		{"64 KB in all", false, func(f forged) (c []piece) {
			for i := range uint16(4) {
				c = append(c, piece{i + 1, 4, map[bool]wire.PayloadType{true: wire.PayloadVendorID}[i == 0], long})
			}
			return c
		}},
		{"empty ones", false, func(forged) []piece { return []piece{{1, 3, 0, nil}, {2, 3, 0, nil}} }},
	} {
		for _, byB := range []bool{false, true} {
			for _, at := range points(byB)[1:] { // IKE_SA_INIT is never in fragments
				t.Run(fmt.Sprintf("%s%s/%s", at.name, role(byB), tt.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := at.say(h)[0]
					f := h.open(d.Data)
					if len(f.ps) == 0 {
						f.ps = []raw{{typ: wire.PayloadVendorID, body: []byte("some octets, so that there is something to cut")}}
					}
					var datas [][]byte
					for _, p := range tt.make(f) {
						datas = append(datas, h.fragment(f, p))
					}
					x := h.withM()
					next, asks := x.answered.next, x.own.x
					h.attack(at.unauth, d, datas...)
					if taken := x.answered.next != next || x.own.x != asks; taken != tt.whole {
						h.fail("taken as a message: %v, want %v", taken, tt.whole)
					}
					if n := x.answered.partial.octets + x.own.partial.octets; n > maxReassembled {
						h.fail("%d octets are kept", n)
					}
					h.aftermath()
				})
			}
		}
	}
}

// SKF payloads that are too short to be any, and ones that do not authenticate: nothing is kept of them.
func TestHostileFragmentLength(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB)[1:] {
			for n := range 26 {
				t.Run(fmt.Sprintf("%s%s/%d octets", at.name, role(byB), n), func(t *testing.T) {
					h := newHostile(t, nil)
					d := at.say(h)[0]
					f := h.open(d.Data)
					body := slices.Concat([]byte{0, 1, 0, 2}, make([]byte, 32))[:n]
					b := wire.AppendEncryptedHeader(nil, f.Header, wire.PayloadNotify, n)
					b[atNext] = byte(wire.PayloadSKF)
					b = append(b, body...)
					binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)))
					before := h.b.digest()
					h.attack(true, d, b)
					if after := h.b.digest(); after != before || len(h.toM) != 0 {
						h.fail("%d answers, changed %+v to %+v", len(h.toM), before, after)
					}
					if x := h.withM(); x.answered.partial.parts != nil || x.own.partial.parts != nil {
						h.fail("a fragment is kept that does not authenticate")
					}
					h.aftermath()
				})
			}
		}
	}
}
