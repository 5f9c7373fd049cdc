package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"
	"testing"
)

func TestNoAllocations(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		p.Window = -1
		s, o := newSealer(t, p), newOpener(t, p)
		var sc Scratch
		const n = 8
		inner, arena := ping(1400), make([]byte, 0, n*s.SealedLen(1400))
		frames := make([]Frame, n)
		got := testing.AllocsPerRun(50, func() {
			for i := range frames {
				frames[i] = Frame{Data: inner, Next: 4}
			}
			s.Seal(&sc, arena, frames)
			o.Open(&sc, frames)
		})
		if got != 0 {
			t.Errorf("got %v allocations, want 0", got)
		}
		for _, f := range frames {
			if f.Err != nil {
				t.Fatal(f.Err)
			}
		}
	})
}

// benchmark runs f for the suites and sizes that are compared.
func benchmark(b *testing.B, f func(b *testing.B, p Params, size, batch int)) {
	for _, s := range []Suite{
		{Encr: ENCR_AES_GCM_16, KeyBits: 128},
		{Encr: ENCR_AES_GCM_16, KeyBits: 256},
		{Encr: ENCR_CHACHA20_POLY1305},
		{Encr: ENCR_AES_CBC, KeyBits: 256, Integ: AUTH_HMAC_SHA2_256_128},
		{Encr: ENCR_AES_CTR, KeyBits: 128, Integ: AUTH_HMAC_SHA1_96},
	} {
		for _, size := range []int{64, 1420} {
			name := fmt.Sprintf("suite=%s/size=%d/batch=64", strings.ReplaceAll(s.String(), " ", "-"), size)
			b.Run(name, func(b *testing.B) { f(b, testParams(s, true), size, 64) })
		}
	}
}

// report adds packets and gigabits of inner packets per second to the result.
func report(b *testing.B, size, batch int) {
	rate := float64(b.N*batch) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "pkt/s")
	b.ReportMetric(rate*float64(size)*8/1e9, "Gb/s")
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(b *testing.B, p Params, size, batch int) {
		s := newSealer(b, p)
		var sc Scratch
		inner, arena, frames := ping(size), make([]byte, 0, batch*s.SealedLen(size)), make([]Frame, batch)
		b.SetBytes(int64(size * batch))
		b.ReportAllocs()
		for b.Loop() {
			for i := range frames {
				frames[i] = Frame{Data: inner, Next: 4}
			}
			s.Seal(&sc, arena, frames)
		}
		report(b, size, batch)
	})
}

// BenchmarkOpen opens the same packets again and again, copied anew as out of a socket, without anti-replay.
func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(b *testing.B, p Params, size, batch int) {
		p.Window = -1
		s, o := newSealer(b, p), newOpener(b, p)
		var sc Scratch
		sealed, buf, frames := make([][]byte, batch), make([][]byte, batch), make([]Frame, batch)
		for i := range sealed {
			sealed[i] = sealOne(b, s, ping(size), 4)
			buf[i] = make([]byte, len(sealed[i]))
		}
		b.SetBytes(int64(size * batch))
		b.ReportAllocs()
		for b.Loop() {
			for i := range frames {
				copy(buf[i], sealed[i])
				frames[i] = Frame{Data: buf[i]}
			}
			o.Open(&sc, frames)
		}
		report(b, size, batch)
		if frames[0].Err != nil {
			b.Fatal(frames[0].Err)
		}
	})
}

// BenchmarkAEAD is AES-128-GCM alone over the same octets: what Seal and Open cannot be faster than.
func BenchmarkAEAD(b *testing.B) {
	for _, size := range []int{64, 1420} {
		b.Run(fmt.Sprintf("suite=esp-gcm-128/size=%d/batch=64", size), func(b *testing.B) {
			const batch = 64
			block, err := aes.NewCipher(make([]byte, 16))
			if err != nil {
				b.Fatal(err)
			}
			aead, err := cipher.NewGCM(block)
			if err != nil {
				b.Fatal(err)
			}
			var nonce, aad [12]byte
			body, out := make([]byte, size), make([]byte, 0, size+16)
			b.SetBytes(int64(size * batch))
			for b.Loop() {
				for range batch {
					nonce[11]++
					aead.Seal(out, nonce[:], body, aad[:])
				}
			}
			report(b, size, batch)
		})
	}
}
