package ike

import (
	"strings"
	"testing"
	"time"

	"seikan/ike/wire"
)

// An IKE SA without a Child SA (RFC 6023): where both ends take it, what is wanted comes by CREATE_CHILD_SA.
func TestChildless(t *testing.T) {
	for _, tt := range []struct {
		name      string
		a, b      Childless
		childless bool
	}{
		{"not asked for", ChildlessAccept, ChildlessAccept, false},
		{"preferred", ChildlessPrefer, ChildlessAccept, true},
		{"preferred by both", ChildlessPrefer, ChildlessPrefer, true},
		{"preferred by the responder", ChildlessAccept, ChildlessPrefer, false},
		{"not taken", ChildlessPrefer, ChildlessNever, false},
		{"never", ChildlessNever, ChildlessAccept, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) {
				a.Peers[0].Childless, b.Peers[0].Childless = tt.a, tt.b
				for _, c := range []*Config{a, b} {
					c.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256}
				}
			})
			p.up()
			// HDR, SK {IDi, AUTH} -->                   <-- HDR, SK {IDr, AUTH}
			// HDR, SK {SA, Ni, KEi, TSi, TSr} -->       <-- HDR, SK {SA, Nr, KEr, TSi, TSr}
			exchange := strings.Join(p.sent, "\n")
			if got := strings.Contains(exchange, "CREATE_CHILD_SA"); got != tt.childless {
				p.fail("the Child SA comes by CREATE_CHILD_SA: %v, want %v", got, tt.childless)
			}
			p.wantOne()
		})
	}
}

// A responder that has not said that it takes IKE_AUTH without a Child SA refuses it, and so does any where only a part is left out.
func TestChildlessRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave []wire.PayloadType
		want  string
	}{
		{"all", []wire.PayloadType{wire.PayloadSA, wire.PayloadTSi, wire.PayloadTSr}, "N(AUTHENTICATION_FAILED)"},
		{"SA", []wire.PayloadType{wire.PayloadSA}, "N(INVALID_SYNTAX)"},
		{"TSi", []wire.PayloadType{wire.PayloadTSi}, "N(INVALID_SYNTAX)"},
		{"TSi, TSr", []wire.PayloadType{wire.PayloadTSi, wire.PayloadTSr}, "N(INVALID_SYNTAX)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) { b.Peers[0].Childless = ChildlessNever })
			p.a.acquire("f0")
			p.run(15 * time.Millisecond) // IKE_SA_INIT is answered, and A does not know yet
			x := p.a.e.sorted()[0]
			p.lose = func(from *side, _ []byte) bool { return from == p.a }
			p.run(10 * time.Millisecond)
			p.lose = nil
			auth := &authenticate{child: x.own.x.(*authenticate).child}
			_, ps, _ := auth.begin(x, p.now, &Output{})
			var kept []wire.Payload
			for _, pl := range ps {
				left := false
				for _, typ := range tt.leave {
					left = left || pl.Type() == typ
				}
				if !left {
					kept = append(kept, pl)
				}
			}
			for _, data := range x.seal(wire.IKE_AUTH, 1, false, kept) {
				p.send(p.a, Datagram{Path: x.path, Data: data})
			}
			p.run(15 * time.Millisecond)
			if last := p.sent[len(p.sent)-1]; !strings.Contains(last, tt.want) {
				p.fail("the answer is %s, want %s", last, tt.want)
			}
			if len(p.b.kids) != 0 || p.b.e.Len() != 0 {
				p.fail("B has %d children, %d IKE SAs", len(p.b.kids), p.b.e.Len())
			}
		})
	}
}

// An IKE SA without children is authenticated anew without one.
func TestChildlessReauthentication(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].Reauth = time.Hour })
	p.up()
	in := p.a.only()
	p.a.do(func(now time.Time, out *Output) { p.a.e.ExpireChild(now, in, out) })
	p.run(3 * time.Hour)
	if p.a.e.Len() != 1 || p.b.e.Len() != 1 || len(p.a.kids) != 0 || len(find[SAUp](p.a)) < 4 {
		p.fail("%d and %d IKE SAs, %d children, %d authentications", p.a.e.Len(), p.b.e.Len(), len(p.a.kids), len(find[SAUp](p.a)))
	}
}
