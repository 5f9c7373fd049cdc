package ike

import (
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// Stages of an IKE SA at which FuzzHandle hands over a message.
const (
	stageFresh   = iota // B has no SA
	stageInit           // A waits for the answer to IKE_SA_INIT
	stageAuth           // B waits for IKE_AUTH
	stageAuthed         // A waits for the answer to IKE_AUTH
	stageUp             // both are up, and B is idle
	stageRekey          // A waits for the answer to a rekey of the Child SA
	stageRekeySA        // A waits for the answer to a rekey of the IKE SA
	stageAdd            // B waits for the additional key exchange
	stageAdded          // A waits for the answer to it
	numStages
)

// at brings a pair to a stage and gives the side that is to be attacked, and its SA there.
func (p *pair) at(stage uint8) (*side, *sa) {
	first := func(s *side) *sa { return s.e.sorted()[0] }
	cut := func(*side, []byte) bool { return true }
	switch stage {
	case stageFresh:
		return p.b, nil
	case stageInit:
		p.lose = cut
		p.a.acquire("f0")
		return p.a, first(p.a)
	case stageAuth, stageAuthed, stageAdd, stageAdded:
		p.lose = func(_ *side, data []byte) bool {
			h, _ := wire.ParseHeader(data)
			return h.Exchange == wire.IKE_AUTH || h.Exchange == wire.IKE_INTERMEDIATE && stage >= stageAdd
		}
		p.a.acquire("f0")
		p.run(100 * time.Millisecond)
		if stage == stageAuth || stage == stageAdd {
			return p.b, first(p.b)
		}
		return p.a, first(p.a)
	}
	p.up()
	p.lose = cut
	switch stage {
	case stageRekey:
		p.a.rekeyChild()
		return p.a, p.a.sole()
	case stageRekeySA:
		p.a.rekeySA()
		return p.a, p.a.sole()
	}
	return p.b, p.b.sole()
}

// FuzzHandle hands a side a hostile message: as it is, or with its payloads encrypted and authenticated as the peer would, so
// that what is behind the checks is reached as well.
func FuzzHandle(f *testing.F) {
	for stage := range uint8(numStages) {
		f.Add(stage, uint8(wire.IKE_SA_INIT), true, uint8(wire.PayloadSA), []byte{})
	}
	seeds := []struct {
		typ wire.ExchangeType
		ps  []wire.Payload
	}{
		{wire.INFORMATIONAL, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolIKE}}},
		{wire.INFORMATIONAL, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolESP, SPIs: [][]byte{{1, 2, 3, 4}}}, &wire.Notify{Kind: wire.AUTHENTICATION_FAILED}}},
		{wire.CREATE_CHILD_SA, []wire.Payload{offer(espProposals(), wire.ProtocolESP, []byte{1, 2, 3, 4}, true), &wire.Nonce{Data: make([]byte, 32)}, toTS(true, []sadb.Selector{prefix("10.1.0.0/16")}), toTS(false, []sadb.Selector{prefix("10.2.0.0/16")})}},
		{wire.CREATE_CHILD_SA, []wire.Payload{offer(ikeProposals(), wire.ProtocolIKE, []byte("12345678"), true), &wire.Nonce{Data: make([]byte, 32)}, &wire.KE{Group: wire.CURVE25519, Data: []byte{31: 9}}}},
		{wire.CREATE_CHILD_SA, []wire.Payload{&wire.Notify{Kind: wire.TEMPORARY_FAILURE}}},
		{wire.CREATE_CHILD_SA, []wire.Payload{&wire.Notify{Kind: wire.INVALID_KE_PAYLOAD, Data: []byte{0, 19}}}},
		{wire.IKE_AUTH, []wire.Payload{Identity{wire.ID_FQDN, "a"}.payload(true), &wire.Auth{Method: wire.AuthSharedKey, Data: make([]byte, 32)}, offer(espProposals(), wire.ProtocolESP, []byte{1, 2, 3, 4}, false), toTS(true, []sadb.Selector{prefix("10.1.0.0/16")}), toTS(false, []sadb.Selector{prefix("10.2.0.0/16")})}},
		{wire.IKE_SA_INIT, []wire.Payload{offer(ikeProposals(), wire.ProtocolIKE, nil, true), &wire.KE{Group: wire.CURVE25519, Data: []byte{31: 9}}, &wire.Nonce{Data: make([]byte, 32)}}},
		{wire.IKE_INTERMEDIATE, []wire.Payload{&wire.KE{Group: wire.ML_KEM_768, Data: make([]byte, 1184)}}},
		{wire.IKE_INTERMEDIATE, []wire.Payload{&wire.KE{Group: wire.ML_KEM_768, Data: make([]byte, 1088)}}},
		{wire.IKE_SA_INIT, []wire.Payload{&wire.Notify{Kind: wire.COOKIE, Data: []byte("cookie")}}},
	}
	for _, s := range seeds {
		for stage := range uint8(numStages) {
			f.Add(stage, uint8(s.typ), stage%2 == 0, uint8(wire.FirstType(s.ps)), wire.AppendPayloads(nil, s.ps))
		}
	}
	f.Fuzz(func(t *testing.T, stage, typ uint8, sealed bool, first uint8, body []byte) {
		stage %= numStages
		p := newPair(t, func(a, b *Config) {
			if stage >= stageAdd {
				quantum(a, true, wire.ML_KEM_768)
				quantum(b, true, wire.ML_KEM_768)
			}
		})
		victim, target := p.at(stage)
		before := victim.digest()
		data, path := forge(p, victim, target, wire.ExchangeType(typ), sealed, wire.PayloadType(first), body)
		victim.deliver(path, data)
		if n := len(victim.out.Datagrams); n > 2 {
			t.Errorf("%d datagrams for one", n)
		}
		if !sealed && before.state == established && target != nil {
			if after := victim.digest(); after != before {
				t.Errorf("an unprotected message changed %+v to %+v", before, after)
			}
		}
		// Whatever it was, the endpoint goes on, and comes to rest.
		p.lose = nil
		p.run(5 * time.Minute)
		for _, s := range []*side{p.a, p.b} {
			s.do(s.e.Shutdown)
		}
		p.run(5 * time.Minute)
		p.wantNothing()
	})
}

// forge makes a message from the peer to the victim, as an answer where the victim waits for one. It is authentic if sealed and if
// there are keys.
func forge(p *pair, victim *side, target *sa, typ wire.ExchangeType, sealed bool, first wire.PayloadType, body []byte) ([]byte, sadb.Path) {
	path := sadb.Path{Local: withPort(victim, 500), Remote: withPort(p.other(victim), 500)}
	h := wire.Header{SPIi: 1, Version: version, Exchange: typ, Flags: wire.FlagInitiator}
	if target != nil {
		path = target.path
		h.SPIi, h.SPIr, h.Flags, h.MessageID = target.spiI, target.spiR, 0, target.answered.next
		if !target.initiator {
			h.Flags |= wire.FlagInitiator
		}
		if target.own.x != nil {
			h.Flags |= wire.FlagResponse
			h.MessageID = target.own.next - 1
		}
	}
	peer := p.other(victim)
	if sealed && target != nil && target.keys != nil && len(peer.e.sas) > 0 {
		from := peer.e.sorted()[0]
		n := from.keys.out.SealedLen(len(body))
		b := wire.AppendEncryptedHeader(nil, h, first, n)
		return from.keys.out.Seal(b, b, body), path
	}
	m := wire.Message{Header: h}
	b := append(m.Append(nil), body...)
	b[atNext] = byte(first)
	b[atLength+2], b[atLength+3] = byte(len(b)>>8), byte(len(b))
	return b, path
}

func withPort(s *side, port uint16) netip.AddrPort { return netip.AddrPortFrom(s.addr, port) }
