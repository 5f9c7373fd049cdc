package suite

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"seikan/ike/wire"
)

var modpGroups = []struct {
	group wire.GroupID
	bits  uint
	k     int64 // the constant of RFC 3526 §3 to §5
}{
	{wire.MODP_2048, 2048, 124476},
	{wire.MODP_3072, 3072, 1690314},
	{wire.MODP_4096, 4096, 240904},
}

func primeOf(t testing.TB, g wire.GroupID) *big.Int {
	t.Helper()
	digits, _ := modpTable(g)
	return new(big.Int).SetBytes(unhex(t, digits))
}

// pi is [2^n pi], by Machin's formula: pi/4 = 4 arctan 1/5 - arctan 1/239.
func pi(n uint) *big.Int {
	const guard = 64
	arctan := func(x int64) *big.Int {
		term := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), n+guard), big.NewInt(x))
		sum, square := new(big.Int).Set(term), big.NewInt(x*x)
		for i := int64(3); term.Sign() != 0; i += 2 {
			term.Div(term, square)
			part := new(big.Int).Div(term, big.NewInt(i))
			if i%4 == 3 {
				part.Neg(part)
			}
			sum.Add(sum, part)
		}
		return sum
	}
	p := new(big.Int).Mul(big.NewInt(4), arctan(5))
	p.Sub(p, arctan(239))
	return p.Rsh(p, guard-2)
}

// The primes are what RFC 3526 says how to compute, and p = 2q+1 with q prime.
func TestPrimes(t *testing.T) {
	for _, v := range modpGroups {
		// p = 2^n - 2^(n-64) - 1 + 2^64 * ( [2^(n-130) pi] + k )
		want := new(big.Int).Lsh(big.NewInt(1), v.bits)
		want.Sub(want, new(big.Int).Lsh(big.NewInt(1), v.bits-64))
		want.Sub(want, big.NewInt(1))
		middle := pi(v.bits - 130)
		middle.Add(middle, big.NewInt(v.k))
		want.Add(want, middle.Lsh(middle, 64))
		got := primeOf(t, v.group)
		if got.Cmp(want) != 0 {
			t.Errorf("group %v:\ngot  %x\nwant %x", v.group, got, want)
		}
		q := new(big.Int).Rsh(got, 1)
		if !got.ProbablyPrime(0) || !q.ProbablyPrime(0) {
			t.Errorf("group %v: not a safe prime", v.group)
		}
	}
}

// Against math/big, also where the secret begins with zeros, which stay in front of it (RFC 7296 §2.14).
func TestMODPAgainstBig(t *testing.T) {
	for _, v := range modpGroups {
		p := primeOf(t, v.group)
		k := mustKey(t, v.group).(*modpKey)
		x := new(big.Int).SetBytes(k.x)
		want := func(y *big.Int) []byte { return new(big.Int).Exp(y, x, p).FillBytes(make([]byte, v.bits/8)) }
		if got := k.Public(); !bytes.Equal(got, want(big.NewInt(2))) {
			t.Errorf("group %v: public value %x, want %x", v.group, got, want(big.NewInt(2)))
		}
		peers := []*big.Int{big.NewInt(2), big.NewInt(3), big.NewInt(65537), new(big.Int).Rsh(p, 1), new(big.Int).Sub(p, big.NewInt(2))}
		for range 3 {
			peers = append(peers, new(big.Int).SetBytes(mustKey(t, v.group).Public()))
		}
		for _, y := range peers {
			got, err := k.Shared(y.FillBytes(make([]byte, v.bits/8)))
			if err != nil || !bytes.Equal(got, want(y)) {
				t.Errorf("group %v, y = %x: got %x, %v, want %x", v.group, y, got, err, want(y))
			}
		}
	}
}

func TestSharedIsPadded(t *testing.T) {
	// 2^1 mod p is 2: one octet of value, in the full length.
	m, err := modpGroup(wire.MODP_2048)
	if err != nil {
		t.Fatal(err)
	}
	k := &modpKey{group: wire.MODP_2048, m: m, x: []byte{1}}
	y := make([]byte, 256)
	y[255] = 2
	got, err := k.Shared(y)
	if err != nil || !bytes.Equal(got, y) {
		t.Errorf("got %x, %v, want %x", got, err, y)
	}
}

// RFC 6989 §2.1: 1 < y < p-1.
func TestMODPBounds(t *testing.T) {
	for _, v := range modpGroups {
		p := primeOf(t, v.group)
		k := mustKey(t, v.group)
		for name, c := range map[string]struct {
			y  *big.Int
			ok bool
		}{
			"0":       {big.NewInt(0), false},
			"1":       {big.NewInt(1), false},
			"2":       {big.NewInt(2), true},
			"p-2":     {new(big.Int).Sub(p, big.NewInt(2)), true},
			"p-1":     {new(big.Int).Sub(p, big.NewInt(1)), false},
			"p":       {p, false},
			"p+1":     {new(big.Int).Add(p, big.NewInt(1)), false},
			"2^n - 1": {new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), v.bits), big.NewInt(1)), false},
		} {
			secret, err := k.Shared(c.y.FillBytes(make([]byte, v.bits/8)))
			if (err == nil) != c.ok || (!c.ok && (!errors.Is(err, ErrBadKE) || secret != nil)) {
				t.Errorf("group %v, y = %s: got %v, want accepted %v", v.group, name, err, c.ok)
			}
		}
	}
}

// Private exponents have at least twice the bits of the strength that RFC 3526 §8 estimates for the group.
func TestExponentLength(t *testing.T) {
	for g, strength := range map[wire.GroupID]int{wire.MODP_2048: 160, wire.MODP_3072: 210, wire.MODP_4096: 240} {
		k := mustKey(t, g).(*modpKey)
		if got, want := len(k.x)*8, 2*strength; got < want {
			t.Errorf("group %v: exponent of %d bits, want %d", g, got, want)
		}
	}
}
