package esp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"sync"
)

// separate is an encryption and an integrity algorithm (RFC 4303 §3.3.2.1): encrypt, then MAC.
type separate struct {
	layout layout
	esn    bool

	mu   sync.Mutex
	encr encryption // guarded by mu
	mac  hash.Hash  // guarded by mu
}

func newSeparate(p Params, d direction) (*separate, error) {
	encr, err := newEncryption(p, d)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(hashOf(p.Suite.Integ), p.Auth)
	mac.Reset() // from here on a Reset restores the state after the key
	return &separate{layout: p.Suite.layout(), esn: p.ESN, encr: encr, mac: mac}, nil
}

// hashOf is the hash of an HMAC (RFC 2404, RFC 4868).
func hashOf(i Integ) func() hash.Hash {
	switch i {
	case AUTH_HMAC_SHA2_256_128:
		return sha256.New
	case AUTH_HMAC_SHA2_384_192:
		return sha512.New384
	case AUTH_HMAC_SHA2_512_256:
		return sha512.New
	}
	return sha1.New
}

func (s *separate) putIV(sc *Scratch, iv []byte, seq uint64) { s.encr.putIV(sc, iv, seq) }

func (s *separate) seal(sc *Scratch, p []byte, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock() // also where it panics: other lanes go on
	s.encr.crypt(sc, s.layout.ivOf(p), s.layout.bodyOf(p))
	copy(s.layout.icvOf(p), s.sum(sc, p, seq))
}

func (s *separate) open(sc *Scratch, p []byte, seq uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := subtle.ConstantTimeCompare(s.layout.icvOf(p), s.sum(sc, p, seq)) == 1
	if ok {
		s.encr.crypt(sc, s.layout.ivOf(p), s.layout.bodyOf(p))
	}
	return ok
}

// sum is the ICV of a packet: over all that stands before it, and with ESN the high half of the sequence number, which is
// not sent, behind (RFC 4303 §2.2.1). The result is in sc.
func (s *separate) sum(sc *Scratch, p []byte, seq uint64) []byte {
	s.mac.Reset()
	s.mac.Write(p[:len(p)-s.layout.icv])
	if s.esn {
		binary.BigEndian.PutUint32(sc.high[:], uint32(seq>>32))
		s.mac.Write(sc.high[:])
	}
	return s.mac.Sum(sc.mac[:0])[:s.layout.icv]
}
