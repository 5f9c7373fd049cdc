package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestParseKeys(t *testing.T) {
	got, err := ParseKeys("keys", []byte("! comment\n# another\n\n one swordfish-one\r\n\ttwo\thex 0a5c11bf  \nthree hex\nöl clé"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"one": "swordfish-one", "two": "\x0a\x5c\x11\xbf", "three": "hex", "öl": "clé"}
	for name, key := range want {
		if string(got[name]) != key {
			t.Errorf("%s: got %q, want %q", name, string(got[name]), key)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got names %v", slices.Sorted(maps.Keys(got)))
	}
	keep := got["one"]
	got.Clear()
	if strings.Trim(string(keep), "\x00") != "" {
		t.Error("Clear leaves a key")
	}
}

func TestParseKeysRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"no key", "a k\nswordfish", 2, "a name and a key: NAME KEY or NAME hex KEY"},
		{"a word more", "a swordfish b", 1, "a name and a key: NAME KEY or NAME hex KEY"},
		{"a name twice", "a swordfish-one\nb k\na swordfish-two", 3, "a name that line 1 does not have"},
		{"not hexadecimal", "a hex swordfish", 1, "a key of at most 128 octets in hexadecimal"},
		{"a long key", "a " + strings.Repeat("swordfish", 15), 1, "a key of at most 128 octets"},
		{"a long name", strings.Repeat("n", 64) + " swordfish", 1, "a name of at most 63 octets"},
		{"a placeholder", "a <hidden>", 1, "the key itself, as <hidden> only stands for it in a listing"},
		{"not text", "a swordfish\x00", 1, "printable characters in UTF-8"},
		{"not UTF-8", "a swordfish\xff", 1, "printable characters in UTF-8"},
		{"too much", strings.Repeat("#\n", maxText/2+1), 0, "a text of at most 1048576 octets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := ParseKeys("the-keys", []byte(tt.text))
			list := errorsOf(t, err)
			if keys != nil || len(list) != 1 || list[0].File != "the-keys" || list[0].Line != tt.line || list[0].Expected != tt.want {
				t.Fatalf("got %v, %v, want line %d, expected %q", keys, err, tt.line, tt.want)
			}
			wantNoSecret(t, "error", err.Error())
		})
	}
}

const keyFileText = "key file /etc/seikan/keys\n"

// A key by its name is the key, wherever it stands.
func TestBuildKeysOfFile(t *testing.T) {
	const keyLine, profile = "  pre-shared-key a-test-key", " keyring local KR"
	for _, tt := range []struct{ name, text, want string }{
		{"one for both", strings.Replace(siteText, keyLine, "  pre-shared-key file OURS", 1), "swordfish-one swordfish-one /"},
		{"one each, and a PPK", strings.Replace(siteText, keyLine, "  pre-shared-key local file OURS\n  pre-shared-key remote file THEIRS\n  ppk manual id q key file PPK", 1),
			"swordfish-one swordfish-two q/\x0a\x5c\x11\xbf"},
		{"of the profile", strings.NewReplacer("local pre-share", "local pre-share key file OURS", "remote pre-share", "remote pre-share key file THEIRS", profile+"\n", "").Replace(siteText),
			"swordfish-one swordfish-two /"},
		{"of the profile and of the keyring", strings.Replace(siteText, "local pre-share", "local pre-share key file OURS", 1), "swordfish-one a-test-key /"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := mustBuild(t, keyFileText+tt.text).IKE.Peers[0]
			if got := fmt.Sprintf("%s %s %s/%s", string(p.LocalKey), string(p.RemoteKey), p.PPK.ID, string(p.PPK.Key)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What the key file does not have is told at the line that wants it, and what is wrong in it at its own line.
func TestBuildKeysRefuses(t *testing.T) {
	named := strings.Replace(siteText, "  pre-shared-key a-test-key", "  pre-shared-key file OURS", 1)
	ask := func(text, keys string) error {
		e := env()
		if keys != "" {
			e.Keys = func(file string) (Keys, error) { return ParseKeys(file, []byte(keys)) }
		}
		_, err := mustParse(t, text).Build(e)
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"no such key", ask(keyFileText+named, "THEIRS swordfish"), "gw.conf:6:\n  pre-shared-key file OURS\n                      ^\n% expected: name of a key in /etc/seikan/keys"},
		{"a line that is wrong", ask(keyFileText+named, "OURS swordfish\nswordfish"), "/etc/seikan/keys:2:\n% expected: a name and a key: NAME KEY or NAME hex KEY"},
		{"no such file", ask("key file /nowhere\n"+named, ""), "gw.conf:1:\nkey file /nowhere\n         ^\n% expected: a file with keys (no such file)"},
	} {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("%s: got\n%v\nwant\n%s", tt.name, tt.err, tt.want)
		}
	}
	_, err := Parse("gw.conf", []byte(named))
	if want := "gw.conf:5:\n  pre-shared-key file OURS\n                      ^\n% expected: with it a line that names the key file: `key file PATH`"; err == nil || err.Error() != want {
		t.Errorf("no key file: got\n%v\nwant\n%s", err, want)
	}
	e := env()
	e.Keys = nil
	if _, err := mustParse(t, keyFileText+named).Build(e); err == nil || !strings.Contains(err.Error(), "this program reads no key file") {
		t.Errorf("a program that reads none: %v", err)
	}
}

// The configuration has the names, with its keys and without.
func TestKeyFileInText(t *testing.T) {
	m := mustParse(t, keyFileText+strings.Replace(siteText, "  pre-shared-key a-test-key", "  pre-shared-key file OURS\n  ppk manual id q key file PPK required", 1))
	for _, text := range []string{m.Text(), m.RunningConfig()} {
		for _, want := range []string{"\nkey file /etc/seikan/keys\n", "\n  pre-shared-key file OURS\n", "\n  ppk manual id q key file PPK required\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if again := mustParse(t, text); difference(m, again) != "" {
			t.Errorf("read again it differs in %s", difference(m, again))
		}
	}
	if !m.NamesKeyFile() || mustParse(t, siteText).NamesKeyFile() {
		t.Error("NamesKeyFile is wrong")
	}
}
