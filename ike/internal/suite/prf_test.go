package suite

import (
	"bytes"
	"testing"

	"seikan/ike/wire"
)

// derivation is a sample of NIST's CAVS vectors for the key derivation of IKEv2 (SP 800-135), which are also in the tests of
// NSS and libreswan. The Child SA values, where there are none, were not published with the sample.
type derivation struct {
	name           string
	prf            uint16
	ni, nr         string
	gir, girNew    string
	spiI, spiR     string
	skeyseed       string
	keymat         string // {SK_d | SK_ai | ...}
	child, childKE string // KEYMAT without and with a key exchange
	rekeySkeyseed  string
}

var derivations = []derivation{
	{
		name: "HMAC-SHA1", prf: wire.PRF_HMAC_SHA1,
		ni: "32b50d5f4a3763f3", nr: "9206a04b26564cb1",
		gir:    "4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52",
		girNew: "863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330",
		spiI:   "34c9e7c188868785", spiR: "3ff77d760d2b2199",
		skeyseed: "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7",
		keymat: "a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002a2a63080e514a062768b76606f9fa5e99220" +
			"4fc5a670bde3f10d6b027113936a5c55b648a194ae587b0088d52204b702c979fa280870d2ed41efa9c549fd11198af1670b" +
			"143d384bd275c5f594cf266b05ebadca855e4249520a441a81157435a7a56cc4",
		child: "8059e3ee8810e6c3a91bc8bcd2a7a41151b8d0e6ae239c7b38093ad85ef4c5811a8e7b5d1cdabd9560b2d5e092d1f24e2d4b" +
			"85eccdf0ad0dc9abd94b51ee71814ca6dbc8bb51b6309f5b9545c7eb35cf5580b1e521a8fe20754a2d883ba0c2cf285f524a" +
			"ea6545b33106bc03e614296d319d41d4b50b3f510b1c0a22f3e664994d234cb4",
		childKE: "bb43244c1860ad65ee1e211ffe8bb3661750c8f89cb9f547df7f4fa61d37301628190e38c66232eab4b3ab14c400a5197dd3" +
			"730ed4820a8a10394d51e1c0400052f63ebd36b0e7ef53aaed31eba4a5080d7d4b5666023a8bbb5ffb7857240f9a05884d1b" +
			"7d2f933708450b7b3288f1fc863ab49fa901227cffc06e27899c7054d56fd74c",
		rekeySkeyseed: "63e81194946ebd05df7df5ebf5d8750056bf1f1d",
	},
	{
		name: "HMAC-SHA2-256", prf: wire.PRF_HMAC_SHA2_256,
		ni: "3f302be1abcb28e1", nr: "8c332ee006064c9b",
		gir:    "0f4d257d7a58fc4545c7d7a88119eee5d5c9690c5b4c989171d3abbfd99d1d29",
		girNew: "25f3b12d6f282739256e39bf54eda53b60ffcf379bb7bcc90c27b4c4c578616c",
		spiI:   "40dac39e1e1a8640", spiR: "8619a1cf9a6e4c07",
		skeyseed: "5f00d1bd2c58ec224b1e6b71fa0f19a1faa7a193952c444411b47c1a9d8ba6fe",
		keymat: "0b137d669b0947d7d026d593f0305ad401ff0c471357d695778a9c7f4b4869ece98aca531188d16041b3bb936d2dbb3b4993" +
			"a6e768a809160de45d0283f273a6cdf6854379e31be72b8d3d1fa990cf9c5b015ca9f918a7df6253c958114a09d4e1c19bdc" +
			"d4db14b29d98db1a74ad405c588662c14a04d0d36aa4ab55e90f8986d12d4aad",
		rekeySkeyseed: "2d63f6debc92048b4fef3889c4c99ca67d6496e0fac14a2bca9a2d6566ff2398",
	},
	{
		name: "HMAC-SHA2-384", prf: wire.PRF_HMAC_SHA2_384,
		ni: "fd1b572a8e735591", nr: "6013b0ef88dacd3d",
		gir:    "d3288cd87565101e88fe3bad918f31939d8dd26ff1071f8b2d7f447524e58d7c",
		girNew: "3358f620539473aee8d07e779764c4c6a9aabddc79a28e136b3bac021dbde44a",
		spiI:   "2116ad07ce61f749", spiR: "24880e55f11a65b7",
		skeyseed: "69fe7a1ac94adaeb711295f5fe004b1a8d6a0b65d05692758ce8ad2f7a45f59d7d0b596f51f7dfcf3330061888f6a94f",
		keymat: "4f904c2025c90c817ea5ff9b662a6fdb445a73b57cdf09eacd379b95e1f03cacb04cd6deeda4f952191dd9bc1f7a9502471a" +
			"648d74dc06d38112de48a42501f6b1a3ad55c2099cd9a648e5f17e5bf3e34bf9b5953decb768a34f875fe2b78dca0c2fcca8" +
			"1ec1a412006dfaed38fa06882e61f4c148105fb8e231fdb33c4d484c001721d4",
		rekeySkeyseed: "e0548c1682e13bce454026b3b1bdf42985b24e4e7408095a7c529de38c3d1fcb04c9fe6868042a34c9614c6c99e3fcea",
	},
	{
		name: "HMAC-SHA2-512", prf: wire.PRF_HMAC_SHA2_512,
		ni: "97c41a9b0a03e74c", nr: "a659fd06e1746600",
		gir:    "276255c3eaace5c6db32b609aa86c0ef07bba4bf2dc4c262995efd95ca607c3f",
		girNew: "bb4015f7727b35532021336a9e4a6370ac8729b01fbb8f15d52236820fac4709",
		spiI:   "ff43c5c689b95481", spiR: "e2ba607f30079bb7",
		skeyseed: "d6e74966b75fd2afab48be319d63d97c8a5d2ffe2e320763a462c664b36c3a944067d867c3a55fd8a7e5cca64b22e24415987e15549f09a81b455adaa5303df8",
		keymat: "22259105314717dc73c210919ee9cb3ded774dc087e866aa3960404c0ed7b8e78e79b993888388e2e5cb238d4bfcb4cdee9d" +
			"a074a26e329d6c2f2f660cc9c711c941a2fb3d85a2e5d01e579c8f2c9d00fa6fabe76a137b00c7ff1b291899906588c26f07" +
			"3d819063238c4c844f0f8d221b65b76dbc9ed6f6368e5dba86b3e81b60eb44a1",
		rekeySkeyseed: "ecdaf3ccb990abc898a453b03fd56f9975275f150e1e571b0560b3cb2ee67289e82b899cdc2129fd821fe8aebea796f190765c25798f5883f923526551f16a4b",
	},
}

// RFC 7296 §2.14, §2.17 and §2.18.
func TestKeyDerivation(t *testing.T) {
	for _, v := range derivations {
		t.Run(v.name, func(t *testing.T) {
			prf := mustPRF(t, v.prf)
			ni, nr := unhex(t, v.ni), unhex(t, v.nr)
			// SKEYSEED = prf(Ni | Nr, g^ir)
			skeyseed := prf.Sum(append(bytes.Clone(ni), nr...), unhex(t, v.gir))
			check(t, "SKEYSEED", skeyseed, v.skeyseed)
			// {SK_d | ...} = prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr)
			keymat := prf.Plus(skeyseed, len(v.keymat)/2, ni, nr, unhex(t, v.spiI), unhex(t, v.spiR))
			check(t, "keys", keymat, v.keymat)
			skD := keymat[:prf.Size()]
			// SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr)
			check(t, "SKEYSEED of the rekey", prf.Sum(skD, unhex(t, v.girNew), ni, nr), v.rekeySkeyseed)
			if v.child == "" {
				return
			}
			// KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr)
			check(t, "KEYMAT", prf.Plus(skD, len(v.child)/2, ni, nr), v.child)
			check(t, "KEYMAT with a key exchange", prf.Plus(skD, len(v.childKE)/2, unhex(t, v.girNew), ni, nr), v.childKE)
		})
	}
}

// hmacs are the vectors of RFC 4231 §4 and, with SHA-1, RFC 2202 §3; those with a truncated result are left out.
var hmacs = []struct {
	name      string
	key, data []byte
	want      map[uint16]string
}{
	{"case 1", fill(0x0b, 20), []byte("Hi There"), map[uint16]string{
		wire.PRF_HMAC_SHA1:     "b617318655057264e28bc0b6fb378c8ef146be00",
		wire.PRF_HMAC_SHA2_256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		wire.PRF_HMAC_SHA2_384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
		wire.PRF_HMAC_SHA2_512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
	}},
	{"case 2", []byte("Jefe"), []byte("what do ya want for nothing?"), map[uint16]string{
		wire.PRF_HMAC_SHA1:     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		wire.PRF_HMAC_SHA2_256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		wire.PRF_HMAC_SHA2_384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
		wire.PRF_HMAC_SHA2_512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	}},
	{"case 3", fill(0xaa, 20), fill(0xdd, 50), map[uint16]string{
		wire.PRF_HMAC_SHA1:     "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
		wire.PRF_HMAC_SHA2_256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
		wire.PRF_HMAC_SHA2_384: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
		wire.PRF_HMAC_SHA2_512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
	}},
	{"case 4", count(1, 25), fill(0xcd, 50), map[uint16]string{
		wire.PRF_HMAC_SHA1:     "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
		wire.PRF_HMAC_SHA2_256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
		wire.PRF_HMAC_SHA2_384: "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
		wire.PRF_HMAC_SHA2_512: "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
	}},
	{"case 6", fill(0xaa, 131), []byte("Test Using Larger Than Block-Size Key - Hash Key First"), map[uint16]string{
		wire.PRF_HMAC_SHA2_256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
		wire.PRF_HMAC_SHA2_384: "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
		wire.PRF_HMAC_SHA2_512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
	}},
	{"case 6 of RFC 2202", fill(0xaa, 80), []byte("Test Using Larger Than Block-Size Key - Hash Key First"), map[uint16]string{
		wire.PRF_HMAC_SHA1: "aa4ae5e15272d00e95705637ce8a3b55ed402112",
	}},
	{"case 7", fill(0xaa, 131), []byte("This is a test using a larger than block-size key and a larger than block-size d" +
		"ata. The key needs to be hashed before being used by the HMAC algorithm."), map[uint16]string{
		wire.PRF_HMAC_SHA2_256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
		wire.PRF_HMAC_SHA2_384: "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
		wire.PRF_HMAC_SHA2_512: "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
	}},
	{"case 7 of RFC 2202", fill(0xaa, 80), []byte("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"), map[uint16]string{
		wire.PRF_HMAC_SHA1: "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
	}},
}

func TestSum(t *testing.T) {
	for _, v := range hmacs {
		for id, want := range v.want {
			prf := mustPRF(t, id)
			check(t, v.name, prf.Sum(v.key, v.data), want)
			// The parts are one string, wherever they are cut.
			for i := range v.data {
				check(t, v.name, prf.Sum(v.key, v.data[:i], nil, v.data[i:]), want)
			}
		}
	}
}

func TestNewPRF(t *testing.T) {
	sizes := map[uint16]int{wire.PRF_HMAC_SHA1: 20, wire.PRF_HMAC_SHA2_256: 32, wire.PRF_HMAC_SHA2_384: 48, wire.PRF_HMAC_SHA2_512: 64}
	for id := range uint16(1024) {
		prf, err := NewPRF(id)
		size, ok := sizes[id]
		if (err == nil) != ok {
			t.Errorf("NewPRF(%d): %v, want implemented %v", id, err, ok)
		}
		if ok && (prf.ID() != id || prf.Size() != size) {
			t.Errorf("NewPRF(%d): ID %d size %d, want size %d", id, prf.ID(), prf.Size(), size)
		}
	}
}

// A longer output begins with the shorter one, at every length, up to the 255 blocks that are defined (RFC 7296 §2.13).
func TestPlusLengths(t *testing.T) {
	prf := mustPRF(t, wire.PRF_HMAC_SHA1)
	most := 255 * prf.Size()
	long := prf.Plus([]byte("key"), most, []byte("seed"))
	if len(long) != most {
		t.Fatalf("got %d octets, want %d", len(long), most)
	}
	for n := range 200 {
		if got := prf.Plus([]byte("key"), n, []byte("se"), []byte("ed")); !bytes.Equal(got, long[:n]) {
			t.Errorf("%d octets: got %x, want %x", n, got, long[:n])
		}
	}
	// The last block is prf(K, T254 | S | 255).
	last := prf.Sum([]byte("key"), long[253*20:254*20], []byte("seed"), []byte{255})
	if !bytes.Equal(last, long[254*20:]) {
		t.Errorf("block 255: got %x, want %x", long[254*20:], last)
	}
	defer func() {
		if recover() == nil {
			t.Error("256 blocks did not panic")
		}
	}()
	prf.Plus([]byte("key"), most+1, []byte("seed"))
}
