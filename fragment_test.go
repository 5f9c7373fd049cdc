package seikan

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/sadb"
)

// at makes a fragment of an IPv4 packet: what is there begins at an octet of the whole, and more follows or not.
func at(p []byte, octet int, more bool) []byte {
	place := uint16(octet / 8)
	if more {
		place |= 0x2000
	}
	binary.BigEndian.PutUint16(p[6:], place)
	putIPv4Sum(p)
	return p
}

// later is the last fragment of a packet.
func later(p []byte) []byte { return at(p, 80, false) }

// Selectors for any port take fragments of all kinds, both ways; those that look at ports take the first one, which shows them, and no other
// (RFC 4301 §7.1).
func TestInnerFragments(t *testing.T) {
	first := func() []byte { return at(packet(innerA, innerB, 1, 108), 0, true) } // to port 5001
	for _, tt := range []struct {
		name   string
		lo, hi uint16 // ports at b
		packet []byte
		passes bool
		want   sadb.DropReason // at b, where it does not; at a there is no policy instead
	}{
		{"any port, first", 0, 65535, first(), true, 0},
		{"any port, later", 0, 65535, later(first()), true, 0},
		{"any port, over the ports", 0, 65535, at(first(), 8, true), true, 0},
		{"any port, without them", 0, 65535, at(packet(innerA, innerB, 1, 28), 0, true), true, 0},
		{"its port, first", 5001, 5001, first(), true, 0},
		{"its port, later", 5001, 5001, later(first()), false, sadb.DropFragment},
		{"its port, over the ports", 5001, 5001, at(first(), 8, true), false, sadb.DropFragment},
		{"other ports, first", 1, 5000, first(), false, sadb.DropIdentity},
		{"other ports, later", 1, 5000, later(first()), false, sadb.DropFragment},
	} {
		all := []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(innerA, 32), 17), sadb.SelectorFromPrefix(netip.PrefixFrom(innerB, 32), 17)}
		some := slices.Clone(all)
		some[1].LoPort, some[1].HiPort = tt.lo, tt.hi
		t.Run(tt.name, func(t *testing.T) {
			for _, sender := range [][]sadb.Selector{some, all} { // the second has it stopped, if at all, at the receiver
				a, b := newHalves(t)
				a.serve(t, 0x1002, 0x1001, sender[:1], sender[1:], b.wire.local)
				b.serve(t, 0x1001, 0x1002, some[1:], some[:1], a.wire.local)
				a.up.step(1e9, [][]byte{bytes.Clone(tt.packet)})
				sent := a.wire.n
				deliver(a, b)
				if passed := b.dev.packets == 1; passed != tt.passes || passed && !bytes.Equal(b.dev.last[0], tt.packet) {
					t.Fatalf("passed as it was: %v, want %v", passed, tt.passes)
				}
				if tt.passes {
					continue
				}
				counters, want := &b.r.db.Entry("P").Counters.In, tt.want
				if sent == 0 {
					if counters = &a.r.drops; want == sadb.DropIdentity {
						want = sadb.DropNoPolicy
					}
				}
				if v := counters.Load(); v.Drops[want] != 1 || v.DropTotal() != 1 {
					t.Errorf("got drops %v, want one of %v", v.Drops, want)
				}
			}
		})
	}
}

// serve gives a half a policy and a Child SA for it alone. The keys are made of the SPIs.
func (h *half) serve(t *testing.T, in, out esp.SPI, local, remote []sadb.Selector, to netip.AddrPort) {
	t.Helper()
	h.r.db.SetPolicies([]sadb.Policy{{ID: "P", Action: sadb.Protect, Local: local, Remote: remote}})
	params := func(spi esp.SPI) esp.Params {
		return esp.Params{SPI: spi, Suite: gcm128, Key: bytes.Repeat([]byte{byte(spi)}, 20), Window: 64}
	}
	_, err := h.r.db.Install(time.Unix(1, 0), sadb.ChildSpec{
		IKE: 1, Policies: []sadb.PolicyID{"P"}, In: params(in), Out: params(out), Local: local, Remote: remote,
		Path: sadb.Path{Local: h.wire.local, Remote: to},
	})
	if err != nil {
		t.Fatal(err)
	}
}
