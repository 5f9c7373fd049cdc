package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// screenOf is a large screen.
func screenOf(in io.Reader, out io.Writer) Screen {
	return Screen{In: in, Out: out, Size: func() (int, int, error) { return 200, 50, nil }}
}

// typed gives an operator's keys to a conversation and returns what is on the screen.
func typed(t *testing.T, c Client, keys string) string {
	t.Helper()
	var screen bytes.Buffer
	term := &terminal{Screen: screenOf(strings.NewReader(keys), &screen), client: newConversation(c), prompt: "gwA#"}
	if err := term.converse(t.Context()); err != nil {
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
		{"help", "show ?version\r", []string{"gwA#show ?\r\n  access-lists ", "Version 1\r\n"}},
		{"words", "sh?", []string{"gwA#sh?\r\nshow\r\n"}},
		{"no help in an expression", "show version | count x?Seikan\r", []string{"regexp = 1\r\n"}},
		{"completion", "sh\tver\t\r", []string{"Version 1\r\n"}},
		{"completion of what is clear", "show\t\tver\t\t\r", []string{"Version 1\r\n"}},
		{"completion in front of more", "sh version\x01\x06\x06\t\r", []string{"Version 1\r\n"}},
		{"history", "show version\r\x1b[A\r", []string{"Version 1\r\n", "Version 1\r\n"}},
		{"history that is shown", "sh ver\rshow  clock\rshow  clock\rsho x\rconf t\rpeer one, two\rend\rshow history\r", []string{"\r\n  sh ver\r\n  show  clock\r\n  conf t\r\ngwA#"}},
		{"history that is filtered", "sh ver\rshow clock\rshow history | include ver\r", []string{"include ver\r\n  sh ver\r\ngwA#"}},
		{"configuration", "conf t\rpeer one, two\rexit\r", []string{"gwA#conf t\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\n", "gwA(config)#", "gwA(config-peer)#exit", "gwA(config)#"}},
		{"mistakes in a configuration", "conf t\rfoo\rbad\r", []string{"gwA(config)#foo\r\n            ^\r\n% Invalid input", "gwA(config)#bad\r\n               ^\r\n% Expected: something else"}},
		{"help in a configuration", "conf t\r?pe?\t1\r", []string{"  peer    A peer\r\n  permit  A rule\r\n", "peer  permit\r\n", "pe1"}},
		{"a command in a configuration", "conf t\rdo sh ver\r", []string{"Version 1\r\n", "gwA(config)#"}},
		{"a wrong command in a configuration", "conf t\rdo show x\r", []string{"do show x\r\n                    ^\r\n"}},
		{"end of a configuration", "conf t\rpeer one, two\rend\rshow version\r", []string{"\r\n% Not in force: an address\r\n", "gwA#show version"}},
		{"control-Z", "conf t\rpeer one, two\r\x1ashow version\r", []string{"(config-peer)#^Z\r\n", "Not in force", "gwA#", "Version 1\r\n"}},
		{"control-Z behind a line", "conf t\rpeer one, two\x1ashow version\r", []string{"(config)#peer one, two^Z\r\n", "Not in force", "gwA#", "Version 1\r\n"}},
		{"control-Z behind a mistake", "conf t\rpe\x1ashow version\r", []string{"(config)#pe^Z\r\n            ^\r\n% Invalid input", "Not in force", "gwA#", "Version 1\r\n"}},
		{"control-Z behind end", "conf t\rend\x1ashow version\r", []string{"(config)#end^Z\r\n% Not in force", "gwA#", "Version 1\r\n"}},
		{"control-Z without a configuration", "show ver\x1asion\r", []string{"gwA#show version\r\n", "Version 1\r\n"}},
		{"control-C", "show foo\x03show version\r", []string{"gwA#show foo^C\r\n", "gwA#", "Version 1\r\n"}},
		{"control-C in a configuration", "conf t\rpeer one, two\rpe\x03show version\r", []string{"(config-peer)#pe^C\r\n", "Not in force", "gwA#", "Version 1\r\n"}},
		{"control-V", "show version | count x\x16?\r", []string{"show version | count x?\r\n", "regexp = "}},
		{"control-V before what asks for help", "sho\x16?\r", []string{"sho?\r\n"}},
		{"do without a command", "conf t\rdo\r", []string{"do\r\n% Incomplete command."}},
		{"privilege given back in a configuration", "conf t\rdo disable\rpeer one, two\r", []string{"gwA>peer one, two\r\n", "% Invalid input"}},
		{"question", "clear logging\rnclear logging\r\rshow history\r", []string{"\r\nClear logging buffer [confirm]\r\ngwA#clear", "\r\nClear logging buffer [confirm]\r\ngwA#show", "\r\n  clear logging\r\ngwA#"}},
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

// One who has no privileged commands sees, completes and gives none, until the password is right.
func TestUser(t *testing.T) {
	b := &fakeBackend{}
	c, _ := startServer(t, b)
	enter := func(keys string) string {
		t.Helper()
		var out bytes.Buffer
		s := screenOf(strings.NewReader(keys), &out)
		c := c
		c.User = true
		s.Enable = func(ask func() (string, error)) error {
			switch p, err := ask(); {
			case err != nil:
				return err
			case p != "open sesame":
				return errors.New("Bad secrets")
			}
			return nil
		}
		if err := c.Converse(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, tt := range []struct {
		keys string
		want string
	}{
		{"show version\r", "gwA>show version\r\nSeikan Software"},
		{"show running-config\r", "gwA>show running-config\r\n         ^\r\n% Invalid input"},
		{"clear crypto session\r", "gwA>clear crypto session\r\n    ^\r\n% Invalid input"},
		{"configure terminal\r", "gwA>configure terminal\r\n    ^\r\n% Invalid input"},
		{"show start\r", "% Invalid input"},
		{"enable\ropen\x03show version\r", "Password: \r\ngwA>show version\r\nSeikan Software"},
		{"show logging\r", "% Invalid input"},
		{"terminal monitor\r", "% Invalid input"},
		{"write\r", "% Invalid input"},
		{"copy running-config startup-config\r", "% Invalid input"},
		{"rekey crypto ikev2\r", "% Invalid input"},
		{"co?", "% Unrecognized command"},
		{"show r\t\r", "% Invalid input"},
		{"enable\rwrong\rshow version\r", "gwA>enable\r\nPassword: \r\n% Bad secrets\r\ngwA>show version\r\nSeikan"},
		{"enable\ropen sesame\rshow run\r", "gwA#show run\r\nhostname gwA"},
		{"enable\ropen sesame\rdisable\rshow run\r", "gwA>show run\r\n         ^"},
	} {
		if got := enter(tt.keys); !strings.Contains(got, tt.want) {
			t.Errorf("%q: no %q in %q", tt.keys, tt.want, got)
		}
	}
	if cleared := b.takeCleared(); len(cleared) > 0 {
		t.Errorf("cleared %+v", cleared)
	}
	// Nothing that `enable` gives is there without it.
	var check func(n *node, words string)
	check = func(n *node, words string) {
		if n.privileged {
			if _, err := parse(words, true); err == nil {
				t.Errorf("%q is there", words)
			}
			return
		}
		for _, m := range n.next {
			check(m, words+" "+m.text)
		}
	}
	check(root, "")
}

// A screen that is full waits: a blank for the next one, a return for a line, anything else for no more.
func TestPaging(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	for _, tt := range []struct {
		keys  string
		lines int // of the answer
		waits int
	}{
		{"terminal length 4\rshow running-config\r  ", 6, 1},
		{"terminal length 3\rshow running-config\r  ", 6, 2},
		{"terminal length 4\rshow running-config\r\r\r\r", 6, 3},
		{"terminal length 4\rshow running-config\r\rq", 4, 2},
		{"terminal length 0\rshow running-config\r", 6, 0},
		{"terminal width 8\rterminal length 7\rshow running-config\r  ", 6, 2},
		{"terminal width 8\rterminal length 2\rshow running-config\r      ", 6, 5},
		{"terminal width 0\rterminal length 7\rshow running-config\r", 6, 0},
		{"terminal length 513\rshow running-config\r", 6, 0},
	} {
		got := typed(t, c, tt.keys)
		shown := 0
		for _, line := range []string{"hostname gwA\r", "crypto map CM 10", " set peer", " match address", "interface eth0", " crypto map CM\r"} {
			if strings.Contains(got, line) {
				shown++
			}
		}
		if waits := strings.Count(got, more); shown != tt.lines || waits != tt.waits {
			t.Errorf("%q: %d lines and %d waits, want %d and %d: %q", tt.keys, shown, waits, tt.lines, tt.waits, got)
		}
	}
}

// A line that is typed is broken where the operator says that the screen ends.
func TestWidth(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	for _, tt := range []struct {
		keys  string
		whole bool
	}{
		{"show version", true},
		{"terminal width 10\rshow version", false},
		{"terminal width 10\rterminal width 0\rshow version", true},
	} {
		if got := typed(t, c, tt.keys+"\r"); strings.Contains(got[strings.LastIndex(got[:len(got)-len("gwA#")], "gwA#"):], "show version\r") != tt.whole {
			t.Errorf("%q: got %q", tt.keys, got)
		}
	}
}

// What is typed and shown fits the screen as it is then, not as it was at the prompt or on the first page.
func TestResize(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	type step struct {
		width, height int64
		keys          string
		want          string // that the screen ends in then
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"wider", []step{{10, 50, "", "gwA#"}, {200, 50, "show version", "gwA#show version"}}},
		{"narrower", []step{{200, 50, "show", "gwA#show"}, {10, 50, " version", "show v\r\nersion"}}},
		{"higher", []step{{200, 3, "show running-config\r", " CM 10 ipsec-isakmp\r\n" + more}, {200, 50, " ", " crypto map CM\r\ngwA#"}}},
		{"lower", []step{{200, 4, "show running-config\r", " set peer 192.0.2.2\r\n" + more}, {200, 2, " ", " match address TO-B\r\n" + more}}},
		{"narrower than a page", []step{{200, 3, "show running-config\r", " CM 10 ipsec-isakmp\r\n" + more}, {10, 3, " ", " set peer 192.0.2.2\r\n" + more}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var screen answers
			var width, height atomic.Int64
			in, keys := io.Pipe()
			left := make(chan error, 1)
			width.Store(tt.steps[0].width)
			height.Store(tt.steps[0].height)
			s := Screen{In: in, Out: &screen, Size: func() (int, int, error) { return int(width.Load()), int(height.Load()), nil }}
			go func() { left <- c.Converse(t.Context(), s) }()
			for _, step := range tt.steps {
				width.Store(step.width)
				height.Store(step.height)
				if _, err := io.WriteString(keys, step.keys); err != nil {
					t.Fatal(err)
				}
				wait(t, step.want, func() bool { return strings.HasSuffix(screen.String(), step.want) })
			}
			keys.Close()
			if err := <-left; err != nil {
				t.Error(err)
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
