package esp

import (
	"strings"
	"testing"
)

// known is what the RFCs say of a suite, and the words of a transform set for it.
type known struct {
	suite             Suite
	words             string
	encrLen, integLen int // octets of keying material
	header, icv       int // octets before and behind what is encrypted
	block             int
}

func knownSuites() []known {
	all := []known{{Suite{Encr: ENCR_CHACHA20_POLY1305}, "esp-chacha20-poly1305", 36, 0, 16, 16, 4}}
	add := func(encr Encr, bits int, words string, encrLen, header, block int) {
		for _, i := range []struct {
			integ    Integ
			words    string
			len, icv int
		}{
			{AUTH_HMAC_SHA1_96, "esp-sha-hmac", 20, 12},
			{AUTH_HMAC_SHA2_256_128, "esp-sha256-hmac", 32, 16},
			{AUTH_HMAC_SHA2_384_192, "esp-sha384-hmac", 48, 24},
			{AUTH_HMAC_SHA2_512_256, "esp-sha512-hmac", 64, 32},
		} {
			all = append(all, known{Suite{encr, bits, i.integ}, words + " " + i.words, encrLen, i.len, header, i.icv, block})
		}
	}
	add(ENCR_NULL, 0, "esp-null", 0, 8, 4)
	for _, k := range []struct {
		bits          int
		cbc, ctr, gcm string
	}{
		{128, "esp-aes", "esp-aes-ctr 128", "esp-gcm 128"},
		{192, "esp-aes 192", "esp-aes-ctr 192", "esp-gcm 192"},
		{256, "esp-aes 256", "esp-aes-ctr 256", "esp-gcm 256"},
	} {
		all = append(all, known{Suite{Encr: ENCR_AES_GCM_16, KeyBits: k.bits}, k.gcm, k.bits/8 + 4, 0, 16, 16, 4})
		add(ENCR_AES_CBC, k.bits, k.cbc, k.bits/8, 24, 16)
		add(ENCR_AES_CTR, k.bits, k.ctr, k.bits/8+4, 16, 4)
	}
	return all
}

func TestSuites(t *testing.T) {
	all := knownSuites()
	if got, want := len(suites()), len(all); got != want {
		t.Errorf("the tests run with %d suites, want %d", got, want)
	}
	for _, k := range all {
		encr, integ := k.suite.KeyLen()
		if encr != k.encrLen || integ != k.integLen || k.suite.String() != k.words {
			t.Errorf("got %v with keys of %d and %d octets, want %s, %d, %d", k.suite, encr, integ, k.words, k.encrLen, k.integLen)
		}
		for _, n := range []int{0, 1, 2, 3, 13, 14, 15, 20, 1400, 65535} {
			text := n + 2
			for text%k.block != 0 {
				text++
			}
			if got, want := k.suite.SealedLen(n), k.header+text+k.icv; got != want {
				t.Errorf("%v: %d octets seal to %d, want %d", k.suite, n, got, want)
			}
		}
		if o := newOpener(t, testParams(k.suite, false)); o.HeaderLen() != k.header || o.Suite() != k.suite || o.SPI() != testSPI {
			t.Errorf("got an opener of %v, SPI %v, header of %d octets; want %v, %v, %d", o.Suite(), o.SPI(), o.HeaderLen(), k.suite, testSPI, k.header)
		}
	}
}

// Check lets the suites pass that there are, and nothing else.
func TestSuiteCheck(t *testing.T) {
	good := make(map[Suite]bool)
	for _, k := range knownSuites() {
		good[k.suite] = true
	}
	for encr := range Encr(40) {
		for _, bits := range []int{-8, 0, 1, 64, 127, 128, 160, 192, 224, 256, 512} {
			for integ := range Integ(20) {
				s := Suite{encr, bits, integ}
				err := s.Check()
				if (err == nil) != good[s] || err != nil && !strings.HasPrefix(err.Error(), "esp: ") {
					t.Errorf("%v: got %v, want it good: %v", s, err, good[s])
				}
			}
		}
	}
}

func TestStrings(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{SPI(0xc0de).String(), "0x0000C0DE"},
		{Suite{}.String(), "esp-encr-0"},
		{Suite{Encr: 3, Integ: 9}.String(), "esp-encr-3 esp-integ-9"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
