package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"seikan"
	"seikan/esp"
	"seikan/session"
)

// Limits of the listener.
const (
	maxConns    = 64              // at a time (visitors.go)
	maxHeader   = 8 << 10         // octets of a request's header; net/http adds 4 KiB
	headerTime  = 5 * time.Second // within which a client must send its request
	idleTime    = 30 * time.Second
	answerTime  = time.Minute // within which an answer must be taken
	goodbyeTime = 2 * time.Second
)

// ErrOpen is the error of a listener that would tell anyone on a network everything.
var ErrOpen = errors.New("an address that is not loopback needs a token or certificates of clients")

// Source is the running router. Its methods are called by several goroutines at once.
type Source interface {
	Snapshot(ctx context.Context) (session.Snapshot, error)
	Stats(ctx context.Context) (seikan.Stats, error)
}

// Config is what a Server works from. It is not modified after Listen.
type Config struct {
	Listen   netip.AddrPort
	Token    esp.Secret  // what clients must know; empty: none is asked for
	TLS      *tls.Config // nil: not encrypted. With ClientCAs, a client's certificate is as good as the token
	Hostname string      // of the router; clients may use it as the name of this server
	Version  string
	Source   Source
	Metrics  http.Handler // answers GET /metrics; nil: not found
}

// guarded reports whether clients must show that they may look.
func (c Config) guarded() bool { return len(c.Token) > 0 || c.clientCerts() }

func (c Config) clientCerts() bool { return c.TLS != nil && c.TLS.ClientCAs != nil }

// Server is a listener and what it answers.
type Server struct {
	listener net.Listener
	http     http.Server
}

// Listen opens the listener. Nothing is answered before Serve.
func Listen(cfg Config) (*Server, error) {
	if !cfg.Listen.Addr().IsLoopback() && !cfg.guarded() {
		return nil, fmt.Errorf("web: listen on %v: %w", cfg.Listen, ErrOpen)
	}
	network := "tcp"
	if cfg.Listen.Addr().Is4() {
		network = "tcp4" // else 0.0.0.0 would be all of IPv6, too
	}
	l, err := net.Listen(network, cfg.Listen.String())
	if err != nil {
		return nil, fmt.Errorf("web: %w", err) // it names the address and the port
	}
	s := &Server{listener: newVisitors(l, maxConns)}
	names := certificateNames(cfg.TLS)
	if cfg.TLS != nil {
		s.listener = tls.NewListener(s.listener, serverTLS(cfg))
	}
	s.http = http.Server{
		Handler:     newGuard(cfg, names, answered(newMux(cfg))),
		ConnContext: withVisitor, ConnState: onState,
		ReadHeaderTimeout: headerTime, ReadTimeout: headerTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(io.Discard, "", 0), // what clients do wrong is theirs, and not for the log
	}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true) // a connection carries one request at a time, so that maxConns bounds both
	return s, nil
}

// Addr is where the Server listens.
func (s *Server) Addr() netip.AddrPort { return netip.MustParseAddrPort(s.listener.Addr().String()) }

// Close closes the listener and cuts the connections.
func (s *Server) Close() error {
	err := s.http.Close()
	if cerr := s.listener.Close(); !errors.Is(cerr, net.ErrClosed) {
		err = errors.Join(err, cerr)
	}
	return err
}

// Serve answers requests until ctx ends or the Server is closed; then it gives those under way a moment, closes all and returns nil.
func (s *Server) Serve(ctx context.Context) error {
	ended := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(ended)
		late, cancel := context.WithTimeout(context.Background(), goodbyeTime)
		defer cancel()
		if s.http.Shutdown(late) != nil {
			s.http.Close()
		}
	})
	err := s.http.Serve(s.listener)
	if !unhook() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("web: %w", errors.Join(err, s.Close()))
}
