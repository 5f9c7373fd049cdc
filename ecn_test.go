package seikan

import (
	"bytes"
	"net/netip"
	"testing"

	"seikan/esp"
	"seikan/sadb"
)

// packet6 is an IPv6 packet without a payload.
func packet6(class uint8) []byte {
	p := make([]byte, ipv6Header)
	p[0], p[1], p[6] = 0x60|class>>4, class<<4|0x0f, nextNone // and a flow label
	p[2], p[3] = 0xab, 0xcd
	copy(p[8:], netip.MustParseAddr("2001:db8::1").AsSlice())
	copy(p[24:], netip.MustParseAddr("2001:db8::2").AsSlice())
	return p
}

func packet4(class uint8) []byte {
	p := packet(innerA, innerB, 7, 100)
	p[1] = class
	putIPv4Sum(p)
	return p
}

// The table of RFC 6040 §4.2, for all DSCPs, which stay as they are. Nothing but the ECN field and the checksum changes.
func TestCombineECN(t *testing.T) {
	const drop = 0xff
	want := [4][4]uint8{ // by the inner and the outer field
		notECT: {notECT: notECT, ect0: notECT, ect1: notECT, ecnCE: drop},
		ect0:   {notECT: ect0, ect0: ect0, ect1: ect1, ecnCE: ecnCE},
		ect1:   {notECT: ect1, ect0: ect1, ect1: ect1, ecnCE: ecnCE},
		ecnCE:  {notECT: ecnCE, ect0: ecnCE, ect1: ecnCE, ecnCE: ecnCE},
	}
	for name, make := range map[string]func(class uint8) []byte{"IPv4": packet4, "IPv6": packet6} {
		for class := range 256 {
			for outer := range 256 {
				inner, w := uint8(class), want[class&ecnBits][outer&ecnBits]
				p := make(inner)
				ok := combineECN(p, uint8(outer))
				if ok != (w != drop) {
					t.Fatalf("%s: %#02x in %#02x: passed is %v", name, inner, outer, ok)
				}
				if !ok {
					continue
				}
				if after := make(inner&^ecnBits | w); !bytes.Equal(p, after) {
					t.Fatalf("%s: %#02x in %#02x: got % x, want % x", name, inner, outer, p, after)
				}
			}
		}
	}
}

// The outer header has the class of service of the inner one, packet by packet, and what happens to its ECN field on the way comes out.
func TestClassOfService(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	classes := []uint8{0, 0xb8, 0xba, 0xb9, 0xbb, 2, 0}
	var sent [][]byte
	for _, c := range classes {
		sent = append(sent, packet4(c))
	}
	a.up.step(1e9, sent)
	for i, c := range classes {
		if got := a.wire.kept[i].TOS; got != c {
			t.Errorf("packet %d: class of service %#x outside, want %#x", i, got, c)
		}
		if a.wire.kept[i].TOS&ecnBits != notECT {
			a.wire.kept[i].TOS |= ecnCE
		}
		a.wire.kept[i].TOS &= ecnBits // nobody trusts the DSCP of the outside
	}
	deliver(a, b)
	if b.dev.packets != len(classes) {
		t.Fatalf("%d packets came out, want %d", b.dev.packets, len(classes))
	}
	for i, c := range classes {
		if c&ecnBits != notECT {
			c |= ecnCE
		}
		if got := b.dev.last[i]; !bytes.Equal(got, packet4(c)) {
			t.Errorf("packet %d: got % x, want % x", i, got[:20], packet4(c)[:20])
		}
	}
}

// GRE takes the class of service of the inner packet, and a mark that its own header has got comes out.
func TestClassOfServiceInGRE(t *testing.T) {
	g := &GRE{Local: outerA, Remote: outerB}
	for _, inner := range [][]byte{packet4(0xba), packet6(0xba)} {
		p := make([]byte, g.headLen())
		g.put(p, inner, len(inner))
		if got := classOf(p); got != 0xba {
			t.Errorf("class of service %#x, want that of the inner packet, 0xba", got)
		}
		for _, outer := range []uint8{ect0, ecnCE} {
			s := &sink{gre: g, busy: new([]*sink)}
			setECN(p, outer)
			if why, ok := s.put(append(bytes.Clone(p), inner...), 0); !ok {
				t.Fatalf("dropped: %v", why)
			} else if ok && classOf(s.writes[0]) != 0xb8|outer {
				t.Errorf("class of service %#x came out, want %#x", classOf(s.writes[0]), 0xb8|outer)
			}
		}
	}
	p := make([]byte, g.headLen())
	g.put(p, packet4(0), 100)
	setECN(p, ecnCE)
	if why, ok := (&sink{gre: g, busy: new([]*sink)}).put(append(p, packet4(0)...), 0); ok || why != sadb.DropECN {
		t.Errorf("a mark that cannot be told: passed %v, reason %v", ok, why)
	}
}

// By transport mode the mark is in the header that is made.
func TestClassOfServiceByTransport(t *testing.T) {
	for _, src := range []string{"192.0.2.1", "2001:db8::1"} {
		a := netip.MustParseAddr(src)
		spec := &sadb.ChildSpec{Local: selector(a), Remote: selector(a)}
		f := esp.Frame{Data: make([]byte, 20), Next: 17}
		rebuild(nil, spec, &f, 0xbb)
		if got := classOf(f.Data); got != 0xbb || !combineECN(f.Data, 0xbb) {
			t.Errorf("%s: class of service %#x, want 0xbb", src, got)
		}
	}
}
