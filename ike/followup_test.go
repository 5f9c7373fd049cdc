package ike

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"seikan/ike/wire"
)

// quantumAll gives an end an additional key exchange for all SAs.
func quantumAll(c *Config) {
	quantum(c, false, wire.ML_KEM_768)
	p := &c.Peers[0].Flows[0].Proposals[0]
	p.Groups, p.AddKE = []wire.GroupID{wire.CURVE25519}, []wire.GroupID{wire.ML_KEM_768}
}

// Rekeys with an additional key exchange (RFC 9370 §2.2.4), from either end and both, settle like those without.
func TestFollowUp(t *testing.T) {
	for _, tt := range []struct {
		name             string
		do               func(p *pair)
		children, ikeSAs bool // which of the two are new
	}{
		{"child, by its initiator", func(p *pair) { p.a.rekeyChild() }, true, false},
		{"child, by its responder", func(p *pair) { p.b.rekeyChild() }, true, false},
		{"child, both at once", func(p *pair) { p.a.rekeyChild(); p.b.rekeyChild() }, true, false},
		{"child, the other end a message later", func(p *pair) { p.a.rekeyChild(); p.run(15 * time.Millisecond); p.b.rekeyChild() }, true, false},
		{"child, the other end two messages later", func(p *pair) { p.a.rekeyChild(); p.run(25 * time.Millisecond); p.b.rekeyChild() }, true, false},
		{"IKE SA, by its initiator", func(p *pair) { p.a.rekeySA() }, false, true},
		{"IKE SA, by its responder", func(p *pair) { p.b.rekeySA() }, false, true},
		{"IKE SA, both at once", func(p *pair) { p.a.rekeySA(); p.b.rekeySA() }, false, true},
		{"IKE SA, the other end a message later", func(p *pair) { p.a.rekeySA(); p.run(15 * time.Millisecond); p.b.rekeySA() }, false, true},
		{"IKE SA, the other end two messages later", func(p *pair) { p.a.rekeySA(); p.run(25 * time.Millisecond); p.b.rekeySA() }, false, true},
		{"child and IKE SA, from both ends", func(p *pair) { p.a.rekeyChild(); p.b.rekeySA() }, true, true},
		{"child within the rekey of the IKE SA", func(p *pair) { p.b.rekeySA(); p.run(15 * time.Millisecond); p.a.rekeyChild() }, true, true},
		{"IKE SA within the rekey of a child", func(p *pair) { p.a.rekeyChild(); p.run(25 * time.Millisecond); p.b.rekeySA() }, true, true},
		{"everything at once", func(p *pair) { p.a.rekeyChild(); p.b.rekeyChild(); p.a.rekeySA(); p.b.rekeySA() }, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 20 { // the nonces decide who wins
				p := newPair(t, func(a, b *Config) { quantumAll(a); quantumAll(b) })
				p.up()
				child, first := p.a.only(), p.a.sole().spiI
				tt.do(p)
				p.run(2 * time.Minute)
				p.wantOne()
				if got := p.a.only() != child; got != tt.children {
					p.fail("a new child: %v, want %v", got, tt.children)
				}
				if got := p.a.sole().spiI != first; got != tt.ikeSAs {
					p.fail("a new IKE SA: %v, want %v", got, tt.ikeSAs)
				}
				if x := p.a.sole(); tt.ikeSAs && x.algs.addKE != wire.ML_KEM_768 {
					p.fail("the new IKE SA has no additional key exchange: %v", x.algs)
				}
				if !strings.Contains(strings.Join(p.sent, "\n"), "IKE_FOLLOWUP_KE response") {
					p.fail("no additional key exchange")
				}
				for _, s := range []*side{p.a, p.b} {
					if len(find[Failed](s)) != 0 || s.sole().awaited != nil {
						p.fail("%s: failures %+v, or something is still awaited", s.name, find[Failed](s))
					}
				}
			}
		})
	}
}

// A second Child SA has an additional key exchange of its own.
func TestFollowUpOfNewChild(t *testing.T) {
	p := newPair(t, func(a, b *Config) { quantumAll(a); quantumAll(b); second(a, b) })
	p.up()
	// HDR, SK {SA, Ni, KEi, TSi, TSr} -->                 <-- HDR, SK {SA, Nr, KEr, TSi, TSr, N(ADDITIONAL_KEY_EXCHANGE)}
	// HDR, SK {KEi(1), N(ADDITIONAL_KEY_EXCHANGE)} -->    <-- HDR, SK {KEr(1)}
	p.a.acquire("f1")
	p.run(time.Second)
	if n := p.agree(); n != 2 || !strings.Contains(p.sent[len(p.sent)-1], "IKE_FOLLOWUP_KE") {
		p.fail("%d children, want 2 and an additional key exchange", n)
	}
}

// The responder forgets what is not completed; the initiator then tries again, and an SA that is never completed ends the IKE SA.
func TestFollowUpIsForgotten(t *testing.T) {
	p := newPair(t, func(a, b *Config) { quantumAll(a); quantumAll(b); a.Retransmit = Retransmit{Base: 30 * time.Second} })
	p.up()
	lost := false
	p.lose = func(from *side, data []byte) bool {
		if h, _ := wire.ParseHeader(data); h.Exchange == wire.IKE_FOLLOWUP_KE && !lost {
			lost = true
			return true
		}
		return false
	}
	child := p.a.only()
	p.a.rekeyChild()
	p.run(2 * time.Minute)
	p.wantOne()
	if p.a.only() == child || !strings.Contains(strings.Join(p.sent, "\n"), "N(STATE_NOT_FOUND)") {
		p.fail("the responder kept what it should forget, or nothing was tried again")
	}
	p.lose = func(_ *side, data []byte) bool {
		for _, x := range p.b.e.sas {
			x.awaited = nil // as if it took too long each time
		}
		return false
	}
	p.a.rekeySA()
	p.run(3 * time.Minute)
	if downs := find[SADown](p.a); len(downs) != 1 || downs[0].Reason != ReasonProtocol {
		p.fail("SADown %+v, want the end of an IKE SA that cannot be rekeyed", downs)
	}
}

// What the additional key exchange gives goes into the keys.
func TestFollowUpKeys(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	k := p.a.sole().keys
	suite := p.a.sole().children[p.a.only()].algs.espSuite()
	ni, nr, gir, more := []byte("ni"), []byte("nr"), []byte("gir"), []byte("more")
	with, _ := k.childKeys(suite, gir, ni, nr, more)
	without, _ := k.childKeys(suite, gir, ni, nr, nil)
	// KEYMAT = prf+ (SK_d, SK(0) | Ni | Nr | SK(1))
	if want := k.prf.Plus(k.skD, len(with.Key), []byte("girninrmore")); !bytes.Equal(with.Key, want) || bytes.Equal(with.Key, without.Key) {
		t.Error("the keys of a Child SA are not made as RFC 9370 §2.2.4 has it")
	}
	// SKEYSEED = prf(SK_d, SK(0) | Ni | Nr | SK(1))
	if want := k.prf.Sum(k.skD, []byte("girninrmore")); !bytes.Equal(rekeySkeyseed(k, ni, nr, gir, more), want) {
		t.Error("SKEYSEED is not made as RFC 9370 §2.2.4 has it")
	}
}

// A rekey offers what is in use first, whatever the order of the configuration (the peer may choose by ours).
func TestRekeyOffersWhatIsInUse(t *testing.T) {
	cbc := Encr{wire.ENCR_AES_CBC, 256}
	p := newPair(t, func(a, b *Config) {
		for _, c := range []*Config{a, b} {
			c.Peers[0].Proposals[0].Encr = append(c.Peers[0].Proposals[0].Encr, Encr{wire.ENCR_AES_GCM_16, 256})
			esp := &c.Peers[0].Flows[0].Proposals
			*esp = append(*esp, Proposal{Encr: []Encr{cbc}, Integ: []uint16{wire.AUTH_HMAC_SHA2_256_128}})
		}
		b.Peers[0].Proposals[0].Encr = b.Peers[0].Proposals[0].Encr[1:]
		b.Peers[0].Flows[0].Proposals = b.Peers[0].Flows[0].Proposals[1:]
	})
	p.up()
	x := p.a.sole()
	offered := offer(x.rekeyProposals(), wire.ProtocolIKE, make([]byte, 8), true)
	if e := offered.Proposals[0].Transforms[0]; e.ID != wire.ENCR_AES_GCM_16 || e.KeyBits != 256 || len(offered.Proposals) != 2 {
		t.Errorf("the rekey of the IKE SA offers %v", offered)
	}
	c := x.children[p.a.only()]
	y := &rekeyChild{newChild: newChild{flow: c.flows[0], repeat: c.algs}, old: c}
	offered = offer(y.proposals(), wire.ProtocolESP, make([]byte, 4), true)
	if e := offered.Proposals[0].Transforms[0]; e.ID != wire.ENCR_AES_CBC || len(offered.Proposals) != 3 {
		t.Errorf("the rekey of the Child SA offers %v", offered)
	}
	p.a.rekeyChild()
	p.a.rekeySA()
	p.run(time.Minute)
	p.wantOne()
}

// The peer begins to rekey a Child SA and leaves it at that, and meanwhile its volume runs out here, which is told once: we rekey it then.
func TestRekeyWhilePeerIsAwaited(t *testing.T) {
	p := newPair(t, func(a, b *Config) { quantumAll(a); quantumAll(b) })
	p.up()
	child, a := p.b.only(), p.a.sole()
	p.lose = func(from *side, data []byte) bool {
		h, _ := wire.ParseHeader(data)
		return from == p.a && h.Exchange == wire.IKE_FOLLOWUP_KE
	}
	p.a.rekeyChild()
	p.run(time.Second)
	if p.b.sole().awaited == nil {
		p.fail("B awaits nothing")
	}
	p.b.rekeyChild()
	p.a.e.children[p.a.only()].rekeying = nil // A forgets about it
	a.own.x, a.own.msg, p.lose = nil, nil, nil
	p.a.e.deadlines.disarm(&a.own.resend)
	a.own.next--
	clear(p.waiting)
	p.run(time.Minute)
	p.wantOne()
	if p.b.only() == child {
		p.fail("B has not rekeyed")
	}
}
