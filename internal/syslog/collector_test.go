package syslog

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	parser "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"

	"seikan/internal/logging"
)

var header = Header{Hostname: "gwA", Program: "seikan", PID: 42}

// collector is a stream server in this process. What it has read it leaves, message by message, as an independent parser
// understands it.
type collector struct {
	l     net.Listener
	got   chan *parser.Result
	conns chan net.Conn // as they come; the test closes them
}

// collect takes connections and reads RFC 5424 in octet counting off them.
func collect(t *testing.T, l net.Listener) *collector {
	c := &collector{l, make(chan *parser.Result, 10_000), make(chan net.Conn, 100)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			c.conns <- conn
			go octetcounting.NewParser(parser.WithListener(c.take)).Parse(conn)
		}
	}()
	return c
}

// take leaves a message, or what was wrong with one; the end of a connection is neither.
func (c *collector) take(r *parser.Result) {
	if r.Message != nil || r.Error != nil && !strings.Contains(r.Error.Error(), "found EOF") {
		c.got <- r
	}
}

// next is the next message that came.
func (c *collector) next(t *testing.T) string {
	t.Helper()
	select {
	case r := <-c.got:
		if r.Error != nil {
			t.Fatalf("a message that does not parse: %v", r.Error)
		}
		return textOf(t, r.Message)
	case <-time.After(20 * time.Second):
		t.Fatal("no message")
	}
	return ""
}

func (c *collector) host(t *testing.T, transport logging.Transport) logging.Host {
	t.Helper()
	at := netip.MustParseAddrPort(c.l.Addr().String())
	return logging.Host{Addr: at.Addr(), Port: at.Port(), Transport: transport, Format: logging.RFC5424}
}

func listenTCP(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run runs a sender for a log until stop.
func run(t *testing.T, s *Sender) (log *logging.Log, states chan error, stop func()) {
	t.Helper()
	s.minBackoff, s.maxBackoff = time.Millisecond, 4*time.Millisecond
	states = make(chan error, 1000)
	s.Notify = func(err error) { states <- err }
	log = logging.New(logging.Config{}, logging.Options{})
	l := log.Collector("test")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx, l)
		l.Close()
	}()
	done := false
	stop = func() {
		cancel()
		<-ended
		done = true
	}
	t.Cleanup(func() {
		if !done {
			stop()
		}
	})
	return log, states, stop
}

func say(t *testing.T, l *logging.Log, text string) {
	t.Helper()
	object := fmt.Sprintf("{\"level\":\"info\",\"time\":\"2026-03-01T00:00:00.250Z\",\"message\":%q}\n", text)
	if _, err := l.Write([]byte(object)); err != nil {
		t.Fatal(err)
	}
}

func wantState(t *testing.T, states chan error, up bool) error {
	t.Helper()
	select {
	case err := <-states:
		if (err == nil) != up {
			t.Fatalf("state: got %v, want up %v", err, up)
		}
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("no state")
	}
	return nil
}

const up = "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.2:500 Id: 192.0.2.2"

func TestTCP(t *testing.T) {
	c := collect(t, listenTCP(t))
	log, states, stop := run(t, Collector(header, c.host(t, logging.TCP), nil))
	say(t, log, up)
	say(t, log, "%X-6-Y: two lines\nin one, 大阪")
	for _, want := range []string{
		"<189>1 2026-03-01T00:00:00.25Z gwA seikan 42 SESSION_STATUS 1 " + up,
		"<190>1 2026-03-01T00:00:00.25Z gwA seikan 42 Y 2 \ufeff%X-6-Y: two lines in one, 大阪",
	} {
		if got := c.next(t); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	wantState(t, states, true)
	say(t, log, "%X-6-Y: the last one")
	stop()
	if got, want := c.next(t), "<190>1 2026-03-01T00:00:00.25Z gwA seikan 42 Y 3 %X-6-Y: the last one"; got != want {
		t.Errorf("at the end: got %q, want %q", got, want)
	}
	if got := log.State().Dropped; got != 0 {
		t.Errorf("dropped %d", got)
	}
}

// A collector that goes and comes back has all that was logged meanwhile, as far as there was room, and is told of the rest.
func TestTCPComesBack(t *testing.T) {
	l := listenTCP(t)
	c := collect(t, l)
	log, states, _ := run(t, Collector(header, c.host(t, logging.TCP), nil))
	say(t, log, "%X-5-Y: first")
	c.next(t)
	wantState(t, states, true)

	if err := errors.Join(l.Close(), (<-c.conns).Close()); err != nil {
		t.Fatal(err)
	}
	wantState(t, states, false)
	const n = 5000 // more than there is room for, in the queue and at hand
	for i := range n {
		say(t, log, fmt.Sprintf("%%X-5-Y: number %d", i))
	}
	lost := log.State().Dropped
	if lost == 0 || lost > n/2 {
		t.Errorf("dropped %d of %d", lost, n)
	}
	if s := log.State().Collectors[0]; s.State != "down: connection refused" && s.State != "down: closed by the collector" {
		t.Errorf("state: got %q", s.State)
	}

	back, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c = collect(t, back)
	for i := range n - int(lost) {
		if got, want := c.next(t), fmt.Sprintf(" Y %d %%X-5-Y: number %d", i+2, i); got[len(got)-len(want):] != want {
			t.Fatalf("got %q, want %q at the end", got, want)
		}
	}
	if got, want := c.next(t), fmt.Sprintf("<188>1 2026-03-01T00:00:00.25Z gwA seikan 42 LOGGING_LOST %d %%SYS-4-LOGGING_LOST: %d messages lost", n+1, lost); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	wantState(t, states, true)
	say(t, log, "%X-5-Y: again")
	c.next(t)
}

// A collector that does not read keeps nobody waiting: writes go on, and what has no room is lost and counted.
func TestTCPSlow(t *testing.T) {
	l := listenTCP(t)
	defer l.Close()
	at := netip.MustParseAddrPort(l.Addr().String())
	log, states, _ := run(t, Collector(header, logging.Host{Addr: at.Addr(), Port: at.Port(), Transport: logging.TCP}, nil))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // nothing was read of it
	wantState(t, states, true)
	for i := 0; i%1000 > 0 || log.State().Dropped == 0; i++ {
		if i > 1_000_000 {
			t.Fatal("a million messages have left to a collector that does not read")
		}
		say(t, log, up)
	}
}

// What was logged a moment before the end is sent, also where there was no connection yet.
func TestEndBeforeConnection(t *testing.T) {
	c := collect(t, listenTCP(t))
	log := logging.New(logging.Config{}, logging.Options{})
	l := log.Collector("test")
	say(t, log, up)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	Collector(header, c.host(t, logging.TCP), nil).Run(ctx, l)
	if got, want := c.next(t), "<189>1 2026-03-01T00:00:00.25Z gwA seikan 42 SESSION_STATUS 1 "+up; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := l.Queue().Lost(); got != 0 {
		t.Errorf("lost %d", got)
	}
	say(t, log, up)
	c.l.Close()
	Collector(header, c.host(t, logging.TCP), nil).Run(ctx, l)
	if got := l.Queue().Lost(); got != 1 {
		t.Errorf("without a collector: lost %d, want 1", got)
	}
}

func TestUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	at := netip.MustParseAddrPort(conn.LocalAddr().String())
	log, _, _ := run(t, Collector(header, logging.Host{Addr: at.Addr(), Port: at.Port()}, nil))
	say(t, log, up)
	say(t, log, "%X-6-Y: more")
	for _, want := range []string{
		"<189>Mar  1 00:00:00 gwA seikan[42]: " + up,
		"<190>Mar  1 00:00:00 gwA seikan[42]: %X-6-Y: more",
	} {
		if got := datagram(t, conn); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func datagram(t *testing.T, conn net.PacketConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _, err := conn.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// Over UDP nothing is known of a collector. What its machine refuses is counted, and the sender goes on.
func TestUDPRefused(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(conn.LocalAddr().String())
	conn.Close()
	log, states, stop := run(t, Collector(header, logging.Host{Addr: at.Addr(), Port: at.Port()}, nil))
	for i := 0; log.State().Dropped == 0; i++ {
		if i > 100_000 {
			t.Fatal("nothing was refused")
		}
		say(t, log, up)
	}
	if s := log.State().Collectors[0]; s.State != "no answer: connection refused" {
		t.Errorf("state: got %q", s.State)
	}
	stop()
	if len(states) != 0 {
		t.Errorf("a state was told: %v", <-states)
	}
}

func TestDaemon(t *testing.T) {
	dir, err := os.MkdirTemp("", "log") // the paths of t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "log")
	log, states, _ := run(t, Daemon(header, socket))
	wantState(t, states, false)
	say(t, log, up)
	conn, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, want := datagram(t, conn), "<189>Mar  1 00:00:00 seikan[42]: "+up; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	wantState(t, states, true)
}

// pair writes a certificate for names with its key, signed by itself, to a file.
func pair(t *testing.T, names []string, ips []net.IP) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names, IPAddresses: ips,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	file = filepath.Join(t.TempDir(), "pair.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The certificate of a collector is checked: who signed it, and whose it is. Ours is shown where one is asked for.
func TestTLS(t *testing.T) {
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	server, other, client := pair(t, []string{"logs.example"}, loopback), pair(t, nil, loopback), pair(t, nil, nil)
	for _, tt := range []struct {
		name         string
		ca, cert     string
		certName     string
		demandClient bool
		want         string // in the error; "": messages come
	}{
		{name: "by address", ca: server},
		{name: "by name", ca: server, certName: "logs.example"},
		{name: "another name", ca: server, certName: "other.example", want: "not other.example"},
		{name: "another authority", ca: other, want: "certificate"},
		{name: "the system's authorities", want: "certificate"},
		{name: "certificate of ours", ca: server, cert: client, demandClient: true},
		{name: "no certificate of ours", ca: server, demandClient: true, want: "certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conf, err := TLSConfig("", server)
			if err != nil {
				t.Fatal(err)
			}
			if tt.demandClient {
				trusted, err := TLSConfig(client, "")
				if err != nil {
					t.Fatal(err)
				}
				conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, trusted.RootCAs
			}
			c := collect(t, tls.NewListener(listenTCP(t), conf))
			ours, err := TLSConfig(tt.ca, tt.cert)
			if err != nil {
				t.Fatal(err)
			}
			host := c.host(t, logging.TLS)
			host.Name = tt.certName
			log, states, _ := run(t, Collector(header, host, ours))
			say(t, log, up)
			if tt.want == "" {
				if got, want := c.next(t), "<189>1 2026-03-01T00:00:00.25Z gwA seikan 42 SESSION_STATUS 1 "+up; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				return
			}
			// In TLS 1.3 a server looks at our certificate after we think that there is a connection.
			err = <-states
			if err == nil {
				err = <-states
			}
			if err == nil || !contains(plain(err), tt.want) && !errors.Is(err, errClosed) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if len(c.got) > 0 {
				t.Errorf("a message was sent: %v", <-c.got)
			}
		})
	}
}

func TestTLSConfig(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ ca, cert, want string }{
		{filepath.Join(dir, "none"), "", "no such file"},
		{empty, "", "has none"},
		{"", filepath.Join(dir, "none"), "no such file"},
		{"", empty, "certificate"},
	} {
		if _, err := TLSConfig(tt.ca, tt.cert); err == nil || !contains(err.Error(), tt.want) {
			t.Errorf("%s, %s: got %v, want %q", tt.ca, tt.cert, err, tt.want)
		}
	}
}
