package suite

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"filippo.io/bigmod"

	"seikan/ike/wire"
)

// modp is a MODP group (RFC 3526): the generator is 2, the prime p = 2q+1 with q prime.
type modp struct {
	prime    *bigmod.Modulus
	size     int // octets of the prime, and of public values
	exponent int // octets of a private exponent: no less than the larger estimate of RFC 3526 §8
}

// modpTable is the prime in hexadecimal and the octets of an exponent of each MODP group.
func modpTable(g wire.GroupID) (prime string, exponent int) {
	switch g {
	case wire.MODP_2048:
		return prime2048, 40
	case wire.MODP_3072:
		return prime3072, 56
	case wire.MODP_4096:
		return prime4096, 64
	}
	return "", 0
}

// modpGroup makes the group of a number that modpTable has.
func modpGroup(g wire.GroupID) (*modp, error) {
	digits, exponent := modpTable(g)
	prime, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("ike/suite: group %v: %w", g, err)
	}
	p, err := bigmod.NewModulus(prime)
	if err != nil {
		return nil, fmt.Errorf("ike/suite: group %v: %w", g, err)
	}
	return &modp{p, p.Size(), exponent}, nil
}

// modpKey is a private exponent x and its g^x.
type modpKey struct {
	group  wire.GroupID
	m      *modp
	x      []byte
	public []byte
}

func newMODP(g wire.GroupID) (*modpKey, error) {
	m, err := modpGroup(g)
	if err != nil {
		return nil, err
	}
	k := &modpKey{group: g, m: m, x: make([]byte, m.exponent)}
	rand.Read(k.x)
	two := make([]byte, m.size)
	two[m.size-1] = 2
	base, err := bigmod.NewNat().SetBytes(two, m.prime)
	if err != nil {
		return nil, fmt.Errorf("ike/suite: group %v: %w", g, err)
	}
	k.public = bigmod.NewNat().Exp(base, k.x, m.prime).Bytes(m.prime)
	return k, nil
}

func (k *modpKey) Group() wire.GroupID { return k.group }
func (k *modpKey) Public() []byte      { return k.public }

// Shared is peer^x mod p, left-padded to the length of p. peer must be of exactly that length, and 1 < peer < p-1 (RFC 6989 §2.1):
// in a group of a safe prime that leaves out the small subgroups.
func (k *modpKey) Shared(peer []byte) ([]byte, error) {
	if len(peer) != k.m.size {
		return nil, fmt.Errorf("%w: group %v: %d octets, want %d", ErrBadKE, k.group, len(peer), k.m.size)
	}
	y, err := bigmod.NewNat().SetBytes(peer, k.m.prime) // refuses y >= p
	if err != nil {
		return nil, fmt.Errorf("%w: group %v: not below the prime", ErrBadKE, k.group)
	}
	if y.IsZero()|y.IsOne()|y.IsMinusOne(k.m.prime) == 1 {
		return nil, fmt.Errorf("%w: group %v: 0, 1 or p-1", ErrBadKE, k.group)
	}
	return bigmod.NewNat().Exp(y, k.x, k.m.prime).Bytes(k.m.prime), nil
}
