package esp

import (
	"bytes"
	"testing"
)

// FuzzOpen: no packet makes an Opener panic, and none is opened but those that were sealed.
func FuzzOpen(f *testing.F) {
	all := suites()
	for i, s := range all {
		sealer := newSealer(f, testParams(s, i%2 == 0))
		f.Add(uint8(i), i%2 == 0, sealOne(f, sealer, ping(20), 4))
		f.Add(uint8(i), i%2 == 0, sealOne(f, sealer, ping(101), 4)[:30])
	}
	f.Add(uint8(0), false, []byte{})
	f.Fuzz(func(t *testing.T, which uint8, esn bool, packet []byte) {
		p := testParams(all[int(which)%len(all)], esn)
		fr := openOne(newOpener(t, p), packet)
		if fr.Err != nil {
			return
		}
		// It authenticated: then it is what the reference makes of what came out, with whatever padding it had.
		l := p.Suite.layout()
		body := bytes.Clone(packet)
		var sc Scratch
		alg, err := newAlgorithm(p, inbound)
		if err != nil {
			t.Fatal(err)
		}
		seq := uint64(packet[4])<<24 | uint64(packet[5])<<16 | uint64(packet[6])<<8 | uint64(packet[7])
		if !alg.open(&sc, body, seq) || !bytes.Equal(reference(p, seq, l.ivOf(packet), l.bodyOf(body)), packet) {
			t.Errorf("%v: opened a forged packet %x", p.Suite, packet)
		}
	})
}

// FuzzRoundTrip: whatever is sealed comes out again.
func FuzzRoundTrip(f *testing.F) {
	all := suites()
	for i := range all {
		f.Add(uint8(i), true, uint8(17), []byte("some octets"))
	}
	f.Fuzz(func(t *testing.T, which uint8, esn bool, next uint8, inner []byte) {
		p := testParams(all[int(which)%len(all)], esn)
		sealed := sealOne(t, newSealer(t, p), inner, next)
		got := openOne(newOpener(t, p), sealed)
		if got.Err != nil || got.Next != next || !bytes.HasPrefix(inner, got.Data) || next != 4 && next != 41 && len(got.Data) != len(inner) {
			t.Errorf("%v: sealed %x, next header %d; opened %v, %d, %x", p.Suite, inner, next, got.Err, got.Next, got.Data)
		}
	})
}
