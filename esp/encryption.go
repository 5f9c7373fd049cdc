package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// encryption is an encryption algorithm without integrity, with its key. putIV is safe for concurrent use, crypt is not.
type encryption interface {
	// putIV sets the IV of an outbound packet to one that the SA has not used before.
	putIV(sc *Scratch, iv []byte, seq uint64)
	// crypt encrypts or decrypts in place, as the direction of the SA is.
	crypt(sc *Scratch, iv, body []byte)
}

func newEncryption(p Params, d direction) (encryption, error) {
	switch p.Suite.Encr {
	case ENCR_AES_CBC:
		return newCBC(p.Key, d)
	case ENCR_AES_CTR:
		return newCTR(p.Key)
	}
	return null{}, nil
}

// null is the NULL encryption algorithm (RFC 2410): it has no IV and changes nothing.
type null struct{}

func (null) putIV(*Scratch, []byte, uint64) {}
func (null) crypt(*Scratch, []byte, []byte) {}

// cbc is AES-CBC (RFC 3602).
type cbc struct {
	mode ivMode       // of the SA's direction
	iv   cipher.Block // makes the IVs of an outbound SA
}

// ivMode is a block mode that can be used for more than one message.
type ivMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

func newCBC(key []byte, d direction) (*cbc, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var c cbc
	mode := cipher.NewCBCDecrypter
	if d == outbound {
		mode = cipher.NewCBCEncrypter
		var secret [16]byte
		rand.Read(secret[:])
		if c.iv, err = aes.NewCipher(secret[:]); err != nil {
			return nil, err
		}
	}
	var ok bool
	if c.mode, ok = mode(block, make([]byte, aes.BlockSize)).(ivMode); !ok {
		return nil, errors.New("AES-CBC without SetIV")
	}
	return &c, nil
}

// putIV encrypts the sequence number under a key of its own. "The IV MUST be chosen at random, and MUST be unpredictable"
// (RFC 3602 §3): the output of a block cipher for inputs that do not repeat is that to all who do not know its key.
func (c *cbc) putIV(sc *Scratch, iv []byte, seq uint64) {
	clear(sc.counter[:])
	binary.BigEndian.PutUint64(sc.counter[:], seq)
	c.iv.Encrypt(iv, sc.counter[:])
}

func (c *cbc) crypt(_ *Scratch, iv, body []byte) {
	c.mode.SetIV(iv)
	c.mode.CryptBlocks(body, body)
}

// ctr is AES-CTR (RFC 3686). It is immutable.
type ctr struct {
	block cipher.Block
	salt  [saltLen]byte // the RFC's nonce
}

func newCTR(key []byte) (*ctr, error) {
	n := len(key) - saltLen
	block, err := aes.NewCipher(key[:n])
	return &ctr{block: block, salt: [saltLen]byte(key[n:])}, err
}

// putIV uses the sequence number: the same IV and key "MUST NOT be used more than once" (RFC 3686 §2.1).
func (c *ctr) putIV(_ *Scratch, iv []byte, seq uint64) { binary.BigEndian.PutUint64(iv, seq) }

// streamLen is how much key stream is made at a time.
const streamLen = 32 * aes.BlockSize

// crypt adds the key stream to body, which is the same in both directions: the encrypted counter blocks salt | IV | 1, 2, 3 ... (RFC 3686 §4).
// cipher.NewCTR would do the same, and allocate for each packet.
func (c *ctr) crypt(sc *Scratch, iv, body []byte) {
	copy(sc.counter[:], c.salt[:])
	copy(sc.counter[saltLen:], iv)
	count := sc.counter[saltLen+len(iv):]
	for n := uint32(1); len(body) > 0; {
		stream := sc.stream[:min(streamLen, (len(body)+15)&^15)]
		for i := 0; i < len(stream); i += aes.BlockSize {
			binary.BigEndian.PutUint32(count, n)
			c.block.Encrypt(stream[i:], sc.counter[:])
			n++
		}
		body = body[subtle.XORBytes(body, body, stream):]
	}
}
