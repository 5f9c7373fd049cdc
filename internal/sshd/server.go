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

	// End tells the client why and ends its connection. It does not wait, and may be called by any goroutine.
	End func(why string)
}

// Handler runs a session until it is over. It returns soon when ctx ends; In and Out fail then.
type Handler func(ctx context.Context, s Session) error

const (
	// connectionsOver is how many connections there may be beyond the sessions, all still logging in.
	connectionsOver = 16
	// connectionsEach is how many one address, of IPv6 one /64, may have.
	connectionsEach = 8
	// hashesAtOnce bounds the work that passwords make: no more than one processor's, as the others are for packets.
	hashesAtOnce = 1
	// failDelay is how long the answer to a wrong password takes.
	failDelay = time.Second
)

// Server serves SSH. Its methods may be called by any goroutine.
type Server struct {
	log    zerolog.Logger
	key    ssh.Signer
	handle Handler
	cfg    atomic.Pointer[Config]
	hashes chan struct{} // a place for each password that is being checked
	nobody []byte        // hash of a password that nobody has
	delay  time.Duration // failDelay

	all    sync.WaitGroup  // connections
	ctx    context.Context // of connections, which outlive the listener that they came by
	cancel context.CancelFunc

	mu       sync.Mutex
	from     map[netip.Addr]int // connections of each network
	total    int                // connections
	guests   []*guest           // those that are logged in
	sessions int
}

// New makes a Server that shows key as its own. Log gets logins and failures.
func New(log zerolog.Logger, key ssh.Signer, cfg Config, handle Handler) (*Server, error) {
	nobody, err := hashOfNobody()
	if err != nil {
		return nil, fmt.Errorf("sshd: %w", err)
	}
	s := &Server{log: log, key: key, handle: handle, hashes: make(chan struct{}, hashesAtOnce), nobody: nobody, delay: failDelay, from: make(map[netip.Addr]int)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.Configure(cfg)
	return s, nil
}

// Configure uses another configuration for who comes in from now on. The sessions of users who are not in it end; others go on as they are.
func (s *Server) Configure(cfg Config) {
	s.cfg.Store(&cfg)
	s.endOthers()
}

// Close ends all connections, and returns when they are over. Nothing serves any more by then.
func (s *Server) Close() {
	s.cancel()
	s.all.Wait()
}

// Serve takes connections until ctx ends, which is no error, and closes l. The connections go on until Close: an operator may move or end
// the listener that he came by.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
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
		from := network(source.Addr())
		if !s.admit(from) {
			conn.Close()
			continue
		}
		s.all.Go(func() {
			defer s.dismiss(from)
			defer conn.Close()
			defer context.AfterFunc(s.ctx, func() { conn.Close() })()
			s.connection(s.ctx, conn, source)
		})
	}
}

// network is what counts as one source: who has one address of IPv6 has all of a /64.
func network(a netip.Addr) netip.Addr {
	if a.Is6() {
		return netip.PrefixFrom(a.WithZone(""), 64).Masked().Addr()
	}
	return a
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
