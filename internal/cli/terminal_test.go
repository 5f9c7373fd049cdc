package cli

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// typed gives an operator's keys to a conversation and returns what is on the screen.
func typed(t *testing.T, c Client, keys string) string {
	t.Helper()
	var screen bytes.Buffer
	term := &terminal{client: newConversation(c), prompt: "gwA#", size: func() (int, int, error) { return 200, 50, nil }}
	if err := term.converse(t.Context(), strings.NewReader(keys), &screen); err != nil {
		t.Fatal(err)
	}
	return screen.String()
}

func TestTerminal(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	for _, tt := range []struct {
		name, keys string
		want       []string
	}{
		{"command", "show version\r", []string{"gwA#", "Seikan Software, Version 1\r\n"}},
		{"mistake", "show x\r", []string{"\r\n         ^\r\n% Invalid input"}},
		{"help", "show ?version\r", []string{"gwA#show ?\r\n  crypto ", "Version 1\r\n"}},
		{"words", "sh?", []string{"gwA#sh?\r\nshow\r\n"}},
		{"no help in an expression", "show version | count x?Seikan\r", []string{"regexp = 1\r\n"}},
		{"completion", "sh\tver\t\r", []string{"Version 1\r\n"}},
		{"completion of what is clear", "show\t\tver\t\t\r", []string{"Version 1\r\n"}},
		{"completion in front of more", "sh version\x01\x06\x06\t\r", []string{"Version 1\r\n"}},
		{"history", "show version\r\x1b[A\r", []string{"Version 1\r\n", "Version 1\r\n"}},
		{"configuration", "conf t\rpeer one, two\rexit\r", []string{"gwA#conf t\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\n", "gwA(config)#", "gwA(config-peer)#exit", "gwA(config)#"}},
		{"mistakes in a configuration", "conf t\rfoo\rbad\r", []string{"gwA(config)#foo\r\n            ^\r\n% Invalid input", "gwA(config)#bad\r\n               ^\r\n% Expected: something else"}},
		{"help in a configuration", "conf t\r?pe?\t1\r", []string{"  peer    A peer\r\n  permit  A rule\r\n", "peer  permit\r\n", "pe1"}},
		{"a command in a configuration", "conf t\rdo sh ver\r", []string{"Version 1\r\n", "gwA(config)#"}},
		{"a wrong command in a configuration", "conf t\rdo show x\r", []string{"do show x\r\n                    ^\r\n"}},
		{"end of a configuration", "conf t\rpeer one, two\rend\rshow version\r", []string{"not in force:\r\n%  peer one: expected an address", "gwA#show version"}},
		{"control-Z", "conf t\rpeer one, two\rpe\x1ashow version\r", []string{"(config-peer)#pe^Z\r\n", "not in force", "gwA#", "Version 1\r\n"}},
		{"leave", "exit\rshow version\r", []string{"exit"}},
		{"end", "\x04", []string{"gwA#\r\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := typed(t, c, tt.keys)
			rest := got
			for _, w := range tt.want {
				_, after, ok := strings.Cut(rest, w)
				if !ok {
					t.Errorf("no %q in %q", w, got)
				}
				rest = after
			}
			if tt.name == "leave" && strings.Contains(got, "Version") {
				t.Errorf("went on: %q", got)
			}
		})
	}
}

// A router that is away is no reason to leave the terminal.
func TestTerminalWithoutRouter(t *testing.T) {
	got := typed(t, Client{Socket: socketPath(t)}, "show version\rshow ?\t")
	if n := strings.Count(got, "no router answers"); n != 2 {
		t.Errorf("said so %d times, want 2: %q", n, got)
	}
}

func TestInteractiveNeedsTerminal(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := c.Interactive(t.Context(), null, null); err == nil {
		t.Error("took /dev/null for a terminal")
	}
	if err := (Client{Socket: socketPath(t)}).Interactive(t.Context(), null, null); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("without a router: got %v", err)
	}
}
