package esp

import "fmt"

// SPI is an ESP Security Parameters Index (RFC 4303 §2.1), in host order.
// Values 0 to 255 are reserved and never identify an SA.
type SPI uint32

// String is the SPI in hexadecimal, as tools print it: 0x0000C0DE.
func (s SPI) String() string { return fmt.Sprintf("0x%08X", uint32(s)) }

// Encr is an encryption algorithm, by its IANA IKEv2 transform type 1 number (RFC 7296 §3.3.2).
type Encr uint16

// Encryption algorithms that this package implements.
const (
	ENCR_NULL              Encr = 11 // RFC 2410; always with an Integ
	ENCR_AES_CBC           Encr = 12 // RFC 3602
	ENCR_AES_CTR           Encr = 13 // RFC 3686
	ENCR_AES_GCM_16        Encr = 20 // RFC 4106
	ENCR_CHACHA20_POLY1305 Encr = 28 // RFC 7634
)

// Integ is an integrity algorithm, by its IANA IKEv2 transform type 3 number (RFC 7296 §3.3.2).
type Integ uint16

// Integrity algorithms that this package implements.
const (
	AUTH_NONE              Integ = 0  // with the combined-mode ciphers, and only there
	AUTH_HMAC_SHA1_96      Integ = 2  // RFC 2404
	AUTH_HMAC_SHA2_256_128 Integ = 12 // RFC 4868, as the next two
	AUTH_HMAC_SHA2_384_192 Integ = 13
	AUTH_HMAC_SHA2_512_256 Integ = 14
)

// Suite is what an SA's packets are protected with. It is comparable. The zero value is not valid.
type Suite struct {
	Encr    Encr
	KeyBits int // AES key length: 128, 192 or 256; 0 for ENCR_NULL and ENCR_CHACHA20_POLY1305
	Integ   Integ
}

// saltLen is the part of an AEAD's or counter mode's keying material that is not its key but the first octets of each
// nonce (RFC 4106 §4, RFC 3686 §4, RFC 7634 §2).
const saltLen = 4

// Check reports what is wrong with a suite: an algorithm or a key length that is not implemented, or a combination that
// does not protect. Counter mode without integrity is such a one (RFC 3686 §2.1), and so is everything else without.
func (s Suite) Check() error {
	aes := s.KeyBits == 128 || s.KeyBits == 192 || s.KeyBits == 256
	combined, keyed := false, false
	switch s.Encr {
	case ENCR_NULL:
		keyed = s.KeyBits == 0
	case ENCR_AES_CBC, ENCR_AES_CTR:
		keyed = aes
	case ENCR_AES_GCM_16:
		combined, keyed = true, aes
	case ENCR_CHACHA20_POLY1305:
		combined, keyed = true, s.KeyBits == 0
	default:
		return fmt.Errorf("esp: suite: encryption algorithm %d is not implemented", s.Encr)
	}
	hashed := false
	switch s.Integ {
	case AUTH_NONE:
	case AUTH_HMAC_SHA1_96, AUTH_HMAC_SHA2_256_128, AUTH_HMAC_SHA2_384_192, AUTH_HMAC_SHA2_512_256:
		hashed = true
	default:
		return fmt.Errorf("esp: suite: integrity algorithm %d is not implemented", s.Integ)
	}
	switch {
	case !keyed:
		return fmt.Errorf("esp: suite: encryption algorithm %d has no keys of %d bits", s.Encr, s.KeyBits)
	case combined && hashed:
		return fmt.Errorf("esp: suite: encryption algorithm %d goes without integrity algorithm %d", s.Encr, s.Integ)
	case !combined && !hashed:
		return fmt.Errorf("esp: suite: encryption algorithm %d needs an integrity algorithm", s.Encr)
	}
	return nil
}

// KeyLen is how many octets of KEYMAT each of the two algorithms takes, salts included (RFC 7296 §2.17): the salt is the last
// four octets of the first (RFC 4106 §8.1, RFC 3686 §5.1, RFC 7634 §2).
func (s Suite) KeyLen() (encr, integ int) {
	switch s.Encr {
	case ENCR_AES_CBC:
		encr = s.KeyBits / 8
	case ENCR_AES_CTR, ENCR_AES_GCM_16:
		encr = s.KeyBits/8 + saltLen
	case ENCR_CHACHA20_POLY1305:
		encr = 32 + saltLen
	}
	switch s.Integ { // the length of the hash (RFC 2404 §3, RFC 4868 §2.1.1)
	case AUTH_HMAC_SHA1_96:
		integ = 20
	case AUTH_HMAC_SHA2_256_128:
		integ = 32
	case AUTH_HMAC_SHA2_384_192:
		integ = 48
	case AUTH_HMAC_SHA2_512_256:
		integ = 64
	}
	return encr, integ
}

// SealedLen is the octets of ESP, from the SPI through the ICV, for an inner packet of n octets. The suite must pass Check.
func (s Suite) SealedLen(n int) int { return s.layout().sealedLen(n) }

// MaxInner is the octets of the largest inner packet whose SealedLen is at most n, 0 if there is none. The suite must pass
// Check.
func (s Suite) MaxInner(n int) int { return s.layout().maxInner(n) }

// String names a suite in the words of a transform set: "esp-gcm 128", "esp-aes 256 esp-sha256-hmac".
// As there, "esp-aes" alone is AES-CBC with a key of 128 bits.
func (s Suite) String() string {
	var encr, integ string
	switch s.Encr {
	case ENCR_NULL:
		encr = "esp-null"
	case ENCR_AES_CBC:
		encr = fmt.Sprintf("esp-aes %d", s.KeyBits)
		if s.KeyBits == 128 {
			encr = "esp-aes"
		}
	case ENCR_AES_CTR:
		encr = fmt.Sprintf("esp-aes-ctr %d", s.KeyBits)
	case ENCR_AES_GCM_16:
		encr = fmt.Sprintf("esp-gcm %d", s.KeyBits)
	case ENCR_CHACHA20_POLY1305:
		encr = "esp-chacha20-poly1305"
	default:
		encr = fmt.Sprintf("esp-encr-%d", s.Encr)
	}
	switch s.Integ {
	case AUTH_NONE:
		return encr
	case AUTH_HMAC_SHA1_96:
		integ = "esp-sha-hmac"
	case AUTH_HMAC_SHA2_256_128:
		integ = "esp-sha256-hmac"
	case AUTH_HMAC_SHA2_384_192:
		integ = "esp-sha384-hmac"
	case AUTH_HMAC_SHA2_512_256:
		integ = "esp-sha512-hmac"
	default:
		integ = fmt.Sprintf("esp-integ-%d", s.Integ)
	}
	return encr + " " + integ
}
