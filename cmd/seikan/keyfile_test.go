package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/internal/config"
)

// wantNoKey checks that a text has none of the keys, in whatever way octets are written.
func wantNoKey(t *testing.T, where, text string, keys ...string) {
	t.Helper()
	for _, k := range keys {
		for _, s := range []string{k, hex.EncodeToString([]byte(k)), strings.ToUpper(hex.EncodeToString([]byte(k))), strings.Trim(fmt.Sprint([]byte(k)), "[]")} {
			if strings.Contains(text, s) {
				t.Errorf("%s has a key:\n%s", where, text)
			}
		}
	}
}

func TestReadKeys(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "keys")
	for _, tt := range []struct {
		name string
		make func() error
		want string // of the error; "": the key is read
	}{
		{"not there", func() error { return nil }, "no such file"},
		{"for its owner", func() error { return os.WriteFile(file, []byte("B swordfish\n"), 0o600) }, ""},
		{"read only", func() error { return os.Chmod(file, 0o400) }, ""},
		{"for the group", func() error { return os.Chmod(file, 0o640) }, "has mode 0640, want 0600 or 0400"},
		{"for all", func() error { return os.Chmod(file, 0o604) }, "has mode 0604, want 0600 or 0400"},
		{"executable", func() error { return os.Chmod(file, 0o700) }, "has mode 0700, want 0600 or 0400"},
		{"empty", func() error { return errors.Join(os.Chmod(file, 0o600), os.Truncate(file, 0)) }, ""},
		{"a line that is wrong", func() error { return os.WriteFile(file, []byte("B swordfish\nswordfish\n"), 0o600) }, file + ":2:\n% expected: a name and a key"},
		{"too large", func() error { return os.Truncate(file, maxKeyFile+5) }, "a text of at most 1048576 octets"},
		{"a directory", func() error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o700)) }, "is no regular file"},
		{"of another user", func() error {
			return errors.Join(os.Remove(file), os.WriteFile(file, []byte("B swordfish\n"), 0o600), os.Chown(file, os.Geteuid()+4711, -1))
		}, "belongs to another user"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "of another user" && os.Geteuid() != 0 {
				t.Skip("only root can give a file away")
			}
			if err := tt.make(); err != nil {
				t.Fatal(err)
			}
			keys, err := readKeys(file)
			switch {
			case tt.want == "" && (err != nil || tt.name != "empty" && string(keys["B"]) != "swordfish"):
				t.Errorf("got %d keys, %v", len(keys), err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
			wantNoKey(t, "the error", fmt.Sprint(err), "swordfish")
		})
	}
}

// The key file counts as it is: at `end`, at `configure replace`, and what is wrong with it is told and changes nothing.
func TestKeysAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "gw.conf"), filepath.Join(dir, "keys")
	text := "key file " + keys + "\n" + strings.Replace(startText, "pre-shared-key a-test-key", "pre-shared-key file B", 1)
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, text)
	m, err := config.Parse(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var force string // the key that is in force
	c := newConfiguration(zerolog.Nop(), file, m, buildConfig, func(_ context.Context, v version) ([]string, error) {
		force = string(v.built.IKE.Peers[0].LocalKey)
		return nil, nil
	})
	for _, tt := range []struct{ keys, commands, want, says string }{
		{"B swordfish-one\n", "configure terminal\nend\n", "swordfish-one", ""},
		{"B swordfish-two\n", "configure terminal\nhostname gw2\nend\n", "swordfish-two", ""},
		{"B swordfish-three\n", "configure replace " + file + "\n", "swordfish-three", ""},
		{"C swordfish-four\n", "configure terminal\nend\n", "swordfish-three", "% The configuration is not in force:\n%  " + file + ":6:\n  pre-shared-key file B\n                      ^\n% expected: name of a key in " + keys + "\n"},
		{"B\n", "configure replace " + file + "\n", "swordfish-three", keys + ":1:\n% expected: a name and a key: NAME KEY or NAME hex KEY\n"},
		{"B swordfish-five\n", "configure terminal\nend\n", "swordfish-five", ""},
		{"B swordfish-six\n", "write memory\nshow running-config\nshow startup-config\n", "swordfish-five", "  pre-shared-key file B\n"},
	} {
		write(keys, tt.keys)
		got := pasted(t, c, tt.commands)
		if force != tt.want || !strings.Contains(got, tt.says) || tt.says == "" && strings.Contains(got, "%") {
			t.Errorf("%q: the key in force is %q, want %q; got %q, want %q in it", tt.commands, force, tt.want, got, tt.says)
		}
		wantNoKey(t, tt.commands, got, "swordfish")
	}
	saved, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(saved), "pre-shared-key file B") || !strings.Contains(string(saved), "key file "+keys) {
		t.Errorf("saved is %q, %v", saved, err)
	}
	wantNoKey(t, "the saved configuration", string(saved), "swordfish")
}

const crashEnv = "SEIKAN_TEST_CRASH" // how the test's own program, run again, is to crash

// A program that crashes with keys in its memory and in the arguments of its functions prints none, whatever it panics with.
func TestCrashHidesKeys(t *testing.T) {
	if how := os.Getenv(crashEnv); how != "" {
		crash(t, how)
	}
	for _, how := range []string{"secret", "model", "built", "formatted", "error", "nil", "goroutine"} {
		t.Run(how, func(t *testing.T) {
			c := exec.Command(os.Args[0], "-test.run", "^TestCrashHidesKeys$", "-test.count=1")
			c.Env = append(os.Environ(), crashEnv+"="+how, "GOTRACEBACK=system")
			out, err := c.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "panic: ") || !strings.Contains(string(out), "crashWith") {
				t.Fatalf("it has not crashed: %v\n%s", err, out)
			}
			wantNoKey(t, "the trace", string(out), "swordfish-of-the-file", "swordfish-of-the-line")
		})
	}
}

// crash panics with keys at hand: those of a configuration, in a file and in lines.
func crash(t *testing.T, how string) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("B swordfish-of-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "key file " + keys + "\n" + strings.Replace(startText, "pre-shared-key a-test-key",
		"pre-shared-key local file B\n  pre-shared-key remote swordfish-of-the-line\n  ppk manual id q key swordfish-of-the-line", 1)
	m, err := config.Parse("gw.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := buildConfig(m)
	if err != nil || string(b.IKE.Peers[0].LocalKey) != "swordfish-of-the-file" || string(b.IKE.Peers[0].PPK.Key) != "swordfish-of-the-line" {
		t.Fatalf("the keys are not there: %v", err)
	}
	if how == "goroutine" {
		go crashWith("nil", m, b, b.IKE.Peers[0].LocalKey)
		select {}
	}
	crashWith(how, m, b, b.IKE.Peers[0].LocalKey)
}

//go:noinline
func crashWith(how string, m *config.Model, b config.Built, k esp.Secret) {
	switch how {
	case "secret":
		panic(k)
	case "model":
		panic(m)
	case "built":
		panic(b)
	case "formatted":
		panic(fmt.Sprintf("%v %+v %#v %s %x %v %+v %#v", k, k, k, k, k, m, b, b.IKE.Peers[0]))
	case "error":
		_, err := config.Parse("gw.conf", []byte(m.Text()+"crypto ikev2 keyring KR\n peer siteB\n  pre-shared-key swordfish-of-the-line x\n"))
		panic(err)
	}
	var none *config.Model
	panic(none.Hostname() + string(k))
}
