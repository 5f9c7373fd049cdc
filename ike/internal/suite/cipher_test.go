package suite

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"seikan/ike/wire"
)

// kind is one of the combinations that are implemented, with what RFC 5282, RFC 7634, RFC 3602, RFC 2404 and RFC 4868 say of it.
type kind struct {
	name              string
	encr              uint16
	keyBits           int
	integ             uint16
	encrLen, integLen int // octets of keying material
	iv, icv, block    int
}

func kinds() []kind {
	all := []kind{{"chacha20poly1305", wire.ENCR_CHACHA20_POLY1305, 0, 0, 36, 0, 8, 16, 1}}
	for _, bits := range []int{128, 192, 256} {
		all = append(all,
			kind{fmt.Sprintf("aes%dgcm", bits), wire.ENCR_AES_GCM_16, bits, 0, bits/8 + 4, 0, 8, 16, 1},
			kind{fmt.Sprintf("aes%d-sha1", bits), wire.ENCR_AES_CBC, bits, wire.AUTH_HMAC_SHA1_96, bits / 8, 20, 16, 12, 16},
			kind{fmt.Sprintf("aes%d-sha256", bits), wire.ENCR_AES_CBC, bits, wire.AUTH_HMAC_SHA2_256_128, bits / 8, 32, 16, 16, 16},
			kind{fmt.Sprintf("aes%d-sha384", bits), wire.ENCR_AES_CBC, bits, wire.AUTH_HMAC_SHA2_384_192, bits / 8, 48, 16, 24, 16},
			kind{fmt.Sprintf("aes%d-sha512", bits), wire.ENCR_AES_CBC, bits, wire.AUTH_HMAC_SHA2_512_256, bits / 8, 64, 16, 32, 16})
	}
	return all
}

// open makes the cipher with the keys of the vectors: 80 81 82 ... and the salt a0 a1 a2 a3 (RFC 7634), integrity 40 41 42 ...
func (k kind) open(t testing.TB) Cipher {
	t.Helper()
	key := count(0x80, k.encrLen)
	if k.integ == 0 {
		copy(key[k.encrLen-4:], count(0xa0, 4))
	}
	c, err := NewCipher(k.encr, k.keyBits, k.integ, key, count(0x40, k.integLen))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// notify is the payload of RFC 7634 Appendix B: SET_WINDOW_SIZE, 10.
const notify = "00 00 00 0c 00 00 40 01 00 00 00 0a"

// sealed are messages with one SK payload, made with the keys of kind.open, cut into header and body. The first is RFC 7634
// Appendix B; the others carry the same payload and were made with OpenSSL 4.0's ciphers and Python's hmac, the CBC ones with the
// padding 01 02 03.
var sealed = map[string][2]string{
	"chacha20poly1305": {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029", "10111213141516176103 94701f8d017f7c12924889 6b71bfe25236efd7cdc67066906315b2"},
	"aes128gcm":        {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029", "10111213141516179146c4ffacb89c2bc9f175a7fa300a7cc3736a7d6febaa1cde9ff2970d"},
	"aes192gcm":        {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029", "1011121314151617d5494373b78235a26210ae6e03b1114922ac43ca8547a2f5fc2b3eee34"},
	"aes256gcm":        {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029", "10111213141516179440c4dcb893200cfb55f6fdcc30045d78376cd938f8f24d89b4ab48f2"},
	"aes128-sha1":      {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004c29000030", "101112131415161718191a1b1c1d1e1f36d0240f93755c698a374466a01220634a183c3edbbfb4d8b49c83e4"},
	"aes128-sha256":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000005029000034", "101112131415161718191a1b1c1d1e1f36d0240f93755c698a374466a01220631ef4b420f4fa3fb00a9ac52146e64e6b"},
	"aes128-sha384":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e20250000000009000000582900003c", "101112131415161718191a1b1c1d1e1f36d0240f93755c698a374466a012206322f6a9af2dcdd5b3d8d7a14661147631a02c0d28354476b2"},
	"aes128-sha512":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000006029000044", "101112131415161718191a1b1c1d1e1f36d0240f93755c698a374466a012206315b3f08cccc8c384bba3ba521308d41d8fefee8d61b42434e7b55d8d211df0ad"},
	"aes192-sha1":      {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004c29000030", "101112131415161718191a1b1c1d1e1ffb25dd75ebfd0768328523756a737d69580b2328be60b838c553aa2a"},
	"aes192-sha256":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000005029000034", "101112131415161718191a1b1c1d1e1ffb25dd75ebfd0768328523756a737d69da27ee7eda2b725789eafe36f65d85e9"},
	"aes192-sha384":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e20250000000009000000582900003c", "101112131415161718191a1b1c1d1e1ffb25dd75ebfd0768328523756a737d694f7724b2bec58a60db0c84574652060ff63023828093772c"},
	"aes192-sha512":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000006029000044", "101112131415161718191a1b1c1d1e1ffb25dd75ebfd0768328523756a737d69e6a36dbb5714b39b1a89ae11671c360e4581c8aa912df065f5e273438b3a8052"},
	"aes256-sha1":      {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004c29000030", "101112131415161718191a1b1c1d1e1fb39978914c5bf17cd2f022e74b2bf5d7abb793ff839fa22a5b8d62d7"},
	"aes256-sha256":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000005029000034", "101112131415161718191a1b1c1d1e1fb39978914c5bf17cd2f022e74b2bf5d7a463c651b6b19c612aa13ba3491078a7"},
	"aes256-sha384":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e20250000000009000000582900003c", "101112131415161718191a1b1c1d1e1fb39978914c5bf17cd2f022e74b2bf5d7fc83c588d343aefbb7cb873f072dfe0ab054358c0e7979b3"},
	"aes256-sha512":    {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000006029000044", "101112131415161718191a1b1c1d1e1fb39978914c5bf17cd2f022e74b2bf5d7e5f32fd268ce5a97e224c0f204c35418972ed3d285a5f1119c8fb62bcfd2201c"},
}

func TestOpenVectors(t *testing.T) {
	for _, k := range kinds() {
		v, ok := sealed[k.name]
		if !ok {
			t.Errorf("%s: no vector", k.name)
			continue
		}
		got, err := k.open(t).Open(unhex(t, v[0]), unhex(t, v[1]))
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		check(t, k.name, got, notify)
	}
}

func TestCipherKeyLen(t *testing.T) {
	type arg struct {
		encr    uint16
		keyBits int
		integ   uint16
	}
	want := map[arg]kind{}
	for _, k := range kinds() {
		want[arg{k.encr, k.keyBits, k.integ}] = k
	}
	for encr := range uint16(40) {
		for _, bits := range []int{-8, 0, 64, 127, 128, 129, 160, 192, 224, 256, 512} {
			for integ := range uint16(20) {
				k, ok := want[arg{encr, bits, integ}]
				e, i, err := CipherKeyLen(encr, bits, integ)
				if (err == nil) != ok || e != k.encrLen || i != k.integLen {
					t.Errorf("CipherKeyLen(%d, %d, %d): got %d, %d, %v, want %d, %d", encr, bits, integ, e, i, err, k.encrLen, k.integLen)
				}
				if c, err := NewCipher(encr, bits, integ, make([]byte, k.encrLen), make([]byte, k.integLen)); (err == nil) != ok || (c != nil) != ok {
					t.Errorf("NewCipher(%d, %d, %d): got %v, %v", encr, bits, integ, c, err)
				}
			}
		}
	}
}

func TestNewCipherKeys(t *testing.T) {
	for _, k := range kinds() {
		for _, d := range [][2]int{{-1, 0}, {1, 0}, {0, 1}, {-k.encrLen, 0}, {4, 0}} {
			if c, err := NewCipher(k.encr, k.keyBits, k.integ, make([]byte, k.encrLen+d[0]), make([]byte, k.integLen+d[1])); err == nil {
				t.Errorf("%s: keys of %d and %d octets made %v", k.name, k.encrLen+d[0], k.integLen+d[1], c)
			}
		}
		// The keys are the caller's again afterwards.
		key, integ := count(1, k.encrLen), count(2, k.integLen)
		c, err := NewCipher(k.encr, k.keyBits, k.integ, key, integ)
		if err != nil {
			t.Fatal(err)
		}
		body := c.Seal(nil, []byte("header"), []byte("text"))
		clear(key)
		clear(integ)
		if _, err := c.Open([]byte("header"), body); err != nil {
			t.Errorf("%s: with the keys cleared: %v", k.name, err)
		}
	}
}

func TestSealOpen(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			header := unhex(t, sealed[k.name][0])
			out, in := k.open(t), k.open(t)
			ivs := map[string]bool{}
			for n := range 100 {
				text := count(byte(n), n)
				body := out.Seal([]byte("before"), header, text)
				if !bytes.HasPrefix(body, []byte("before")) {
					t.Fatalf("%d octets: Seal does not append: %x", n, body)
				}
				body = body[len("before"):]
				want := k.iv + (n/k.block+1)*k.block + k.icv
				if len(body) != want || out.SealedLen(n) != want {
					t.Errorf("%d octets: body of %d, SealedLen %d, want %d", n, len(body), out.SealedLen(n), want)
				}
				if iv := string(body[:k.iv]); ivs[iv] {
					t.Errorf("IV %x used twice", iv)
				} else {
					ivs[iv] = true
				}
				if n > 8 && bytes.Contains(body, text) {
					t.Errorf("%d octets: plaintext in the body", n)
				}
				sent := bytes.Clone(body)
				got, err := in.Open(header, body)
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%d octets: got %x, %v, want %x", n, got, err, text)
				}
				if !bytes.Equal(body, sent) {
					t.Errorf("%d octets: Open changed the body", n)
				}
			}
		})
	}
}

// What was changed anywhere does not open: every bit of body and header, every truncation, every other header or key.
func TestOpenRejects(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			c := k.open(t)
			header, body := unhex(t, sealed[k.name][0]), unhex(t, sealed[k.name][1])
			reject := func(name string, header, body []byte, want error) {
				t.Helper()
				if got, err := c.Open(header, body); !errors.Is(err, want) || got != nil {
					t.Errorf("%s: got %x, %v, want %v", name, got, err, want)
				}
			}
			for i := range len(body) * 8 {
				v := bytes.Clone(body)
				v[i/8] ^= 1 << (i % 8)
				reject(fmt.Sprintf("bit %d of the body", i), header, v, ErrICV)
			}
			for i := range len(header) * 8 {
				v := bytes.Clone(header)
				v[i/8] ^= 1 << (i % 8)
				reject(fmt.Sprintf("bit %d of the header", i), v, body, ErrICV)
			}
			for n := range body {
				want := ErrICV
				if n < c.SealedLen(0) || (n-k.iv-k.icv)%k.block != 0 {
					want = ErrShort
				}
				reject(fmt.Sprintf("first %d octets", n), header, body[:n], want)
			}
			for n := range header {
				reject(fmt.Sprintf("first %d octets of the header", n), header[:n], body, ErrICV)
			}
			reject("a longer header", append(bytes.Clone(header), 0), body, ErrICV)
			reject("an octet of the header moved to the body", header[:len(header)-1], append(header[len(header)-1:len(header):len(header)], body...), either(k, len(body)+1))
			reject("zeros", header, make([]byte, len(body)), ErrICV)
			// Blocks of the ciphertext in another order, the ICV of another message.
			other := c.Seal(nil, header, unhex(t, notify))
			if len(other) == len(body) {
				swapped := append(bytes.Clone(body[:len(body)-k.icv]), other[len(other)-k.icv:]...)
				reject("another message's ICV", header, swapped, ErrICV)
				swapped = append(bytes.Clone(other[:k.iv]), body[k.iv:]...)
				reject("another message's IV", header, swapped, ErrICV)
			}
		})
	}
}

// either is how a body of n octets is refused that does not authenticate.
func either(k kind, n int) error {
	if (n-k.iv-k.icv)%k.block != 0 {
		return ErrShort
	}
	return ErrICV
}

// Another key, salt or integrity key opens nothing.
func TestOpenWrongKey(t *testing.T) {
	for _, k := range kinds() {
		header, body := unhex(t, sealed[k.name][0]), unhex(t, sealed[k.name][1])
		for i := range k.encrLen + k.integLen {
			key, integ := count(0x80, k.encrLen), count(0x40, k.integLen)
			if k.integ == 0 {
				copy(key[k.encrLen-4:], count(0xa0, 4))
			} else if i < k.encrLen {
				continue // the encryption key of CBC is not authenticated: another one gives other text
			}
			if i < k.encrLen {
				key[i] ^= 1
			} else {
				integ[i-k.encrLen] ^= 1
			}
			c, err := NewCipher(k.encr, k.keyBits, k.integ, key, integ)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.Open(header, body); !errors.Is(err, ErrICV) {
				t.Errorf("%s, octet %d of the keys changed: got %x, %v", k.name, i, got, err)
			}
		}
	}
}

// The padding may hold anything and be longer than needed (RFC 7296 §3.14), but no longer than there is text.
func TestUnpad(t *testing.T) {
	long := append(count(1, 300), 255)
	for _, c := range []struct {
		name string
		in   []byte
		want []byte
		err  error
	}{
		{"none", []byte{1, 2, 3, 0}, []byte{1, 2, 3}, nil},
		{"some", []byte{1, 2, 3, 0xaa, 0xbb, 2}, []byte{1, 2, 3}, nil},
		{"most", long, long[:45], nil},
		{"nothing but padding", []byte{9, 9, 9, 3}, nil, nil},
		{"no text, no padding", []byte{0}, nil, nil},
		{"one too many", []byte{9, 9, 9, 4}, nil, ErrShort},
		{"many too many", []byte{9, 9, 9, 255}, nil, ErrShort},
		{"empty", nil, nil, ErrShort},
	} {
		got, err := unpad(c.in)
		if !errors.Is(err, c.err) || !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %x, %v, want %x, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func BenchmarkCipher(b *testing.B) {
	for _, k := range kinds() {
		c, header, text := k.open(b), make([]byte, 32), make([]byte, 256)
		b.Run("suite="+k.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := c.Open(header, c.Seal(nil, header, text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
