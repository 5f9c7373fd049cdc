package esp

import (
	"bytes"
	"slices"
	"testing"
)

// fuzzSA is an SA with all the packets that were ever sealed for it.
type fuzzSA struct {
	params  Params
	packets [][]byte
	bad     []byte // authentic too, with malformed padding
}

// fuzzSAs are SAs of every suite, without and with ESN, and those of the published packets. No two share a key, and nothing is
// random, so that all processes of a fuzz run agree.
func fuzzSAs(t testing.TB) []fuzzSA {
	var all []fuzzSA
	for _, s := range suites() {
		for _, esn := range []bool{false, true} {
			p := testParams(s, esn)
			for _, key := range []Secret{p.Key, p.Auth} {
				if len(key) > 0 {
					key[0] = byte(len(all))
				}
			}
			sa := fuzzSA{params: p}
			for i, inner := range [][]byte{ping(20), ping(61), append(ping(40), make([]byte, 60)...)} {
				sa.packets = append(sa.packets, reference(p, uint64(i+1), testIV(s), padded(s, inner, 4)))
			}
			sa.packets = append(sa.packets,
				reference(p, 4, testIV(s), padded(s, ping6(40), 41)), reference(p, 5, testIV(s), padded(s, nil, 59)),
				reference(p, 1<<31, testIV(s), padded(s, []byte{0x45}, 4)))
			sa.bad = reference(p, 6, testIV(s), bytes.Repeat([]byte{200}, 16))
			all = append(all, sa)
		}
	}
	for _, v := range vectors() {
		p, seq, packet := v.params(t)
		p.FirstSeq = seq - 1
		same := func(sa fuzzSA) bool {
			return sa.params.SPI == p.SPI && sa.params.Key.Equal(p.Key) && sa.params.ESN == p.ESN
		}
		if i := slices.IndexFunc(all, same); i >= 0 { // some of the draft's are of one SA
			all[i].packets = append(all[i].packets, packet)
		} else if p.SPI >= minSPI {
			all = append(all, fuzzSA{params: p, packets: [][]byte{packet}})
		}
	}
	return all
}

// FuzzOpen: no packet makes an Opener panic, and those are opened that were sealed for the SA, and no others.
func FuzzOpen(f *testing.F) {
	all := fuzzSAs(f)
	for i, sa := range all {
		for _, p := range append(slices.Clip(sa.packets), sa.bad) {
			f.Add(uint8(i), p)
			f.Add(uint8(i+1), p) // another SA's
		}
		f.Add(uint8(i), sa.packets[0][:len(sa.packets[0])-1])
		f.Add(uint8(i), append(bytes.Clone(sa.packets[0]), 0, 0, 0, 0))
	}
	f.Fuzz(func(t *testing.T, which uint8, packet []byte) {
		sa := all[int(which)%len(all)]
		o := newOpener(t, sa.params)
		got := openOne(o, packet)
		sealed := slices.ContainsFunc(sa.packets, func(p []byte) bool { return bytes.Equal(p, packet) })
		switch {
		case (got.Err == nil) != sealed:
			t.Errorf("%v: sealed %v, opened %v: %x", sa.params.Suite, sealed, got.Err, packet)
		case (got.Err == ErrPadding) != (len(sa.bad) > 0 && bytes.Equal(packet, sa.bad)):
			t.Errorf("%v: got %v: %x", sa.params.Suite, got.Err, packet)
		case got.Err != nil && got.Err != ErrPadding && o.window.top != sa.params.FirstSeq:
			t.Errorf("%v: %v, and the window is at %d: %x", sa.params.Suite, got.Err, o.window.top, packet)
		}
	})
}

// FuzzRoundTrip: what a Sealer makes of octets is what the reference makes, and whatever is sealed comes out again, less what
// an IP packet says is not part of it.
func FuzzRoundTrip(f *testing.F) {
	all := suites()
	for i := range all {
		f.Add(uint8(i), i%2 == 0, uint8(17), uint64(0), []byte("some octets"))
		f.Add(uint8(i), i%2 == 0, uint8(4), uint64(1<<32-2), ping(20))
		f.Add(uint8(i), i%2 == 0, uint8(41), uint64(1<<32-1), append(ping6(48), 0, 0))
		f.Add(uint8(i), i%2 == 0, uint8(59), uint64(1<<63), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, which uint8, esn bool, next uint8, last uint64, inner []byte) {
		p := testParams(all[int(which)%len(all)], esn)
		if p.FirstSeq = last; last >= p.lastSeq() {
			return
		}
		sealed := sealOne(t, newSealer(t, p), inner, next)
		if want := reference(p, last+1, p.Suite.layout().ivOf(sealed), padded(p.Suite, inner, next)); !bytes.Equal(sealed, want) {
			t.Errorf("%v: sealed %x, want %x", p.Suite, sealed, want)
		}
		got := openOne(newOpener(t, p), sealed)
		if got.Err != nil || got.Next != next || !bytes.HasPrefix(inner, got.Data) || next != 4 && next != 41 && len(got.Data) != len(inner) {
			t.Errorf("%v: sealed %x, next header %d; opened %v, %d, %x", p.Suite, inner, next, got.Err, got.Next, got.Data)
		}
	})
}
