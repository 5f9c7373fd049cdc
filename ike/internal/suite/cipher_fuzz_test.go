package suite

import (
	"bytes"
	"errors"
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
		// As a body from the network: with these keys only the vector is genuine.
		genuine := bytes.Equal(header, unhex(t, sealed[k.name][0])) && bytes.Equal(body, unhex(t, sealed[k.name][1]))
		if got, err := c.Open(header, body); (err == nil) != genuine || (err != nil && !errors.Is(err, ErrICV) && !errors.Is(err, ErrShort)) {
			t.Errorf("%s: opened %x: %x, %v", k.name, body, got, err)
		}
		// As a plaintext.
		got, err := c.Open(header, c.Seal(nil, header, body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: sealed %x, opened %x, %v", k.name, body, got, err)
		}
	})
}
