package ike

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"seikan/esp"
)

func TestPPK(t *testing.T) {
	k1, k2 := esp.Secret("a postquantum preshared key"), esp.Secret("another one")
	for _, tt := range []struct {
		name   string
		a, b   PPK
		up     bool
		mixed  bool
		detail string // of the failure at either end
	}{
		{"both", PPK{"k", k1, true}, PPK{"k", k1, true}, true, true, ""},
		{"both, optional", PPK{"k", k1, false}, PPK{"k", k1, false}, true, true, ""},
		{"only the initiator, optional", PPK{"k", k1, false}, PPK{}, true, false, ""},
		{"only the responder, optional", PPK{}, PPK{"k", k1, false}, true, false, ""},
		{"another ID, optional", PPK{"k", k1, false}, PPK{"l", k1, false}, true, false, ""},
		{"only the initiator, required", PPK{"k", k1, true}, PPK{}, false, false, "is required"},
		{"only the responder, required", PPK{}, PPK{"k", k1, true}, false, false, "which is required"},
		{"another ID, required by the initiator", PPK{"k", k1, true}, PPK{"l", k1, false}, false, false, "insists on a PPK"},
		{"another ID, required by the responder", PPK{"k", k1, false}, PPK{"l", k1, true}, false, false, "which is required"},
		{"another key", PPK{"k", k1, false}, PPK{"k", k2, false}, false, false, "pre-shared key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) { a.Peers[0].PPK, b.Peers[0].PPK = tt.a, tt.b })
			if !tt.up {
				p.a.acquire("f0")
				p.run(time.Minute)
				p.wantNothing()
				said := false
				for _, s := range []*side{p.a, p.b} {
					for _, f := range find[Failed](s) {
						said = said || bytes.Contains([]byte(f.Detail), []byte(tt.detail))
					}
				}
				if !said {
					t.Errorf("nobody says %q: %+v %+v", tt.detail, find[Failed](p.a), find[Failed](p.b))
				}
				return
			}
			p.up()
			if a, b := p.a.sole(), p.b.sole(); a.ppk != tt.mixed || b.ppk != tt.mixed || !bytes.Equal(a.keys.skD, b.keys.skD) {
				t.Errorf("mixed: %v and %v, want %v; SK_d the same: %v", a.ppk, b.ppk, tt.mixed, bytes.Equal(a.keys.skD, b.keys.skD))
			}
			p.a.rekeyChild()
			p.run(time.Minute)
			p.b.rekeySA()
			p.run(time.Minute)
			p.wantOne()
		})
	}
}

// Where the responder does not offer to use the PPK that is required, it does not hear who we are (RFC 8784 §3). Who forges its answer keeps
// the true one from nobody.
func TestPPKRequiredBeforeAuth(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].PPK = PPK{"k", esp.Secret("a postquantum preshared key"), true} })
	p.a.acquire("f0")
	p.run(2 * time.Minute)
	p.wantNothing()
	for _, l := range p.sent {
		if strings.Contains(l, "IKE_AUTH") {
			p.fail("sent %s", l)
		}
	}
	p = newPair(t, func(a, b *Config) {
		k := PPK{"k", esp.Secret("a postquantum preshared key"), true}
		a.Peers[0].PPK, b.Peers[0].PPK = k, k
	})
	p.lose = func(*side, []byte) bool { return true }
	p.a.acquire("f0")
	request := p.a.out.Datagrams[0]
	forger := newSide(p, "F", addrB, peerConfig("A", addrB, addrA, "10.2.0.0/16", "10.1.0.0/16"))
	forger.deliver(swap(request.Path), request.Data)
	p.a.deliver(request.Path, forger.out.Datagrams[0].Data)
	p.lose = nil
	p.run(10 * time.Second)
	p.wantOne()
}

// The three keys are prf+(PPK, SK_x'), and the ciphers of the IKE SA stay (RFC 8784 §3).
func TestPPKMixesKeys(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	k := p.a.sole().keys
	m := k.mixed(esp.Secret("ppk"))
	for name, pair := range map[string][2]esp.Secret{"SK_d": {k.skD, m.skD}, "SK_pi": {k.skPi, m.skPi}, "SK_pr": {k.skPr, m.skPr}} {
		if want := k.prf.Sum([]byte("ppk"), pair[0], []byte{1}); !bytes.Equal(pair[1], want) { // one block of prf+
			t.Errorf("%s: got %x, want %x", name, []byte(pair[1]), want)
		}
	}
	if m.in != k.in || m.out != k.out {
		t.Error("the ciphers changed")
	}
	if _, err := New(Config{Peers: []Peer{{Local: addrA, Remote: addrB, LocalKey: []byte("k"), RemoteKey: []byte("k"), PPK: PPK{ID: "x"}}}}); err == nil {
		t.Error("a PPK without a key is accepted")
	}
}
