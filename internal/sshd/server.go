package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/ssh"
)

// User is who may come in.
type User struct {
	Name       string
	Privileged bool
	Secret     string   // bcrypt hash of the password; "": none is taken
	Keys       []string // public keys, as in authorized_keys
}

// Config is what may change while a Server runs. It is not modified after it was given.
type Config struct {
	Users     []User
	Banner    string        // before the login; "": none
	LoginTime time.Duration // that a login may take
	Tries     int           // attempts to log in of a connection
	IdleTime  time.Duration // of a session in which nothing is typed; 0: no limit
	Sessions  int           // at once, of all users
}

// Session is a terminal, or a command.
type Session struct {
	User    User
	Source  netip.AddrPort
	Command string // of `ssh HOST COMMAND`; "": none
	PTY     bool   // the client has a terminal, of which In has each key

	In   io.Reader
	Out  io.Writer
	Size func() (width, height int, err error) // of the terminal, in characters
}

// Handler runs a session until it is over. It returns soon when ctx ends; In and Out fail then.
type Handler func(ctx context.Context, s Session) error

const (
	// connectionsOver is how many connections there may be beyond the sessions, all still logging in.
	connectionsOver = 16
	// connectionsEach is how many one address may have.
	connectionsEach = 8
	// hashesAtOnce bounds the work that passwords make.
	hashesAtOnce = 2
)

// Server serves SSH. Its methods may be called by any goroutine.
type Server struct {
	log    zerolog.Logger
	key    ssh.Signer
	handle Handler
	cfg    atomic.Pointer[Config]
	hashes chan struct{} // a place for each password that is being checked
	nobody []byte        // hash of a password that nobody has

	mu       sync.Mutex
	from     map[netip.Addr]int // connections of each address
	total    int                // connections
	sessions int
}

// New makes a Server that shows key as its own. Log gets logins and failures.
func New(log zerolog.Logger, key ssh.Signer, cfg Config, handle Handler) (*Server, error) {
	nobody, err := hashOfNobody()
	if err != nil {
		return nil, fmt.Errorf("sshd: %w", err)
	}
	s := &Server{log: log, key: key, handle: handle, hashes: make(chan struct{}, hashesAtOnce), nobody: nobody, from: make(map[netip.Addr]int)}
	s.Configure(cfg)
	return s, nil
}

// Configure uses another configuration for who comes in from now on.
func (s *Server) Configure(cfg Config) { s.cfg.Store(&cfg) }

// Serve takes connections until ctx ends, which is no error, and returns when all are over. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("sshd: %w", err)
		case err != nil: // the system lacks something, as descriptors: it may pass
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		source := sourceOf(conn)
		if !s.admit(source.Addr()) {
			conn.Close()
			continue
		}
		all.Go(func() {
			defer s.dismiss(source.Addr())
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			s.connection(ctx, conn, source)
		})
	}
}

func sourceOf(conn net.Conn) netip.AddrPort {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// admit reports whether there is room for a connection, and takes it.
func (s *Server) admit(from netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= s.cfg.Load().Sessions+connectionsOver || s.from[from] >= connectionsEach {
		return false
	}
	s.total++
	s.from[from]++
	return true
}

func (s *Server) dismiss(from netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.from[from]--; s.from[from] == 0 {
		delete(s.from, from)
	}
}

// begin reports whether there is room for a session, and takes it.
func (s *Server) begin(limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions >= limit {
		return false
	}
	s.sessions++
	return true
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions--
}
