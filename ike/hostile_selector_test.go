package ike

import (
	"fmt"
	"slices"
	"testing"

	"seikan/ike/wire"
)

// selector is an IPv4 traffic selector with a length field of its own (RFC 7296 §3.13.1).
func selector(kind byte, length uint16, from, to uint16, lo, hi [4]byte) []byte {
	return slices.Concat([]byte{kind, 0, byte(length >> 8), byte(length), byte(from >> 8), byte(from), byte(to >> 8), byte(to)}, lo[:], hi[:])
}

// badTS are contents of TSi and TSr payloads.
func badTS() []badContent {
	lo, hi := [4]byte{10, 0, 0, 0}, [4]byte{10, 255, 255, 255}
	good := selector(7, 16, 0, 65535, lo, hi)
	count := func(n byte, sels ...[]byte) []byte { return slices.Concat([]byte{n, 0, 0, 0}, slices.Concat(sels...)) }
	return []badContent{
		{"start above end", count(1, selector(7, 16, 0, 65535, hi, lo))},
		{"first port above the last", count(1, selector(7, 16, 2, 1, lo, hi))},
		{"length 0", count(1, selector(7, 0, 0, 65535, lo, hi))},
		{"length 4", count(1, selector(7, 4, 0, 65535, lo, hi))},
		{"length 15", count(1, selector(7, 15, 0, 65535, lo, hi))},
		{"length 17", count(1, selector(7, 17, 0, 65535, lo, hi))},
		{"length 65535", count(1, selector(7, 65535, 0, 65535, lo, hi))},
		{"IPv4 addresses as IPv6", count(1, selector(8, 16, 0, 65535, lo, hi))},
		{"of an unknown type", count(1, selector(99, 16, 0, 65535, lo, hi))},
		{"of an unknown type and length 0", count(1, selector(99, 0, 0, 65535, lo, hi))},
		{"Fibre Channel", count(1, selector(9, 16, 0, 65535, lo, hi))},
		{"none", count(0)},
		{"none stated, one there", count(0, good)},
		{"two stated, one there", count(2, good)},
		{"one stated, two there", count(1, good, good)},
		{"255 stated, one there", count(255, good)},
		{"255 of other networks", count(255, slices.Repeat(selector(7, 16, 0, 65535, [4]byte{172, 16}, [4]byte{172, 16, 1}), 255))},
		{"of other networks", count(1, selector(7, 16, 0, 65535, [4]byte{192, 168}, [4]byte{192, 168, 255, 255}))},
	}
}

// badContent is the content of a payload that no honest peer sends.
type badContent struct {
	name string
	body []byte
}

// each runs the points at which M says something with a payload of the type, with each content in its place.
func each(t *testing.T, typ wire.PayloadType, bads []badContent, check func(h *hostile, bad badContent)) {
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB) {
			probe := newHostile(t, nil)
			f := probe.open(at.say(probe)[0].Data)
			i := slices.IndexFunc(f.ps, func(p raw) bool { return p.typ == typ })
			if i < 0 {
				continue
			}
			for _, bad := range bads {
				t.Run(fmt.Sprintf("%s%s/%s", at.name, role(byB), bad.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := at.say(h)[0]
					f := h.open(d.Data)
					f.ps[i].body = bad.body
					h.b.events = nil
					h.attack(at.unauth, d, h.close(f))
					check(h, bad)
					h.aftermath()
				})
			}
		}
	}
}

// Traffic selectors that no honest peer sends: none of them brings a Child SA up.
func TestHostileSelectors(t *testing.T) {
	for _, typ := range []wire.PayloadType{wire.PayloadTSi, wire.PayloadTSr} {
		t.Run(typ.String(), func(t *testing.T) {
			each(t, typ, badTS(), func(h *hostile, _ badContent) {
				if up := find[ChildUp](h.b); len(up) != 0 {
					h.fail("a Child SA came up: %+v", up)
				}
			})
		})
	}
}

// 255 selectors of which one is good are narrowed to that one.
func TestHostileManySelectors(t *testing.T) {
	other := selector(7, 16, 0, 65535, [4]byte{172, 16}, [4]byte{172, 16, 1})
	h := newHostile(t, nil)
	h.bHears(h.mDoes(acquired(h.m)))
	d := h.mHears()[0]
	f := h.open(d.Data)
	for i, p := range f.ps {
		if p.typ == wire.PayloadTSi || p.typ == wire.PayloadTSr {
			f.ps[i].body = slices.Concat([]byte{255, 0, 0, 0}, slices.Repeat(other, 254), p.body[4:])
		}
	}
	h.attack(false, d, h.close(f))
	if x := h.withM(); len(x.children) != 1 || !equalSelectors(x.children[childOf(x)].local, h.b.e.flows["fM"].Local) {
		h.fail("want a child with the one selector that is good, got %+v", x.children)
	}
	h.aftermath()
}

// Identities that no honest peer has: nobody gets in with one.
func TestHostileIdentity(t *testing.T) {
	long := make([]byte, 60_000)
	id := func(kind wire.IDKind, data []byte) []byte { return append([]byte{byte(kind), 0, 0, 0}, data...) }
	var bads []badContent
	for _, kind := range []wire.IDKind{0, wire.ID_IPV4_ADDR, wire.ID_FQDN, wire.ID_RFC822_ADDR, wire.ID_IPV6_ADDR, wire.ID_DER_ASN1_DN, wire.ID_KEY_ID, wire.ID_NULL, 255} {
		for _, n := range []int{0, 1, 4, 5, 16, len(long)} {
			bads = append(bads, badContent{fmt.Sprintf("type %d, %d octets", kind, n), id(kind, long[:n])})
		}
	}
	bads = append(bads, badContent{"no type", nil}, badContent{"half a header", []byte{1, 0}}, badContent{"a NUL in a name", id(wire.ID_FQDN, []byte("a\x00b"))})
	for _, typ := range []wire.PayloadType{wire.PayloadIDi, wire.PayloadIDr} {
		t.Run(typ.String(), func(t *testing.T) {
			each(t, typ, bads, func(h *hostile, _ badContent) {
				if up := find[SAUp](h.b); len(up) != 0 {
					h.fail("an IKE SA came up: %+v", up)
				}
			})
		})
	}
}

// AUTH payloads that prove nothing.
func TestHostileAuth(t *testing.T) {
	auth := func(method byte, n int) []byte { return append([]byte{method, 0, 0, 0}, make([]byte, n)...) }
	var bads []badContent
	for _, method := range []byte{0, 1, 2, 3, 9, 12, 13, 14, 255} {
		for _, n := range []int{0, 1, 31, 32, 33, 60_000} {
			bads = append(bads, badContent{fmt.Sprintf("method %d, %d octets", method, n), auth(method, n)})
		}
	}
	each(t, wire.PayloadAUTH, bads, func(h *hostile, _ badContent) {
		if up := find[SAUp](h.b); len(up) != 0 {
			h.fail("an IKE SA came up: %+v", up)
		}
	})
}

// Nonces are of 16 to 256 octets (RFC 7296 §3.9).
func TestHostileNonce(t *testing.T) {
	var bads []badContent
	for _, n := range []int{0, 1, 15, 16, 256, 257, 60_000} {
		bads = append(bads, badContent{fmt.Sprintf("%d octets", n), make([]byte, n)})
	}
	each(t, wire.PayloadNonce, bads, func(h *hostile, bad badContent) {
		good := len(bad.body) >= 16 && len(bad.body) <= 256
		made := len(find[SAStart](h.b)) + len(find[ChildUp](h.b)) + len(find[SAUp](h.b))
		if x := h.withM(); x != nil && x.own.typ == wire.IKE_AUTH && x.own.x != nil {
			made++ // B goes on to IKE_AUTH
		}
		if good != (made > 0) {
			h.fail("%d SAs were made", made)
		}
	})
}
