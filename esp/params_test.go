package esp

import (
	"bytes"
	"strings"
	"testing"
)

func TestParamsChecked(t *testing.T) {
	good := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false)
	for _, tt := range []struct {
		name   string
		change func(p *Params)
		seals  bool // a Sealer does not mind
	}{
		{"reserved SPI", func(p *Params) { p.SPI = 255 }, false},
		{"no key", func(p *Params) { p.Key = nil }, false},
		{"short key", func(p *Params) { p.Key = p.Key[1:] }, false},
		{"an integrity key too many", func(p *Params) { p.Auth = make(Secret, 20) }, false},
		{"unknown encryption", func(p *Params) { p.Suite.Encr = 99 }, false},
		{"unknown key length", func(p *Params) { p.Suite.KeyBits = 129 }, false},
		{"integrity beside a combined mode", func(p *Params) { p.Suite.Integ = AUTH_HMAC_SHA1_96 }, false},
		{"no integrity", func(p *Params) { p.Suite = Suite{Encr: ENCR_AES_CBC, KeyBits: 128}; p.Key = make(Secret, 16) }, false},
		{"nothing at all", func(p *Params) { p.Suite = Suite{Encr: ENCR_NULL}; p.Key = nil }, false},
		{"a number without ESN", func(p *Params) { p.FirstSeq = 1 << 32 }, false},
		{"window of 63", func(p *Params) { p.Window = 63 }, true},
		{"window of 100", func(p *Params) { p.Window = 100 }, true},
		{"window of 8256", func(p *Params) { p.Window = 8256 }, true},
	} {
		p := good
		tt.change(&p)
		if _, err := NewOpener(p); err == nil || !strings.HasPrefix(err.Error(), "esp: ") {
			t.Errorf("%s: opener: got %v", tt.name, err)
		}
		if _, err := NewSealer(p); (err == nil) != tt.seals {
			t.Errorf("%s: sealer: got %v", tt.name, err)
		}
	}
}

// An SA keeps copies of its keys: what the caller does with them afterwards does not matter.
func TestKeysCopied(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		kept := p
		kept.Key, kept.Auth = bytes.Clone(p.Key), bytes.Clone(p.Auth)
		s, o := newSealer(t, p), newOpener(t, p)
		p.Key.Clear()
		p.Auth.Clear()
		got := sealOne(t, s, ping(100), 4)
		if want := reference(kept, 1, p.Suite.layout().ivOf(got), padded(p.Suite, ping(100), 4)); !bytes.Equal(got, want) {
			t.Errorf("sealed with other keys: got %x, want %x", got, want)
		}
		if f := openOne(o, got); f.Err != nil || !bytes.Equal(f.Data, ping(100)) {
			t.Errorf("opened with other keys: %v", f.Err)
		}
	})
}
