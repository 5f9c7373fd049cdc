package suite

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"seikan/ike/wire"
)

var groups = []wire.GroupID{wire.MODP_2048, wire.MODP_3072, wire.MODP_4096, wire.ECP_256, wire.ECP_384, wire.ECP_521, wire.CURVE25519}

func mustKey(t testing.TB, g wire.GroupID) KeyExchange {
	t.Helper()
	k, err := NewKeyExchange(g)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyExchange(t *testing.T) {
	secretLen := map[wire.GroupID]int{
		wire.MODP_2048: 256, wire.MODP_3072: 384, wire.MODP_4096: 512,
		wire.ECP_256: 32, wire.ECP_384: 48, wire.ECP_521: 66, wire.CURVE25519: 32,
	}
	publicLen := map[wire.GroupID]int{
		wire.MODP_2048: 256, wire.MODP_3072: 384, wire.MODP_4096: 512,
		wire.ECP_256: 64, wire.ECP_384: 96, wire.ECP_521: 132, wire.CURVE25519: 32,
	}
	for _, g := range groups {
		t.Run(g.String(), func(t *testing.T) {
			a, b := mustKey(t, g), mustKey(t, g)
			if a.Group() != g {
				t.Errorf("Group: got %v, want %v", a.Group(), g)
			}
			if got, want := len(a.Public()), publicLen[g]; got != want || PublicLen(g) != want {
				t.Errorf("public value: got %d octets, PublicLen %d, want %d", got, PublicLen(g), want)
			}
			if bytes.Equal(a.Public(), b.Public()) {
				t.Error("two keys are the same")
			}
			ab, err := a.Shared(b.Public())
			if err != nil {
				t.Fatal(err)
			}
			ba, err := b.Shared(a.Public())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(ab, ba) || len(ab) != secretLen[g] {
				t.Errorf("the ends do not agree, or not on %d octets:\n%x\n%x", secretLen[g], ab, ba)
			}
		})
	}
}

func TestGroupImplemented(t *testing.T) {
	have := map[wire.GroupID]bool{wire.ML_KEM_768: true, wire.ML_KEM_1024: true}
	for _, g := range groups {
		have[g] = true
	}
	for g := range wire.GroupID(1100) {
		_, err := NewKeyExchange(g)
		if got := GroupImplemented(g); got != have[g] || (err == nil) != have[g] || (PublicLen(g) != 0) != have[g] {
			t.Errorf("group %v: implemented %v, NewKeyExchange %v, PublicLen %d, want implemented %v", g, got, err, PublicLen(g), have[g])
		}
	}
}

// A public value of any other length is refused, also where it is only padded: RFC 7296 §3.4, RFC 5903 §7.
func TestSharedLengths(t *testing.T) {
	for _, g := range groups {
		k, good := mustKey(t, g), mustKey(t, g).Public()
		values := map[string][]byte{
			"empty":             nil,
			"one octet":         good[:1],
			"an octet short":    good[:len(good)-1],
			"first octet gone":  good[1:],
			"an octet long":     append(bytes.Clone(good), 0),
			"a zero in front":   append([]byte{0}, good...),
			"half":              good[:len(good)/2],
			"twice":             append(bytes.Clone(good), good...),
			"uncompressed form": append([]byte{4}, good...),
			"compressed form":   append([]byte{2}, good[:len(good)/2]...),
		}
		for name, v := range values {
			if secret, err := k.Shared(v); !errors.Is(err, ErrBadKE) || secret != nil {
				t.Errorf("group %v, %s: got %x, %v, want ErrBadKE", g, name, secret, err)
			}
		}
	}
}

// agreements are RFC 5903 §8.1 to §8.3 and RFC 7748 §6.1, both ends' private keys and what goes on the wire.
var agreements = []struct {
	group      wire.GroupID
	i, r       string // private keys
	kei, ker   string
	wantShared string
}{
	{
		group:      wire.ECP_256,
		i:          "C88F01F5 10D9AC3F 70A292DA A2316DE5 44E9AAB8 AFE84049 C62A9C57 862D1433",
		kei:        "DAD0B653 94221CF9 B051E1FE CA5787D0 98DFE637 FC90B9EF 945D0C37 72581180 5271A046 1CDB8252 D61F1C45 6FA3E59A B1F45B33 ACCF5F58 389E0577 B8990BB3",
		r:          "C6EF9C5D 78AE012A 011164AC B397CE20 88685D8F 06BF9BE0 B283AB46 476BEE53",
		ker:        "D12DFB52 89C8D4F8 1208B702 70398C34 2296970A 0BCCB74C 736FC755 4494BF63 56FBF3CA 366CC23E 8157854C 13C58D6A AC23F046 ADA30F83 53E74F33 039872AB",
		wantShared: "D6840F6B 42F6EDAF D13116E0 E1256520 2FEF8E9E CE7DCE03 812464D0 4B9442DE",
	}, {
		group: wire.ECP_384,
		i:     "099F3C70 34D4A2C6 99884D73 A375A67F 7624EF7C 6B3C0F16 0647B674 14DCE655 E35B5380 41E649EE 3FAEF896 783AB194",
		kei: "667842D7 D180AC2C DE6F74F3 7551F557 55C7645C 20EF73E3 1634FE72 B4C55EE6 DE3AC808 ACB4BDB4 C88732AE E95F41AA" +
			"9482ED1F C0EEB9CA FC498462 5CCFC23F 65032149 E0E144AD A0241815 35A0F38E EB9FCFF3 C2C947DA E69B4C63 4573A81C",
		r: "41CB0779 B4BDB85D 47846725 FBEC3C94 30FAB46C C8DC5060 855CC9BD A0AA2942 E0308312 916B8ED2 960E4BD5 5A7448FC",
		ker: "E558DBEF 53EECDE3 D3FCCFC1 AEA08A89 A987475D 12FD950D 83CFA417 32BC509D 0D1AC43A 0336DEF9 6FDA41D0 774A3571" +
			"DCFBEC7A ACF31964 72169E83 8430367F 66EEBE3C 6E70C416 DD5F0C68 759DD1FF F83FA401 42209DFF 5EAAD96D B9E6386C",
		wantShared: "11187331 C279962D 93D60424 3FD592CB 9D0A926F 422E4718 7521287E 7156C5C4 D6031355 69B9E9D0 9CF5D4A2 70F59746",
	}, {
		group: wire.ECP_521,
		i:     "0037ADE9 319A89F4 DABDB3EF 411AACCC A5123C61 ACAB57B5 393DCE47 608172A0 95AA85A3 0FE1C295 2C6771D9 37BA9777 F5957B26 39BAB072 462F68C2 7A57382D 4A52",
		kei: "0015417E 84DBF28C 0AD3C278 713349DC 7DF153C8 97A1891B D98BAB43 57C9ECBE E1E3BF42 E00B8E38 0AEAE57C 2D107564 94188594 2AF5A7F4 601723C4 195D176C ED3E" +
			"017CAE20 B6641D2E EB695786 D8C94614 6239D099 E18E1D5A 514C739D 7CB4A10A D8A78801 5AC405D7 799DC75E 7B7D5B6C F2261A6A 7F150743 8BF01BEB 6CA3926F 9582",
		r: "0145BA99 A847AF43 793FDD0E 872E7CDF A16BE30F DC780F97 BCCC3F07 8380201E 9C677D60 0B343757 A3BDBF2A 3163E4C2 F869CCA7 458AA4A4 EFFC311F 5CB15168 5EB9",
		ker: "00D0B397 5AC4B799 F5BEA16D 5E13E9AF 971D5E9B 984C9F39 728B5E57 39735A21 9B97C356 436ADC6E 95BB0352 F6BE64A6 C2912D4E F2D0433C ED2B6171 640012D9 460F" +
			"015C6822 6383956E 3BD066E7 97B623C2 7CE0EAC2 F551A10C 2C724D98 52077B87 220B6536 C5C408A1 D2AEBB8E 86D678AE 49CB5709 1F473229 6579AB44 FCD17F0F C56A",
		wantShared: "01144C7D 79AE6956 BC8EDB8E 7C787C45 21CB086F A64407F9 7894E5E6 B2D79B04 D1427E73 CA4BAA24 0A347868 59810C06 B3C715A3 A8CC3151 F2BEE417 996D19F3 DDEA",
	}, {
		group:      wire.CURVE25519,
		i:          "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		kei:        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		r:          "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		ker:        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		wantShared: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
	},
}

func ecKeyOf(t testing.TB, g wire.GroupID, private string) *ecKey {
	t.Helper()
	key, err := curve(g).NewPrivateKey(unhex(t, private))
	if err != nil {
		t.Fatal(err)
	}
	return &ecKey{g, curve(g), key}
}

func TestAgreementVectors(t *testing.T) {
	for _, v := range agreements {
		t.Run(v.group.String(), func(t *testing.T) {
			for _, end := range []struct{ private, public, peer string }{{v.i, v.kei, v.ker}, {v.r, v.ker, v.kei}} {
				k := ecKeyOf(t, v.group, end.private)
				check(t, "KE", k.Public(), end.public)
				secret, err := k.Shared(unhex(t, end.peer))
				if err != nil {
					t.Fatal(err)
				}
				check(t, "g^ir", secret, v.wantShared)
			}
		})
	}
}

// RFC 6989 §2.3: a point must be on the curve, and its coordinates below the prime.
func TestSharedOffCurve(t *testing.T) {
	for _, g := range []wire.GroupID{wire.ECP_256, wire.ECP_384, wire.ECP_521} {
		k, good := mustKey(t, g), mustKey(t, g).Public()
		values := map[string][]byte{
			"zero (0, 0)":        make([]byte, len(good)),
			"above the prime":    fill(0xff, len(good)),
			"coordinates turned": append(bytes.Clone(good[len(good)/2:]), good[:len(good)/2]...),
			"another curve's":    append(count(1, len(good)-1), 7),
		}
		for i := range len(good) * 8 { // no other point differs in one bit
			v := bytes.Clone(good)
			v[i/8] ^= 1 << (i % 8)
			values[fmt.Sprintf("bit %d flipped", i)] = v
		}
		for name, v := range values {
			if secret, err := k.Shared(v); !errors.Is(err, ErrBadKE) || secret != nil {
				t.Errorf("group %v, %s: got %x, %v, want ErrBadKE", g, name, secret, err)
			}
		}
	}
}

// RFC 7748 §6.1, RFC 8031 §3.2: points of small order lead to the all-zero secret, which must be refused. The points are
// those that https://cr.yp.to/ecdh.html lists, and the same with the bit that is ignored.
func TestSharedSmallOrder(t *testing.T) {
	points := []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // with the bit that is ignored
	}
	k := mustKey(t, wire.CURVE25519)
	for _, p := range points {
		if secret, err := k.Shared(unhex(t, p)); !errors.Is(err, ErrBadKE) || secret != nil {
			t.Errorf("point %s: got %x, %v, want ErrBadKE", p, secret, err)
		}
	}
}

// FuzzShared: no value makes a key exchange panic, and what is accepted is a value of the right length.
func FuzzShared(f *testing.F) {
	for i, g := range groups {
		k := mustKey(f, g)
		f.Add(uint8(i), k.Public())
		f.Add(uint8(i), make([]byte, PublicLen(g)))
		f.Add(uint8(i), fill(0xff, PublicLen(g)))
	}
	keys := make([]KeyExchange, len(groups))
	for i, g := range groups {
		keys[i] = mustKey(f, g)
	}
	f.Fuzz(func(t *testing.T, which uint8, peer []byte) {
		k := keys[int(which)%len(keys)]
		secret, err := k.Shared(peer)
		switch {
		case err != nil && (!errors.Is(err, ErrBadKE) || secret != nil):
			t.Errorf("group %v: got %x, %v", k.Group(), secret, err)
		case err == nil && (len(peer) != PublicLen(k.Group()) || len(secret) == 0):
			t.Errorf("group %v: %d octets accepted, secret %x", k.Group(), len(peer), secret)
		}
	})
}

func BenchmarkKeyExchange(b *testing.B) {
	for _, g := range groups {
		peer := mustKey(b, g).Public()
		b.Run("group="+g.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mustKey(b, g).Shared(peer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
