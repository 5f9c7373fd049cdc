package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"

	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/internal/sshd"
)

// terminals is SSH, which the configuration may switch on and off and move. What cannot be opened is tried again. Any goroutine may use it.
type terminals struct {
	log    zerolog.Logger
	socket string // of the command line
	key    string // file with the host key

	mu     sync.Mutex      // guards what follows; held while a listener is opened and closed
	wanted config.Terminal // what the configuration says
	again  again
	timer  *time.Timer // for the next attempt; nil: there was none
	closed bool
	server *sshd.Server // nil: never was there SSH
	listen netip.AddrPort
	stop   func() // ends the listener; nil: nothing listens

	enable atomic.Value  // hash of the password of `enable`, a string
	lines  *cli.Lines    // those of operators who are here, over SSH and otherwise
	checks chan struct{} // a place for the password of `enable` that is being checked
}

func newTerminals(log zerolog.Logger, o runOptions, lines *cli.Lines) *terminals {
	return &terminals{lines: lines, checks: make(chan struct{}, 1), log: log, socket: o.socket, key: filepath.Join(filepath.Dir(o.file), "ssh_host_ed25519_key")}
}

// change puts another configuration into force. After an error SSH is as before, but for who may come in, and what could not be done is tried
// again.
func (t *terminals) change(built config.Built) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wanted = built.Terminal
	_, err := t.attempt()
	return err
}

// retry tries again what could not be opened. An error is logged where it is another one than before.
func (t *terminals) retry() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if news, err := t.attempt(); news {
		t.log.Error().Err(err).Msg("terminals over SSH are still not open, and are tried again")
	}
}

// attempt puts into force what is wanted, and arranges for the next attempt; mu is held.
func (t *terminals) attempt() (news bool, err error) {
	if t.timer != nil {
		t.timer.Stop()
	}
	err = t.open(t.wanted)
	wait, news := t.again.note(err)
	if err != nil {
		t.timer = time.AfterFunc(wait, t.retry)
	}
	return news, err
}

// show is what operators see of it.
func (t *terminals) show() cli.SSH {
	t.mu.Lock()
	defer t.mu.Unlock()
	cfg := t.wanted
	return cli.SSH{Access: t.again.access(cfg.Listen), LoginTime: cfg.LoginTime, Tries: cfg.Tries, Limit: cfg.Sessions}
}

// open puts a configuration into force; mu is held.
func (t *terminals) open(cfg config.Terminal) error {
	next := sshd.Config{Banner: cfg.Banner, LoginTime: cfg.LoginTime, Tries: cfg.Tries, IdleTime: cfg.IdleTime, Sessions: cfg.Sessions}
	for _, u := range cfg.Users {
		next.Users = append(next.Users, sshd.User{Name: u.Name, Privileged: u.Privilege == 15, Secret: u.Secret, Keys: u.Keys})
	}
	listens := cfg.Listen.IsValid()
	if !listens && t.server == nil {
		return nil
	}
	if err := t.configure(next, cfg.Enable); err != nil {
		return err
	}
	if !listens {
		if t.stop != nil {
			t.log.Info().Stringer("listen", t.listen).Msg("no more terminals over SSH; those that are there go on")
		}
		t.mute()
		t.listen = netip.AddrPort{}
		return nil
	}
	if t.stop != nil && t.listen == cfg.Listen {
		return nil
	}
	rivals := t.stop != nil && overlap(t.listen, cfg.Listen)
	if rivals {
		t.mute()
	}
	err := t.listenAt(cfg.Listen)
	if err != nil && rivals {
		err = errors.Join(err, t.listenAt(t.listen))
	}
	return err
}

// listenAt moves to another address. After an error the one before is as it was.
func (t *terminals) listenAt(at netip.AddrPort) error {
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		return fmt.Errorf("ssh: %w", err)
	}
	t.mute()
	if t.listen != at {
		t.log.Info().Stringer("listen", at).Msg("terminals over SSH")
	}
	t.listen = at
	t.serve(l)
	return nil
}

// configure says who may come in.
func (t *terminals) configure(cfg sshd.Config, enable string) error {
	t.enable.Store(enable)
	if t.server != nil {
		t.server.Configure(cfg)
		return nil
	}
	key, err := sshd.HostKey(t.key)
	if err != nil {
		return err
	}
	t.server, err = sshd.New(t.log, key, cfg, t.session)
	return err
}

// serve takes connections until mute.
func (t *terminals) serve(l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	server := t.server
	go func() {
		defer close(ended)
		if err := server.Serve(ctx, l); err != nil {
			t.log.Error().Err(err).Msg("terminals over SSH have ended")
		}
	}()
	t.stop = func() {
		cancel()
		<-ended
	}
}

// mute lets nobody in any more. The sessions there are go on: one of them may be that of who says so.
func (t *terminals) mute() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// close ends SSH with all sessions.
func (t *terminals) close() error {
	t.mu.Lock()
	t.closed = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mute()
	server := t.server
	t.mu.Unlock()
	if server != nil {
		server.Close() // not under the lock: it waits for sessions, one of which may be changing the configuration
	}
	return nil
}

var (
	errNoEnable = errors.New("No password set")
	errEnable   = errors.New("Bad secrets")
)

// session is the command line for an operator who came by SSH.
func (t *terminals) session(ctx context.Context, s sshd.Session) error {
	line := t.lines.Enter(s.User.Name, s.Source.Addr(), s.End)
	defer line.Leave()
	s.In = keys{s.In, line}
	c := cli.Client{Socket: t.socket, User: !s.User.Privileged, Remote: true, Line: line.Number()}
	switch {
	case s.Command != "":
		return c.Run(ctx, s.Command, s.Out)
	case !s.PTY:
		return c.Batch(ctx, s.In, s.Out)
	}
	return c.Converse(ctx, cli.Screen{In: s.In, Out: s.Out, Size: s.Size, Enable: func(ask func() (string, error)) error {
		for range 3 {
			if t.secret() == "" {
				return errNoEnable
			}
			password, err := ask()
			if err != nil {
				return err
			}
			if t.privileged(ctx, s, password) {
				return nil
			}
		}
		return errEnable
	}})
}

// keys is what an operator types, who is not idle then.
type keys struct {
	r    io.Reader
	line *cli.Line
}

func (k keys) Read(b []byte) (int, error) {
	n, err := k.r.Read(b)
	if n > 0 {
		k.line.Use()
	}
	return n, err
}

// secret is the hash of the password of `enable`.
func (t *terminals) secret() string {
	enable, _ := t.enable.Load().(string)
	return enable
}

// privileged reports whether a password is that of `enable`, and logs it. One is checked at a time, and the answer to a wrong one takes a while.
func (t *terminals) privileged(ctx context.Context, s sshd.Session, password string) bool {
	select {
	case t.checks <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	err := bcrypt.CompareHashAndPassword([]byte(t.secret()), []byte(strings.TrimRight(password, "\r\n")))
	<-t.checks
	if err == nil {
		t.log.Info().Msg(fmt.Sprintf("%%SYS-5-PRIV_AUTH_PASS: Privilege level set to 15 by %s on vty (%v)", s.User.Name, s.Source.Addr()))
		return true
	}
	t.log.Warn().Msg(fmt.Sprintf("%%SYS-5-PRIV_AUTH_FAIL: Authentication to Privilege level 15 failed by %s on vty (%v)", s.User.Name, s.Source.Addr()))
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	return false
}
