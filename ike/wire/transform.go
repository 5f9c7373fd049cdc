package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// TransformType says what a transform is for (RFC 7296 §3.3.2).
type TransformType uint8

// Transform types.
const (
	TransformENCR  TransformType = 1 // encryption algorithm
	TransformPRF   TransformType = 2 // pseudorandom function
	TransformINTEG TransformType = 3 // integrity algorithm
	TransformKE    TransformType = 4 // key exchange method: Diffie-Hellman group in RFC 7296
	TransformESN   TransformType = 5 // extended sequence numbers, or not
	TransformADDKE TransformType = 6 // additional key exchange 1 (RFC 9370)
)

// Transform IDs of type ENCR, by their IANA names.
const (
	ENCR_NULL              = 11
	ENCR_AES_CBC           = 12
	ENCR_AES_CTR           = 13
	ENCR_AES_GCM_16        = 20
	ENCR_CHACHA20_POLY1305 = 28
)

// Transform IDs of type PRF, by their IANA names.
const (
	PRF_HMAC_SHA1     = 2
	PRF_HMAC_SHA2_256 = 5
	PRF_HMAC_SHA2_384 = 6
	PRF_HMAC_SHA2_512 = 7
)

// Transform IDs of type INTEG, by their IANA names. 0 is NONE.
const (
	AUTH_HMAC_SHA1_96      = 2
	AUTH_HMAC_SHA2_256_128 = 12
	AUTH_HMAC_SHA2_384_192 = 13
	AUTH_HMAC_SHA2_512_256 = 14
)

// Transform IDs of type ESN.
const (
	NO_ESN = 0 // 32-bit sequence numbers
	ESN    = 1
)

// GroupID is a transform ID of type KE: a key exchange method.
type GroupID uint16

// Key exchange methods, by their IANA names.
const (
	NONE       GroupID = 0
	MODP_2048  GroupID = 14 // RFC 3526
	MODP_3072  GroupID = 15
	MODP_4096  GroupID = 16
	ECP_256    GroupID = 19 // RFC 5903
	ECP_384    GroupID = 20
	ECP_521    GroupID = 21
	CURVE25519 GroupID = 31 // RFC 8031

	// Of additional key exchanges.
	ML_KEM_768  GroupID = 36
	ML_KEM_1024 GroupID = 37
)

// keyLength is the Key Length attribute, the only one there is (RFC 7296 §3.3.5); the top bit says that its value is in the
// two octets that follow.
const keyLength = 0x8000 | 14

// Transform is a transform substructure (RFC 7296 §3.3.2). Comparable with ==.
type Transform struct {
	Type    TransformType
	ID      uint16
	KeyBits uint16 // the Key Length attribute, in bits; 0: not present

	// Unknown is set by the parser on a transform that carries an attribute which is not known here, a Key Length of zero or
	// a second Key Length. Such a transform must not be chosen (RFC 7296 §3.3.6). It is not sent.
	Unknown bool
}

// readTransform reads one transform. more: another one follows.
func readTransform(s *cryptobyte.String) (t Transform, more, ok bool) {
	more, body, ok := readSubstruc(s, moreTransforms)
	if !ok || !body.ReadUint8((*uint8)(&t.Type)) || !body.Skip(1) || !body.ReadUint16(&t.ID) {
		return t, false, false
	}
	for !body.Empty() {
		if !t.readAttribute(&body) {
			return t, false, false
		}
	}
	return t, more, true
}

func (t *Transform) readAttribute(s *cryptobyte.String) bool {
	var kind, value uint16 // value is the length of the value that follows when the top bit of kind is clear
	if !s.ReadUint16(&kind) || !s.ReadUint16(&value) {
		return false
	}
	if kind == keyLength && value != 0 && t.KeyBits == 0 {
		t.KeyBits = value
		return true
	}
	t.Unknown = true
	return kind&0x8000 != 0 || s.Skip(int(value))
}

func (t Transform) append(b []byte, last byte) []byte {
	n := substrucLen + 4
	if t.KeyBits != 0 {
		n += 4
	}
	b = append(b, last, 0, 0, byte(n), byte(t.Type), 0)
	b = binary.BigEndian.AppendUint16(b, t.ID)
	if t.KeyBits != 0 {
		b = binary.BigEndian.AppendUint16(b, keyLength)
		b = binary.BigEndian.AppendUint16(b, t.KeyBits)
	}
	return b
}

// String is the transform by its IANA name: "ENCR_AES_CBC/256", "CURVE25519"; "…/?" when Unknown is set.
func (t Transform) String() string {
	s := t.name()
	if t.KeyBits != 0 {
		s = fmt.Sprintf("%s/%d", s, t.KeyBits)
	}
	if t.Unknown {
		s += "/?"
	}
	return s
}

func (t Transform) name() string {
	switch t.Type {
	case TransformENCR:
		return nameOf(encrNames, t.ID, "ENCR_%d")
	case TransformPRF:
		return nameOf(prfNames, t.ID, "PRF_%d")
	case TransformINTEG:
		return nameOf(integNames, t.ID, "AUTH_%d")
	case TransformKE:
		return GroupID(t.ID).String()
	case TransformESN:
		return nameOf(esnNames, t.ID, "ESN_%d")
	case TransformADDKE:
		return "ADDKE1_" + GroupID(t.ID).String()
	default:
		return fmt.Sprintf("%v_%d", t.Type, t.ID)
	}
}
