package ike

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// Each message is told of by both ends, in the same words, and nothing of it that is secret.
func TestTrace(t *testing.T) {
	p := newPair(t, nil)
	all := func(sadb.Host) bool { return true }
	p.a.e.Trace(all)
	p.b.e.Trace(all)
	p.up()
	in := p.a.only()
	p.a.do(func(now time.Time, out *Output) { p.a.e.RekeyChild(now, in, out) })
	p.run(time.Second)
	sent, received := find[Traced](p.a), find[Traced](p.b)
	if len(sent) != len(received) || len(sent) < 6 {
		t.Fatalf("A told of %d messages, B of %d", len(sent), len(received))
	}
	var exchanges []wire.ExchangeType
	for i, a := range sent {
		b := received[i]
		if a.Payloads != b.Payloads || a.Header.MessageID != b.Header.MessageID || a.Way == b.Way || a.Octets == 0 || b.Octets == 0 {
			t.Errorf("message %d: A told\n%+v\nand B\n%+v", i, a, b)
		}
		exchanges = append(exchanges, a.Header.Exchange)
	}
	if want := []wire.ExchangeType{34, 34, 35, 35, 36, 36, 37, 37}; !slices.Equal(exchanges, want) {
		t.Errorf("got %v, want %v", exchanges, want)
	}
	if text := sent[2].Payloads; !strings.HasPrefix(text, "SK {IDi(ID_IPV4_ADDR 192.0.2.1), ") || !strings.Contains(text, "AUTH(") || !strings.Contains(text, "TSr((0, any, 10.2.0.0-10.2.255.255))") {
		t.Errorf("IKE_AUTH: got %s", text)
	}
	if text := sent[4].Payloads; !strings.HasPrefix(text, "SK {N(REKEY_SA ESP ") {
		t.Errorf("CREATE_CHILD_SA: got %s", text)
	}
	for _, tr := range append(sent, received...) {
		if len(tr.Payloads) > 900 {
			t.Errorf("%d octets of %s", len(tr.Payloads), tr.Payloads)
		}
	}
}

// Only of the peers that were chosen, and of none in the end.
func TestTraceChosen(t *testing.T) {
	p := newPair(t, nil)
	p.a.e.Trace(func(h sadb.Host) bool { return h == sadb.Host{Addr: addrB} })
	p.b.e.Trace(func(h sadb.Host) bool { return h == sadb.Host{Addr: addrB} })
	p.up()
	if a, b := len(find[Traced](p.a)), len(find[Traced](p.b)); a != 4 || b != 0 {
		t.Errorf("A told of %d messages, B of %d, want 4 and 0", a, b)
	}
	p.a.e.Trace(nil)
	p.a.events = nil
	p.a.delete()
	p.run(time.Second)
	if n := len(find[Traced](p.a)); n != 0 {
		t.Errorf("told of %d messages afterwards", n)
	}
}

// What is sent again, and why something is refused.
func TestTraceTrouble(t *testing.T) {
	p := newPair(t, func(a, b *Config) { b.Peers[0].Flows[0].Proposals[0].Encr = []Encr{{wire.ENCR_AES_GCM_16, 256}} })
	p.a.e.Trace(func(sadb.Host) bool { return true })
	p.b.e.Trace(func(sadb.Host) bool { return true })
	lost := false
	p.lose = func(from *side, _ []byte) bool {
		first := from == p.b && !lost
		lost = lost || first
		return first
	}
	p.a.acquire("f0")
	p.run(5 * time.Second)
	resent := func(s *side) (n int) {
		for _, tr := range find[Traced](s) {
			if tr.Way == Resent {
				n++
			}
		}
		return n
	}
	if a, b := resent(p.a), resent(p.b); a != 1 || b != 1 {
		t.Errorf("A told of %d messages sent again, B of %d, want 1 each", a, b)
	}
	p.a.acquire("f0")
	p.run(5 * time.Second)
	refused := find[Refused](p.b)
	if len(refused) == 0 || refused[0].Notify != wire.NO_PROPOSAL_CHOSEN || !strings.HasPrefix(refused[0].Detail, "the peer offers ESP: ") || refused[0].SA == 0 {
		t.Errorf("got %+v, want one for NO_PROPOSAL_CHOSEN", refused)
	}
}

// A message of many proposals is told of in no more octets than a line of the log has room for.
func TestTraceHostile(t *testing.T) {
	p := newPair(t, nil)
	p.b.e.Trace(func(sadb.Host) bool { return true })
	many := wire.Proposal{Num: 1, Protocol: wire.ProtocolIKE, Transforms: make([]wire.Transform, 255)}
	for i := range many.Transforms {
		many.Transforms[i] = wire.Transform{Type: wire.TransformENCR, ID: uint16(1024 + i)}
	}
	payloads := slices.Repeat([]wire.Payload{&wire.SA{Proposals: []wire.Proposal{many}}}, 25)
	m := wire.Message{Header: wire.Header{SPIi: 1, Version: version, Exchange: wire.IKE_SA_INIT, Flags: wire.FlagInitiator}, Payloads: payloads}
	p.b.deliver(sadb.Path{Local: netip.AddrPortFrom(addrB, 500), Remote: netip.AddrPortFrom(addrA, 500)}, m.Append(nil))
	traced := find[Traced](p.b)
	if len(traced) == 0 {
		t.Fatal("told of nothing")
	}
	if text := traced[0].Payloads; len(text) < 1000 || len(text) > 1500 || !strings.HasSuffix(text, "...") {
		t.Errorf("%d octets: %.100s", len(text), text)
	}
}
