package suite

import (
	"bytes"
	"errors"
	"testing"

	"seikan/ike/wire"
)

func TestKEM(t *testing.T) {
	for _, tt := range []struct {
		group      wire.GroupID
		ek, ct     int // octets of FIPS 203, table 3
		sharedSize int
	}{{wire.ML_KEM_768, 1184, 1088, 32}, {wire.ML_KEM_1024, 1568, 1568, 32}} {
		i, err := NewKeyExchange(tt.group)
		if err != nil {
			t.Fatal(err)
		}
		public, shared, err := Respond(tt.group, i.Public())
		if err != nil {
			t.Fatal(err)
		}
		got, err := i.Shared(public)
		if err != nil || !bytes.Equal(got, shared) {
			t.Errorf("%v: the two ends have %x and %x, %v", tt.group, got, shared, err)
		}
		if i.Group() != tt.group || len(i.Public()) != tt.ek || len(i.Public()) != PublicLen(tt.group) || len(public) != tt.ct || len(shared) != tt.sharedSize {
			t.Errorf("%v: %d, %d and %d octets", tt.group, len(i.Public()), len(public), len(shared))
		}
		bad := bytes.Clone(i.Public())
		bad[0], bad[1] = 0xff, 0xff // above the modulus
		for name, ek := range map[string][]byte{"empty": nil, "short": i.Public()[1:], "long": append(bytes.Clone(i.Public()), 0), "not reduced": bad} {
			if _, _, err := Respond(tt.group, ek); !errors.Is(err, ErrBadKE) {
				t.Errorf("%v: %s key: got %v", tt.group, name, err)
			}
		}
		for name, ct := range map[string][]byte{"empty": nil, "short": public[1:], "long": append(bytes.Clone(public), 0)} {
			if _, err := i.Shared(ct); !errors.Is(err, ErrBadKE) {
				t.Errorf("%v: %s ciphertext: got %v", tt.group, name, err)
			}
		}
		public[0] ^= 1 // rejected implicitly: another secret, and no error (FIPS 203 §6.3)
		if got, err := i.Shared(public); err != nil || bytes.Equal(got, shared) {
			t.Errorf("%v: changed ciphertext: %v, the same secret: %v", tt.group, err, bytes.Equal(got, shared))
		}
	}
}

// Respond is the other side of NewKeyExchange for every group.
func TestRespond(t *testing.T) {
	for g := range wire.GroupID(64) {
		if !GroupImplemented(g) {
			if _, _, err := Respond(g, nil); err == nil {
				t.Errorf("%v: no error", g)
			}
			continue
		}
		i, err := NewKeyExchange(g)
		if err != nil {
			t.Fatal(err)
		}
		public, shared, err := Respond(g, i.Public())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := i.Shared(public); err != nil || !bytes.Equal(got, shared) {
			t.Errorf("%v: %v, the two ends agree: %v", g, err, bytes.Equal(got, shared))
		}
		if _, _, err := Respond(g, []byte{1}); !errors.Is(err, ErrBadKE) {
			t.Errorf("%v: short value: got %v", g, err)
		}
	}
}
