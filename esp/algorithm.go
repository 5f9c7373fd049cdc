package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"
)

// algorithm is a suite with its keys. A packet p is a whole one with the layout of the suite; what is encrypted is changed
// in place. seq is the packet's number: all of it, and the high half is not in the packet. Methods are safe for concurrent use with different
// Scratches.
type algorithm interface {
	// putIV sets the IV of an outbound packet to one that the SA has not used before.
	putIV(sc *Scratch, iv []byte, seq uint64)
	// seal encrypts, and sets the ICV.
	seal(sc *Scratch, p []byte, seq uint64)
	// open verifies the ICV, and then decrypts.
	open(sc *Scratch, p []byte, seq uint64) bool
}

// direction of an SA: some state is only made for one.
type direction bool

const (
	inbound  direction = false
	outbound direction = true
)

// newAlgorithm sets up what checked params name.
func newAlgorithm(p Params, d direction) (algorithm, error) {
	switch p.Suite.Encr {
	case ENCR_AES_GCM_16, ENCR_CHACHA20_POLY1305:
		return newCombined(p)
	}
	return newSeparate(p, d)
}

// combined is a combined mode algorithm (RFC 4303 §3.3.2.2): AES-GCM (RFC 4106) or ChaCha20-Poly1305 (RFC 7634).
// It is immutable.
type combined struct {
	layout layout
	esn    bool
	salt   [saltLen]byte
	aead   cipher.AEAD
}

func newCombined(p Params) (*combined, error) {
	key, salt := p.Key[:len(p.Key)-saltLen], p.Key[len(p.Key)-saltLen:]
	c := &combined{layout: p.Suite.layout(), esn: p.ESN, salt: [saltLen]byte(salt)}
	if p.Suite.Encr == ENCR_CHACHA20_POLY1305 {
		aead, err := chacha20poly1305.New(key)
		c.aead = aead
		return c, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	c.aead, err = cipher.NewGCM(block)
	return c, err
}

// putIV uses the sequence number: "For a given key, the IV MUST NOT repeat" (RFC 4106 §3.1), and it needs nothing else.
func (c *combined) putIV(_ *Scratch, iv []byte, seq uint64) { binary.BigEndian.PutUint64(iv, seq) }

func (c *combined) seal(sc *Scratch, p []byte, seq uint64) {
	nonce, aad := c.inputs(sc, p, seq)
	body := c.layout.bodyOf(p)
	c.aead.Seal(body[:0], nonce, body, aad)
}

func (c *combined) open(sc *Scratch, p []byte, seq uint64) bool {
	nonce, aad := c.inputs(sc, p, seq)
	sealed := p[headerLen+c.layout.iv:]
	_, err := c.aead.Open(sealed[:0], nonce, sealed, aad)
	return err == nil
}

// inputs are what the AEAD takes beside the text: the nonce is salt and IV, the additional data SPI and sequence number,
// which is 64 bits long with ESN (RFC 4106 §4, §5; RFC 7634 §2, §2.1).
func (c *combined) inputs(sc *Scratch, p []byte, seq uint64) (nonce, aad []byte) {
	copy(sc.nonce[:], c.salt[:])
	copy(sc.nonce[saltLen:], c.layout.ivOf(p))
	if !c.esn {
		return sc.nonce[:], p[:headerLen]
	}
	copy(sc.aad[:], p[:seqAt])
	binary.BigEndian.PutUint64(sc.aad[seqAt:], seq)
	return sc.nonce[:], sc.aad[:]
}
