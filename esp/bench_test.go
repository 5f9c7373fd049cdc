package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// benchSuites are the suites that are compared. The last ones have no AEAD.
var benchSuites = []struct {
	name  string
	suite Suite
}{
	{"aes128gcm", Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}},
	{"aes256gcm", Suite{Encr: ENCR_AES_GCM_16, KeyBits: 256}},
	{"chacha20poly1305", Suite{Encr: ENCR_CHACHA20_POLY1305}},
	{"aes128cbc-sha256", Suite{Encr: ENCR_AES_CBC, KeyBits: 128, Integ: AUTH_HMAC_SHA2_256_128}},
	{"aes128ctr-sha1", Suite{Encr: ENCR_AES_CTR, KeyBits: 128, Integ: AUTH_HMAC_SHA1_96}},
	{"null-sha256", Suite{Encr: ENCR_NULL, Integ: AUTH_HMAC_SHA2_256_128}},
}

const benchBatch = 64

// benchmark runs f for the suites and the sizes of inner packets, in batches.
func benchmark(b *testing.B, f func(b *testing.B, p Params, size int)) {
	for _, s := range benchSuites {
		for _, size := range []int{64, 1420} {
			b.Run(fmt.Sprintf("suite=%s/size=%d/batch=%d", s.name, size, benchBatch), func(b *testing.B) {
				b.SetBytes(int64(size * benchBatch))
				b.ReportAllocs()
				f(b, testParams(s.suite, true), size)
				rate := float64(b.N*benchBatch) / b.Elapsed().Seconds()
				b.ReportMetric(rate, "pkt/s")
				b.ReportMetric(rate*float64(size)*8/1e9, "Gb/s")
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(b *testing.B, p Params, size int) {
		s := newSealer(b, p)
		var sc Scratch
		inner, arena, frames := ping(size), make([]byte, 0, benchBatch*s.SealedLen(size)), make([]Frame, benchBatch)
		for b.Loop() {
			for i := range frames {
				frames[i] = Frame{Data: inner, Next: 4}
			}
			s.Seal(&sc, arena, frames)
		}
		if err := frames[benchBatch-1].Err; err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkSealInPlace seals packets where they are, as the router does.
func BenchmarkSealInPlace(b *testing.B) {
	benchmark(b, func(b *testing.B, p Params, size int) {
		s := newSealer(b, p)
		var sc Scratch
		n := s.SealedLen(size)
		arena, inner, frames := make([]byte, 0, benchBatch*n), make([][]byte, benchBatch), make([]Frame, benchBatch)
		for i := range inner {
			at := i*n + s.HeaderLen()
			inner[i] = arena[at : at+size]
			copy(inner[i], ping(size))
		}
		for b.Loop() {
			for i := range frames {
				frames[i] = Frame{Data: inner[i], Next: 4}
			}
			s.Seal(&sc, arena, frames)
		}
		if err := frames[benchBatch-1].Err; err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkOpen opens the same packets again and again, copied anew as out of a socket, without anti-replay.
func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(b *testing.B, p Params, size int) {
		p.Window = -1
		s, o := newSealer(b, p), newOpener(b, p)
		var sc Scratch
		sealed, buf, frames := make([][]byte, benchBatch), make([][]byte, benchBatch), make([]Frame, benchBatch)
		for i := range sealed {
			sealed[i] = sealOne(b, s, ping(size), 4)
			buf[i] = make([]byte, len(sealed[i]))
		}
		for b.Loop() {
			for i := range frames {
				copy(buf[i], sealed[i])
				frames[i] = Frame{Data: buf[i]}
			}
			o.Open(&sc, frames)
		}
		if err := frames[benchBatch-1].Err; err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkAEAD is the bare AEAD over what ESP encrypts of the same packets, in place: what Seal cannot be faster than.
func BenchmarkAEAD(b *testing.B) {
	benchmark(b, func(b *testing.B, p Params, size int) {
		var aead cipher.AEAD
		var err error
		switch key := p.Key[:max(len(p.Key)-saltLen, 0)]; p.Suite.Encr {
		case ENCR_AES_GCM_16:
			block, blockErr := aes.NewCipher(key)
			if blockErr != nil {
				b.Fatal(blockErr)
			}
			aead, err = cipher.NewGCM(block)
		case ENCR_CHACHA20_POLY1305:
			aead, err = chacha20poly1305.New(key)
		default:
			b.Skip("has no AEAD")
		}
		if err != nil {
			b.Fatal(err)
		}
		nonce, aad, text := make([]byte, 12), make([]byte, 12), padded(p.Suite, ping(size), 4)
		n := len(text)
		packets := make([][]byte, benchBatch)
		for i := range packets {
			packets[i] = append(make([]byte, 0, n+16), text...)
		}
		for b.Loop() {
			for i := range packets {
				nonce[11]++
				aead.Seal(packets[i][:0], nonce, packets[i], aad)
			}
		}
	})
}
