package suite

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// unhex decodes hexadecimal digits with blanks anywhere.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check compares octets with what hexadecimal digits say.
func check(t testing.TB, what string, got []byte, want string) {
	t.Helper()
	if w := unhex(t, want); !bytes.Equal(got, w) {
		t.Errorf("%s: got %x, want %x", what, got, w)
	}
}

func mustPRF(t testing.TB, id uint16) PRF {
	t.Helper()
	p, err := NewPRF(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fill is n octets c.
func fill(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }

// count is n octets that go up from first.
func count(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}
