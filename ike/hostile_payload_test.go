package ike

import (
	"fmt"
	"slices"
	"testing"

	"seikan/ike/wire"
)

// alteration is one thing that can be done to the payload i of a message.
type alteration struct {
	name  string
	alter func(ps []raw, i int) []raw
}

func alterations() []alteration {
	long := make([]byte, 60_000)
	body := func(change func(p *raw)) func(ps []raw, i int) []raw {
		return func(ps []raw, i int) []raw { change(&ps[i]); return ps }
	}
	return []alteration{
		{"missing", func(ps []raw, i int) []raw { return slices.Delete(ps, i, i+1) }},
		{"empty", body(func(p *raw) { p.body = nil })},
		{"of one octet", body(func(p *raw) { p.body = p.body[:min(1, len(p.body))] })},
		{"cut by an octet", body(func(p *raw) { p.body = p.body[:max(0, len(p.body)-1)] })},
		{"twice", func(ps []raw, i int) []raw { return slices.Insert(ps, i, ps[i]) }},
		{"60 times", func(ps []raw, i int) []raw { return slices.Insert(ps, i, slices.Repeat(ps[i:i+1], 60-len(ps))...) }},
		{"of 60,000 octets", body(func(p *raw) { p.body = slices.Concat(p.body, long) })},
		{"of zeros", body(func(p *raw) { clear(p.body) })},
		{"of ones", body(func(p *raw) {
			for i := range p.body {
				p.body[i] = 0xff
			}
		})},
		{"length beyond the end", body(func(p *raw) { p.length = 0xffff })},
		{"length an octet too large", body(func(p *raw) { p.length = 4 + len(p.body) + 1 })},
		{"length less than its header", body(func(p *raw) { p.length = 3 })},
		{"critical", body(func(p *raw) { p.critical = true })},
		{"of an unknown type", body(func(p *raw) { p.typ = 200 })},
		{"of an unknown type, critical", body(func(p *raw) { p.typ, p.critical = 200, true })},
		{"of the type SK", body(func(p *raw) { p.typ = wire.PayloadSK })},
		{"of the type SKF", body(func(p *raw) { p.typ = wire.PayloadSKF })},
	}
}

// Each payload of each exchange, in either role, altered in each way.
func TestHostilePayload(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, g := range points(byB) {
			h := newHostile(t, nil)
			for i, p := range h.open(g.say(h)[0].Data).ps {
				for _, a := range alterations() {
					t.Run(fmt.Sprintf("%s%s/%d %v/%s", g.name, role(byB), i+1, p.typ, a.name), func(t *testing.T) {
						h := newHostile(t, nil)
						d := g.say(h)[0]
						f := h.open(d.Data)
						f.ps = a.alter(f.ps, i)
						h.attack(g.unauth, d, h.close(f))
						h.aftermath()
					})
				}
			}
		}
	}
}

// role tells which end of the IKE SA is attacked.
func role(byB bool) string {
	if byB {
		return " to the initiator"
	}
	return " to the responder"
}

// The message as a whole: payloads that are not known, too many, in another order, with octets behind them, and none at all.
func TestHostileMessage(t *testing.T) {
	unknown := func(n int, critical bool) []raw {
		return slices.Repeat([]raw{{typ: 200, critical: critical, body: []byte{1, 2, 3}}}, n)
	}
	for _, a := range []struct {
		name  string
		alter func(ps []raw) []raw
	}{
		{"no payloads", func([]raw) []raw { return nil }},
		{"in reverse", func(ps []raw) []raw { slices.Reverse(ps); return ps }},
		{"an unknown payload in front", func(ps []raw) []raw { return slices.Concat(unknown(1, false), ps) }},
		{"an unknown critical payload in front", func(ps []raw) []raw { return slices.Concat(unknown(1, true), ps) }},
		{"an unknown critical payload behind", func(ps []raw) []raw { return slices.Concat(ps, unknown(1, true)) }},
		{"17 unknown payloads", func(ps []raw) []raw { return slices.Concat(ps, unknown(17, false)) }},
		{"17 unknown payloads alone", func([]raw) []raw { return unknown(17, false) }},
		{"300 unknown payloads", func(ps []raw) []raw { return slices.Concat(ps, unknown(300, false)) }},
		{"each payload of RFC 7296 empty", func([]raw) (ps []raw) {
			for typ := wire.PayloadSA; typ <= wire.PayloadEAP; typ++ {
				ps = append(ps, raw{typ: typ})
			}
			return ps
		}},
		{"EAP", func(ps []raw) []raw {
			return slices.Concat(ps, []raw{{typ: wire.PayloadEAP, body: []byte{3, 1, 0, 4}}})
		}},
		{"CP", func(ps []raw) []raw {
			return slices.Concat(ps, []raw{{typ: wire.PayloadCP, body: []byte{1, 0, 0, 0, 0, 1, 0, 0}}})
		}},
		{"a payload of IKEv1", func(ps []raw) []raw { return slices.Concat([]raw{{typ: 1, body: make([]byte, 20)}}, ps) }},
	} {
		for _, byB := range []bool{false, true} {
			for _, g := range points(byB) {
				t.Run(fmt.Sprintf("%s/%s%s", a.name, g.name, role(byB)), func(t *testing.T) {
					h := newHostile(t, nil)
					d := g.say(h)[0]
					f := h.open(d.Data)
					f.ps = a.alter(f.ps)
					h.attack(g.unauth, d, h.close(f))
					h.aftermath()
				})
			}
		}
	}
}

// What should be sealed comes in the clear, and what is sealed comes with something in the clear in front of it.
func TestHostileClear(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, g := range points(byB)[1:] { // the first is in the clear anyway
			for _, tt := range []struct {
				name  string
				alter func(h *hostile, f forged) []byte
			}{
				{"in the clear", func(h *hostile, f forged) []byte { f.sealed = nil; return h.close(f) }},
				{"in the clear without anything", func(h *hostile, f forged) []byte { f.sealed, f.ps = nil, nil; return h.close(f) }},
				{"an unknown critical payload outside", func(h *hostile, f forged) []byte {
					sealed := h.close(f)
					f.sealed = nil
					f.ps = []raw{{typ: 200, critical: true}, {typ: wire.PayloadSK, body: sealed[wire.HeaderLen+4:]}}
					return h.close(f)
				}},
				{"17 unknown payloads outside", func(h *hostile, f forged) []byte {
					sealed := h.close(f)
					f.sealed = nil
					f.ps = append(slices.Repeat([]raw{{typ: 200}}, 17), raw{typ: wire.PayloadSK, body: sealed[wire.HeaderLen+4:]})
					return h.close(f)
				}},
			} {
				t.Run(fmt.Sprintf("%s%s/%s", g.name, role(byB), tt.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := g.say(h)[0]
					f := h.open(d.Data)
					before := h.b.digest()
					h.attack(true, d, tt.alter(h, f))
					if after := h.b.digest(); after != before {
						t.Errorf("changed %+v to %+v", before, after)
					}
					if len(h.toM) != 0 {
						t.Errorf("%d answers", len(h.toM))
					}
					h.aftermath()
				})
			}
		}
	}
}
