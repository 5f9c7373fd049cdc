package esp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
)

// vector is a published ESP packet of a combined mode algorithm. aad gives the SPI and the sequence number, and by its length whether
// that is an extended one. text is what is encrypted: payload, padding and trailer.
type vector struct {
	name                           string
	encr                           Encr
	key, nonce, aad, text, ct, tag string
}

// The packets of draft-mcgrew-gcm-test-01 §4 for RFC 4106, in their order, and the one of RFC 7634 appendix A.
func vectors() []vector {
	const gcm = ENCR_AES_GCM_16
	return []vector{
		{"gcm1", gcm, "4c80cdefbb5d10da906ac73c3613a634", "2e443b684956ed7e3b244cfe", "000043218765432100000000",
			"45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b000021000101020201",
			"fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732", "459018148f6cbe722fd04796562dfdb4"},
		{"gcm2", gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "0000a5f80000000a",
			"4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b00000100010001",
			"deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1", "83b70d3aa8bc6ee4c309e9d85a41ad4a"},
		{"gcm3", gcm, "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "112233440102030405060708", "4a2cbfe300000002",
			"4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
			"ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e", "b335f4eecfdbf831824b4c4915956c96"},
		{"gcm4", gcm, "00000000000000000000000000000000", "000000000000000000000000", "0000000000000001",
			"4500003c99c500008001cb7a40679318010101010800075c020044006162636465666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
			"4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719ffb64de7d9dca1e1d894bc3bd57873ed4d181d19d4d5c8c18af3", "f821d496eeb096e98ad2b69e4799c71d"},
		{"gcm5", gcm, "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
			"4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
			"fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320a", "e0d731cc978ecafaeae88f00e80d6e48"},
		{"gcm6", gcm, "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
			"4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
			"fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed", "369f071f35e034be95f112e4e7d05d35"},
		{"gcm7", gcm, "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabefacedbaddecaf888", "0000a5f80000000a",
			"45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
			"a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77", "95457b9652037f5318027b5b4cd7a636"},
		{"gcm8", gcm, "abbccddef00112233445566778899aab", "decaf888cafedebaceface74", "000001000000000000000001",
			"4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
			"18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68", "651f57e65f354f75ff17015769623436"},
		{"gcm9", gcm, "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "73616c74616e640169766563", "17405e67156f3126dd0db99b",
			"45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
			"f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e", "451626c2415771e3b7eebca614c89b35"},
		{"gcm10", gcm, "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
			"45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d65759d52284a0352c71475c8880391c764d6e5ee0496b325ae270c03899493915010101",
			"fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0c89ae9bea8884e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975", "cdb608c5769189609763b8e18caa81e2"},
		{"gcm11", gcm, "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "73616c74616e640169766563", "17405e67156f3126dd0db99b",
			"636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f67696573017468617477696c6c01646566696e65746f6d6f72726f7701020201",
			"d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df074113e14c641024e3e6773d91a62ee429b043a10e3efe6b012a49363412364f8", "c0cac587f249e56b11e24f30e44ccc76"},
		{"gcm12", gcm, "7d773d00c144c525ac619d18c84a3f47", "d966426743457e9182443bc6", "335467aeffffffff",
			"01020201", "437f866b", "cb3f699fe9b0822bac961c4504bef270"},
		{"gcm13", gcm, "abbccddef00112233445566778899aab", "decaf888cafedebaceface74", "000001000000000000000001",
			"746f016265016f72016e6f7401746f0162650001",
			"29c9fc69a197d038ccdd14e2ddfcaa0543332164", "412503524303ed3c6c5f283843af8c3e"},
		{"gcm14", gcm, "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961", "7475726e333021696765746d", "796b6963ffffffffffffffff",
			"45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
			"f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9", "d0937ba2945f669368661a329fb4c053"},
		{"rfc7634", ENCR_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "a0a1a2a31011121314151617", "0102030400000005",
			"45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
			"24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0", "76aaa8266b7fb0f7b11b36990 7e1ad43"},
	}
}

// params of a vector's SA, the packet's number, and the packet.
func (v vector) params(t testing.TB) (p Params, seq uint64, packet []byte) {
	nonce, aad, key := unhex(t, v.nonce), unhex(t, v.aad), unhex(t, v.key)
	p = Params{SPI: SPI(binary.BigEndian.Uint32(aad)), Suite: Suite{Encr: v.encr}, ESN: len(aad) == 12, Key: append(key, nonce[:4]...)}
	if v.encr == ENCR_AES_GCM_16 {
		p.Suite.KeyBits = len(key) * 8
	}
	seq = uint64(binary.BigEndian.Uint32(aad[4:]))
	if p.ESN {
		seq = binary.BigEndian.Uint64(aad[4:])
	}
	packet = append(packet, aad[:4]...)
	packet = binary.BigEndian.AppendUint32(packet, uint32(seq))
	packet = append(packet, nonce[4:]...)
	packet = append(packet, unhex(t, v.ct)...)
	return p, seq, append(packet, unhex(t, v.tag)...)
}

// TestVectorsSealed seals with the IVs of the vectors, which are not the ones that a Sealer would choose.
func TestVectorsSealed(t *testing.T) {
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			p, seq, want := v.params(t)
			alg, err := newAlgorithm(p, outbound)
			if err != nil {
				t.Fatal(err)
			}
			l := p.Suite.layout()
			got := bytes.Clone(want[:headerLen+l.iv])
			got = append(append(got, unhex(t, v.text)...), make([]byte, l.icv)...)
			alg.seal(new(Scratch), got, seq)
			if !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

func TestVectorsOpened(t *testing.T) {
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			p, seq, packet := v.params(t)
			if p.SPI == 0 { // no SPI of an SA, and nothing depends on which it is but the ICV
				alg, err := newAlgorithm(p, inbound)
				if err != nil {
					t.Fatal(err)
				}
				ok := alg.open(new(Scratch), packet, seq)
				if got, want := p.Suite.layout().bodyOf(packet), unhex(t, v.text); !ok || !bytes.Equal(got, want) {
					t.Errorf("got %v, %x\nwant %x", ok, got, want)
				}
				return
			}
			p.FirstSeq = seq - 1
			text := unhex(t, v.text)
			n := len(text) - 2
			wantNext, want := text[n+1], text[:n-int(text[n])]
			if f := openOne(newOpener(t, p), packet); f.Err != nil || f.Next != wantNext || !bytes.Equal(f.Data, want) {
				t.Errorf("got %v, next header %d, %x\nwant next header %d, %x", f.Err, f.Next, f.Data, wantNext, want)
			}
			if uint32(seq) == 0 {
				return // without ESN no packet has the number 0
			}
			p.ESN = !p.ESN // the ICV covers how long the number is
			if p.FirstSeq > p.lastSeq() {
				p.FirstSeq = uint64(uint32(p.FirstSeq))
			}
			if f := openOne(newOpener(t, p), packet); f.Err != ErrICV {
				t.Errorf("with ESN %v: got %v, want %v", p.ESN, f.Err, ErrICV)
			}
		})
	}
}

// TestVectorsCBC opens the ESP packets of RFC 3602 §4, cases 5 to 8. They have no ICV; we put one behind.
func TestVectorsCBC(t *testing.T) {
	for _, v := range []struct {
		name, key, packet, inner string
		next                     uint8
	}{
		{"case5", "90d382b410eeba7ad938c46cec1a82bf", "00004321 00000001 e96e8c08 ab465763 fd098d45 dd3ff893 f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856 a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a a269add0 47ad2d59 13ac19b7 cfbad4a6",
			"08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637", 1},
		{"case6", "90d382b410eeba7ad938c46cec1a82bf", "00004321 00000008 69d08df7 d203329d b093fc49 24e5bd80 f5199588 1ec4e0c4 488987ce 742e8109 689bb379 d2d750c0 d915dca3 46a89f75",
			"0800b5e8 a80a0500 a69c083d 0b660e00 77777777 77777777 77777777", 1},
		{"case7", "0123456789abcdef0123456789abcdef", "00008765 00000002 f4e76524 4f6407ad f13dc138 0f673f37 773b5241 a4c44922 5e4f3ce5 ed611b0c 237ca96c f74a9301 3c1b0ea1 a0cf70f8 e4ecaec7 8ac53aad 7a0f022b 859243c6 47752e94 a859352b 8a4d4d2d ecd136e5 c177f132 ad3fbfb2 201ac990 4c74ee0a 109e0ca1 e4dfe9d5 a100b842 f1c22f0d",
			"45000054 09040000 4001f988 c0a87b03 c0a87bc8 08009f76 a90a0100 b49c083d 02a20400 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637", 4},
		{"case8", "0123456789abcdef0123456789abcdef", "00008765 00000005 85d47224 b5f3dd5d 2101d4ea 8dffab22 15b92683 819596a8 047232cc 00f7048f e45318e1 1f8a0f62 ede3c3fc 61203bb5 0f980a08 c9843fd3 a1b06d5c 07ff9639 b7eb7dfb 3512e5de 435e7207 ed971ef3 d2726d9b 5ef6affc 6d17a0de cbb13892",
			"45000044 090c0000 4001f990 c0a87b03 c0a87bc8 0800d63c aa0a0200 c69c083d a3de0300 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff", 4},
	} {
		t.Run(v.name, func(t *testing.T) {
			packet, inner := unhex(t, v.packet), unhex(t, v.inner)
			p := Params{
				SPI:   SPI(binary.BigEndian.Uint32(packet)),
				Suite: Suite{Encr: ENCR_AES_CBC, KeyBits: 128, Integ: AUTH_HMAC_SHA2_256_128},
				Key:   unhex(t, v.key), Auth: make(Secret, 32),
			}
			mac := hmac.New(sha256.New, p.Auth)
			mac.Write(packet)
			packet = append(packet, mac.Sum(nil)[:16]...)
			if f := openOne(newOpener(t, p), packet); f.Err != nil || f.Next != v.next || !bytes.Equal(f.Data, inner) {
				t.Errorf("opened: got %v, next header %d, %x\nwant next header %d, %x", f.Err, f.Next, f.Data, v.next, inner)
			}

			alg, err := newAlgorithm(p, outbound)
			if err != nil {
				t.Fatal(err)
			}
			l := p.Suite.layout()
			got := append(bytes.Clone(packet[:headerLen+l.iv]), padded(p.Suite, inner, v.next)...)
			got = append(got, make([]byte, l.icv)...)
			alg.seal(new(Scratch), got, uint64(binary.BigEndian.Uint32(packet[4:])))
			if !bytes.Equal(got, packet) {
				t.Errorf("sealed: got  %x\nwant %x", got, packet)
			}
		})
	}
}

// TestVectorsCTR has the texts of RFC 3686 §6.
func TestVectorsCTR(t *testing.T) {
	const octets = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20212223"
	const message = "53696E676C6520626C6F636B206D7367"
	for _, v := range []struct{ name, key, iv, nonce, text, want string }{
		{"1", "AE6852F8121067CC4BF7A5765577F39E", "0000000000000000", "00000030", message, "E4095D4FB7A7B3792D6175A3261311B8"},
		{"2", "7E24067817FAE0D743D6CE1F32539163", "C0543B59DA48D90B", "006CB6DB", octets[:64], "5104A106168A72D9790D41EE8EDAD388EB2E1EFC46DA57C8FCE630DF9141BE28"},
		{"3", "7691BE035E5020A8AC6E618529F9A0DC", "27777F3F4A1786F0", "00E0017B", octets, "C1CF48A89F2FFDD9CF4652E9EFDB72D74540A42BDE6D7836D59A5CEAAEF3105325B2072F"},
		{"4", "16AF5B145FC9F579C175F93E3BFB0EED863D06CCFDB78515", "36733C147D6D93CB", "00000048", message, "4B55384FE259C9C84E7935A003CBE928"},
		{"5", "7C5CB2401B3DC33C19E7340819E0F69C678C3DB8E6F6A91A", "020C6EADC2CB500D", "0096B03B", octets[:64], "453243FC609B23327EDFAAFA7131CD9F8490701C5AD4A79CFC1FE0FF42F4FB00"},
		{"6", "02BF391EE8ECB159B959617B0965279BF59B60A786D3E0FE", "5CBD60278DCC0912", "0007BDFD", octets, "96893FC55E5C722F540B7DD1DDF7E758D288BC95C69165884536C811662F2188ABEE0935"},
		{"7", "776BEFF2851DB06F4C8A0542C8696F6C6A81AF1EEC96B4D37FC1D689E6C1C104", "DB5672C97AA8F0B2", "00000060", message, "145AD01DBF824EC7560863DC71E3E0C0"},
		{"8", "F6D66D6BD52D59BB0796365879EFF886C66DD51A5B6A99744B50590C87A23884", "C1585EF15A43D875", "00FAAC24", octets[:64], "F05E231B3894612C49EE000B804EB2A9B8306B508F839D6A5530831D9344AF1C"},
		{"9", "FF7A617CE69148E4F1726E2F43581DE2AA62D9F805532EDFF1EED687FB54153D", "51A51D70A1C11148", "001CC5B7", octets, "EB6C52821D0BBBF7CE7594462ACA4FAAB407DF866569FD07F48CC0B583D6071F1EC0E6B8"},
	} {
		t.Run(v.name, func(t *testing.T) {
			c, err := newCTR(unhex(t, v.key+v.nonce))
			if err != nil {
				t.Fatal(err)
			}
			got, want := unhex(t, v.text), unhex(t, v.want)
			c.crypt(new(Scratch), unhex(t, v.iv), got)
			if !bytes.Equal(got, want) {
				t.Errorf("got %x, want %x", got, want)
			}
		})
	}
}

// TestVectorPacket is the packet of RFC 7634 appendix A as it is printed there, behind its IP header.
func TestVectorPacket(t *testing.T) {
	packet := unhex(t, `01 02 03 04 00 00 00 05 10 11 12 13
		14 15 16 17 24 03 94 28 b9 7f 41 7e 3c 13 75 3a
		4f 05 08 7b 67 c3 52 e6 a7 fa b1 b9 82 d4 66 ef
		40 7a e5 c6 14 ee 80 99 d5 28 44 eb 61 aa 95 df
		ab 4c 02 f7 2a a7 1e 7c 4c 4f 64 c9 be fe 2f ac
		c6 38 e8 f3 cb ec 16 3f ac 46 9b 50 27 73 f6 fb
		94 e6 64 da 91 65 b8 28 29 f6 41 e0 76 aa a8 26
		6b 7f b0 f7 b1 1b 36 99 07 e1 ad 43`)
	inner := unhex(t, `45 00 00 54 a6 f2 00 00 40 01 e7 78 c6 33 64 05
		c0 00 02 05 08 00 5b 7a 3a 08 00 00 55 3b ec 10
		00 07 36 27 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13
		14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23
		24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33
		34 35 36 37`)
	keymat := unhex(t, `80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f
		90 91 92 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f
		a0 a1 a2 a3`)
	p := Params{SPI: 0x01020304, Suite: Suite{Encr: ENCR_CHACHA20_POLY1305}, Key: keymat, FirstSeq: 4}
	if f := openOne(newOpener(t, p), packet); f.Err != nil || f.Next != 4 || !bytes.Equal(f.Data, inner) {
		t.Errorf("opened: got %v, next header %d, %x, want %x", f.Err, f.Next, f.Data, inner)
	}
	got := sealOne(t, newSealer(t, p), inner, 4) // with the IV that we choose
	if want := reference(p, 5, got[headerLen:headerLen+8], padded(p.Suite, inner, 4)); !bytes.Equal(got, want) || len(got) != len(packet) {
		t.Errorf("sealed: got  %x\nwant %x", got, want)
	}
}

// TestVectorsHMAC has the authenticators of RFC 4868 §2.7.2 and, cut to 96 bits as RFC 2404 §2 does, cases of RFC 2202 §3.
func TestVectorsHMAC(t *testing.T) {
	dd, cd := strings.Repeat("dd", 50), strings.Repeat("cd", 50)
	const hi, jefe, what = "4869205468657265", "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
	for _, v := range []struct {
		integ           Integ
		key, data, want string
	}{
		{AUTH_HMAC_SHA1_96, strings.Repeat("0b", 20), hi, "b617318655057264e28bc0b6"},
		{AUTH_HMAC_SHA1_96, strings.Repeat("aa", 20), dd, "125d7342b9ac11cd91a39af4"},
		{AUTH_HMAC_SHA2_256_128, strings.Repeat("0b", 32), hi, "198a607eb44bfbc69903a0f1cf2bbdc5"},
		{AUTH_HMAC_SHA2_256_128, strings.Repeat(jefe, 8), what, "167f928588c5cc2eef8e3093caa0e87c"},
		{AUTH_HMAC_SHA2_256_128, strings.Repeat("aa", 32), dd, "cdcb1220d1ecccea91e53aba3092f962"},
		{AUTH_HMAC_SHA2_256_128, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", cd, "372efcf9b40b35c2115b1346903d2ef4"},
		{AUTH_HMAC_SHA2_384_192, strings.Repeat("0b", 48), hi, "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"},
		{AUTH_HMAC_SHA2_384_192, strings.Repeat(jefe, 12), what, "2c7353974f1842fd66d53c452ca42122b28c0b594cfb184d"},
		{AUTH_HMAC_SHA2_384_192, strings.Repeat("aa", 48), dd, "809f439be00274321d4a538652164b53554a508184a0c316"},
		{AUTH_HMAC_SHA2_384_192, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f200a0b0c0d0e0f10111213141516171819", cd, "5b540085c6e6358096532b2493609ed1cb298f774f87bb5c"},
		{AUTH_HMAC_SHA2_512_256, strings.Repeat("0b", 64), hi, "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
		{AUTH_HMAC_SHA2_512_256, strings.Repeat(jefe, 16), what, "cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454"},
		{AUTH_HMAC_SHA2_512_256, strings.Repeat("aa", 64), dd, "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8"},
	} {
		key, want := unhex(t, v.key), unhex(t, v.want)
		s, err := newSeparate(Params{Suite: Suite{Encr: ENCR_NULL, Integ: v.integ}, Auth: key}, outbound)
		if err != nil {
			t.Fatal(err)
		}
		packet := append(unhex(t, v.data), make([]byte, s.layout.icv)...)
		for range 2 { // the second time from the state that Reset restores
			if got := s.sum(new(Scratch), packet, 0); !bytes.Equal(got, want) {
				t.Errorf("integrity algorithm %d, key %x: got %x, want %x", v.integ, key, got, want)
			}
		}
	}
}
