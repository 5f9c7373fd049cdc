package ike

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// digest is all that a message could have changed at a side.
type digest struct {
	sas, children, halfOpen, events int
	next                            time.Time
	ownNext, answeredNext           uint32
	heard                           time.Time
	path                            sadb.Path
	state                           state
}

func (s *side) digest() digest {
	d := digest{sas: len(s.e.sas), children: len(s.e.children), halfOpen: len(s.e.halfOpen), events: len(s.events), next: s.e.Next()}
	for _, x := range s.e.sorted() {
		d.ownNext, d.answeredNext, d.heard, d.path, d.state = x.own.next, x.answered.next, x.heard, x.path, x.state
	}
	return d
}

// deliver hands a side a datagram on the path of its one SA, or on another one from elsewhere.
func (s *side) deliver(p sadb.Path, data []byte) {
	s.p.answered(s, data)
	s.do(func(now time.Time, out *Output) { s.e.Handle(now, Datagram{Path: p, Data: data}, out) })
}

func edit(data []byte, change func(b []byte)) []byte {
	b := bytes.Clone(data)
	change(b)
	return b
}

// header offsets (RFC 7296 §3.1)
const (
	atSPIr     = 8
	atNext     = 16
	atVersion  = 17
	atExchange = 18
	atFlags    = 19
	atID       = 20
	atLength   = 24
)

// Nothing that is not authenticated changes an established SA, and each such message is counted for what is wrong with it.
func TestHostileToEstablished(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	a, b := p.a.sole(), p.b.sole()
	path := b.path
	elsewhere := sadb.Path{Local: path.Local, Remote: netip.MustParseAddrPort("203.0.113.9:4500")}
	deletion := []wire.Payload{&wire.Delete{Protocol: wire.ProtocolIKE}}
	good := a.seal(wire.INFORMATIONAL, a.own.next, false, deletion)[0]
	clear := func(h wire.Header, ps ...wire.Payload) []byte {
		h.SPIi, h.SPIr, h.Version = a.spiI, a.spiR, version
		m := wire.Message{Header: h, Payloads: ps}
		return m.Append(nil)
	}
	for _, tt := range []struct {
		name    string
		data    []byte
		want    Drop
		answers int
	}{
		{"empty", nil, DropMalformed, 0},
		{"a header's part", good[:27], DropMalformed, 0},
		{"cut short", good[:len(good)-1], DropMalformed, 0},
		{"length above the datagram", edit(good, func(b []byte) { binary.BigEndian.PutUint32(b[atLength:], 1<<31) }), DropMalformed, 0},
		{"version 1", edit(good, func(b []byte) { b[atVersion] = 0x10 }), DropVersion, 0},
		{"version 3", edit(good, func(b []byte) { b[atVersion] = 0x30 }), DropVersion, 1},
		{"another SPI", edit(good, func(b []byte) { b[atSPIr] ^= 1 }), DropUnknownSA, 0},
		{"the peer's SPI is another", edit(good, func(b []byte) { b[0] ^= 1 }), DropUnknownSA, 0},
		{"from the other side of the SA", edit(good, func(b []byte) { b[atFlags] ^= byte(wire.FlagInitiator) }), DropUnknownSA, 0},
		{"an ID from before", edit(good, func(b []byte) { binary.BigEndian.PutUint32(b[atID:], 0) }), DropMessageID, 0},
		{"an ID from ahead", edit(good, func(b []byte) { binary.BigEndian.PutUint32(b[atID:], a.own.next+1) }), DropMessageID, 0},
		{"an answer to nothing", edit(good, func(b []byte) { b[atFlags] |= byte(wire.FlagResponse) }), DropMessageID, 0},
		{"an unknown exchange", edit(good, func(b []byte) { b[atExchange] = 250 }), DropState, 0},
		{"IKE_AUTH again", edit(good, func(b []byte) { b[atExchange] = byte(wire.IKE_AUTH) }), DropState, 0},
		{"a bit of the checksum", edit(good, func(b []byte) { b[len(b)-1] ^= 1 }), DropICV, 0},
		{"a bit of the content", edit(good, func(b []byte) { b[40] ^= 1 }), DropICV, 0},
		{"a bit of the header", edit(good, func(b []byte) { b[atExchange] = byte(wire.CREATE_CHILD_SA) }), DropICV, 0},
		{"a Delete in the clear", clear(wire.Header{Exchange: wire.INFORMATIONAL, MessageID: a.own.next, Flags: wire.FlagInitiator}, deletion...), DropUnprotected, 0},
		{"an error in the clear", clear(wire.Header{Exchange: wire.INFORMATIONAL, MessageID: a.own.next, Flags: wire.FlagInitiator}, &wire.Notify{Kind: wire.INVALID_IKE_SPI}), DropUnprotected, 0},
		{"nothing in the clear", clear(wire.Header{Exchange: wire.INFORMATIONAL, MessageID: a.own.next, Flags: wire.FlagInitiator}), DropUnprotected, 0},
		{"an answer to IKE_SA_INIT", clear(wire.Header{Exchange: wire.IKE_SA_INIT, Flags: wire.FlagInitiator | wire.FlagResponse}), DropState, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, from := range []sadb.Path{path, elsewhere} {
				before, drops := p.b.digest(), p.b.e.Drops()
				p.b.deliver(from, tt.data)
				if after := p.b.digest(); after != before {
					t.Errorf("changed %+v to %+v", before, after)
				}
				if got := len(p.b.out.Datagrams); got != tt.answers {
					t.Errorf("got %d answers, want %d", got, tt.answers)
				}
				drops[tt.want]++
				if got := p.b.e.Drops(); got != drops {
					t.Errorf("got drops %v, want %v, one more for %v", got, drops, tt.want)
				}
			}
		})
	}
	p.b.deliver(elsewhere, good)
	p.b.wantDown(ReasonPeerDeleted)
}

// An authentic peer that breaks an exchange's schema hears of it (RFC 7296 §2.21).
func TestHostilePeer(t *testing.T) {
	nonce := &wire.Nonce{Data: make([]byte, 32)}
	ke := &wire.KE{Group: wire.CURVE25519, Data: make([]byte, 32)}
	esp := offer(espProposals(), wire.ProtocolESP, []byte{1, 2, 3, 4}, true)
	ts := []wire.Payload{toTS(true, []sadb.Selector{prefix("10.1.0.0/16")}), toTS(false, []sadb.Selector{prefix("10.2.0.0/16")})}
	with := func(ps ...any) (all []wire.Payload) {
		for _, p := range ps {
			switch p := p.(type) {
			case wire.Payload:
				all = append(all, p)
			case []wire.Payload:
				all = append(all, p...)
			}
		}
		return all
	}
	rekey := func(spi ...byte) *wire.Notify {
		return &wire.Notify{Protocol: wire.ProtocolESP, SPI: spi, Kind: wire.REKEY_SA}
	}
	for _, tt := range []struct {
		name string
		typ  wire.ExchangeType
		ps   []wire.Payload
		want wire.NotifyType // 0: no error
		gone bool            // the IKE SA ends with it
	}{
		{"liveness", wire.INFORMATIONAL, nil, 0, false},
		{"an unknown notify", wire.INFORMATIONAL, with(&wire.Notify{Kind: 40000}), 0, false},
		{"an unknown payload", wire.INFORMATIONAL, with(&wire.Raw{Kind: 200}), 0, false},
		{"an unknown critical payload", wire.INFORMATIONAL, with(&wire.Raw{Kind: 200, Critical: true}), wire.UNSUPPORTED_CRITICAL_PAYLOAD, false},
		{"a Delete of an SA that is not there", wire.INFORMATIONAL, with(&wire.Delete{Protocol: wire.ProtocolESP, SPIs: [][]byte{{9, 9, 9, 9}}}), 0, false},
		{"authentication failed", wire.INFORMATIONAL, with(&wire.Notify{Kind: wire.AUTHENTICATION_FAILED}), 0, true},
		{"a child", wire.CREATE_CHILD_SA, with(esp, nonce, ts), 0, false},
		{"a child without a nonce", wire.CREATE_CHILD_SA, with(esp, ts), wire.INVALID_SYNTAX, true},
		{"a child with a short nonce", wire.CREATE_CHILD_SA, with(esp, &wire.Nonce{Data: make([]byte, 15)}, ts), wire.INVALID_SYNTAX, true},
		{"a child with two nonces", wire.CREATE_CHILD_SA, with(esp, nonce, nonce, ts), wire.INVALID_SYNTAX, true},
		{"a child without selectors", wire.CREATE_CHILD_SA, with(esp, nonce), wire.TS_UNACCEPTABLE, false},
		{"a child with other selectors", wire.CREATE_CHILD_SA, with(esp, nonce, toTS(true, []sadb.Selector{prefix("192.168.0.0/16")}), ts[1]), wire.TS_UNACCEPTABLE, false},
		{"a child of a reserved SPI", wire.CREATE_CHILD_SA, with(offer(espProposals(), wire.ProtocolESP, []byte{0, 0, 0, 255}, true), nonce, ts), wire.INVALID_SYNTAX, false},
		{"a child with a short SPI", wire.CREATE_CHILD_SA, with(offer(espProposals(), wire.ProtocolESP, []byte{1, 2}, true), nonce, ts), wire.NO_PROPOSAL_CHOSEN, false},
		{"a rekey of what is not there", wire.CREATE_CHILD_SA, with(rekey(1, 1, 1, 1), esp, nonce, ts), wire.CHILD_SA_NOT_FOUND, false},
		{"a rekey with a long SPI", wire.CREATE_CHILD_SA, with(rekey(1, 1, 1, 1, 1), esp, nonce, ts), wire.INVALID_SYNTAX, false},
		{"an IKE SA with SPI 0", wire.CREATE_CHILD_SA, with(offer(ikeProposals(), wire.ProtocolIKE, make([]byte, 8), true), nonce, ke), wire.NO_PROPOSAL_CHOSEN, false},
		{"an IKE SA without a key exchange", wire.CREATE_CHILD_SA, with(offer(ikeProposals(), wire.ProtocolIKE, []byte("12345678"), true), nonce), wire.INVALID_KE_PAYLOAD, false},
		{"an IKE SA with the zero point", wire.CREATE_CHILD_SA, with(offer(ikeProposals(), wire.ProtocolIKE, []byte("12345678"), true), nonce, ke), wire.INVALID_SYNTAX, false},
		{"an IKE SA with another group", wire.CREATE_CHILD_SA, with(offer(ikeProposals(), wire.ProtocolIKE, []byte("12345678"), true), nonce, &wire.KE{Group: wire.ECP_384, Data: make([]byte, 96)}), wire.INVALID_KE_PAYLOAD, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, nil)
			p.up()
			a := p.a.sole()
			p.b.deliver(p.b.sole().path, a.seal(tt.typ, a.own.next, false, tt.ps)[0])
			if len(p.b.out.Datagrams) < 1 {
				t.Fatal("no answer")
			}
			enc, plain, _, ok := a.open(a.keys, p.b.out.Datagrams[0].Data)
			if !ok {
				t.Fatal("the answer does not open")
			}
			ps, err := wire.ParsePayloads(enc.Next, plain)
			if err != nil {
				t.Fatalf("the answer does not parse: %v", err)
			}
			var got wire.NotifyType
			for _, pl := range ps {
				if n, ok := pl.(*wire.Notify); ok && n.Kind.IsError() {
					got = n.Kind
				}
			}
			if got != tt.want {
				t.Errorf("got error %v, want %v", got, tt.want)
			}
			if gone := p.b.e.Len() == 0; gone != tt.gone {
				t.Errorf("IKE SA gone: %v, want %v", gone, tt.gone)
			}
			if tt.want != 0 && !tt.gone && len(p.b.e.children) != 1 {
				t.Errorf("%d children, want the one from before", len(p.b.e.children))
			}
		})
	}
}

// Answers to IKE_SA_INIT that anybody could have sent do not keep a good one from being taken.
func TestHostileInitAnswers(t *testing.T) {
	p := newPair(t, nil)
	p.lose = func(*side, []byte) bool { return true }
	p.a.acquire("f0")
	request := p.a.out.Datagrams[0]
	m, err := wire.Parse(request.Data)
	if err != nil {
		t.Fatal(err)
	}
	spoof := func(spiR wire.SPI, ps ...wire.Payload) []byte {
		a := wire.Message{Header: wire.Header{SPIi: m.SPIi, SPIr: spiR, Version: version, Exchange: wire.IKE_SA_INIT, Flags: wire.FlagResponse}, Payloads: ps}
		return a.Append(nil)
	}
	answer := offer(ikeProposals(), wire.ProtocolIKE, nil, true)
	answer.Proposals[0].Transforms = answer.Proposals[0].Transforms[:3]
	for _, data := range [][]byte{
		spoof(0, &wire.Notify{Kind: wire.NO_PROPOSAL_CHOSEN}),
		spoof(0, &wire.Notify{Kind: wire.INVALID_KE_PAYLOAD, Data: []byte{0, 99}}),
		spoof(0, &wire.Notify{Kind: wire.INVALID_KE_PAYLOAD, Data: []byte{0}}),
		spoof(0, &wire.Notify{Kind: wire.INVALID_MAJOR_VERSION}),
		spoof(7),
		spoof(7, answer, &wire.KE{Group: wire.CURVE25519, Data: make([]byte, 32)}, &wire.Nonce{Data: make([]byte, 32)}),
		spoof(7, &wire.Notify{Kind: wire.COOKIE, Data: make([]byte, 65)}),
	} {
		p.a.deliver(request.Path, data)
	}
	if p.a.e.Len() != 1 {
		t.Fatalf("the attempt ended: %+v", find[SADown](p.a))
	}
	p.lose = nil
	p.run(5 * time.Second)
	if p.agree() != 1 {
		p.fail("no child in spite of a good answer: %+v", p.a.events)
	}
}
