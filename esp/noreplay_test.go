package esp

import "testing"

// With ESN and without anti-replay a packet opens however late it comes: its number is that of its own 2^32.
func TestNoAntiReplayESN(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, true)
	p.Window, p.FirstSeq = -1, 7<<32-1500
	s, o := newSealer(t, p), newOpener(t, p)
	var all [][]byte
	for range 3000 {
		all = append(all, sealOne(t, s, ping(20), 4))
	}
	for _, i := range []int{0, 2999, 0, 1400, 1600, 5, 2999} {
		if f := openOne(o, all[i]); f.Err != nil {
			t.Errorf("packet %d: %v", i, f.Err)
		}
	}
}
