package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"seikan/internal/logging"
)

const sessionUp = "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.2:500 Id: 192.0.2.2"

// say logs a message.
func say(t *testing.T, l *logging.Log, text string) {
	t.Helper()
	object := fmt.Sprintf("{\"level\":\"info\",\"time\":\"2026-03-01T00:00:00.000Z\",\"message\":%q}\n", text)
	if _, err := l.Write([]byte(object)); err != nil {
		t.Fatal(err)
	}
}

// startLogServer serves a log at a socket.
func startLogServer(t *testing.T, l *logging.Log) (c Client, stop func()) {
	t.Helper()
	path := socketPath(t)
	listener, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	info := fakeInfo
	info.Log = l
	go func() { ended <- Serve(ctx, listener, &fakeBackend{}, info) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return Client{Socket: path}, stop
}

func TestLoggingCommands(t *testing.T) {
	l := logging.New(logging.Config{}, logging.Options{})
	l.Tick(time.Now(), "*")
	say(t, l, sessionUp)
	info := fakeInfo
	info.Log = l
	with, without := &shell{backend: &fakeBackend{}, info: info}, &shell{backend: &fakeBackend{}}
	const line = "*Mar  1 00:00:00.000: " + sessionUp + "\n"
	for _, tt := range []struct {
		s    *shell
		line string
		want string
		o    outcome
	}{
		{with, "show logging | begin Log Buffer", "Log Buffer (65536 bytes):\n\n" + line, done},
		{with, "sh log | i SESSION_STATUS", line, done},
		{with, "show logging json | include \"message\"", "        \"message\": \"" + sessionUp + "\"\n", done},
		{with, "clear logging", "", done},
		{with, "show logging | count CRYPTO", "Number of lines which match regexp = 0\n", done},
		{with, "terminal monitor", "", watching},
		{with, "ter mon", "", watching},
		{with, "terminal no monitor", "", unwatching},
		{with, "terminal no", incomplete, refused},
		{without, "show logging", string(noLog) + "\n", refused},
		{without, "clear logging", string(noLog) + "\n", refused},
		{without, "terminal monitor", string(noLog) + "\n", refused},
	} {
		var out bytes.Buffer
		o, err := tt.s.execute(t.Context(), tt.line, false, &out)
		if o != tt.o || err != nil || out.String() != tt.want {
			t.Errorf("%s: got %v, %v, %q; want %v, %q", tt.line, o, err, out.String(), tt.o, tt.want)
		}
	}
}

// screen is a terminal whose text can be waited for.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newScreen() *screen { return &screen{changed: make(chan struct{}, 1)} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	s.text.Write(b)
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits until a text has come, and forgets all before its end.
func (s *screen) wait(t *testing.T, text string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		_, rest, found := strings.Cut(s.text.String(), text)
		if found {
			s.text.Reset()
			s.text.WriteString(rest)
		}
		s.mu.Unlock()
		if found {
			return
		}
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("no %q in %q", text, s)
		}
	}
}

// Messages come to a terminal while that is on, between what its operator types and reads.
func TestTerminalMonitor(t *testing.T) {
	l := logging.New(logging.Config{Monitor: logging.LevelOf(logging.Notice)}, logging.Options{})
	c, stop := startLogServer(t, l)
	keys, typing := io.Pipe()
	out := newScreen()
	ended := make(chan error, 1)
	go func() { ended <- c.Converse(t.Context(), screenOf(keys, out)) }()
	enter := func(line string) {
		if _, err := io.WriteString(typing, line); err != nil {
			t.Fatal(err)
		}
	}
	enter("terminal monitor\rshow version\r")
	out.wait(t, "Version 1\r\n")
	say(t, l, "%SYS-6-X: not for this level")
	say(t, l, sessionUp)
	out.wait(t, "Mar  1 00:00:00.000: "+sessionUp+"\r\n")
	enter("terminal monitor\rshow ver") // again, and half a command
	out.wait(t, "show ver")
	say(t, l, "%X-5-Y: over the command that is being typed")
	out.wait(t, "%X-5-Y: over the command that is being typed\r\n")
	out.wait(t, "gwA#show ver")
	enter("sion\r")
	out.wait(t, "Version 1\r\n")
	if n := len(l.State().Terminals); n != 1 {
		t.Errorf("%d terminals have messages, want 1", n)
	}

	enter("terminal no monitor\rshow version\r")
	out.wait(t, "Version 1\r\n")
	say(t, l, "%X-5-Y: unheard")
	enter("terminal monitor\rshow version\r")
	out.wait(t, "Version 1\r\n")
	say(t, l, "%X-5-Y: heard")
	out.wait(t, "%X-5-Y: heard\r\n")
	if strings.Contains(out.String(), "unheard") {
		t.Errorf("got %q", out)
	}

	stop()
	out.wait(t, "% cli: the router has ended the connection\r\n")
	enter("exit\r\x04")
	typing.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// `terminal monitor` alone goes on until it is interrupted; a file of commands is no terminal.
func TestMonitorWithoutTerminal(t *testing.T) {
	l := logging.New(logging.Config{}, logging.Options{})
	c, _ := startLogServer(t, l)
	out := newScreen()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, "terminal monitor", out) }()
	for len(l.State().Terminals) == 0 {
		runtime.Gosched() // nothing tells
	}
	say(t, l, sessionUp)
	out.wait(t, sessionUp+"\n")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	var text bytes.Buffer
	err := c.Batch(t.Context(), strings.NewReader("terminal monitor\nshow version\n"), &text)
	if want := "% Only a terminal has messages\nSeikan Software, Version 1\n"; err != ErrRefused || text.String() != want {
		t.Errorf("got %v, %q; want %v, %q", err, text.String(), ErrRefused, want)
	}
}

// A terminal that reads nothing loses messages, and is told how many where they are missing.
func TestSlowMonitor(t *testing.T) {
	l := logging.New(logging.Config{}, logging.Options{})
	c, _ := startLogServer(t, l)
	conn, err := net.Dial("unix", c.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := writeFrame(conn, frameMonitor, nil); err != nil {
		t.Fatal(err)
	}
	if err := began(conn); err != nil {
		t.Fatal(err)
	}
	for i := 0; i%100 > 0 || l.State().Dropped < 2; i++ {
		if i > 1_000_000 {
			t.Fatal("nothing was lost")
		}
		say(t, l, fmt.Sprintf("%%X-5-Y: number %d", i))
	}
	next := 0
	for {
		_, text, err := readFrame(conn, maxText)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%%X-5-Y: number %d\n", next); strings.HasSuffix(string(text), want) {
			next++
			continue
		}
		if want := fmt.Sprintf("%%SYS-4-LOGGING_LOST: %d messages lost\n", l.State().Dropped); !strings.HasSuffix(string(text), want) {
			t.Errorf("after %d messages: got %q, want %q", next, text, want)
		}
		return
	}
}

func TestTooManyMonitors(t *testing.T) {
	l := logging.New(logging.Config{}, logging.Options{})
	c, _ := startLogServer(t, l)
	var open []*messages
	var err error
	for range 100 {
		var m *messages
		if m, err = c.monitor(t.Context(), io.Discard); err != nil {
			break
		}
		open = append(open, m)
	}
	if err == nil || !strings.Contains(err.Error(), "too many terminals") || len(open) >= maxClients {
		t.Errorf("got %d, %v", len(open), err)
	}
	if err := c.Run(t.Context(), "show version", io.Discard); err != nil {
		t.Errorf("a command beside them: %v", err)
	}
	for _, m := range open {
		m.close()
		<-m.ended
		if m.err != nil {
			t.Error(m.err)
		}
	}
}

func TestMonitorGarbage(t *testing.T) {
	for _, in := range []string{"", "t\x00\x01", "d\x00\x00", "t\x00\x05% no\n"} {
		if err := began(strings.NewReader(in)); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("%q: got %v", in, err)
		}
	}
}
