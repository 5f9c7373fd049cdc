package ike

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/ike/wire"
)

// quantum gives an end an additional key exchange, and with others a proposal without one behind.
func quantum(c *Config, others bool, groups ...wire.GroupID) {
	p := c.Peers[0].Proposals[0]
	p.AddKE = groups
	c.Peers[0].Proposals = append([]Proposal{p}, c.Peers[0].Proposals...)
	if !others {
		c.Peers[0].Proposals = c.Peers[0].Proposals[:1]
	}
}

func TestAdditionalKeyExchange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(a, b *Config)
		want   wire.GroupID // NONE: without one
		fails  Reason
	}{
		{"both", func(a, b *Config) { quantum(a, false, wire.ML_KEM_768); quantum(b, false, wire.ML_KEM_768) }, wire.ML_KEM_768, ReasonNone},
		{"the stronger one", func(a, b *Config) {
			quantum(a, true, wire.ML_KEM_768, wire.ML_KEM_1024)
			quantum(b, true, wire.ML_KEM_1024, wire.ML_KEM_768)
		}, wire.ML_KEM_1024, ReasonNone},
		{"the initiator would, the responder does not know it", func(a, b *Config) { quantum(a, true, wire.ML_KEM_768) }, wire.NONE, ReasonNone},
		{"the responder would, the initiator does not know it", func(a, b *Config) { quantum(b, true, wire.ML_KEM_768) }, wire.NONE, ReasonNone},
		{"the initiator insists", func(a, b *Config) { quantum(a, false, wire.ML_KEM_768) }, wire.NONE, ReasonNoProposal},
		{"the responder insists", func(a, b *Config) { quantum(b, false, wire.ML_KEM_768) }, wire.NONE, ReasonNoProposal},
		{"with small packets", func(a, b *Config) {
			quantum(a, false, wire.ML_KEM_1024)
			quantum(b, false, wire.ML_KEM_1024)
			a.FragmentMTU, b.FragmentMTU = 576, 576
		}, wire.ML_KEM_1024, ReasonNone},
		{"with a PPK", func(a, b *Config) {
			quantum(a, false, wire.ML_KEM_768)
			quantum(b, false, wire.ML_KEM_768)
			a.Peers[0].PPK, b.Peers[0].PPK = PPK{"k", []byte("ppk"), true}, PPK{"k", []byte("ppk"), true}
		}, wire.ML_KEM_768, ReasonNone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, tt.change)
			if tt.fails != ReasonNone {
				p.a.acquire("f0")
				p.run(2 * time.Minute)
				if f := find[Failed](p.a); len(f) != 1 || f[0].Reason != tt.fails {
					p.fail("got %+v, want %v", f, tt.fails)
				}
				return
			}
			p.up()
			a, b := p.a.sole(), p.b.sole()
			if a.algs.addKE != tt.want || b.algs.addKE != tt.want || !bytes.Equal(a.keys.skD, b.keys.skD) {
				t.Errorf("got %v and %v, want %v", a.algs.addKE, b.algs.addKE, tt.want)
			}
			if shown := strings.Contains(find[SAUp](p.a)[0].SA.Suite, "ADDKE1_ML_KEM"); shown != (tt.want != wire.NONE) {
				t.Errorf("suite shown as %q", find[SAUp](p.a)[0].SA.Suite)
			}
			if a.formerKeys != nil || a.intAuthI != nil || b.formerKeys != nil {
				t.Error("keys of before are kept")
			}
			p.a.rekeySA()
			p.run(time.Minute)
			p.b.rekeySA()
			p.run(time.Minute)
			p.a.rekeyChild()
			p.run(time.Minute)
			p.wantOne()
		})
	}
}

// Every message of the set-up gets lost once; a request of the additional key exchange that comes again is answered again, although the
// keys have changed.
func TestAdditionalKeyExchangeLoss(t *testing.T) {
	for lost := range 14 {
		p := newPair(t, func(a, b *Config) {
			quantum(a, false, wire.ML_KEM_768)
			quantum(b, false, wire.ML_KEM_768)
		})
		n := 0
		p.lose = func(*side, []byte) bool { n++; return n-1 == lost }
		p.a.acquire("f0")
		p.run(15 * time.Second)
		p.wantOne()
	}
}

// What was exchanged is signed: an end that was told something else than the other said does not authenticate (RFC 9242 §3.3).
func TestAdditionalKeyExchangeIsSigned(t *testing.T) {
	for _, change := range []func(a, b *sa){
		func(a, b *sa) { b.intAuthI = slices.Concat(b.intAuthI[1:], []byte{0}) },
		func(a, b *sa) { b.intAuthR = slices.Concat(b.intAuthR[1:], []byte{0}) },
	} {
		p := newPair(t, func(a, b *Config) {
			quantum(a, false, wire.ML_KEM_768)
			quantum(b, false, wire.ML_KEM_768)
		})
		p.lose = func(_ *side, data []byte) bool {
			h, _ := wire.ParseHeader(data)
			if h.Exchange != wire.IKE_AUTH || h.Flags&wire.FlagResponse != 0 || len(p.b.e.sas) == 0 || p.b.e.sas[1].up {
				return false
			}
			change(p.a.e.sas[1], p.b.e.sas[1])
			return false
		}
		p.a.acquire("f0")
		p.run(time.Second)
		if f := find[Failed](p.b); len(f) != 1 || f[0].Reason != ReasonAuthFailed {
			p.fail("B: got %+v, want %v", f, ReasonAuthFailed)
		}
	}
}

// What is signed is what was in the message, also what is not known here (RFC 9242 §3.3.2).
func TestAdditionalKeyExchangeSignsAll(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		quantum(a, false, wire.ML_KEM_768)
		quantum(b, false, wire.ML_KEM_768)
		a.FragmentMTU, b.FragmentMTU = -1, -1
	})
	p.lose = func(_ *side, data []byte) bool {
		h, _ := wire.ParseHeader(data)
		return h.Exchange == wire.IKE_INTERMEDIATE
	}
	p.a.acquire("f0")
	p.run(100 * time.Millisecond)
	a, b := p.a.e.sas[1], p.b.e.sas[1]
	more := &wire.Notify{Kind: 40_000, Data: []byte("something new")}
	signed := func(key []byte, flags wire.Flags, ps []wire.Payload) []byte {
		plain := wire.AppendPayloads(nil, ps)
		h := wire.Header{SPIi: a.spiI, SPIr: a.spiR, Version: version, Exchange: wire.IKE_INTERMEDIATE, Flags: flags, MessageID: 1}
		return a.keys.prf.Sum(key, wire.AppendEncryptedHeader(nil, h, ps[0].Type(), len(plain)), plain)
	}
	kex := a.own.x.(*intermediate).kex
	request := []wire.Payload{more, &wire.KE{Group: kex.Group(), Data: kex.Public()}}
	want := signed(a.keys.skPi, wire.FlagInitiator, request)
	p.b.deliver(b.path, a.seal(wire.IKE_INTERMEDIATE, 1, false, request)[0])
	if !bytes.Equal(b.intAuthI, want) {
		t.Errorf("B signs %x for the request, want %x", b.intAuthI, want)
	}
	// The KEM's answer is in what B has sent, under the keys of before.
	_, plain, _, ok := a.open(a.keys, p.b.out.Datagrams[0].Data)
	if !ok {
		p.fail("B's answer does not open")
	}
	ps, err := wire.ParsePayloads(wire.PayloadKE, plain)
	if err != nil {
		t.Fatal(err)
	}
	ps = append(ps, more)
	want = signed(a.keys.skPr, wire.FlagResponse, ps)
	now := b.keys
	b.keys = b.formerKeys
	answer := b.seal(wire.IKE_INTERMEDIATE, 1, true, ps)[0]
	b.keys = now
	p.a.deliver(a.path, answer)
	if !bytes.Equal(a.intAuthR, want) {
		t.Errorf("A signs %x for the answer, want %x", a.intAuthR, want)
	}
}

func TestAddKEChecked(t *testing.T) {
	for name, change := range map[string]func(p *Peer){
		"a group as additional key exchange": func(p *Peer) { p.Proposals[0].AddKE = []wire.GroupID{wire.ECP_256} },
		"a KEM as the key exchange":          func(p *Peer) { p.Proposals[0].Groups = []wire.GroupID{wire.ML_KEM_768} },
		"one for ESP":                        func(p *Peer) { p.Flows[0].Proposals[0].AddKE = []wire.GroupID{wire.ML_KEM_768} },
	} {
		c := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
		change(&c.Peers[0])
		if _, err := New(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
