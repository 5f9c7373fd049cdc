package logging

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever is logged makes one line of printable text, or no message.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"level":"info","time":"2026-03-01T00:00:00Z","message":"%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 10.2.2.9:500"}`))
	f.Add([]byte(`{"level":"warn","a":{"b":[1,null,"\n"]},"message":"x\u001b[2J"}`))
	f.Add([]byte(`{"message":"` + "\xff" + `"}`))
	f.Add([]byte(`{"a":1}{"b":2}`))
	f.Fuzz(func(t *testing.T, object []byte) {
		m, err := parse(object)
		if err != nil {
			return
		}
		mnemonic, severity, ok := CutMnemonic(m.Text)
		if !ok && len(m.Text) < maxText || mnemonic != m.Mnemonic || severity != m.Severity {
			t.Errorf("%q is no classic line of %q, %v", m.Text, m.Mnemonic, m.Severity)
		}
		if len(m.Text) > maxText || !utf8.ValidString(m.Text) {
			t.Errorf("%d octets, %q", len(m.Text), m.Text)
		}
		for _, c := range m.Text {
			if !unicode.IsPrint(c) {
				t.Errorf("%q has %U", m.Text, c)
			}
		}
	})
}
