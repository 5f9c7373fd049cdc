package ike

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// large makes IKE_AUTH and the rekeys of the Child SA too large for one datagram: many selectors.
func large(mtu int) func(a, b *Config) {
	return func(a, b *Config) {
		var l, r []sadb.Selector
		for i := range 40 {
			l, r = append(l, prefix(fmt.Sprintf("10.1.%d.0/24", 2*i))), append(r, prefix(fmt.Sprintf("10.2.%d.0/24", 2*i)))
		}
		a.Peers[0].Flows[0].Local, a.Peers[0].Flows[0].Remote = l, r
		b.Peers[0].Flows[0].Local, b.Peers[0].Flows[0].Remote = r, l
		a.FragmentMTU, b.FragmentMTU = mtu, mtu
	}
}

func TestFragments(t *testing.T) {
	for _, tt := range []struct {
		name       string
		mtu        int
		integ      []uint16
		encr       Encr
		fragmented bool
	}{
		{"GCM", 576, nil, Encr{wire.ENCR_AES_GCM_16, 128}, true},
		{"CBC", 576, []uint16{wire.AUTH_HMAC_SHA2_256_128}, Encr{wire.ENCR_AES_CBC, 256}, true},
		{"the default", 0, nil, Encr{wire.ENCR_AES_GCM_16, 128}, true},
		{"large enough", 9000, nil, Encr{wire.ENCR_AES_GCM_16, 128}, false},
		{"off", -1, nil, Encr{wire.ENCR_AES_GCM_16, 128}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) {
				large(tt.mtu)(a, b)
				for _, c := range []*Config{a, b} {
					c.Peers[0].Proposals[0].Encr, c.Peers[0].Proposals[0].Integ = []Encr{tt.encr}, tt.integ
				}
			})
			fragments := 0
			p.lose = func(_ *side, data []byte) bool {
				if data[atNext] == byte(wire.PayloadSKF) {
					fragments++
				}
				if limit := p.a.e.cfg.FragmentMTU - ipv4Overhead; limit > 0 && len(data) > limit {
					t.Errorf("a datagram of %d octets, want at most %d", len(data), limit)
				}
				return false
			}
			p.up()
			p.b.rekeyChild()
			p.run(time.Minute)
			p.wantOne()
			p.a.rekeySA() // which takes the agreement over
			p.run(time.Second)
			p.a.rekeyChild()
			p.run(time.Minute)
			p.wantOne()
			if got := fragments > 8; got != tt.fragmented {
				t.Errorf("%d fragments", fragments)
			}
			if len(p.a.kids[p.a.only()].Local) != 40 {
				t.Errorf("%d selectors, want 40", len(p.a.kids[p.a.only()].Local))
			}
		})
	}
}

// Fragments get lost, come twice and out of order.
func TestFragmentsInNoise(t *testing.T) {
	for seed := range uint64(30) {
		p := newPair(t, func(a, b *Config) {
			large(576)(a, b)
			a.Peers[0].DPD, b.Peers[0].DPD = DPD{Interval: 30 * time.Second}, DPD{Interval: 40 * time.Second}
		})
		p.noisy(seed, 0.2)
		for range 20 {
			p.a.acquireIfNone()
			p.run(20 * time.Second)
			for spi := range p.b.kids {
				p.b.do(func(now time.Time, out *Output) { p.b.e.RekeyChild(now, spi, out) })
				break
			}
		}
		p.lose, p.repeat = nil, nil
		p.run(10 * time.Minute)
		for range 3 {
			p.a.acquireIfNone()
			p.settle()
			p.run(maxRetryWait)
		}
		if p.agree() == 0 {
			p.fail("seed %d: nothing is up in the end", seed)
		}
	}
}

// Hostile fragments from an authentic peer: the rules of RFC 7383 §2.6, and our bounds.
func TestReassembly(t *testing.T) {
	type fragment struct {
		num, total uint16
		next       wire.PayloadType
		content    string
		id         uint32
		after      time.Duration
		kept       bool
	}
	const n = wire.PayloadNotify
	big := string(bytes.Repeat([]byte{1}, maxReassembled/2+1))
	for _, tt := range []struct {
		name string
		fs   []fragment
		want string // "" for not complete
	}{
		{"one", []fragment{{1, 1, n, "abc", 0, 0, true}}, "abc"},
		{"in order", []fragment{{1, 2, n, "abc", 0, 0, true}, {2, 2, 0, "de", 0, 0, true}}, "abcde"},
		{"out of order", []fragment{{3, 3, 0, "f", 0, 0, true}, {1, 3, n, "abc", 0, 0, true}, {2, 3, 0, "de", 0, 0, true}}, "abcdef"},
		{"twice", []fragment{{1, 2, n, "abc", 0, 0, true}, {1, 2, n, "xyz", 0, 0, false}, {2, 2, 0, "de", 0, 0, true}}, "abcde"},
		{"an empty one twice", []fragment{{2, 2, 0, "", 0, 0, true}, {2, 2, 0, "", 0, 0, false}, {1, 2, n, "a", 0, 0, true}}, "a"},
		{"missing", []fragment{{1, 3, n, "abc", 0, 0, true}, {3, 3, 0, "f", 0, 0, true}}, ""},
		{"cut anew, smaller", []fragment{{1, 2, n, "abc", 0, 0, true}, {1, 3, n, "ab", 0, 0, true}, {2, 2, 0, "de", 0, 0, false}, {2, 3, 0, "cd", 0, 0, true}, {3, 3, 0, "e", 0, 0, true}}, "abcde"},
		{"too many", []fragment{{1, maxFragments + 1, n, "abc", 0, 0, false}, {1, 65535, n, "abc", 0, 0, false}}, ""},
		{"too long", []fragment{{1, 2, n, big, 0, 0, true}, {2, 2, 0, big, 0, 0, false}}, ""},
		{"payload type in another than the first", []fragment{{2, 2, n, "de", 0, 0, false}}, ""},
		{"of another message", []fragment{{1, 2, n, "abc", 0, 0, true}, {2, 2, 0, "de", 1, 0, true}}, ""},
		{"too late", []fragment{{1, 2, n, "abc", 0, 0, true}, {2, 2, 0, "de", 0, reassemblyTime + 1, true}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r reassembly
			for i, f := range tt.fs {
				kept, complete := r.add(start.Add(f.after), wire.Header{MessageID: f.id}, &wire.Encrypted{Fragment: true, Num: f.num, Total: f.total, Next: f.next}, []byte(f.content))
				if last := i == len(tt.fs)-1; kept != f.kept || complete != (last && tt.want != "") {
					t.Fatalf("fragment %d: got kept %v, complete %v", i, kept, complete)
				}
			}
			if tt.want == "" {
				return
			}
			if first, got := r.take(); first != n || string(got) != tt.want || r.parts != nil || r.octets != 0 {
				t.Errorf("got %v %q, %+v left; want %q", first, got, r, tt.want)
			}
		})
	}
}

// A peer that did not agree to fragments gets none taken.
func TestFragmentsNotAgreed(t *testing.T) {
	p := newPair(t, func(_, b *Config) { b.FragmentMTU = -1 })
	p.up()
	a := p.a.sole()
	msg := a.fragment(wire.Header{SPIi: a.spiI, SPIr: a.spiR, Version: version, Exchange: wire.INFORMATIONAL, MessageID: a.own.next, Flags: wire.FlagInitiator}, wire.PayloadNone, make([]byte, 100), 100)
	before := p.b.digest()
	for _, data := range msg {
		p.b.deliver(p.b.sole().path, data)
	}
	if after := p.b.digest(); after != before || p.b.e.Drops()[DropFragment] != uint64(len(msg)) || len(msg) < 2 {
		t.Errorf("%d fragments changed %+v to %+v, drops %v", len(msg), before, after, p.b.e.Drops())
	}
}
