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

// What both ends say of each way to fail: the operator reads why, what was theirs and what was ours.
func TestDetails(t *testing.T) {
	const (
		ourIKE = "IKE: ENCR_AES_GCM_16/128 PRF_HMAC_SHA2_256 CURVE25519 ECP_256"
		ourESP = "ESP: ENCR_AES_GCM_16/128 NO_ESN"
	)
	for _, tt := range []struct {
		name   string
		change func(a, b *Config)
		a, b   string // reason and detail of the last failure at either end, or of the end of its IKE SA
	}{
		{"their key is another", func(a, b *Config) { b.Peers[0].RemoteKey = []byte("swordfish") },
			`authentication failed: the peer does not accept "192.0.2.1" with our key (AUTHENTICATION_FAILED)`,
			`authentication failed: peer "192.0.2.1" does not have the same pre-shared key`},
		{"our key is another for them", func(a, b *Config) { a.Peers[0].RemoteKey = []byte("swordfish") },
			`authentication failed: peer "192.0.2.2" does not have the same pre-shared key`,
			`authentication failed: the peer does not accept "192.0.2.2" with our key (AUTHENTICATION_FAILED)`},
		{"an identity that they do not know", func(a, b *Config) { a.Peers[0].LocalID = Identity{wire.ID_FQDN, "who.example"} },
			`authentication failed: the peer does not accept "who.example" with our key (AUTHENTICATION_FAILED)`,
			`authentication failed: peer says it is "who.example" (ID_FQDN), which matches no configured identity`},
		{"IKE proposals", func(a, b *Config) {
			b.Peers[0].Proposals = []Proposal{{Encr: []Encr{{wire.ENCR_AES_CBC, 256}}, Integ: []uint16{wire.AUTH_HMAC_SHA2_256_128},
				PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.MODP_2048}}}
		},
			"no proposal chosen: the peer takes none of ours (NO_PROPOSAL_CHOSEN): " + ourIKE,
			"no proposal chosen: the peer offers " + ourIKE + "; ours are IKE: ENCR_AES_CBC/256 PRF_HMAC_SHA2_256 AUTH_HMAC_SHA2_256_128 MODP_2048"},
		{"ESP proposals", func(a, b *Config) {
			b.Peers[0].Flows[0].Proposals = []Proposal{{Encr: []Encr{{wire.ENCR_AES_GCM_16, 256}}}}
		},
			"no proposal chosen: the peer takes none of ours (NO_PROPOSAL_CHOSEN): " + ourESP,
			"no proposal chosen: the peer offers " + ourESP + "; ours are ESP: ENCR_AES_GCM_16/256 NO_ESN"},
		{"traffic selectors", func(a, b *Config) { b.Peers[0].Flows[0].Remote = []sadb.Selector{prefix("172.16.0.0/12")} },
			"traffic selectors unacceptable: the peer takes none of our traffic selectors (TS_UNACCEPTABLE): 10.1.0.0/16 === 10.2.0.0/16",
			"traffic selectors unacceptable: the peer wants 10.2.0.0/16 === 10.1.0.0/16; ours are 10.2.0.0/16 === 172.16.0.0/12"},
		{"nobody there", func(a, b *Config) { a.Peers[0].Remote = netip.MustParseAddr("192.0.2.99") },
			"peer does not answer: no answer to IKE_SA_INIT", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, tt.change)
			p.a.acquire("f0")
			p.run(3 * time.Minute)
			for _, c := range []struct {
				s    *side
				want string
			}{{p.a, tt.a}, {p.b, tt.b}} {
				if got := c.s.lastCause(); got != c.want {
					t.Errorf("%s: got  %s\nwant %s", c.s.name, got, c.want)
				}
			}
		})
	}
}

// lastCause is the last failure, or end of an IKE SA, that a side told.
func (s *side) lastCause() string {
	for _, ev := range slices.Backward(s.events) {
		switch ev := ev.(type) {
		case Failed:
			return ev.Reason.String() + ": " + ev.Detail
		case SADown:
			if ev.Detail != "" { // else it ends after a failure that was told
				return ev.Reason.String() + ": " + ev.Detail
			}
		}
	}
	return ""
}

// A liveness check is called so, and not by the message that it is.
func TestDetailOfLiveness(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].DPD = DPD{Interval: 10 * time.Second, Retry: 2 * time.Second} })
	p.up()
	p.lose = func(*side, []byte) bool { return true }
	p.run(2 * time.Minute)
	if got, want := p.a.lastCause(), "peer does not answer: no answer to a liveness check"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// However much a peer offers, what is kept and said of it is short.
func TestDetailsAreShort(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		one := a.Peers[0].Proposals[0]
		for range 12 {
			a.Peers[0].Proposals = append(a.Peers[0].Proposals, one)
		}
		b.Peers[0].Proposals = []Proposal{{Encr: []Encr{{wire.ENCR_AES_GCM_16, 256}}, PRF: one.PRF, Groups: one.Groups}}
	})
	p.a.acquire("f0")
	p.run(time.Minute)
	for _, s := range []*side{p.a, p.b} {
		f := find[Failed](s) // B is asked twice
		if len(f) < 1 || len(f[0].Detail) > maxDetail+len("...") || !strings.Contains(f[0].Detail, "...") {
			t.Errorf("%s: got %+v, want a short failure", s.name, f)
		}
	}
	for _, tt := range []struct{ text, want string }{{"abc", "abc"}, {"abcd", "abc..."}, {"äöü", "ä..."}} {
		if got := shortened(tt.text, 3); got != tt.want {
			t.Errorf("shortened(%q): got %q, want %q", tt.text, got, tt.want)
		}
	}
}
