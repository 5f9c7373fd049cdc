package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"seikan/session"
)

// socketPath is a path for a socket. That of t.TempDir may be too long for one.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cli")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "vty.sock")
}

// startServer serves b at a socket; stop ends it and waits.
func startServer(t *testing.T, b Backend) (c Client, stop func()) {
	t.Helper()
	return startInfo(t, b, fakeInfo)
}

// startInfoServer serves with something changed of what there is.
func startInfoServer(t *testing.T, change func(*Info)) (c Client, stop func()) {
	t.Helper()
	info := fakeInfo
	change(&info)
	return startInfo(t, &fakeBackend{}, info)
}

func startInfo(t *testing.T, b Backend, info Info) (c Client, stop func()) {
	t.Helper()
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, b, info) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return Client{Socket: path}, stop
}

func TestServe(t *testing.T) {
	b := &fakeBackend{}
	c, _ := startServer(t, b)
	for _, tt := range []struct {
		line, want string
		err        error
	}{
		{"show version", fakeInfo.Version + "\n", nil},
		{"clear crypto session", "", nil},
		{"exit", "", nil},
		{"show", incomplete, ErrRefused},
		{"show versoin", "show versoin\n         ^\n" + invalid, ErrRefused},
	} {
		var out bytes.Buffer
		if err := c.Run(t.Context(), tt.line, &out); err != tt.err || out.String() != tt.want {
			t.Errorf("%s: got %v, %q; want %v, %q", tt.line, err, out.String(), tt.err, tt.want)
		}
	}
	if got := b.takeCleared(); len(got) != 1 {
		t.Errorf("cleared %d times, want once", len(got))
	}
	var out bytes.Buffer
	if err := c.Run(t.Context(), strings.Repeat("x", maxLine+1), &out); err != ErrRefused || out.String() != longLine {
		t.Errorf("a long command: got %v, %q", err, out.String())
	}
	if err := c.Run(t.Context(), strings.Repeat("x", maxLine), io.Discard); !errors.Is(err, ErrRefused) {
		t.Errorf("the longest command: got %v, want %v", err, ErrRefused)
	}
}

const longLine = "% cli: a line has at most 2048 octets\n"

// What goes wrong with a line does not stop those behind it.
func TestBatch(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	for _, tt := range []struct {
		name, in, want string
		err            error
	}{
		{"nothing", "", "", nil},
		{"two", "show version\n\nshow version", "Seikan Software, Version 1\nSeikan Software, Version 1\n", nil},
		{"refused", "show\r\nshow version\n", incomplete + "Seikan Software, Version 1\n", ErrRefused},
		{"too long", strings.Repeat("x", maxLine+1) + "\nshow version\n", longLine + "Seikan Software, Version 1\n", ErrRefused},
		{"very much too long", strings.Repeat("x", 1<<17) + "\nshow version", longLine + "Seikan Software, Version 1\n", ErrRefused},
		{"too long, at the end", strings.Repeat("x", 1<<17), longLine, ErrRefused},
		{"file that cannot be", "show version | redirect /nowhere/x\nshow version\n", "% write /nowhere/x: no such file or directory\nSeikan Software, Version 1\n", ErrRefused},
		{"leave", "exit\nshow version\n", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := c.Batch(t.Context(), strings.NewReader(tt.in), &out); err != tt.err || out.String() != tt.want {
				t.Errorf("got %v, %q; want %v, %q", err, out.String(), tt.err, tt.want)
			}
		})
	}
}

// A reply may be longer than a frame.
func TestLongReply(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	text := strings.Repeat("a line of it\n", 1<<17)
	go func() { ended <- Serve(ctx, l, &fakeBackend{}, Info{RunningConfig: func() string { return text }}) }()
	var out bytes.Buffer
	if err := (Client{Socket: path}).Run(ctx, "show running-config", &out); err != nil || out.String() != text {
		t.Errorf("got %v and %d octets, want %d", err, out.Len(), len(text))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestNoRouter(t *testing.T) {
	path := socketPath(t)
	c := Client{Socket: path}
	err := c.Run(t.Context(), "show version", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no router answers on "+path) {
		t.Errorf("without a socket: got %v", err)
	}
	leaveStale(t, path)
	err = c.Run(t.Context(), "show version", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no router answers on "+path) {
		t.Errorf("with a stale socket: got %v", err)
	}
}

// leaveStale leaves a socket that nobody listens on, as a router that was killed does.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestListen(t *testing.T) {
	path := socketPath(t)
	leaveStale(t, path)
	l, err := Listen(path)
	if err != nil {
		t.Fatalf("with a stale socket: %v", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), fs.ModeSocket|0o660; got != want {
		t.Errorf("mode: got %v, want %v", got, want)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second time: got %v", err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	checkEmpty(t, filepath.Dir(path))
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left", e.Name())
	}
}

func TestListenLeavesOthersAlone(t *testing.T) {
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: got %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "mine" {
		t.Errorf("the file: got %q, %v", b, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", path); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a link: got %v", err)
	}
	if _, err := Listen(filepath.Join(filepath.Dir(path), "nowhere", "s")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: got %v", err)
	}
}

// Close leaves a socket that took the place of ours.
func TestCloseOfAnothersSocket(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	leaveStale(t, path)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

func TestGarbage(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	for _, tt := range []struct{ name, in string }{
		{"nothing", ""},
		{"half a header", "x\x00"},
		{"half a line", "x\x00\x10show"},
		{"too long", "x\xff\xff" + strings.Repeat("y", 1<<16)},
		{"unknown kind", "z\x00\x00"},
		{"a reply", "d\x00\x00"},
		{"another protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("unix", c.Socket)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, tt.in) // the server may have hung up
			_ = conn.(*net.UnixConn).CloseWrite()
			if got, _ := io.ReadAll(conn); len(got) > 0 {
				t.Errorf("answered %q", got)
			}
		})
	}
	if err := c.Run(t.Context(), "show version", io.Discard); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestConcurrentClients(t *testing.T) {
	b := &fakeBackend{}
	c, _ := startServer(t, b)
	const n = 3 * maxClients
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			var out bytes.Buffer
			if err := c.Run(t.Context(), "show crypto session", &out); err != nil || out.String() != title+first+"\n"+second {
				t.Errorf("got %v, %q", err, out.String())
			}
			if err := c.Run(t.Context(), "clear crypto session", io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := len(b.takeCleared()); got != n {
		t.Errorf("cleared %d times, want %d", got, n)
	}
}

// blocking is a backend that answers when its caller gives up.
type blocking struct {
	fakeBackend
	asked chan struct{}
}

func (b *blocking) ClearSAs(ctx context.Context, _ session.ClearRequest) (int, error) {
	b.asked <- struct{}{}
	<-ctx.Done()
	return 0, ctx.Err()
}

// The end of the server does not wait for clients that say nothing, nor for commands that take long.
func TestShutdown(t *testing.T) {
	b := &blocking{asked: make(chan struct{})}
	c, stop := startServer(t, b)
	idle, err := net.Dial("unix", c.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	failed := make(chan error, 1)
	go func() { failed <- c.Run(t.Context(), "clear crypto session", io.Discard) }()
	<-b.asked
	start := time.Now()
	stop()
	if took := time.Since(start); took > requestTime/2 {
		t.Errorf("took %v", took)
	}
	if err := <-failed; err == nil { // the connection has ended, or there was still time to say so
		t.Error("the command was carried out")
	}
	checkEmpty(t, filepath.Dir(c.Socket))
}

func TestServeListenerFails(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, &fakeBackend{}, fakeInfo); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}

func TestClientCancelled(t *testing.T) {
	b := &blocking{asked: make(chan struct{})}
	c, _ := startServer(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- c.Run(ctx, "clear crypto session", io.Discard) }()
	<-b.asked
	cancel()
	if err := <-failed; err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestReadReplyGarbage(t *testing.T) {
	for _, in := range []string{"", "t\x00\x01", "x\x00\x00", "t\x00\x01az\x00\x00", "t\xff\xff"} {
		if _, _, _, err := readReply(strings.NewReader(in), noLive); err == nil {
			t.Errorf("%q is a reply", in)
		}
	}
}
