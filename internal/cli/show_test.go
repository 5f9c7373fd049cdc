package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seikan/session"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with testdata/name.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// shown is every command that shows something, in full.
func shown(n *node, path string) (all []string) {
	for _, next := range n.next {
		all = append(all, shown(next, path+" "+next.text)...)
	}
	if n.pipe {
		all = append(all, path)
		for _, o := range n.options {
			if o.value == nil && o.next == nil && o != asJSON && o != byIKEv2 {
				all = append(all, path+" "+o.text)
			}
		}
	}
	return all
}

// Every show command, in both styles, for people and for programs.
func TestShow(t *testing.T) {
	var b strings.Builder
	for _, n := range root.next {
		if n.text != "show" {
			continue
		}
		for _, line := range shown(n, "show") {
			p := newParser(false)
			if err := p.takeAll(tokens(line)); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			variants := []string{line, line + " | format xe"}
			for _, o := range p.node.options {
				if o == asJSON {
					variants = append(variants, line+" json")
				}
			}
			for _, v := range variants {
				s := &shell{backend: &fakeBackend{}, info: fakeInfo, settings: settings{history: []string{"show version", "configure terminal"}}}
				var out bytes.Buffer
				if o, err := s.execute(t.Context(), v, false, &out); o != done || err != nil {
					t.Errorf("%s: got outcome %d, %v", v, o, err)
				}
				if strings.HasSuffix(v, " json") && !json.Valid(out.Bytes()) {
					t.Errorf("%s: not JSON:\n%s", v, out.String())
				}
				b.WriteString("gwA#" + v + "\n" + out.String())
			}
		}
	}
	golden(t, "show", b.String())
}

// Programs have every listing as JSON, but for those that are listed here with why not.
func TestShowJSON(t *testing.T) {
	without := map[string]string{
		"show running-config": "the language of the configuration is for programs as it is",
		"show startup-config": "the same",
		"show tech-support":   "the text of many commands, for people elsewhere",
	}
	var check func(n *node, path string)
	check = func(n *node, path string) {
		for _, next := range n.next {
			check(next, path+" "+next.text)
		}
		if n.run == nil {
			return
		}
		why := without[path]
		delete(without, path)
		if !n.pipe {
			t.Errorf("%s: its output cannot be filtered", path)
		}
		if takes := slices.Contains(n.options, asJSON); takes == (why != "") {
			t.Errorf("%s: takes json %v, listed %q", path, takes, why)
		}
	}
	check(root.next[slices.IndexFunc(root.next, func(n *node) bool { return n.text == "show" })], "show")
	for path := range without {
		t.Errorf("%s is no command", path)
	}
}

// The style is that of the command, else of the terminal, else of the configuration.
func TestFormat(t *testing.T) {
	info := fakeInfo
	s := &shell{backend: &fakeBackend{}, info: info}
	isXE := func(line string) bool {
		t.Helper()
		var out bytes.Buffer
		if o, err := s.execute(t.Context(), line, false, &out); o != done || err != nil {
			t.Fatalf("%s: %d, %v, %s", line, o, err, out.String())
		}
		return strings.Contains(out.String(), "IKEv2 SA:")
	}
	steps := []struct {
		before, line string
		want         bool
	}{
		{"", "show crypto session", false},
		{"", "show crypto session | format xe", true},
		{"", "show crypto session", false},
		{"", "show crypto session | format xe | include IKE", true},
		{"terminal crypto-format xe", "show crypto session", true},
		{"", "show crypto session | format classic", false},
		{"terminal crypto-format classic", "show crypto session", false},
	}
	for _, step := range steps {
		if step.before != "" {
			isXE(step.before)
		}
		if got := isXE(step.line); got != step.want {
			t.Errorf("after %q, %s: got xe %v", step.before, step.line, got)
		}
	}
	s = &shell{backend: &fakeBackend{}, info: info}
	s.info.Format = func() session.Format { return session.XE }
	if !isXE("show crypto session") || isXE("show crypto session | format classic") {
		t.Error("as configured: got classic, or xe against the command")
	}
	isXE("terminal crypto-format classic")
	if isXE("show crypto session") {
		t.Error("at a terminal that wants classic: got xe")
	}
}

func TestSettings(t *testing.T) {
	for _, text := range []string{
		"", "keeps", "keeps files", "keeps files user", "keeps files format=xe", "keeps files length=24 format=classic", "keeps files format=xe file=/tmp/a b",
		"keeps config=", "keeps config=crypto+map+CM+10+ipsec-isakmp,a%2Cb%2520",
	} {
		keep, file := cutFile(text)
		s := parseSettings(keep)
		s.file = file
		if got := s.String(); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	if s := parseSettings("what format=blue format="); s.format != nil || s.files {
		t.Errorf("got %+v, want nothing", s)
	}
}

// What is set at a terminal holds for its next commands, and for no other's.
func TestTerminalFormat(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	talk := newConversation(c)
	run := func(line string) string {
		t.Helper()
		var out bytes.Buffer
		if _, err := talk.run(t.Context(), frameExecute, line, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := run("show crypto session | include Session ID"); got != "" {
		t.Errorf("before: got %q", got)
	}
	run("terminal crypto-format xe")
	run("show version")
	if got, want := run("show crypto session | include Session ID"), "  Session ID: 3  \n"; got != want {
		t.Errorf("after: got %q, want %q", got, want)
	}
	talk = newConversation(c)
	if got := run("show crypto session | include Session ID"); got != "" {
		t.Errorf("at another terminal: got %q", got)
	}
}

func TestRedirect(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	file := filepath.Join(t.TempDir(), "a file")
	var out bytes.Buffer
	if err := c.Run(t.Context(), "show crypto session | format xe | redirect "+file, &out); err != nil || out.Len() > 0 {
		t.Fatalf("got %v, on the screen %q", err, out.String())
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "Session ID: 3") {
		t.Errorf("in the file: got %q, %v", text, err)
	}
	if err := c.Run(t.Context(), "show crypto session fvrf BLUE | redirect "+file+"2", &out); !errors.Is(err, ErrRefused) {
		t.Errorf("refused: got %v", err)
	}
	if _, err := os.Stat(file + "2"); err == nil {
		t.Error("a command that was refused has made a file")
	}
	out.Reset()
	dir := t.TempDir()
	if err := c.Run(t.Context(), "show version | redirect "+dir, &out); err != ErrRefused || out.String() != "% open "+dir+": is a directory\n" {
		t.Errorf("what is no file: got %v, %q", err, out.String())
	}
	if err := c.Run(t.Context(), "show version | redirect /dev/null", io.Discard); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("a device was replaced: %v, %v", info, err)
	}
	if err := redirect("show version", "/tmp/x", nil); err == nil {
		t.Error("a file that the command does not name was written")
	}
}
