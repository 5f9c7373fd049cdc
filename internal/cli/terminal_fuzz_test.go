package cli

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// Whatever is typed on a screen of whatever size, the conversation ends with what is typed, and a user clears nothing and configures nothing.
func FuzzTerminal(f *testing.F) {
	for _, keys := range []string{
		"show version\r", "sh?\t\r", "conf t\rpeer one, two\r\x1a", "conf t\rdo disable\rpeer one, two\r", "enable\rclear crypto session\r", "show crypto session\r qx",
		"terminal length 2\rshow run\r \r\x03", "\x16?\x1b[A\x1b[D\x0b\x19\x17\x0c", "\x1b[200~clear crypto session\r\x1b[201~", "terminal monitor\rterminal no monitor\r", "é\xff\x00日本\t?\r",
		"show version | redirect /nowhere/file\r",
	} {
		f.Add([]byte(keys), uint8(80), uint8(24))
		f.Add([]byte(keys), uint8(1), uint8(2))
	}
	dir, err := os.MkdirTemp("", "cli")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		f.Fatal(err)
	}
	b := &fakeBackend{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, b, fakeInfo) }()
	f.Cleanup(func() {
		cancel()
		<-ended
	})
	f.Fuzz(func(t *testing.T, keys []byte, width, height uint8) {
		if len(keys) > 300 {
			return
		}
		var out bytes.Buffer
		s := Screen{In: bytes.NewReader(keys), Out: &out, Size: func() (int, int, error) { return int(width), int(height), nil }}
		s.Enable = func(ask func() (string, error)) error {
			if _, err := ask(); err != nil {
				return err
			}
			return errFake
		}
		if err := (Client{Socket: path, User: true, Remote: true}).Converse(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if n := len(b.takeCleared()); n > 0 {
			t.Fatalf("cleared %d times", n)
		}
		if bytes.Contains(out.Bytes(), []byte("(config")) || utf8.Valid(keys) && !utf8.Valid(out.Bytes()) {
			t.Fatalf("got %q", out.Bytes())
		}
	})
}
