package suite

import (
	"crypto/mlkem"
	"fmt"

	"seikan/ike/wire"
)

// mlKEM is an initiator's key of ML-KEM-768 or ML-KEM-1024 (FIPS 203): its KE payload is the encapsulation key, and the
// responder's the ciphertext (draft-ietf-ipsecme-ikev2-mlkem).
type mlKEM struct {
	group wire.GroupID
	key   decapsulationKey
	ek    []byte
}

type decapsulationKey interface {
	Decapsulate(ciphertext []byte) (sharedKey []byte, err error)
}

// IsKEM reports whether a key exchange method is a KEM, which is used in addition to another method only.
func IsKEM(g wire.GroupID) bool { return g == wire.ML_KEM_768 || g == wire.ML_KEM_1024 }

func newMLKEM(g wire.GroupID) (KeyExchange, error) {
	if g == wire.ML_KEM_1024 {
		key, err := mlkem.GenerateKey1024()
		if err != nil {
			return nil, fmt.Errorf("ike/suite: %v: %w", g, err)
		}
		return &mlKEM{g, key, key.EncapsulationKey().Bytes()}, nil
	}
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, fmt.Errorf("ike/suite: %v: %w", g, err)
	}
	return &mlKEM{g, key, key.EncapsulationKey().Bytes()}, nil
}

func (k *mlKEM) Group() wire.GroupID { return k.group }
func (k *mlKEM) Public() []byte      { return k.ek }

func (k *mlKEM) Shared(ciphertext []byte) ([]byte, error) {
	shared, err := k.key.Decapsulate(ciphertext)
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", ErrBadKE, k.group, err)
	}
	return shared, nil
}

// encapsulate answers an initiator's encapsulation key.
func encapsulate(g wire.GroupID, ek []byte) (ciphertext, shared []byte, err error) {
	if g == wire.ML_KEM_1024 {
		key, err := mlkem.NewEncapsulationKey1024(ek) // checks the length and the modulus
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %v: %w", ErrBadKE, g, err)
		}
		shared, ciphertext = key.Encapsulate()
		return ciphertext, shared, nil
	}
	key, err := mlkem.NewEncapsulationKey768(ek)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v: %w", ErrBadKE, g, err)
	}
	shared, ciphertext = key.Encapsulate()
	return ciphertext, shared, nil
}

// Respond is a responder's side of a key exchange: what goes into our KE payload, and g^ir. Where the initiator's value is no
// good the error is ErrBadKE.
func Respond(g wire.GroupID, initiator []byte) (public, shared []byte, err error) {
	if IsKEM(g) {
		return encapsulate(g, initiator)
	}
	kex, err := NewKeyExchange(g)
	if err != nil {
		return nil, nil, err
	}
	if shared, err = kex.Shared(initiator); err != nil {
		return nil, nil, err
	}
	return kex.Public(), shared, nil
}
