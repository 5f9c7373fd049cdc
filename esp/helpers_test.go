package esp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

const testSPI SPI = 0x01020304

// suites are all that there are.
func suites() []Suite {
	integs := []Integ{AUTH_HMAC_SHA1_96, AUTH_HMAC_SHA2_256_128, AUTH_HMAC_SHA2_384_192, AUTH_HMAC_SHA2_512_256}
	all := []Suite{{Encr: ENCR_CHACHA20_POLY1305}}
	for _, i := range integs {
		all = append(all, Suite{Encr: ENCR_NULL, Integ: i})
	}
	for _, bits := range []int{128, 192, 256} {
		all = append(all, Suite{Encr: ENCR_AES_GCM_16, KeyBits: bits})
		for _, i := range integs {
			all = append(all, Suite{Encr: ENCR_AES_CBC, KeyBits: bits, Integ: i}, Suite{Encr: ENCR_AES_CTR, KeyBits: bits, Integ: i})
		}
	}
	return all
}

// each runs f for every suite, without and with ESN.
func each(t *testing.T, f func(t *testing.T, p Params)) {
	for _, s := range suites() {
		for _, esn := range []bool{false, true} {
			name := strings.ReplaceAll(s.String(), " ", "-")
			if esn {
				name += "-esn"
			}
			t.Run(name, func(t *testing.T) { f(t, testParams(s, esn)) })
		}
	}
}

func testParams(s Suite, esn bool) Params {
	encr, integ := s.KeyLen()
	p := Params{SPI: testSPI, Suite: s, Key: make(Secret, encr), Auth: make(Secret, integ), ESN: esn}
	for i := range p.Key {
		p.Key[i] = byte(i*7 + 1)
	}
	for i := range p.Auth {
		p.Auth[i] = byte(i*5 + 2)
	}
	return p
}

func newSealer(t testing.TB, p Params) *Sealer {
	t.Helper()
	s, err := NewSealer(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newOpener(t testing.TB, p Params) *Opener {
	t.Helper()
	o, err := NewOpener(p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// sealOne is the ESP packet for one inner packet, in memory of its own.
func sealOne(t testing.TB, s *Sealer, inner []byte, next uint8) []byte {
	t.Helper()
	f := []Frame{{Data: inner, Next: next}}
	s.Seal(new(Scratch), make([]byte, 0, s.SealedLen(len(inner))), f)
	if f[0].Err != nil {
		t.Fatalf("seal: %v", f[0].Err)
	}
	return f[0].Data
}

// openOne opens a copy of one ESP packet.
func openOne(o *Opener, p []byte) Frame {
	f := []Frame{{Data: bytes.Clone(p)}}
	o.Open(new(Scratch), f)
	return f[0]
}

// ping is an IPv4 packet of n octets, at least 20, with the right total length.
func ping(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)
	}
	p[0] = 0x45
	binary.BigEndian.PutUint16(p[2:], uint16(n))
	return p
}

// ping6 is an IPv6 packet of n octets, at least 40, with the right payload length.
func ping6(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)
	}
	p[0] = 0x60
	binary.BigEndian.PutUint16(p[4:], uint16(n-ipv6Header))
	return p
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reference is ESP written down from the RFCs with nothing in mind but to be plain: the packet with number seq, the given
// IV, and the given octets as all that is encrypted: payload, padding and trailer.
func reference(p Params, seq uint64, iv, body []byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(p.SPI))
	header = binary.BigEndian.AppendUint32(header, uint32(seq))
	aad := header
	if p.ESN {
		aad = binary.BigEndian.AppendUint64(bytes.Clone(header[:4]), seq)
	}
	must := func(b cipher.Block, err error) cipher.Block {
		if err != nil {
			panic(err)
		}
		return b
	}
	var out []byte
	n := p.Suite.KeyBits / 8
	switch p.Suite.Encr {
	case ENCR_AES_GCM_16:
		aead, _ := cipher.NewGCM(must(aes.NewCipher(p.Key[:n])))
		return append(append(header, iv...), aead.Seal(nil, append(bytes.Clone(p.Key[n:]), iv...), body, aad)...)
	case ENCR_CHACHA20_POLY1305:
		aead, _ := chacha20poly1305.New(p.Key[:32])
		return append(append(header, iv...), aead.Seal(nil, append(bytes.Clone(p.Key[32:]), iv...), body, aad)...)
	case ENCR_NULL:
		out = append(header, body...)
	case ENCR_AES_CBC:
		ct := make([]byte, len(body))
		cipher.NewCBCEncrypter(must(aes.NewCipher(p.Key)), iv).CryptBlocks(ct, body)
		out = append(append(header, iv...), ct...)
	case ENCR_AES_CTR:
		ct := make([]byte, len(body))
		counter := append(append(bytes.Clone(p.Key[n:]), iv...), 0, 0, 0, 1)
		cipher.NewCTR(must(aes.NewCipher(p.Key[:n])), counter).XORKeyStream(ct, body)
		out = append(append(header, iv...), ct...)
	}
	h, icv := map[Integ]func() hash.Hash{
		AUTH_HMAC_SHA1_96: sha1.New, AUTH_HMAC_SHA2_256_128: sha256.New,
		AUTH_HMAC_SHA2_384_192: sha512.New384, AUTH_HMAC_SHA2_512_256: sha512.New,
	}[p.Suite.Integ], map[Integ]int{
		AUTH_HMAC_SHA1_96: 12, AUTH_HMAC_SHA2_256_128: 16, AUTH_HMAC_SHA2_384_192: 24, AUTH_HMAC_SHA2_512_256: 32,
	}[p.Suite.Integ]
	mac := hmac.New(h, p.Auth)
	mac.Write(out)
	if p.ESN {
		binary.Write(mac, binary.BigEndian, uint32(seq>>32))
	}
	return append(out, mac.Sum(nil)[:icv]...)
}

// padded is an inner packet with the padding and trailer that RFC 4303 §2.4 asks for.
func padded(s Suite, inner []byte, next uint8) []byte {
	block := 4
	if s.Encr == ENCR_AES_CBC {
		block = 16
	}
	body := bytes.Clone(inner)
	for i := 1; (len(body)+2)%block != 0; i++ {
		body = append(body, byte(i))
	}
	return append(body, byte(len(body)-len(inner)), next)
}

// testIV is some IV of the length that a suite has.
func testIV(s Suite) []byte {
	switch s.Encr {
	case ENCR_NULL:
		return nil
	case ENCR_AES_CBC:
		return []byte("sixteen octets..")
	}
	return []byte("8 octets")
}
