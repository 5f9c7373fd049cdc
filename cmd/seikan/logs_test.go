package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"seikan/internal/config"
	"seikan/internal/logging"
)

// collector is a UDP collector in this process.
type collector struct{ net.PacketConn }

func newCollector(t *testing.T) collector {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return collector{conn}
}

func (c collector) host() logging.Host {
	at := netip.MustParseAddrPort(c.LocalAddr().String())
	return logging.Host{Addr: at.Addr(), Port: at.Port(), Format: logging.RFC5424}
}

// want fails unless the next message matches a pattern.
func (c collector) want(t *testing.T, pattern string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _, err := c.ReadFrom(b)
	if err != nil {
		t.Fatalf("no message: %v", err)
	}
	if !regexp.MustCompile(pattern).Match(b[:n]) {
		t.Errorf("got %q, want %s", b[:n], pattern)
	}
}

// What zerolog is told reaches the console as it is and a collector as a classic line; a new configuration closes only ways
// that it has no more; the last messages are sent.
func TestLogs(t *testing.T) {
	a, b := newCollector(t), newCollector(t)
	out := make(lines, 100)
	console, err := newConsole(out, "json", "info")
	if err != nil {
		t.Fatal(err)
	}
	l := newLogs(console, logging.Config{})
	configure := func(cfg logging.Config) {
		t.Helper()
		if err := l.configure(config.Built{Hostname: "gwA", Logging: cfg}); err != nil {
			t.Fatal(err)
		}
	}
	configure(logging.Config{Hosts: []logging.Host{a.host(), b.host()}})
	if e := l.logger.Debug(); e.Enabled() {
		t.Error("messages for debugging are made that nothing takes")
	}
	const up = "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.2:500"
	l.logger.Info().Str("interface", "vA").Msg(up)
	want := fmt.Sprintf(`^<189>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z gwA seikan %d SESSION_STATUS \[meta sequenceId="1"\] %s$`, os.Getpid(), up)
	a.want(t, want)
	b.want(t, want)
	if got := <-out; !regexp.MustCompile(`^\{"level":"info","interface":"vA","time":"[^"]+\.\d{3}[^"]+","message":"` + up + `"\}\n$`).MatchString(got) {
		t.Errorf("console: got %q", got)
	}

	kept := l.ways[way{host: a.host(), hostname: "gwA"}]
	configure(logging.Config{Hosts: []logging.Host{a.host()}, Buffered: logging.LevelOf(logging.Debug)})
	if len(l.ways) != 1 || kept == nil || l.ways[way{host: a.host(), hostname: "gwA"}] != kept {
		t.Errorf("got ways %v, want the one of before", l.ways)
	}
	l.logger.Debug().Msg("for the buffer")
	if got := l.log.State().Messages; len(got) != 2 || !strings.HasSuffix(got[1].Line, ": %SEIKAN-7-EVENT: for the buffer") {
		t.Errorf("buffer: got %+v", got)
	}
	if err := l.configure(config.Built{Logging: logging.Config{CAFile: "/nonexistent"}}); err == nil || len(l.ways) != 1 {
		t.Errorf("a file that is not there: got %v, ways %v", err, l.ways)
	}

	configure(logging.Config{Hosts: []logging.Host{a.host()}, Facility: 1})
	l.logger.Info().Msg("the last")
	l.close()
	a.want(t, `^<6>1 .* %SEIKAN-6-EVENT: the last$`)
	if got := l.log.State().Dropped; got != 0 {
		t.Errorf("dropped %d", got)
	}
}

// A way that fails says so, and when it is open again.
func TestLogsTellOfWays(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	out := make(lines, 100)
	logs := newLogs(consoleOptions{w: out}, logging.Config{})
	defer logs.close()
	host := logging.Host{Addr: at.Addr(), Port: at.Port(), Transport: logging.TCP}
	if err := logs.configure(config.Built{Logging: logging.Config{Hosts: []logging.Host{host}}}); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	to := fmt.Sprintf("Logging to host 127.0.0.1 port %d ", at.Port())
	out.want(t, "%SYS-6-LOGGINGHOST_STARTSTOP: "+to+"started")
	l.Close()
	conn.Close()
	out.want(t, "%SYS-3-LOGGINGHOST_FAIL: "+to+"failed")
}

// lines are what is written, line by line.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

func (l lines) want(t *testing.T, text string) {
	t.Helper()
	select {
	case got := <-l:
		if !strings.Contains(got, text) {
			t.Errorf("got %q, want %q", got, text)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("no %q", text)
	}
}

// An output that nobody reads holds nobody up, nor the end; when it is read again it says what it lacks.
func TestConsoleThatBlocks(t *testing.T) {
	r, w := io.Pipe()
	l := newLogs(consoleOptions{w: w}, logging.Config{})
	const n = 3 * consoleQueue
	for i := range n {
		l.logger.Info().Int("n", i).Msg("x")
	}
	read := bufio.NewScanner(r)
	numbers, lost := 0, 0
	for numbers+lost < n && read.Scan() {
		if _, text, told := strings.Cut(read.Text(), "%SYS-4-LOGGING_LOST: "); told {
			k, err := strconv.Atoi(strings.TrimSuffix(text, " messages lost\"}"))
			if err != nil {
				t.Fatalf("got %q", read.Text())
			}
			lost += k
			continue
		}
		if !strings.Contains(read.Text(), fmt.Sprintf(`"n":%d,`, numbers)) {
			t.Fatalf("got %q, want message %d", read.Text(), numbers)
		}
		numbers++
	}
	if numbers < consoleQueue || lost == 0 || numbers+lost != n {
		t.Errorf("got %d messages, %d lost; want %d in all", numbers, lost, n)
	}
	l.logger.Info().Msg("unread")
	l.close()
}

func TestConsole(t *testing.T) {
	for _, tt := range []struct {
		format string
		want   string
	}{{"json", `{"level":"warn","time":"`}, {"console", " WRN x\n"}} {
		var out bytes.Buffer
		console, err := newConsole(&out, tt.format, "warn")
		if err != nil {
			t.Fatal(err)
		}
		l := newLogs(console, logging.Config{})
		l.logger.Warn().Msg("x")
		l.logger.Info().Msg("y")
		l.close()
		if got := out.String(); !strings.Contains(got, tt.want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: got %q, want one line with %q", tt.format, got, tt.want)
		}
	}
}
