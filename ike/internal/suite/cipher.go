package suite

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"

	"seikan/ike/wire"
)

// Errors of Cipher.Open.
var (
	ErrShort = errors.New("ike/suite: SK payload is too short")
	ErrICV   = errors.New("ike/suite: SK payload does not authenticate")
)

// Cipher protects the SK payloads of one direction of an IKE SA (RFC 7296 §3.14, RFC 5282). The body of such a payload is
//
//	IV | encrypted (plaintext | padding | pad length) | ICV
//
// and header is what stands in front of it in the message, from the IKE header on; it is authenticated with the body.
// Not safe for concurrent use: an AEAD's IV is a counter.
type Cipher interface {
	// Seal appends the body for plaintext to dst.
	Seal(dst, header, plaintext []byte) []byte
	// Open authenticates a body, and only then decrypts it, into memory of its own. The error is ErrShort or ErrICV.
	Open(header, body []byte) ([]byte, error)
	// SealedLen is the length of the body for n octets of plaintext.
	SealedLen(n int) int
}

// saltLen is the part of an AEAD's keying material that is not its key (RFC 5282 §7.1, RFC 7634 §3).
const saltLen = 4

// CipherKeyLen is the octets of keying material that a cipher takes each way: SK_e with its salt, and SK_a. What is not
// implemented, or does not fit together, is an error. integ is 0 with the AEADs, and only there.
func CipherKeyLen(encr uint16, keyBits int, integ uint16) (encrLen, integLen int, err error) {
	bad := func() (int, int, error) {
		return 0, 0, fmt.Errorf("ike/suite: encryption %d with a key of %d bits and integrity %d is not implemented", encr, keyBits, integ)
	}
	aesBits := keyBits == 128 || keyBits == 192 || keyBits == 256
	switch {
	case encr == wire.ENCR_AES_GCM_16 && aesBits && integ == 0:
		return keyBits/8 + saltLen, 0, nil
	case encr == wire.ENCR_CHACHA20_POLY1305 && keyBits == 0 && integ == 0:
		return chacha20poly1305.KeySize + saltLen, 0, nil
	case encr == wire.ENCR_AES_CBC && aesBits:
		h, _ := integrity(integ)
		if h == nil {
			return bad()
		}
		return keyBits / 8, h().Size(), nil
	}
	return bad()
}

// integrity is the hash of an HMAC and the length of its ICV: half the hash, 12 octets for SHA-1 (RFC 2404, RFC 4868).
func integrity(id uint16) (func() hash.Hash, int) {
	switch id {
	case wire.AUTH_HMAC_SHA1_96:
		return sha1.New, 12
	case wire.AUTH_HMAC_SHA2_256_128:
		return sha256.New, 16
	case wire.AUTH_HMAC_SHA2_384_192:
		return sha512.New384, 24
	case wire.AUTH_HMAC_SHA2_512_256:
		return sha512.New, 32
	}
	return nil, 0
}

// NewCipher makes a Cipher from keying material of the lengths that CipherKeyLen tells. It keeps copies.
func NewCipher(encr uint16, keyBits int, integ uint16, encrKey, integKey []byte) (Cipher, error) {
	e, i, err := CipherKeyLen(encr, keyBits, integ)
	if err != nil {
		return nil, err
	}
	if len(encrKey) != e || len(integKey) != i {
		return nil, fmt.Errorf("ike/suite: keys of %d and %d octets, want %d and %d", len(encrKey), len(integKey), e, i)
	}
	encrKey, integKey = bytes.Clone(encrKey), bytes.Clone(integKey)
	switch encr {
	case wire.ENCR_AES_CBC:
		h, icv := integrity(integ)
		return &cbc{encrKey, integKey, h, icv}, nil
	case wire.ENCR_CHACHA20_POLY1305:
		return &aead{key: encrKey[:e-saltLen], salt: encrKey[e-saltLen:], keyed: chacha20poly1305.New}, nil
	default:
		return &aead{key: encrKey[:e-saltLen], salt: encrKey[e-saltLen:], keyed: newGCM}, nil
	}
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// aead is AES-GCM (RFC 5282) or ChaCha20-Poly1305 (RFC 7634). Its nonce is salt | IV, the IV a counter: unique under the key, as the
// key serves one direction of one SA.
//
// The key is expanded for each message, which takes less than a microsecond. An IKE SA says a few words an hour, and the tables of its two
// keys would be a sixth of the memory that a session takes.
type aead struct {
	key, salt []byte
	keyed     func(key []byte) (cipher.AEAD, error)
	sent      uint64
}

const (
	ivLen  = 8
	tagLen = 16
)

// expanded is the AEAD under the key, whose length NewCipher has seen to.
func (a *aead) expanded() cipher.AEAD {
	c, err := a.keyed(a.key)
	if err != nil {
		panic("ike/suite: " + err.Error())
	}
	return c
}

func (a *aead) SealedLen(n int) int { return ivLen + n + 1 + tagLen }

func (a *aead) Seal(dst, header, plaintext []byte) []byte {
	a.sent++
	nonce := binary.BigEndian.AppendUint64(append(make([]byte, 0, saltLen+ivLen), a.salt...), a.sent)
	padded := append(append(make([]byte, 0, len(plaintext)+1), plaintext...), 0) // no padding, pad length 0
	return a.expanded().Seal(append(dst, nonce[saltLen:]...), nonce, padded, header)
}

func (a *aead) Open(header, body []byte) ([]byte, error) {
	if len(body) < a.SealedLen(0) {
		return nil, ErrShort
	}
	nonce := append(append(make([]byte, 0, saltLen+ivLen), a.salt...), body[:ivLen]...)
	plain, err := a.expanded().Open(nil, nonce, body[ivLen:], header)
	if err != nil {
		return nil, ErrICV
	}
	return unpad(plain)
}

// cbc is AES-CBC with an HMAC over header, IV and ciphertext (RFC 7296 §3.14).
// Its keys, too, are expanded for each message.
type cbc struct {
	encrKey, integKey []byte
	hash              func() hash.Hash
	icv               int
}

// block is AES under the key, whose length NewCipher has seen to.
func (c *cbc) block() cipher.Block {
	b, err := aes.NewCipher(c.encrKey)
	if err != nil {
		panic("ike/suite: " + err.Error())
	}
	return b
}

func (c *cbc) SealedLen(n int) int {
	return aes.BlockSize + (n/aes.BlockSize+1)*aes.BlockSize + c.icv
}

func (c *cbc) Seal(dst, header, plaintext []byte) []byte {
	n := (len(plaintext)/aes.BlockSize + 1) * aes.BlockSize
	padded := append(make([]byte, 0, n), plaintext...)[:n]
	padded[n-1] = byte(n - len(plaintext) - 1)
	at := len(dst)
	dst = append(dst, make([]byte, aes.BlockSize)...)
	iv := dst[at:]
	rand.Read(iv)
	cipher.NewCBCEncrypter(c.block(), iv).CryptBlocks(padded, padded)
	dst = append(dst, padded...)
	return append(dst, c.sum(header, dst[at:])...)
}

func (c *cbc) sum(header, body []byte) []byte {
	mac := hmac.New(c.hash, c.integKey)
	mac.Write(header)
	mac.Write(body)
	return mac.Sum(nil)[:c.icv]
}

func (c *cbc) Open(header, body []byte) ([]byte, error) {
	n := len(body) - aes.BlockSize - c.icv
	if n < aes.BlockSize || n%aes.BlockSize != 0 {
		return nil, ErrShort
	}
	icv := body[len(body)-c.icv:]
	if !hmac.Equal(icv, c.sum(header, body[:len(body)-c.icv])) {
		return nil, ErrICV
	}
	plain := make([]byte, n)
	cipher.NewCBCDecrypter(c.block(), body[:aes.BlockSize]).CryptBlocks(plain, body[aes.BlockSize:aes.BlockSize+n])
	return unpad(plain)
}

// unpad takes padding and pad length off. The padding may hold anything (RFC 7296 §3.14); its length must fit.
func unpad(plain []byte) ([]byte, error) {
	if len(plain) == 0 {
		return nil, ErrShort
	}
	n := len(plain) - 1 - int(plain[len(plain)-1])
	if n < 0 {
		return nil, ErrShort
	}
	return plain[:n], nil
}
