package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the line: no panic, text that a terminal can be trusted with, and whole lines.
func FuzzExecute(f *testing.F) {
	for _, line := range []string{
		"", "show crypto session", "sh cry sess det", "show crypto session remote 10.1.1.1 port 500 fvrf RED", "show run | section crypto",
		"show version | count .", "show ?", "sh?", "show version | i?", "clear crypto session local 2001:db8::1", "show x", "\x00\xff|", "e", "! |", "show version |",
	} {
		f.Add(line, true)
		f.Add(line, false)
	}
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	f.Fuzz(func(t *testing.T, line string, typed bool) {
		var out bytes.Buffer
		o, err := s.execute(t.Context(), line, typed, &out)
		if err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Errorf("%q: the answer %q does not end with a line", line, text)
		}
		if o == refused && text == "" {
			t.Errorf("%q: refused without a word", line)
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\x07\x00") {
			t.Errorf("%q: the answer %q is no text", line, text)
		}
		if got := complete(clean(line), false); !utf8.ValidString(got) || len(got) < len(clean(line)) {
			t.Errorf("%q: completed to %q", line, got)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("x\x00\x04show"))
	f.Add([]byte("x\xff\xff"))
	f.Add([]byte("t\x00\x02abd\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		k, payload, err := readFrame(r, maxLine)
		if err == nil {
			if len(payload) > maxLine {
				t.Fatalf("a payload of %d octets", len(payload))
			}
			var again bytes.Buffer
			if err := writeFrame(&again, k, payload); err != nil {
				t.Fatal(err)
			}
			if want := b[:len(b)-r.Len()]; !bytes.Equal(again.Bytes(), want) {
				t.Errorf("got %x, want %x", again.Bytes(), want)
			}
		}
		text, _, _, err := readReply(bytes.NewReader(b), noLive)
		if err == nil && len(text) > len(b) {
			t.Errorf("%d octets of text out of %d", len(text), len(b))
		}
	})
}
