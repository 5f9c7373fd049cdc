package config

import (
	"encoding/hex"
	"strings"
	"testing"
)

// A key file gives keys that can be written down and read again, or errors in which nothing of it stands.
func FuzzParseKeys(f *testing.F) {
	for _, s := range []string{"", "one swordfish\ntwo hex 0a5c\n", "! c\n# c\n\n", "a", "a b c", "a hex zz", "a b\na c", "a <hidden>", "a \xff", "öl clé\r\n", "hex hex hex"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := ParseKeys("fuzz", text)
		if err != nil {
			list := errorsOf(t, err)
			if keys != nil || len(list) == 0 || len(list) > maxErrors {
				t.Fatalf("got keys %v and %d errors", keys != nil, len(list))
			}
			for _, e := range list {
				if e.Text != "" || e.Expected == "" || e.Line < 0 {
					t.Fatalf("got error %#v", e)
				}
			}
			return
		}
		var b strings.Builder
		for name, k := range keys {
			if len(k) == 0 || len(k) > maxKey || len(name) > maxName {
				t.Fatalf("key %q of %d octets", name, len(k))
			}
			b.WriteString(name + " hex " + hex.EncodeToString(k) + "\n")
		}
		again, err := ParseKeys("fuzz", []byte(b.String()))
		if err != nil || len(again) != len(keys) {
			t.Fatalf("written down: %v", err)
		}
		for name, k := range keys {
			if !again[name].Equal(k) {
				t.Fatalf("%q is another key", name)
			}
		}
	})
}
