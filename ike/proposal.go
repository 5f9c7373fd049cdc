package ike

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"

	"seikan/esp"
	"seikan/ike/internal/suite"
	"seikan/ike/wire"
)

// offer makes an SA payload of proposals (RFC 7296 §3.3). spi is ours: 8 octets at an IKE SA rekey, 4 for ESP, none in IKE_SA_INIT.
// With groups false the key exchange transforms are left out, as in the Child SA of IKE_AUTH (RFC 7296 §1.2).
func offer(props []Proposal, protocol wire.ProtocolID, spi []byte, groups bool) *wire.SA {
	sa := &wire.SA{}
	for i, p := range props {
		w := wire.Proposal{Num: uint8(i + 1), Protocol: protocol, SPI: spi}
		for _, e := range p.Encr {
			w.Transforms = append(w.Transforms, wire.Transform{Type: wire.TransformENCR, ID: e.ID, KeyBits: e.KeyBits})
		}
		add := func(t wire.TransformType, id uint16) {
			w.Transforms = append(w.Transforms, wire.Transform{Type: t, ID: id})
		}
		for _, id := range p.PRF {
			add(wire.TransformPRF, id)
		}
		for _, id := range p.Integ {
			add(wire.TransformINTEG, id)
		}
		if groups {
			for _, g := range p.Groups {
				add(wire.TransformKE, uint16(g))
			}
			for _, g := range p.AddKE {
				add(wire.TransformADDKE, uint16(g))
			}
		}
		if protocol == wire.ProtocolESP {
			for _, esn := range esnChoices(p) {
				add(wire.TransformESN, esnID(esn))
			}
		}
		sa.Proposals = append(sa.Proposals, w)
	}
	return sa
}

// repeated is proposals for a rekey: what is in use stands first, so that a peer which chooses in the order of the offer keeps it, and
// then all that is configured. What is in use and not among props any more is left out.
func repeated(inUse algorithms, props []Proposal, protocol wire.ProtocolID) []Proposal {
	w := inUse.proposal()
	w.Protocol = protocol
	if protocol == wire.ProtocolESP {
		w.Transforms = append(w.Transforms, wire.Transform{Type: wire.TransformESN, ID: esnID(inUse.esn)})
	}
	groups := inUse.group != wire.NONE // a Child SA of IKE_AUTH had none; its first rekey may
	i := slices.IndexFunc(props, func(p Proposal) bool { _, ok := pick(p, w, groups); return ok })
	if i < 0 || len(props) == 255 {
		return props
	}
	p := props[i]
	p.Encr = []Encr{inUse.encr}
	if len(p.ESN) > 0 {
		p.ESN = []bool{inUse.esn}
	}
	if inUse.integ != 0 {
		p.Integ = []uint16{inUse.integ}
	}
	if inUse.prf != 0 {
		p.PRF = []uint16{inUse.prf}
	}
	p.Groups, p.AddKE = toFront(p.Groups, inUse.group), toFront(p.AddKE, inUse.addKE)
	if reflect.DeepEqual(p, props[0]) {
		return props
	}
	return append([]Proposal{p}, props...)
}

// toFront is a list with one of its members moved to the front.
func toFront(list []wire.GroupID, g wire.GroupID) []wire.GroupID {
	i := slices.Index(list, g)
	if i <= 0 || g == wire.NONE { // IKE_AUTH has none, which says nothing
		return list
	}
	return slices.Insert(slices.Delete(slices.Clone(list), i, i+1), 0, g)
}

func esnChoices(p Proposal) []bool {
	if len(p.ESN) == 0 {
		return []bool{false}
	}
	return p.ESN
}

func esnID(esn bool) uint16 {
	if esn {
		return 1
	}
	return 0
}

// choose picks from a peer's offer what our proposals like best, in our order (RFC 7296 §3.3.6), and makes the SA payload
// that says so but for our SPI. groups: whether a key exchange is being negotiated; a Child SA's offer with none is
// fine for a proposal without Groups.
func choose(ours []Proposal, offered *wire.SA, protocol wire.ProtocolID, groups bool) (algorithms, wire.Proposal, bool) {
	for _, p := range ours {
		for _, w := range offered.Proposals {
			if w.Protocol != protocol {
				continue
			}
			if a, ok := pick(p, w, groups); ok {
				return a, accepted(a, w, groups), true
			}
		}
	}
	return algorithms{}, wire.Proposal{}, false
}

// pick chooses one transform of each type that p and w share. Every type that w has must be one that we choose from, and
// every type that p needs must be in w.
func pick(p Proposal, w wire.Proposal, groups bool) (a algorithms, ok bool) {
	offered := map[wire.TransformType][]wire.Transform{}
	for _, t := range w.Transforms {
		offered[t.Type] = append(offered[t.Type], t)
	}
	for typ := range offered {
		switch typ {
		case wire.TransformENCR, wire.TransformINTEG, wire.TransformKE, wire.TransformESN, wire.TransformPRF, wire.TransformADDKE:
		default:
			return a, false
		}
	}
	has := func(typ wire.TransformType, id, bits uint16) bool {
		return slices.ContainsFunc(offered[typ], func(t wire.Transform) bool {
			return t.ID == id && t.KeyBits == bits && !t.Unknown
		})
	}
	// first of our choices that is offered; an absent type is the same as an offer of `none` (RFC 7296 §3.3.3)
	first := func(typ wire.TransformType, ids []uint16, none bool) (uint16, bool) {
		if none && len(ids) == 0 {
			return 0, len(offered[typ]) == 0 || has(typ, 0, 0)
		}
		for _, id := range ids {
			if has(typ, id, 0) || (id == 0 && len(offered[typ]) == 0) {
				return id, true
			}
		}
		return 0, false
	}
	i := slices.IndexFunc(p.Encr, func(e Encr) bool { return has(wire.TransformENCR, e.ID, e.KeyBits) })
	if i < 0 {
		return a, false
	}
	a.encr = p.Encr[i]
	if a.integ, ok = first(wire.TransformINTEG, p.Integ, true); !ok {
		return a, false
	}
	if a.prf, ok = first(wire.TransformPRF, p.PRF, len(p.PRF) == 0); !ok {
		return a, false
	}
	if groups {
		ids := make([]uint16, len(p.Groups))
		for i, g := range p.Groups {
			ids[i] = uint16(g)
		}
		g, ok := first(wire.TransformKE, ids, true)
		if !ok {
			return a, false
		}
		a.group = wire.GroupID(g)
	}
	add := make([]uint16, len(p.AddKE))
	for i, g := range p.AddKE {
		add[i] = uint16(g)
	}
	if !groups && len(offered[wire.TransformADDKE]) > 0 && !has(wire.TransformADDKE, 0, 0) {
		return a, false // IKE_AUTH has no room for one (RFC 9370 §2.2.3)
	}
	if groups {
		g, ok := first(wire.TransformADDKE, add, true)
		if !ok {
			return a, false
		}
		a.addKE = wire.GroupID(g)
	}
	if w.Protocol != wire.ProtocolESP {
		return a, true
	}
	for _, esn := range esnChoices(p) {
		if has(wire.TransformESN, esnID(esn), 0) || (!esn && len(offered[wire.TransformESN]) == 0) {
			a.esn = esn
			return a, true
		}
	}
	return a, false
}

// accepted is the answer to the chosen proposal: its number, and one transform of each type that it offered.
func accepted(a algorithms, w wire.Proposal, groups bool) wire.Proposal {
	r := wire.Proposal{Num: w.Num, Protocol: w.Protocol}
	seen := map[wire.TransformType]bool{}
	for _, t := range w.Transforms {
		if seen[t.Type] {
			continue
		}
		seen[t.Type] = true
		switch t.Type {
		case wire.TransformENCR:
			t = wire.Transform{Type: t.Type, ID: a.encr.ID, KeyBits: a.encr.KeyBits}
		case wire.TransformPRF:
			t = wire.Transform{Type: t.Type, ID: a.prf}
		case wire.TransformINTEG:
			t = wire.Transform{Type: t.Type, ID: a.integ}
		case wire.TransformKE:
			if !groups {
				continue // IKE_AUTH negotiates none; offers that name groups all the same are common
			}
			t = wire.Transform{Type: t.Type, ID: uint16(a.group)}
		case wire.TransformESN:
			t = wire.Transform{Type: t.Type, ID: esnID(a.esn)}
		case wire.TransformADDKE:
			if !groups {
				continue
			}
			t = wire.Transform{Type: t.Type, ID: uint16(a.addKE)}
		}
		r.Transforms = append(r.Transforms, t)
	}
	return r
}

// answered reads the peer's choice out of its answer: exactly one proposal, which must be one that we offered.
func answered(ours []Proposal, answer *wire.SA, protocol wire.ProtocolID, spiLen int, groups bool) (algorithms, []byte, error) {
	if len(answer.Proposals) != 1 {
		return algorithms{}, nil, fmt.Errorf("ike: answer has %d proposals, want 1", len(answer.Proposals))
	}
	w := answer.Proposals[0]
	if int(w.Num) < 1 || int(w.Num) > len(ours) || w.Protocol != protocol || len(w.SPI) != spiLen {
		return algorithms{}, nil, fmt.Errorf("ike: answer chooses what was not offered: %v", w)
	}
	seen := map[wire.TransformType]bool{}
	for _, t := range w.Transforms {
		if seen[t.Type] {
			return algorithms{}, nil, fmt.Errorf("ike: answer chooses two transforms of one type: %v", w)
		}
		seen[t.Type] = true
	}
	a, ok := pick(ours[w.Num-1], w, groups)
	if !ok {
		return algorithms{}, nil, fmt.Errorf("ike: answer chooses what was not offered: %v", w)
	}
	return a, w.SPI, nil
}

// espSuite is the ESP suite of negotiated algorithms.
func (a algorithms) espSuite() esp.Suite {
	return esp.Suite{Encr: esp.Encr(a.encr.ID), KeyBits: int(a.encr.KeyBits), Integ: esp.Integ(a.integ)}
}

// proposal is the choice as an IKE proposal of one transform a type.
func (a algorithms) proposal() wire.Proposal {
	w := wire.Proposal{Num: 1, Protocol: wire.ProtocolIKE, Transforms: []wire.Transform{{Type: wire.TransformENCR, ID: a.encr.ID, KeyBits: a.encr.KeyBits}}}
	if a.prf != 0 {
		w.Transforms = append(w.Transforms, wire.Transform{Type: wire.TransformPRF, ID: a.prf})
	}
	if a.integ != 0 {
		w.Transforms = append(w.Transforms, wire.Transform{Type: wire.TransformINTEG, ID: a.integ})
	}
	if a.group != wire.NONE {
		w.Transforms = append(w.Transforms, wire.Transform{Type: wire.TransformKE, ID: uint16(a.group)})
	}
	if a.addKE != wire.NONE {
		w.Transforms = append(w.Transforms, wire.Transform{Type: wire.TransformADDKE, ID: uint16(a.addKE)})
	}
	return w
}

// String is the choice in IANA names, for the log and the operator.
func (a algorithms) String() string { return a.proposal().String() }

// checkProposals refuses proposals that could not be carried out if they were chosen.
func checkProposals(props []Proposal, protocol wire.ProtocolID) error {
	if len(props) == 0 || len(props) > 255 {
		return fmt.Errorf("%d proposals, want 1 to 255", len(props))
	}
	for i, p := range props {
		if err := p.check(protocol); err != nil {
			return fmt.Errorf("proposal %d: %w", i+1, err)
		}
	}
	return nil
}

func (p Proposal) check(protocol wire.ProtocolID) error {
	integs := p.Integ
	if len(integs) == 0 {
		integs = []uint16{0}
	}
	if len(p.Encr) == 0 {
		return fmt.Errorf("no encryption algorithm")
	}
	for _, e := range p.Encr {
		for _, g := range integs {
			var err error
			if protocol == wire.ProtocolESP {
				err = algorithms{encr: e, integ: g}.espSuite().Check()
			} else {
				_, _, err = suite.CipherKeyLen(e.ID, int(e.KeyBits), g)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, g := range p.Groups {
		if g != wire.NONE && (!suite.GroupImplemented(g) || suite.IsKEM(g)) {
			return fmt.Errorf("key exchange group %v is not implemented", g)
		}
	}
	for _, g := range p.AddKE {
		if !suite.IsKEM(g) {
			return fmt.Errorf("additional key exchange %v is not implemented", g)
		}
	}
	if len(p.AddKE) > 0 && (len(p.Groups) == 0 || slices.Contains(p.Groups, wire.NONE)) {
		return fmt.Errorf("an additional key exchange without a first one")
	}
	if protocol == wire.ProtocolESP {
		return nil
	}
	for _, id := range p.PRF {
		if _, err := suite.NewPRF(id); err != nil {
			return err
		}
	}
	if len(p.PRF) == 0 || len(p.Groups) == 0 || slices.Contains(p.Groups, wire.NONE) {
		return fmt.Errorf("an IKE SA needs a PRF and a key exchange group")
	}
	return nil
}

// spiOctets are an ESP SPI as it stands in a payload.
func spiOctets(s esp.SPI) []byte { return binary.BigEndian.AppendUint32(nil, uint32(s)) }
