package suite

import (
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
	switch encr {
	case wire.ENCR_AES_CBC:
		block, err := aes.NewCipher(encrKey)
		if err != nil {
			return nil, err
		}
		h, icv := integrity(integ)
		return &cbc{block, hmac.New(h, integKey), icv}, nil
	case wire.ENCR_CHACHA20_POLY1305:
		a, err := chacha20poly1305.New(encrKey[:e-saltLen])
		return newAEAD(a, encrKey[e-saltLen:], err)
	default:
		block, err := aes.NewCipher(encrKey[:e-saltLen])
		if err != nil {
			return nil, err
		}
		a, err := cipher.NewGCM(block)
		return newAEAD(a, encrKey[e-saltLen:], err)
	}
}

// aead is AES-GCM (RFC 5282) or ChaCha20-Poly1305 (RFC 7634). Its nonce is salt | IV, the IV a counter: unique under the key, as the
// key serves one direction of one SA.
type aead struct {
	cipher.AEAD
	salt [saltLen]byte
	sent uint64
}

const ivLen = 8

func newAEAD(a cipher.AEAD, salt []byte, err error) (Cipher, error) {
	if err != nil {
		return nil, err
	}
	return &aead{AEAD: a, salt: [saltLen]byte(salt)}, nil
}

func (a *aead) SealedLen(n int) int { return ivLen + n + 1 + a.Overhead() }

func (a *aead) Seal(dst, header, plaintext []byte) []byte {
	a.sent++
	nonce := binary.BigEndian.AppendUint64(append(make([]byte, 0, saltLen+ivLen), a.salt[:]...), a.sent)
	padded := append(append(make([]byte, 0, len(plaintext)+1), plaintext...), 0) // no padding, pad length 0
	return a.AEAD.Seal(append(dst, nonce[saltLen:]...), nonce, padded, header)
}

func (a *aead) Open(header, body []byte) ([]byte, error) {
	if len(body) < a.SealedLen(0) {
		return nil, ErrShort
	}
	nonce := append(append(make([]byte, 0, saltLen+ivLen), a.salt[:]...), body[:ivLen]...)
	plain, err := a.AEAD.Open(nil, nonce, body[ivLen:], header)
	if err != nil {
		return nil, ErrICV
	}
	return unpad(plain)
}

// cbc is AES-CBC with an HMAC over header, IV and ciphertext (RFC 7296 §3.14).
type cbc struct {
	block cipher.Block
	mac   hash.Hash
	icv   int
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
	cipher.NewCBCEncrypter(c.block, iv).CryptBlocks(padded, padded)
	dst = append(dst, padded...)
	return append(dst, c.sum(header, dst[at:])...)
}

func (c *cbc) sum(header, body []byte) []byte {
	c.mac.Reset()
	c.mac.Write(header)
	c.mac.Write(body)
	return c.mac.Sum(nil)[:c.icv]
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
	cipher.NewCBCDecrypter(c.block, body[:aes.BlockSize]).CryptBlocks(plain, body[aes.BlockSize:aes.BlockSize+n])
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
