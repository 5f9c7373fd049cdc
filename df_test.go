package seikan

import (
	"bytes"
	"slices"
	"testing"

	"seikan/sadb"
)

// withDF is packet with the flag DF.
func withDF(p []byte) []byte {
	p[6] |= dontSplit >> 8
	putIPv4Sum(p)
	return p
}

// The flag DF of each outer packet is what the policy says, packet by packet, without an allocation.
func TestDF(t *testing.T) {
	plain, whole := packet(innerA, innerB, 1, 100), withDF(packet(innerA, innerB, 2, 100))
	batch := [][]byte{plain, whole, whole, plain, plain}
	for _, tt := range []struct {
		name string
		df   sadb.DF
		want []bool // may be fragmented
	}{
		{"copy", sadb.DFCopy, []bool{true, false, false, true, true}},
		{"clear", sadb.DFClear, []bool{true, true, true, true, true}},
		{"set", sadb.DFSet, []bool{false, false, false, false, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newHalves(t)
			policy := sadb.Policy{ID: "P", Action: sadb.Protect, Local: selector(innerA), Remote: selector(innerB), DF: tt.df}
			a.r.db.SetPolicies([]sadb.Policy{policy})
			join(t, a, b, gcm128, 64, sadb.Lifetime{})
			a.up.step(1e9, batch)
			var got []bool
			for _, m := range a.wire.kept[:a.wire.n] {
				got = append(got, m.MayFragment)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			deliver(a, b)
			if b.dev.packets != len(batch) || !bytes.Equal(b.dev.last[1], whole) || !bytes.Equal(b.dev.last[0], plain) {
				t.Errorf("%d packets came out, or not as they were sent", b.dev.packets)
			}
			if n := testing.AllocsPerRun(100, func() { a.up.step(1e9, batch) }); n != 0 {
				t.Errorf("%v allocations, want none", n)
			}
		})
	}
}

// IPv6 and what is in GRE count as packets with the flag.
func TestDFWithout(t *testing.T) {
	for _, tt := range []struct {
		name   string
		w      wrapping
		df     sadb.DF
		packet []byte
		want   bool
	}{
		{"IPv6", wrapping{}, sadb.DFCopy, packet6(0), false},
		{"IPv6, clear", wrapping{}, sadb.DFClear, packet6(0), true},
		{"GRE", wrapping{gre: &GRE{}}, sadb.DFCopy, packet4(0), false},
		{"GRE, clear", wrapping{gre: &GRE{}}, sadb.DFClear, packet4(0), true},
	} {
		if got := tt.w.mayFragment(tt.df, tt.packet); got != tt.want {
			t.Errorf("%s: may be fragmented: %v, want %v", tt.name, got, tt.want)
		}
	}
}
