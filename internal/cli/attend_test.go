package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"seikan/internal/ping"
)

// answers is a screen on which somebody waits for what appears.
type answers struct {
	mu   sync.Mutex
	text strings.Builder
}

func (a *answers) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(b)
}

func (a *answers) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

// wait waits until something is true.
func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// operator is somebody at a terminal of the router's own machine.
type operator struct {
	keys   *io.PipeWriter
	screen answers
	left   chan error
}

func sit(t *testing.T, c Client) *operator {
	t.Helper()
	r, w := io.Pipe()
	o := &operator{keys: w, left: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { o.left <- c.Converse(ctx, screenOf(r, &o.screen)) }()
	t.Cleanup(func() { cancel(); w.Close() })
	return o
}

func (o *operator) give(t *testing.T, keys, want string) {
	t.Helper()
	if _, err := io.WriteString(o.keys, keys); err != nil {
		t.Fatal(err)
	}
	wait(t, want+" behind "+keys, func() bool { return strings.Contains(o.screen.String(), want) })
}

// A terminal of this machine has a line, which another operator ends: wherever it is, with what it has configured told of as its own.
func TestClearLine(t *testing.T) {
	config, lines := &toldConfig{}, new(Lines)
	var cleared []string
	lines.Cleared = func(u User, by string) { cleared = append(cleared, by) }
	c, _ := startInfoServer(t, func(i *Info) {
		i.Config, i.Lines = config, lines
		i.Ping = func(ctx context.Context, _ ping.Request, _ func(ping.Result) error) error {
			<-ctx.Done()
			return ctx.Err()
		}
	})
	self := peerOfTest(t)
	for _, tt := range []struct{ name, keys, want string }{
		{"at the prompt", "show cl", "show cl"},
		{"in a configuration", "conf t\rpeer one, two\r", "(config-peer)#"},
		{"at a full screen", "terminal length 3\rshow run\r", more},
		{"at a question", "clear line vty 7\r", "[confirm]"},
		{"in what is shown as it is made", "ping 192.0.2.1 repeat 1000\r", "Sending"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config.by, cleared = nil, nil
			one := sit(t, c)
			wait(t, "a line", func() bool { return len(lines.Users()) == 1 })
			one.give(t, tt.keys, tt.want)
			var out bytes.Buffer
			if err := c.Run(t.Context(), "clear line vty 0", &out); err != nil || out.String() != " [OK]\n" {
				t.Fatalf("clear: got %q, %v", out.String(), err)
			}
			if err := <-one.left; err != nil {
				t.Error(err)
			}
			if got := one.screen.String(); !strings.HasSuffix(got, "\r\n% Line vty 0 was cleared by console: the session ends.\r\n") {
				t.Errorf("on the screen: %q", got)
			}
			wait(t, "a free line", func() bool { return len(lines.Users()) == 0 })
			if len(cleared) != 1 || cleared[0] != "console" {
				t.Errorf("cleared by %q", cleared)
			}
			if tt.name == "in a configuration" && (len(config.by) != 1 || config.by[0] != self+" on vty0") {
				t.Errorf("configured by %q, want %s", config.by, self)
			}
		})
	}
}

// An operator at a terminal is asked, may not end his own, and needs the privileged commands.
func TestClearLineAsks(t *testing.T) {
	lines := new(Lines)
	ended := make(chan string, 1)
	lines.Enter("ann", netip.MustParseAddr("192.0.2.1"), func(why string) { ended <- why })
	c, _ := startInfoServer(t, func(i *Info) { i.Lines = lines })
	for _, tt := range []struct {
		keys, want string
		ends       bool
	}{
		{"clear line vty 0\r\r", "gwA#clear line vty 0\r\n[confirm]\r\n [OK]\r\ngwA#", true},
		{"clear line 1\ry", "[confirm]\r\n [OK]\r\n", true},
		{"clear line vty 0\rn", "[confirm]\r\ngwA#", false},
		{"clear line vty 0\r\x03", "[confirm]\r\ngwA#", false},
		{"conf t\rdo clear line vty 0\r\r", "[confirm]\r\n [OK]\r\ngwA(config)#", true},
		{"clear line vty 1\r", "\r\n% Not allowed to clear current line\r\n", false},
		{"clear line 2\r", "\r\n% Not allowed to clear current line\r\n", false},
		{"clear line vty 5\r\r", "[confirm]\r\n [OK]\r\n", false},
		{"clear line vty\r", "% Incomplete command.", false},
		{"clear line\r", "% Incomplete command.", false},
		{"clear line vty x\r", "% Invalid input", false},
		{"disable\rclear line vty 0\r\r", "gwA>clear line vty 0\r\n    ^\r\n% Invalid input", false},
	} {
		var screen bytes.Buffer
		if err := c.Converse(t.Context(), screenOf(strings.NewReader(tt.keys), &screen)); err != nil {
			t.Fatal(err)
		}
		why := ""
		select {
		case why = <-ended:
		default:
		}
		if got := screen.String(); !strings.Contains(got, tt.want) || (why != "") != tt.ends {
			t.Errorf("%q: ended %q, screen %q, want %q in it", tt.keys, why, got, tt.want)
		}
		wait(t, "a free line", func() bool { return len(lines.Users()) == 1 })
	}
	c.Line = 1
	var out bytes.Buffer
	if err := c.Run(t.Context(), "clear line vty 0", &out); !errors.Is(err, ErrRefused) || len(ended) > 0 {
		t.Errorf("own line, without a terminal: got %v, %q", err, out.String())
	}
}

// A terminal that is killed in the middle of a configuration that it has changed is told of by the router, once; one that has told of it is not.
func TestKilledWhileConfiguring(t *testing.T) {
	config, lines := &toldConfig{}, new(Lines)
	c, _ := startInfoServer(t, func(i *Info) { i.Config, i.Lines = config, lines })
	self := peerOfTest(t)
	for _, tt := range []struct {
		lines []string
		want  int
	}{
		{[]string{"configure terminal"}, 0},
		{[]string{"configure terminal", "peer one, two"}, 1},
		{[]string{"configure terminal", "peer one, two", "end"}, 1},
		{[]string{"configure terminal", "peer one, two", "end", "configure terminal"}, 1},
	} {
		seat := c.attend(t.Context(), func(error) {})
		talk := newConversation(Client{Socket: c.Socket, Line: seat.number})
		for _, line := range tt.lines {
			if _, err := talk.run(t.Context(), frameTyped, line, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		seat.leave()
		wait(t, "a free line", func() bool { return len(lines.Users()) == 0 })
		config.mu.Lock()
		if len(config.by) != tt.want || tt.want > 0 && config.by[0] != self+" on vty0" {
			t.Errorf("%q: told of %q, want %d times", tt.lines, config.by, tt.want)
		}
		config.by = nil
		config.mu.Unlock()
	}
}

// There are as many lines as the server has room for; who comes then has none, and works all the same. One that becomes free is taken.
func TestLinesAreFew(t *testing.T) {
	lines := new(Lines)
	c, stop := startInfoServer(t, func(i *Info) { i.Lines = lines })
	var seats []*seat
	for range maxAttend {
		s := c.attend(t.Context(), func(error) {})
		if s == nil {
			t.Fatal("no line")
		}
		seats = append(seats, s)
	}
	late := sit(t, c)
	late.give(t, "show users\r", "*  0 con 0")
	seats[3].leave()
	wait(t, "the free line", func() bool {
		if _, err := io.WriteString(late.keys, "show users\r"); err != nil { // before each line it is tried
			t.Fatal(err)
		}
		return strings.Contains(late.screen.String(), "*  4 vty 3")
	})
	stop()
	for _, s := range seats {
		<-s.lost
	}
}
