package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"seikan"
	"seikan/esp"
	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/session"
)

// quiet is a router without sessions.
type quiet struct{}

func (quiet) Snapshot(context.Context) (session.Snapshot, error) { return session.Snapshot{}, nil }
func (quiet) Sessions(context.Context, session.Filter, session.Parts, func([]session.Session) error) error {
	return nil
}
func (quiet) Stats(context.Context) (seikan.Stats, error) { return seikan.Stats{}, nil }

// lockedBuffer is written to by one goroutine and read by another.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// freePort is an address that was free a moment ago.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// status is what /metrics answers there; 0: nobody listens.
func status(t *testing.T, at netip.AddrPort, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+at.String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// The listener follows the configuration; one that cannot be leaves what there was.
func TestMonitoring(t *testing.T) {
	const token = "a-test-token-of-some-length"
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first, second := freePort(t), freePort(t)
	with := func(m config.Monitor) config.Built { return config.Built{Hostname: "gwA", Monitor: &m} }

	var log lockedBuffer
	m := newMonitoring(zerolog.New(&log), quiet{})
	if err := m.open(with(config.Monitor{Listen: first})); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { m.run(ctx); close(ended) }()

	if code, body := status(t, first, ""); code != 200 || !strings.Contains(body, "seikan_build_info{") {
		t.Errorf("at the start: got %d", code)
	}
	for _, step := range []struct {
		name          string
		built         config.Built
		err           string
		first, second int // codes without a token
	}{
		{"the same again", with(config.Monitor{Listen: first}), "", 200, 0},
		{"a token", with(config.Monitor{Listen: first, Token: esp.Secret(token)}), "", 401, 0},
		{"a port that is taken", with(config.Monitor{Listen: netip.MustParseAddrPort(taken.Addr().String())}), "in use", 401, 0},
		{"no such file", with(config.Monitor{Listen: second, Certificate: "none", Key: "none"}), "no such file", 401, 0},
		{"open to all", with(config.Monitor{Listen: netip.MustParseAddrPort("0.0.0.0:0")}), "needs a token", 401, 0},
		{"elsewhere", with(config.Monitor{Listen: second}), "", 0, 200},
		{"off", config.Built{}, "", 0, 0},
		{"on again", with(config.Monitor{Listen: first}), "", 200, 0},
	} {
		switch err := m.change(ctx, step.built); {
		case step.err == "" && err != nil, step.err != "" && (err == nil || !strings.Contains(err.Error(), step.err)):
			t.Errorf("%s: got %v, want %q", step.name, err, step.err)
		}
		a, _ := status(t, first, "")
		b, _ := status(t, second, "")
		if a != step.first || b != step.second {
			t.Errorf("%s: got %d and %d, want %d and %d", step.name, a, b, step.first, step.second)
		}
		if code, _ := status(t, first, token); step.first == 401 && code != 200 {
			t.Errorf("%s: with the token got %d", step.name, code)
		}
	}
	cancel()
	<-ended
	if code, _ := status(t, first, ""); code != 0 {
		t.Errorf("in the end: got %d", code)
	}
	if err := m.close(); err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), token) {
		t.Errorf("the log has the token:\n%s", log.String())
	}
}

func TestMonitoringInTheClear(t *testing.T) {
	var log lockedBuffer
	m := newMonitoring(zerolog.New(&log), quiet{})
	built := config.Built{Monitor: &config.Monitor{Listen: netip.MustParseAddrPort("0.0.0.0:0"), Token: esp.Secret("a-test-token-of-some-length")}}
	if err := m.open(built); err != nil {
		t.Fatal(err)
	}
	if err := m.close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "in the clear") || strings.Contains(log.String(), "a-test-token") {
		t.Errorf("got log\n%s", log.String())
	}
}

// A configuration that comes back by its timer when the router has just ended does not wait for ever.
func TestMonitoringChangeAfterEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitoring(zerolog.Nop(), nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m.run(ctx)
		late, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Hour)
		defer cancel()
		if err := m.change(late, config.Built{}); !errors.Is(err, errMonitoringEnded) {
			t.Errorf("got %v", err)
		}
	})
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 1000 {
		if so() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s: not in 20 s", what)
}

// What cannot be opened, at the start or later, is opened once it can be; what is there stays meanwhile.
func TestMonitoringIsTriedAgain(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first, second := netip.MustParseAddrPort(taken.Addr().String()), freePort(t)
	at := func(a netip.AddrPort) config.Built { return config.Built{Monitor: &config.Monitor{Listen: a}} }
	m := newMonitoring(zerolog.Nop(), quiet{})
	if err := m.open(at(first)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("got %v, want that the address is in use", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { m.run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	if got := m.show(); got.At != first || !strings.Contains(got.Error, "in use") {
		t.Errorf("got %+v", got)
	}
	if err := m.change(ctx, at(second)); err != nil || m.show() != (cli.Access{At: second}) {
		t.Fatalf("got %v, %+v", err, m.show())
	}
	if err := m.change(ctx, at(first)); err == nil || m.show().At != first || m.show().Error == "" {
		t.Errorf("got %v, %+v, want an error", err, m.show())
	}
	if code, _ := status(t, second, ""); code != 200 {
		t.Errorf("where it was before: got %d", code)
	}
	taken.Close()
	eventually(t, "where it is to be", func() bool { code, _ := status(t, first, ""); return code == 200 })
	eventually(t, "no error", func() bool { return m.show() == cli.Access{At: first} })
	if code, _ := status(t, second, ""); code != 0 {
		t.Errorf("where it was before: got %d", code)
	}
}

func TestAgain(t *testing.T) {
	var a again
	one, two := errors.New("one"), errors.New("two")
	for i, step := range []struct {
		err  error
		wait time.Duration
		news bool
	}{
		{one, time.Second, true}, {one, 2 * time.Second, false}, {two, 4 * time.Second, true}, {two, 8 * time.Second, false},
		{nil, 0, false}, {one, time.Second, true},
	} {
		if wait, news := a.note(step.err); wait != step.wait || news != step.news {
			t.Errorf("step %d: got %v, %v, want %v, %v", i, wait, news, step.wait, step.news)
		}
	}
	for range 100 {
		if wait, _ := a.note(one); wait > lastAgain {
			t.Fatalf("got a wait of %v", wait)
		}
	}
}
