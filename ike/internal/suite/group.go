package suite

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"errors"
	"fmt"

	"seikan/ike/wire"
)

// ErrBadKE is a peer's public value that must not be used: of the wrong length, outside the group, or one that leads to a
// shared secret that is known beforehand (RFC 6989, RFC 7748 §6.1).
var ErrBadKE = errors.New("ike/suite: bad key exchange value")

// KeyExchange is one fresh private key of ours. Not safe for concurrent use.
type KeyExchange interface {
	Group() wire.GroupID
	// Public is the content of our KE payload.
	Public() []byte
	// Shared is g^ir as it goes into the keys (RFC 7296 §2.14), in as many octets as the group has. peer is the content of
	// the peer's KE payload; where it is no good the error is ErrBadKE.
	Shared(peer []byte) ([]byte, error)
}

// NewKeyExchange makes a key in the group; of a KEM, an initiator's.
func NewKeyExchange(g wire.GroupID) (KeyExchange, error) {
	if IsKEM(g) {
		return newMLKEM(g)
	}
	if c := curve(g); c != nil {
		key, err := c.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("ike/suite: group %v: %w", g, err)
		}
		return &ecKey{g, c, key}, nil
	}
	if prime, _ := modpTable(g); prime != "" {
		return newMODP(g)
	}
	return nil, fmt.Errorf("ike/suite: key exchange group %v is not implemented", g)
}

// GroupImplemented reports whether NewKeyExchange has the group.
func GroupImplemented(g wire.GroupID) bool {
	prime, _ := modpTable(g)
	return curve(g) != nil || prime != "" || IsKEM(g)
}

// PublicLen is the octets of an initiator's public value of the group; 0 for a group that is not implemented.
func PublicLen(g wire.GroupID) int {
	switch g {
	case wire.ECP_256:
		return 2 * 32
	case wire.ECP_384:
		return 2 * 48
	case wire.ECP_521:
		return 2 * 66
	case wire.CURVE25519:
		return 32
	case wire.ML_KEM_768:
		return mlkem.EncapsulationKeySize768
	case wire.ML_KEM_1024:
		return mlkem.EncapsulationKeySize1024
	}
	prime, _ := modpTable(g)
	return len(prime) / 2
}

// curve is the group's curve, nil when it has none.
func curve(g wire.GroupID) ecdh.Curve {
	switch g {
	case wire.ECP_256:
		return ecdh.P256()
	case wire.ECP_384:
		return ecdh.P384()
	case wire.ECP_521:
		return ecdh.P521()
	case wire.CURVE25519:
		return ecdh.X25519()
	}
	return nil
}

// ecKey is a key on a curve: X25519 (RFC 8031), or one of the NIST curves, whose KE payload is x | y without the octet that tells
// the point's form, and whose shared secret is x (RFC 5903 §7).
type ecKey struct {
	group wire.GroupID
	curve ecdh.Curve
	key   *ecdh.PrivateKey
}

// uncompressed is the first octet of a point in SEC 1 form with both coordinates.
const uncompressed = 4

func (k *ecKey) Group() wire.GroupID { return k.group }

func (k *ecKey) Public() []byte {
	b := k.key.PublicKey().Bytes()
	if k.group == wire.CURVE25519 {
		return b
	}
	return b[1:]
}

func (k *ecKey) Shared(peer []byte) ([]byte, error) {
	if k.group != wire.CURVE25519 {
		peer = append([]byte{uncompressed}, peer...)
	}
	pub, err := k.curve.NewPublicKey(peer) // checks the length, and that a point is on the curve
	if err != nil {
		return nil, fmt.Errorf("%w: group %v: %w", ErrBadKE, k.group, err)
	}
	secret, err := k.key.ECDH(pub) // refuses the all-zero secret
	if err != nil {
		return nil, fmt.Errorf("%w: group %v: %w", ErrBadKE, k.group, err)
	}
	return secret, nil
}
