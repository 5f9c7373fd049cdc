package esp

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// hidden fails the test if a text shows the secret "swordfish", or a part of it.
func hidden(t *testing.T, what, got string) {
	t.Helper()
	for _, leak := range []string{"swordfish", "73776f7264", "73776F7264", "115 119", "115,119", "0x73", "c3dvcmRm"} {
		if strings.Contains(got, leak) {
			t.Errorf("%s shows %q", what, got)
		}
	}
}

// A Secret does not show.
func TestSecretHidden(t *testing.T) {
	const word = "swordfish"
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false)
	p.Key = Secret(word)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U"} {
		for _, v := range []any{p.Key, &p.Key, p, &p, []Params{p}, map[string]Secret{"key": p.Key}, struct{ P any }{p}, []any{p.Key}} {
			hidden(t, fmt.Sprintf("%s of %T", verb, v), fmt.Sprintf(verb, v))
		}
		if got := fmt.Sprintf(verb, p.Key); got != redacted {
			t.Errorf("%s: got %q, want %q", verb, got, redacted)
		}
	}
	hidden(t, "an error", fmt.Sprint(fmt.Errorf("with %v", p.Key), p.check()))
	if text, err := p.Key.MarshalText(); err != nil || string(text) != redacted {
		t.Errorf("text: %s, %v", text, err)
	}
	for _, v := range []any{p.Key, p, map[string]any{"key": &p.Key}, []Secret{p.Key}} {
		got, err := json.Marshal(v)
		if err != nil || !bytes.Contains(got, []byte(redacted)) {
			t.Errorf("json: got %s, %v", got, err)
		}
		hidden(t, "json", string(got))
		if got, err = xml.Marshal(p); err != nil {
			t.Errorf("xml: %v", err)
		}
		hidden(t, "xml", string(got))
		for _, newHandler := range []func(w *bytes.Buffer) slog.Handler{
			func(w *bytes.Buffer) slog.Handler { return slog.NewTextHandler(w, nil) },
			func(w *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var out bytes.Buffer
			slog.New(newHandler(&out)).Info("made", "value", v)
			hidden(t, "log", out.String())
		}
	}
	if !p.Key.Equal(Secret(word)) || p.Key.Equal(Secret("swordfisx")) || p.Key.Equal(nil) {
		t.Error("Equal is wrong")
	}
	p.Key.Clear()
	if !bytes.Equal(p.Key, make([]byte, len(word))) {
		t.Error("Clear leaves something")
	}
}

// What is made of the keys does not show them either.
func TestStateHidden(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		copy(p.Key, "swordfish")
		copy(p.Auth, "swordfish")
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			hidden(t, verb+" of a Sealer", fmt.Sprintf(verb, newSealer(t, p)))
			hidden(t, verb+" of an Opener", fmt.Sprintf(verb, newOpener(t, p)))
		}
	})
}
