package esp

import "testing"

// Last is the greatest number that authenticated, whatever came after it or in its place.
func TestLast(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, true)
	s, o := newSealer(t, p), newOpener(t, p)
	var all [][]byte
	for range 4 {
		all = append(all, sealOne(t, s, ping(20), 4))
	}
	all[3][len(all[3])-1] ^= 1 // its ICV
	for _, step := range []struct {
		packet int
		want   uint64
	}{{0, 1}, {2, 3}, {1, 3}, {3, 3}} {
		openOne(o, all[step.packet])
		if got := o.Last(); got != step.want {
			t.Errorf("after packet %d: got %d, want %d", step.packet, got, step.want)
		}
	}
}
