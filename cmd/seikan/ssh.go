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
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"

	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/internal/sshd"
)

// terminals is SSH, which the configuration may switch on and off and move. It belongs to whoever changes the configuration.
type terminals struct {
	log    zerolog.Logger
	socket string // of the command line
	key    string // file with the host key

	server *sshd.Server // nil: never was there SSH
	enable atomic.Value // hash of the password of `enable`, a string
	listen netip.AddrPort
	stop   func() // ends the listener; nil: nothing listens

	lines  *cli.Lines    // those of operators who are here, over SSH and otherwise
	checks chan struct{} // a place for the password of `enable` that is being checked
}

func newTerminals(log zerolog.Logger, o runOptions, lines *cli.Lines) *terminals {
	return &terminals{lines: lines, checks: make(chan struct{}, 1), log: log, socket: o.socket, key: filepath.Join(filepath.Dir(o.file), "ssh_host_ed25519_key")}
}

// change puts another configuration into force. After an error SSH is as before, but for who may come in.
func (t *terminals) change(built config.Built) error {
	cfg := built.Terminal
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
		return nil
	}
	if t.stop != nil && t.listen == cfg.Listen {
		return nil
	}
	l, err := net.Listen("tcp", cfg.Listen.String())
	if err != nil {
		return fmt.Errorf("ssh: %w", err)
	}
	t.mute()
	t.listen = cfg.Listen
	t.serve(l)
	t.log.Info().Stringer("listen", cfg.Listen).Msg("terminals over SSH")
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
	t.mute()
	if t.server != nil {
		t.server.Close()
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
