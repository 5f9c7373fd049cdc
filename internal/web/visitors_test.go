package web

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// visit is a connection of a client.
type visit struct {
	net.Conn
	r *bufio.Reader
}

func visitTo(t *testing.T, s *Server, conf *tls.Config) visit {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // a test that fails does not hang
		t.Fatal(err)
	}
	if conf != nil {
		c = tls.Client(c, conf)
	}
	return visit{c, bufio.NewReader(c)}
}

// ask sends a request, and answer is the code of what comes back; 0: the connection has ended.
func (v visit) ask(path, header string) {
	fmt.Fprintf(v, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, header)
}

func (v visit) answer() int {
	res, err := http.ReadResponse(v.r, nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}

// Connections whose clients ask nothing, or nothing whole, or nothing that they may ask, keep nobody out: of as many as there may be the one
// that has waited longest ends for another one.
func TestVisitors(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	served, err := LoadTLS(a.file("server.pem"), a.file("server.key"), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		cfg  Config
		tls  bool
		with func(v visit)
		idle bool // the others still get answers
	}{
		{"after an answer", Config{}, false, func(v visit) { v.ask("/icon.svg", ""); v.answer() }, true},
		{"after an answer, by TLS", Config{}, true, func(v visit) { v.ask("/icon.svg", ""); v.answer() }, true},
		{"nothing", Config{}, false, func(v visit) {}, true},
		{"half a request", Config{}, false, func(v visit) { fmt.Fprint(v, "GET /") }, false},
		{"without the token", Config{Token: secret()}, false, func(v visit) { v.ask("/icon.svg", ""); v.answer() }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var conf *tls.Config
			if test.tls {
				test.cfg.TLS, conf = served, &tls.Config{InsecureSkipVerify: true}
			}
			s := serve(t, test.cfg)
			var there []visit
			for range maxConns {
				v := visitTo(t, s, conf)
				test.with(v)
				there = append(there, v)
			}
			bearer, want := "", http.StatusOK
			if test.cfg.Token != nil {
				bearer = "Authorization: Bearer " + token + "\r\n"
			}
			extra := visitTo(t, s, conf)
			extra.ask("/icon.svg", bearer)
			if got := extra.answer(); got != want {
				t.Fatalf("one more: got %d, want %d", got, want)
			}
			if got := there[0].answer(); got != 0 {
				t.Errorf("the one that has waited longest: got %d, want its end", got)
			}
			if !test.idle {
				return
			}
			for i, v := range there[1:] {
				v.ask("/icon.svg", bearer)
				if got := v.answer(); got != want {
					t.Fatalf("connection %d: got %d, want %d", i+1, got, want)
				}
			}
		})
	}
}

// Who is being answered stays; while that is everybody, another one waits.
func TestVisitorsThatIsAnswered(t *testing.T) {
	entered, answer := make(chan bool), make(chan bool)
	s := serve(t, Config{Metrics: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- true
		<-answer
	})})
	var there []visit
	for range maxConns {
		v := visitTo(t, s, nil)
		v.ask("/metrics", "")
		<-entered
		there = append(there, v)
	}
	extra, got := visitTo(t, s, nil), make(chan int, 1)
	extra.ask("/icon.svg", "")
	go func() { got <- extra.answer() }()
	select {
	case code := <-got:
		t.Fatalf("one connection too many: got %d", code)
	case <-time.After(50 * time.Millisecond):
	}
	answer <- true
	if code := <-got; code != http.StatusOK {
		t.Errorf("after one was answered: got %d", code)
	}
	close(answer)
	gone := 0
	for _, v := range there {
		if code := v.answer(); code == 0 {
			gone++
		} else if code != http.StatusOK {
			t.Errorf("got %d", code)
		}
	}
	if gone != 0 {
		t.Errorf("%d had no answer", gone)
	}
}

// A listener that is closed while all are answered lets nobody wait.
func TestVisitorsAtTheEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := newVisitors(l, 1)
	var conns []net.Conn
	for range 2 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		defer conn.Close()
	}
	first, err := c.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	first.(*visitor).waits(time.Time{})
	ended := make(chan error)
	go func() { _, err := c.Accept(); ended <- err }()
	time.AfterFunc(10*time.Millisecond, func() { c.Close() })
	if err := <-ended; err == nil {
		t.Error("somebody came in")
	}
}
