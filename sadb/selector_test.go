package sadb

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// sel is a selector of a range, a protocol and ports.
func sel(lo, hi string, proto uint8, ports ...uint16) Selector {
	s := Selector{Proto: proto, Lo: addr(lo), Hi: addr(hi), HiPort: maxPort}
	if len(ports) == 2 {
		s.LoPort, s.HiPort = ports[0], ports[1]
	}
	return s
}

func TestSelectorText(t *testing.T) {
	for _, tt := range []struct {
		s    Selector
		want string
	}{
		{SelectorFromPrefix(netip.MustParsePrefix("10.1.2.3/16"), 0), "10.1.0.0/16"},
		{SelectorFromPrefix(netip.MustParsePrefix("fd00::1/128"), 58), "fd00::1/128 protocol 58"},
		{SelectorFromPrefix(netip.MustParsePrefix("0.0.0.0/0"), 0), "0.0.0.0/0"},
		{SelectorFromPrefix(netip.MustParsePrefix("::/0"), 0), "::/0"},
		{sel("10.0.0.1", "10.0.0.9", 6, 80, 90), "10.0.0.1-10.0.0.9 protocol 6 port 80-90"},
		{sel("10.0.0.1", "10.0.0.1", 17, 53, 53), "10.0.0.1/32 protocol 17 port 53"},
		{sel("10.0.0.1", "10.0.0.1", 17, maxPort, 0), "10.0.0.1/32 protocol 17 port opaque"},
	} {
		if got := tt.s.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestIntersect(t *testing.T) {
	any4 := sel("0.0.0.0", "255.255.255.255", 0)
	opaque := sel("10.0.0.0", "10.0.0.255", 6, maxPort, 0)
	for _, tt := range []struct {
		name    string
		a, b    Selector
		want    Selector
		nothing bool
	}{
		{"equal", opaque, opaque, opaque, false},
		{"any", any4, sel("10.0.0.1", "10.0.0.9", 6, 80, 90), sel("10.0.0.1", "10.0.0.9", 6, 80, 90), false},
		{"overlap", sel("10.0.0.1", "10.0.0.9", 0, 80, 90), sel("10.0.0.5", "10.0.0.20", 6, 85, 99), sel("10.0.0.5", "10.0.0.9", 6, 85, 90), false},
		{"addresses apart", sel("10.0.0.1", "10.0.0.9", 0), sel("10.0.0.10", "10.0.0.20", 0), Selector{}, true},
		{"ports apart", sel("10.0.0.1", "10.0.0.9", 6, 1, 2), sel("10.0.0.1", "10.0.0.9", 6, 3, 4), Selector{}, true},
		{"protocols apart", sel("10.0.0.1", "10.0.0.9", 6), sel("10.0.0.1", "10.0.0.9", 17), Selector{}, true},
		{"families apart", any4, sel("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0), Selector{}, true},
		{"opaque and any", opaque, any4, opaque, false},
		{"opaque and ports", opaque, sel("10.0.0.0", "10.0.0.255", 6, 1, 65535), Selector{}, true},
	} {
		for _, pair := range [][2]Selector{{tt.a, tt.b}, {tt.b, tt.a}} {
			got, ok := pair[0].Intersect(pair[1])
			if ok == tt.nothing || ok && got != tt.want {
				t.Errorf("%s: got %v, %v; want %v", tt.name, got, ok, tt.want)
			}
		}
	}
}

// random draws from a world so small that everything meets.
func random(r *rand.Rand) Selector {
	lo, hi := r.IntN(16), r.IntN(16)
	if lo > hi {
		lo, hi = hi, lo
	}
	s := Selector{Proto: uint8(r.IntN(3)), Lo: netip.AddrFrom4([4]byte{10, 0, 0, byte(lo)}), Hi: netip.AddrFrom4([4]byte{10, 0, 0, byte(hi)}), HiPort: maxPort}
	switch r.IntN(4) {
	case 0:
		s.LoPort = uint16(r.IntN(4))
		s.HiPort = s.LoPort + uint16(r.IntN(4))
	case 1:
		s.LoPort, s.HiPort = maxPort, 0
	}
	return s
}

// everyFlow is all one-sided flows of that world.
func everyFlow(yield func(a netip.Addr, proto uint8, port uint16, shown bool) bool) {
	for a := range 16 {
		for proto := uint8(1); proto < 3; proto++ {
			for port := range uint16(8) {
				if !yield(netip.AddrFrom4([4]byte{10, 0, 0, byte(a)}), proto, port, port < 7) {
					return
				}
			}
		}
	}
}

func TestSelectorProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		a, b := random(r), random(r)
		both, ok := a.Intersect(b)
		everyFlow(func(ad netip.Addr, proto uint8, port uint16, shown bool) bool {
			inA, inB := a.matches(ad, proto, port, shown), b.matches(ad, proto, port, shown)
			if got := ok && both.matches(ad, proto, port, shown); got != (inA && inB) {
				t.Fatalf("%v and %v meet in %v, %v: for %v %d %d %v got %v", a, b, both, ok, ad, proto, port, shown, got)
			}
			if a.Covers(b) && inB && !inA {
				t.Fatalf("%v covers %v, but not %v %d %d %v", a, b, ad, proto, port, shown)
			}
			return true
		})
		if !a.Covers(a) || ok && (!a.Covers(both) || !b.Covers(both)) {
			t.Fatalf("%v and %v do not cover what they have in common, %v", a, b, both)
		}
	}
}

func TestNarrow(t *testing.T) {
	net := func(p string) Selector { return SelectorFromPrefix(netip.MustParsePrefix(p), 0) }
	for _, tt := range []struct {
		name                  string
		offered, policy, want []Selector
	}{
		{"nothing", []Selector{net("10.1.0.0/16")}, []Selector{net("10.2.0.0/16")}, nil},
		{"all", []Selector{net("0.0.0.0/0")}, []Selector{net("10.2.0.0/16"), net("10.4.0.0/16")}, []Selector{net("10.2.0.0/16"), net("10.4.0.0/16")}},
		{"the packet's own is covered", []Selector{net("10.2.0.1/32"), net("10.0.0.0/8")}, []Selector{net("10.2.0.0/16")}, []Selector{net("10.2.0.0/16")}},
		{"twice", []Selector{net("10.2.0.0/16"), net("10.2.0.0/16")}, []Selector{net("10.2.0.0/16"), net("10.0.0.0/8")}, []Selector{net("10.2.0.0/16")}},
		{"in the order offered", []Selector{net("10.4.0.0/16"), net("10.2.0.0/16")}, []Selector{net("10.0.0.0/8")}, []Selector{net("10.4.0.0/16"), net("10.2.0.0/16")}},
	} {
		if got := Narrow(tt.offered, tt.policy); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var offered, policy []Selector
		for range 1 + r.IntN(4) {
			offered, policy = append(offered, random(r)), append(policy, random(r))
		}
		got := Narrow(offered, policy)
		everyFlow(func(ad netip.Addr, proto uint8, port uint16, shown bool) bool {
			want := anyMatches(offered, ad, proto, port, shown) && anyMatches(policy, ad, proto, port, shown)
			if anyMatches(got, ad, proto, port, shown) != want {
				t.Fatalf("%v by %v is %v, wrong for %v %d %d %v", offered, policy, got, ad, proto, port, shown)
			}
			return true
		})
		for i := range got {
			if coveredByOther(got, i) {
				t.Fatalf("%v by %v is %v, of which one is in vain", offered, policy, got)
			}
		}
	}
}

func TestPrefixes(t *testing.T) {
	for _, tt := range []struct {
		lo, hi string
		want   []string
	}{
		{"10.0.0.0", "10.0.0.255", []string{"10.0.0.0/24"}},
		{"10.0.0.1", "10.0.0.6", []string{"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"}},
		{"0.0.0.0", "255.255.255.255", []string{"0.0.0.0/0"}},
		{"255.255.255.254", "255.255.255.255", []string{"255.255.255.254/31"}},
		{"0.0.0.0", "0.0.0.0", []string{"0.0.0.0/32"}},
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", []string{"::/0"}},
		{"fd00::", "fd00::2", []string{"fd00::/127", "fd00::2/128"}},
		{"10.0.0.2", "10.0.0.1", nil},
	} {
		var got []string
		for _, p := range sel(tt.lo, tt.hi, 0).Prefixes() {
			got = append(got, p.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s-%s: got %v, want %v", tt.lo, tt.hi, got, tt.want)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 { // they are in order, cover the range without a gap, and no two neighbours could be one
		lo, hi := r.Uint32(), r.Uint32()
		if lo > hi {
			lo, hi = hi, lo
		}
		at := func(n uint32) netip.Addr {
			return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		}
		ps := Selector{Lo: at(lo), Hi: at(hi)}.Prefixes()
		next := at(lo)
		for i, p := range ps {
			if p.Addr() != next || p.Masked() != p {
				t.Fatalf("%v-%v: got %v", at(lo), at(hi), ps)
			}
			if i > 0 && ps[i-1].Bits() == p.Bits() && netip.PrefixFrom(ps[i-1].Addr(), p.Bits()-1).Masked().Contains(p.Addr()) && netip.PrefixFrom(ps[i-1].Addr(), p.Bits()-1).Masked().Addr() == ps[i-1].Addr() {
				t.Fatalf("%v-%v: %v and %v are one", at(lo), at(hi), ps[i-1], p)
			}
			next = lastAddr(p).Next()
		}
		if last := ps[len(ps)-1]; lastAddr(last) != at(hi) {
			t.Fatalf("%v-%v: got %v", at(lo), at(hi), ps)
		}
	}
}

// A selector that takes many prefixes is shown without making them.
func BenchmarkSelectorString(b *testing.B) {
	s := Selector{Lo: netip.MustParseAddr("::1"), Hi: netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), HiPort: maxPort}
	for b.Loop() {
		_ = s.String()
	}
}
