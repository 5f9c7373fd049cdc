package sshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"
)

// rig is a server with the users ann, who is privileged and has a password, and bob, who has a key.
type rig struct {
	t      *testing.T
	addr   string
	server *Server
	key    ssh.Signer // bob's
	log    *lockedBuffer
	mute   func() // ends the listener alone
	stop   func()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
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

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newRig(t *testing.T, change func(*Config), handle Handler) *rig {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, key: newSigner(t), log: &lockedBuffer{}}
	cfg := Config{
		Users: []User{
			{Name: "ann", Privileged: true, Secret: string(hash)},
			{Name: "bob", Keys: []string{string(ssh.MarshalAuthorizedKey(r.key.PublicKey()))}},
		},
		Banner: "Who are you?", LoginTime: time.Minute, Tries: 3, IdleTime: time.Minute, Sessions: 4,
	}
	if change != nil {
		change(&cfg)
	}
	if r.server, err = New(zerolog.New(r.log), newSigner(t), cfg, handle); err != nil {
		t.Fatal(err)
	}
	r.server.delay = 0
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	r.mute = cancel
	ended := make(chan error, 1)
	go func() { ended <- r.server.Serve(ctx, l) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		r.server.Close()
	})
	t.Cleanup(r.stop)
	return r
}

// echo answers what it reads, with who reads it.
func echo(_ context.Context, s Session) error {
	width, height, _ := s.Size()
	fmt.Fprintf(s.Out, "%s %v %q %v %dx%d\n", s.User.Name, s.User.Privileged, s.Command, s.PTY, width, height)
	if s.Command == "fail" {
		return errors.New("no")
	}
	if s.Command == "" {
		_, err := io.Copy(s.Out, s.In)
		return err
	}
	return nil
}

func (r *rig) dial(user string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	return ssh.Dial("tcp", r.addr, &ssh.ClientConfig{
		User: user, Auth: auth, HostKeyCallback: ssh.FixedHostKey(r.server.key.PublicKey()), Timeout: 20 * time.Second,
		BannerCallback: func(s string) error {
			if s != r.server.cfg.Load().Banner+"\n" {
				r.t.Errorf("banner %q", s)
			}
			return nil
		},
	})
}

func (r *rig) login(user string, auth ...ssh.AuthMethod) *ssh.Client {
	r.t.Helper()
	c, err := r.dial(user, auth...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

func TestLogin(t *testing.T) {
	r := newRig(t, nil, echo)
	other := newSigner(t)
	for _, tt := range []struct {
		name, user string
		auth       []ssh.AuthMethod
		want       string // "": it fails
	}{
		{"password", "ann", []ssh.AuthMethod{ssh.Password("open sesame")}, "ann true"},
		{"key", "bob", []ssh.AuthMethod{ssh.PublicKeys(r.key)}, "bob false"},
		{"the second key", "bob", []ssh.AuthMethod{ssh.PublicKeys(other, r.key)}, "bob false"},
		{"wrong password", "ann", []ssh.AuthMethod{ssh.Password("open")}, ""},
		{"no password", "ann", []ssh.AuthMethod{ssh.Password("")}, ""},
		{"password where there is none", "bob", []ssh.AuthMethod{ssh.Password("")}, ""},
		{"wrong key", "bob", []ssh.AuthMethod{ssh.PublicKeys(other)}, ""},
		{"another's key", "ann", []ssh.AuthMethod{ssh.PublicKeys(r.key)}, ""},
		{"nobody", "eve", []ssh.AuthMethod{ssh.Password("open sesame"), ssh.PublicKeys(r.key)}, ""},
		{"nothing", "ann", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := r.dial(tt.user, tt.auth...)
			if err != nil {
				if tt.want != "" {
					t.Fatal(err)
				}
				return
			}
			defer c.Close()
			s, err := c.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.Output("show version")
			if err != nil || tt.want == "" || string(out) != tt.want+" \"show version\" false 0x0\n" {
				t.Errorf("got %q, %v, want %q", out, err, tt.want)
			}
		})
	}
	log := r.log.String()
	if n := strings.Count(log, "%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: ann] [Source: 127.0.0.1]"); n != 1 {
		t.Errorf("%d logins of ann in the log, want 1: %s", n, log)
	}
	if !strings.Contains(log, "%SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: eve]") || strings.Contains(log, "sesame") {
		t.Errorf("log %s", log)
	}
}

// The name and the key of one user with the signature of another get nobody in as the first.
func TestKeyOfAnother(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Users[0].Keys = c.Users[1].Keys
		c.Users[1].Keys = nil
	}, echo)
	s, err := r.login("ann", ssh.PublicKeys(r.key)).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Output("x"); err != nil || !strings.HasPrefix(string(out), "ann true") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestTries(t *testing.T) {
	r := newRig(t, nil, echo)
	tries := 0
	_, err := r.dial("ann", ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) { tries++; return "wrong", nil }), 10))
	if err == nil || tries != 3 {
		t.Errorf("%d tries, %v, want 3 and an error", tries, err)
	}
}

func TestTerminal(t *testing.T) {
	r := newRig(t, nil, echo)
	s, err := r.login("ann", ssh.Password("open sesame")).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s.Stdout = &out
	if err := errors.Join(s.RequestPty("xterm", 50, 132, nil), s.Shell()); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, "typed\n")
	in.Close()
	if err := s.Wait(); err != nil || out.String() != "ann true \"\" true 132x50\ntyped\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestStatus(t *testing.T) {
	r := newRig(t, nil, echo)
	s, err := r.login("ann", ssh.Password("open sesame")).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var exit *ssh.ExitError
	if err := s.Run("fail"); !errors.As(err, &exit) || exit.ExitStatus() != 1 {
		t.Errorf("got %v, want status 1", err)
	}
}

// Nothing but sessions can be opened, and of these one on a connection and so many in all.
func TestChannels(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Sessions = 1 }, echo)
	c := r.login("ann", ssh.Password("open sesame"))
	for _, kind := range []string{"direct-tcpip", "x11", "forwarded-tcpip", "auth-agent@openssh.com"} {
		if _, _, err := c.OpenChannel(kind, nil); err == nil {
			t.Errorf("%s was opened", kind)
		}
	}
	if ok, _, err := c.SendRequest("tcpip-forward", true, nil); ok || err != nil {
		t.Errorf("tcpip-forward: %v, %v", ok, err)
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestSubsystem("sftp"); err == nil {
		t.Error("a subsystem began")
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("a second session on a connection")
	}
	if _, err := r.login("bob", ssh.PublicKeys(r.key)).NewSession(); err == nil {
		t.Error("a session beyond the limit")
	}
	s.Close()
	for { // the place is free a moment later
		s, err := c.NewSession()
		if err == nil {
			s.Close()
			break
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no session after the first")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestConnectionsOfOneAddress(t *testing.T) {
	r := newRig(t, nil, echo)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range connectionsEach + 1 {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	refused := 0
	for _, c := range conns {
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if n, err := c.Read(make([]byte, 8)); n == 0 && errors.Is(err, io.EOF) || n == 0 && err != nil {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d connections refused, want 1", refused)
	}
}

// A login that does not go on, and a session in which nothing is typed, end.
func TestTimes(t *testing.T) {
	r := newRig(t, func(c *Config) { c.LoginTime = 50 * time.Millisecond }, echo)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Logf("ended by %v", err)
	}
	r = newRig(t, func(c *Config) { c.IdleTime = 50 * time.Millisecond }, echo)
	s, err := r.login("ann", ssh.Password("open sesame")).NewSession()
	if err != nil {
		return // it has ended already
	}
	in, _ := s.StdinPipe() // is not closed
	defer in.Close()
	if err := s.Shell(); err == nil && s.Wait() == nil {
		t.Error("an idle session ended well")
	}
}

// The end of the server is the end of its sessions.
func TestStop(t *testing.T) {
	r := newRig(t, nil, echo)
	s, err := r.login("ann", ssh.Password("open sesame")).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, _ := s.StdinPipe()
	defer in.Close()
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if err := s.Wait(); err == nil {
		t.Error("it ended well")
	}
	if r.server.total != 0 || r.server.sessions != 0 || len(r.server.from) != 0 {
		t.Errorf("left are %d connections, %d sessions", r.server.total, r.server.sessions)
	}
}

func TestConfigure(t *testing.T) {
	r := newRig(t, nil, echo)
	cfg := *r.server.cfg.Load()
	cfg.Users = cfg.Users[1:]
	r.server.Configure(cfg)
	if c, err := r.dial("ann", ssh.Password("open sesame")); err == nil {
		c.Close()
		t.Error("a user who is gone came in")
	}
}

// The sessions of a user who is taken away end, and he is told. Others go on, also those of a user who is another now.
func TestUserIsTakenAway(t *testing.T) {
	r := newRig(t, nil, echo)
	type guest struct {
		session  *ssh.Session
		in       io.WriteCloser
		out, err bytes.Buffer
	}
	enter := func(c *ssh.Client) *guest {
		t.Helper()
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		g := &guest{session: s}
		s.Stdout, s.Stderr = &g.out, &g.err
		if g.in, err = s.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := s.Shell(); err != nil {
			t.Fatal(err)
		}
		return g
	}
	ann, bob := enter(r.login("ann", ssh.Password("open sesame"))), enter(r.login("bob", ssh.PublicKeys(r.key)))
	idle := r.login("ann", ssh.Password("open sesame")) // without a session
	cfg := *r.server.cfg.Load()
	cfg.Users = []User{{Name: "bob"}}
	r.server.Configure(cfg)
	if err := ann.session.Wait(); err == nil || ann.err.String() != "\r\n% User ann was taken away: the session ends.\r\n" {
		t.Errorf("ann: got %v, %q", err, ann.err.String())
	}
	if err := idle.Wait(); err == nil {
		t.Error("a connection without a session ended well")
	}
	io.WriteString(bob.in, "still here\n")
	bob.in.Close()
	if err := bob.session.Wait(); err != nil || !strings.HasSuffix(bob.out.String(), "still here\n") || bob.err.Len() > 0 {
		t.Errorf("bob: got %v, %q, %q", err, bob.out.String(), bob.err.String())
	}
	r.stop()
	if n := len(r.server.guests); n > 0 {
		t.Errorf("%d guests are left", n)
	}
}

// A login that began before the user was taken away does not come in, and who does not read what he is told is out as well.
func TestUserIsTakenAwayBusy(t *testing.T) {
	flood := func(_ context.Context, s Session) error {
		for {
			if _, err := s.Out.Write(make([]byte, 1<<15)); err != nil {
				return err
			}
		}
	}
	r := newRig(t, nil, flood)
	c := r.login("ann", ssh.Password("open sesame"))
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	if ok, err := ch.SendRequest("shell", true, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	r.server.Configure(Config{Sessions: 1, Tries: 1, LoginTime: time.Minute})
	if err := c.Wait(); err == nil {
		t.Error("it ended well")
	}
	if r.server.enter(&guest{user: "ann"}) {
		t.Error("ann came in")
	}
}

func TestHostKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	a, err := HostKey(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := HostKey(file)
	if err != nil || !bytes.Equal(a.PublicKey().Marshal(), b.PublicKey().Marshal()) {
		t.Errorf("the key changed: %v", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(file); err == nil || !strings.Contains(err.Error(), "0644") {
		t.Errorf("readable for all: %v", err)
	}
	if err := errors.Join(os.WriteFile(file, []byte("what"), 0o600), os.Chmod(file, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(file); err == nil {
		t.Error("what is no key was taken for one")
	}
}

// A session goes on when the listener that it came by does not.
func TestSessionOutlivesListener(t *testing.T) {
	r := newRig(t, nil, echo)
	s, err := r.login("ann", ssh.Password("open sesame")).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s.Stdout = &out
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	r.mute()
	for { // until nobody listens
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			break
		}
		c.Close()
	}
	io.WriteString(in, "still here\n")
	in.Close()
	if err := s.Wait(); err != nil || !strings.HasSuffix(out.String(), "still here\n") {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

// Who has a network of IPv6 is one source.
func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.1": "192.0.2.1", "2001:db8::1:2:3:4": "2001:db8::", "fe80::1%eth0": "fe80::"} {
		if got := network(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// The answer to a wrong password takes a while.
func TestFailDelay(t *testing.T) {
	r := newRig(t, nil, echo)
	r.server.delay = time.Hour
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answered := make(chan error, 1)
	go func() {
		_, _, _, err := ssh.NewClientConn(c, r.addr, &ssh.ClientConfig{User: "ann", Auth: []ssh.AuthMethod{ssh.Password("no")}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
		answered <- err
	}()
	for !strings.Contains(r.log.String(), "LOGIN_FAILED") {
		select {
		case err := <-answered:
			t.Fatalf("answered at once: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	select {
	case err := <-answered:
		t.Errorf("answered at once: %v", err)
	default:
	}
	r.stop() // ends the wait
	<-answered
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{"ann": "ann", "a\nb": `a\nb`, strings.Repeat("x", 100): strings.Repeat("x", 32),
		"x] [Source: 192.0.2.1]": "x___Source:_192.0.2.1_"} {
		if got := name(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// A session that is ended from outside is told why; one that does not read is out as well, and its handler ends.
func TestEnd(t *testing.T) {
	sessions, ended := make(chan Session, 2), make(chan error, 2)
	handle := func(_ context.Context, s Session) error {
		sessions <- s
		var err error
		for err == nil && s.Command == "flood" {
			_, err = s.Out.Write(make([]byte, 1<<15))
		}
		if err == nil {
			_, err = io.Copy(io.Discard, s.In)
		}
		ended <- err
		return err
	}
	r := newRig(t, nil, handle)
	c := r.login("ann", ssh.Password("open sesame"))
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	s.Stderr = &told
	if _, err := s.StdinPipe(); err != nil { // without one the client says at once that it types no more
		t.Fatal(err)
	}
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	(<-sessions).End("it is late")
	if err := s.Wait(); err == nil || told.String() != "\r\n% it is late\r\n" {
		t.Errorf("got %v, %q", err, told.String())
	}
	<-ended
	c = r.login("ann", ssh.Password("open sesame"))
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	if ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{"flood"})); !ok || err != nil {
		t.Fatal(ok, err)
	}
	(<-sessions).End("it is late")
	if err := c.Wait(); err == nil {
		t.Error("it ended well")
	}
	<-ended
}
