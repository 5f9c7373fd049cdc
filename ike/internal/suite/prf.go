package suite

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"

	"seikan/ike/wire"
)

// PRF is a pseudorandom function (RFC 7296 §2.13), all of them HMACs (RFC 2104). It is a value, safe for concurrent use.
// The zero PRF is of no use.
type PRF struct {
	id   uint16
	size int
	hash func() hash.Hash
}

// NewPRF is the PRF with an IANA transform type 2 number.
func NewPRF(id uint16) (PRF, error) {
	switch id {
	case wire.PRF_HMAC_SHA1:
		return PRF{id, sha1.Size, sha1.New}, nil
	case wire.PRF_HMAC_SHA2_256:
		return PRF{id, sha256.Size, sha256.New}, nil
	case wire.PRF_HMAC_SHA2_384:
		return PRF{id, sha512.Size384, sha512.New384}, nil
	case wire.PRF_HMAC_SHA2_512:
		return PRF{id, sha512.Size, sha512.New}, nil
	}
	return PRF{}, fmt.Errorf("ike/suite: PRF %d is not implemented", id)
}

// ID is the transform ID.
func (p PRF) ID() uint16 { return p.id }

// Size is the length of the output, and of the keys that are made for it, in octets.
func (p PRF) Size() int { return p.size }

// Sum is prf(key, parts...), the parts taken as one string.
func (p PRF) Sum(key []byte, parts ...[]byte) []byte {
	m := hmac.New(p.hash, key)
	for _, b := range parts {
		m.Write(b)
	}
	return m.Sum(nil)
}

// Plus is n octets of prf+(key, seed), the parts of the seed taken as one string (RFC 7296 §2.13):
//
//	T1 = prf(K, S | 0x01), T2 = prf(K, T1 | S | 0x02), ...
//
// More than 255 blocks are not defined; to ask for them is a programmer's error and panics.
func (p PRF) Plus(key []byte, n int, seed ...[]byte) []byte {
	if n > 255*p.size {
		panic("ike/suite: prf+ of more than 255 blocks")
	}
	m := hmac.New(p.hash, key)
	out := make([]byte, 0, n+p.size)
	var last []byte
	for i := byte(1); len(out) < n; i++ {
		m.Reset()
		m.Write(last)
		for _, b := range seed {
			m.Write(b)
		}
		m.Write([]byte{i})
		out = m.Sum(out)
		last = out[len(out)-p.size:]
	}
	clear(out[n:])
	return out[:n]
}
