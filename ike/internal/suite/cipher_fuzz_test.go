package suite

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzCipherOpen: no body makes a cipher panic; none but the ones it sealed opens, and those open to what was sealed.
func FuzzCipherOpen(f *testing.F) {
	all := kinds()
	for i, k := range all {
		v := sealed[k.name]
		f.Add(uint8(i), unhex(f, v[0]), unhex(f, v[1]))
		f.Add(uint8(i), []byte("header"), []byte("text"))
		f.Add(uint8(i), []byte{}, make([]byte, 64))
	}
	f.Fuzz(func(t *testing.T, which uint8, header, body []byte) {
		k := all[int(which)%len(all)]
		c := k.open(t)
		// As a body from the network: with these keys only the vector is genuine. What another key of the cipher made under the
		// same integrity key may pass, and decrypts to nonsense.
		is := func(name string) bool {
			return bytes.Equal(header, unhex(t, sealed[name][0])) && bytes.Equal(body, unhex(t, sealed[name][1]))
		}
		_, integ, _ := strings.Cut(k.name, "-")
		must, may := is(k.name), false
		for name := range sealed {
			_, other, _ := strings.Cut(name, "-")
			may = may || integ != "" && other == integ && is(name)
		}
		switch got, err := c.Open(header, body); {
		case err == nil && !must && !may, err != nil && must:
			t.Errorf("%s: opened %x: %x, %v", k.name, body, got, err)
		case err != nil && !errors.Is(err, ErrICV) && !errors.Is(err, ErrShort):
			t.Errorf("%s: got error %v", k.name, err)
		}
		// As a plaintext.
		got, err := c.Open(header, c.Seal(nil, header, body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: sealed %x, opened %x, %v", k.name, body, got, err)
		}
	})
}
