package ike

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

func TestHandshake(t *testing.T) {
	p := newPair(t, nil)
	// HDR, SAi1, KEi, Ni -->            <-- HDR, SAr1, KEr, Nr
	// HDR, SK {IDi, AUTH, ...} -->      <-- HDR, SK {IDr, AUTH, ...}
	p.up()
	if got := len(p.sent); got != 4 {
		t.Errorf("messages: got %d, want 4: %v", got, p.sent)
	}
	for _, s := range []*side{p.a, p.b} {
		ups := find[SAUp](s)
		if len(ups) != 1 || !ups[0].SA.Active || ups[0].SA.ID != 1 {
			t.Fatalf("%s: got SAUp %+v, want one of SA 1", s.name, ups)
		}
		i := ups[0].SA
		if got, want := i.RemoteID.String(), p.other(s).addr.String(); got != want {
			t.Errorf("%s: remote identity: got %v, want %v", s.name, got, want)
		}
		if i.Path.Local.Port() != 4500 || i.Path.Remote.Port() != 4500 {
			t.Errorf("%s: path %v, want port 4500 on both ends", s.name, i.Path)
		}
		if !i.NATRemote || i.NATLocal {
			t.Errorf("%s: NAT local %v remote %v, want only the forced one of the peer", s.name, i.NATLocal, i.NATRemote)
		}
		if got, want := i.Expires.Sub(i.Created), 24*time.Hour; got != want {
			t.Errorf("%s: lifetime %v, want %v", s.name, got, want)
		}
	}
	spec := p.a.kids[p.a.only()]
	if spec.Standby || spec.Life.Kilobytes != 4608000 || spec.Life.Seconds != time.Hour || spec.Policies[0] != "f0" {
		t.Errorf("child: %+v", spec)
	}
}

// Every IKE suite and group that is implemented, both roles.
func TestSuites(t *testing.T) {
	ciphers := []struct {
		name  string
		encr  Encr
		integ []uint16
	}{
		{"gcm128", Encr{wire.ENCR_AES_GCM_16, 128}, nil},
		{"gcm192", Encr{wire.ENCR_AES_GCM_16, 192}, nil},
		{"gcm256", Encr{wire.ENCR_AES_GCM_16, 256}, nil},
		{"chacha", Encr{wire.ENCR_CHACHA20_POLY1305, 0}, nil},
		{"cbc128sha1", Encr{wire.ENCR_AES_CBC, 128}, []uint16{wire.AUTH_HMAC_SHA1_96}},
		{"cbc192sha256", Encr{wire.ENCR_AES_CBC, 192}, []uint16{wire.AUTH_HMAC_SHA2_256_128}},
		{"cbc256sha384", Encr{wire.ENCR_AES_CBC, 256}, []uint16{wire.AUTH_HMAC_SHA2_384_192}},
		{"cbc256sha512", Encr{wire.ENCR_AES_CBC, 256}, []uint16{wire.AUTH_HMAC_SHA2_512_256}},
	}
	prfs := []uint16{wire.PRF_HMAC_SHA1, wire.PRF_HMAC_SHA2_256, wire.PRF_HMAC_SHA2_384, wire.PRF_HMAC_SHA2_512}
	groups := []wire.GroupID{wire.MODP_2048, wire.MODP_3072, wire.MODP_4096, wire.ECP_256, wire.ECP_384, wire.ECP_521, wire.CURVE25519}
	for i := range max(len(ciphers), len(groups)) {
		c, prf, g := ciphers[i%len(ciphers)], prfs[i%len(prfs)], groups[i%len(groups)]
		t.Run(c.name+"/"+g.String(), func(t *testing.T) {
			p := newPair(t, func(a, b *Config) {
				for _, cfg := range []*Config{a, b} {
					cfg.Peers[0].Proposals = []Proposal{{Encr: []Encr{c.encr}, Integ: c.integ, PRF: []uint16{prf}, Groups: []wire.GroupID{g}}}
					cfg.Peers[0].Flows[0].Proposals = []Proposal{{Encr: []Encr{c.encr}, Integ: c.integ, Groups: []wire.GroupID{g}, ESN: []bool{true, false}}}
				}
			})
			p.up()
			p.a.do(func(now time.Time, out *Output) { p.a.e.RekeyChild(now, p.a.only(), out) })
			p.run(10 * time.Second)
			if n := p.agree(); n != 1 || len(find[ChildUp](p.b)) != 2 || !p.a.kids[p.a.only()].In.ESN {
				p.fail("after a rekey with key exchange: %d children, %d ChildUp", n, len(find[ChildUp](p.b)))
			}
		})
	}
}

func TestInvalidKE(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		a.Peers[0].Proposals[0].Groups = []wire.GroupID{wire.CURVE25519, wire.ECP_384}
		b.Peers[0].Proposals = []Proposal{ikeProposals()[0]}
		b.Peers[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_384}
		a.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.CURVE25519, wire.ECP_384}
		b.Peers[0].Flows[0].Proposals = []Proposal{{Encr: espProposals()[0].Encr, Groups: []wire.GroupID{wire.ECP_384}}}
	})
	// HDR, SAi1, KEi, Ni -->  <-- HDR, N(INVALID_KE_PAYLOAD)  HDR, SAi1, KEi', Ni -->
	p.up()
	if got := len(p.sent); got != 6 {
		t.Errorf("messages: got %d, want 6", got)
	}
	p.a.do(func(now time.Time, out *Output) { p.a.e.RekeyChild(now, p.a.only(), out) })
	p.run(10 * time.Second)
	if p.agree() != 1 || len(find[ChildUp](p.a)) != 2 {
		p.fail("rekey after INVALID_KE_PAYLOAD: %v", p.a.events)
	}
}

// A responder under load asks for a cookie first (RFC 7296 §2.6).
func TestCookie(t *testing.T) {
	p := newPair(t, nil)
	p.lose = func(from *side, data []byte) bool { return true }
	p.a.acquire("f0")
	first := p.a.out.Datagrams[0]
	m, err := wire.Parse(first.Data)
	if err != nil {
		t.Fatal(err)
	}
	cookie := []byte("twenty octets cookie")
	answer := wire.Message{Header: wire.Header{SPIi: m.SPIi, Version: version, Exchange: wire.IKE_SA_INIT, Flags: wire.FlagResponse}, Payloads: []wire.Payload{&wire.Notify{Kind: wire.COOKIE, Data: cookie}}}
	d := Datagram{Path: first.Path, Data: answer.Append(nil)}
	p.lose = nil
	p.a.do(func(now time.Time, out *Output) { p.a.e.Handle(now, d, out) })
	if len(p.a.out.Datagrams) == 0 {
		t.Fatalf("no second request; events %+v", p.a.out.Events)
	}
	again, err := wire.Parse(p.a.out.Datagrams[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	n, ok := again.Payloads[0].(*wire.Notify)
	if !ok || n.Kind != wire.COOKIE || !bytes.Equal(n.Data, cookie) {
		t.Fatalf("first payload of the second request: got %+v, want the cookie", again.Payloads[0])
	}
	p.run(time.Second)
	if p.agree() != 1 {
		p.fail("no child after the cookie")
	}
}

func TestWrongKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(a, b *Config)
		says   string // at the end that finds out
	}{
		{"responder finds out", func(a, b *Config) { a.Peers[0].LocalKey = []byte("another") }, "pre-shared key"},
		{"initiator finds out", func(a, b *Config) { a.Peers[0].RemoteKey = []byte("another") }, "pre-shared key"},
		{"unknown identity", func(a, b *Config) { a.Peers[0].LocalID = Identity{wire.ID_FQDN, "who.example"} }, "matches no configured identity"},
		{"other identity expected", func(a, b *Config) {
			a.Peers[0].RemoteIDs = []Match{{Kind: wire.ID_FQDN, Data: "b.example"}}
		}, "matches no configured identity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, tt.change)
			p.a.acquire("f0")
			p.run(time.Minute)
			said := false
			for _, s := range []*side{p.a, p.b} {
				if s.e.Len() != 0 || len(s.kids) != 0 {
					p.fail("%s still has %d IKE SAs and %d children", s.name, s.e.Len(), len(s.kids))
				}
				down := find[SADown](s)
				if len(down) != 1 || down[0].Reason != ReasonAuthFailed {
					p.fail("%s: got SADown %+v, want one for %v", s.name, down, ReasonAuthFailed)
				}
				for _, f := range find[Failed](s) {
					said = said || strings.Contains(f.Detail, tt.says)
					if strings.Contains(f.Detail, "a-test-key") || strings.Contains(f.Detail, "another") {
						t.Errorf("detail shows the key: %q", f.Detail)
					}
				}
			}
			if f := find[Failed](p.a); len(f) != 1 || f[0].Reason != ReasonAuthFailed || len(f[0].Policies) != 1 {
				t.Errorf("A: got Failed %+v, want one with the policy", f)
			}
			if !said {
				t.Errorf("nobody says %q: %v %v", tt.says, find[Failed](p.a), find[Failed](p.b))
			}
		})
	}
}

func TestIdentities(t *testing.T) {
	for _, id := range []Identity{
		{wire.ID_FQDN, "gw.a.example"}, {wire.ID_RFC822_ADDR, "a@example.org"}, {wire.ID_KEY_ID, "\x00\x01key"}, AddrIdentity(addrA),
	} {
		p := newPair(t, func(a, b *Config) {
			a.Peers[0].LocalID = id
			b.Peers[0].RemoteIDs = []Match{{Kind: id.Kind, Data: id.Data}}
		})
		p.up()
		if got := find[SAUp](p.b)[0].SA.RemoteID; got != id {
			t.Errorf("got %v, want %v", got, id)
		}
	}
}

func TestNoProposal(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		b.Peers[0].Proposals = []Proposal{{Encr: []Encr{{wire.ENCR_AES_GCM_16, 256}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519}}}
	})
	p.a.acquire("f0")
	p.run(2 * time.Minute)
	f := find[Failed](p.a)
	if len(f) != 1 || f[0].Reason != ReasonNoProposal || p.a.e.Len() != 0 || p.b.e.Len() != 0 {
		p.fail("A: got %+v, want one Failed for %v and no SA left", f, ReasonNoProposal)
	}
	// A second attempt waits, then goes out.
	p.a.acquire("f0")
	p.run(time.Minute)
	p.a.acquire("f0")
	p.run(time.Second)
	if p.a.e.Len() != 1 {
		t.Errorf("no new attempt after the wait")
	}
}

// A Child SA that cannot be agreed on leaves the IKE SA up.
func TestChildRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(b *Config)
		want   Reason
	}{
		{"suite", func(b *Config) {
			b.Peers[0].Flows[0].Proposals = []Proposal{{Encr: []Encr{{wire.ENCR_AES_GCM_16, 256}}}}
		}, ReasonNoProposal},
		{"selectors", func(b *Config) {
			b.Peers[0].Flows[0].Remote = []sadb.Selector{prefix("172.16.0.0/12")}
		}, ReasonNoTrafficSelectors},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) { tt.change(b) })
			p.a.acquire("f0")
			p.run(time.Second)
			f := find[Failed](p.a)
			if len(f) != 1 || f[0].Reason != tt.want || p.a.e.Len() != 1 || p.b.e.Len() != 1 || len(find[Failed](p.b)) != 1 {
				p.fail("A: got %+v, want one Failed for %v and the IKE SA up", f, tt.want)
			}
		})
	}
}

func TestNarrow(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		b.Peers[0].Flows[0].Local = []sadb.Selector{prefix("10.2.3.0/24"), prefix("10.2.9.0/24")}
		a.Peers[0].Flows[0].Local = []sadb.Selector{prefix("10.1.0.0/24"), prefix("10.1.1.0/24")}
	})
	p.up()
	k := p.a.kids[p.a.only()]
	if !equalSelectors(k.Local, []sadb.Selector{prefix("10.1.0.0/24"), prefix("10.1.1.0/24")}) || !equalSelectors(k.Remote, []sadb.Selector{prefix("10.2.3.0/24"), prefix("10.2.9.0/24")}) {
		t.Errorf("got %v === %v", k.Local, k.Remote)
	}
}

// One Child SA may serve several of the responder's policies.
func TestSeveralPolicies(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		a.Peers[0].Flows[0].Remote = []sadb.Selector{prefix("10.2.1.0/24"), prefix("10.2.2.0/24"), prefix("10.9.0.0/24")}
		f := b.Peers[0].Flows[0]
		f1, f2 := f, f
		f1.ID, f1.Local = "f1", []sadb.Selector{prefix("10.2.2.0/24")}
		f2.ID, f2.Local, f2.Remote = "f2", []sadb.Selector{prefix("10.9.0.0/24")}, []sadb.Selector{prefix("10.1.5.0/24")}
		f.Local = []sadb.Selector{prefix("10.2.1.0/24")}
		b.Peers[0].Flows = []Flow{f, f1, f2}
	})
	p.up()
	k := p.b.kids[p.b.only()]
	if len(k.Policies) != 2 || k.Policies[0] != "f0" || k.Policies[1] != "f1" {
		t.Errorf("policies: got %v, want f0 and f1: f2 would let pairs through that it does not permit", k.Policies)
	}
	if !equalSelectors(k.Local, []sadb.Selector{prefix("10.2.1.0/24"), prefix("10.2.2.0/24")}) {
		t.Errorf("local: got %v", k.Local)
	}
}

// A second flow of the peer uses the IKE SA that is there.
func TestSecondChild(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		for i, cfg := range []*Config{a, b} {
			f := cfg.Peers[0].Flows[0]
			f.ID = "f1"
			l, r := []sadb.Selector{prefix("10.5.0.0/16")}, []sadb.Selector{prefix("10.6.0.0/16")}
			if i == 1 {
				l, r = r, l
			}
			f.Local, f.Remote = l, r
			cfg.Peers[0].Flows = append(cfg.Peers[0].Flows, f)
		}
	})
	p.a.acquire("f0")
	p.a.acquire("f1") // while the IKE SA is being set up
	p.run(time.Second)
	if n := p.agree(); n != 2 || p.a.e.Len() != 1 {
		p.fail("%d children in %d IKE SAs, want 2 in 1", n, p.a.e.Len())
	}
}
