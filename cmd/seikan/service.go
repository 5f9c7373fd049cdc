package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"

	"seikan"
	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/tun"
)

// service is a router with its device, its sockets and its command line. It belongs to one goroutine.
type service struct {
	log     zerolog.Logger
	closers []func() error // of what was opened, in order
	router  *seikan.Router
	vty     *cli.Listener
	info    cli.Info
	device  string
	routes  []tun.Route
	locals  []netip.Addr
	roams   bool // some of them may come and go
}

// onClose has something closed by close, before what was opened before it.
func (s *service) onClose(f func() error) { s.closers = append(s.closers, f) }

// close closes what was opened, the last first. What the router or the command line has closed already stays so.
func (s *service) close() error {
	var errs []error
	for _, f := range slices.Backward(s.closers) {
		if err := f(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	s.closers = nil
	return errors.Join(errs...)
}

// start opens everything. After an error the caller has still to close what was opened until then.
func (s *service) start(o runOptions, model *config.Model, built config.Built) error {
	s.info = cli.Info{Hostname: built.Hostname, Version: versionText(), RunningConfig: model.RunningConfig(), Format: built.Session.Format}
	sockets, err := s.listen(built) // first: where another router has them, nothing of its is touched
	if err != nil {
		return err
	}
	host, err := tun.Open(tun.Config{Name: o.tun})
	if err != nil {
		return err
	}
	s.onClose(host.Close)
	s.device, s.routes = host.Name(), built.Routes
	s.router, err = seikan.New(seikan.Config{
		IKE: built.IKE, Policies: built.Policies, Session: built.Session,
		Device: host, Sockets: sockets, SetMTU: host.SetMTU, Log: s.log,
	})
	if err != nil {
		return err
	}
	if err := s.makeDir(filepath.Dir(o.socket)); err != nil {
		return err
	}
	if s.vty, err = cli.Listen(o.socket); err != nil {
		return err
	}
	s.onClose(s.vty.Close)
	if err := host.SetRoutes(built.Routes); err != nil {
		return err
	}
	s.log.Info().Strs("local", texts(s.locals)).Str("interface", host.Name()).Str("socket", o.socket).Msg("router running")
	return nil
}

// listen opens the sockets: for each local address one for bare IKE, one for IKE and ESP (RFC 3948), and where it may come one for bare ESP.
func (s *service) listen(built config.Built) ([]seikan.Socket, error) {
	var sockets []seikan.Socket
	for _, l := range built.Locals {
		for _, natt := range [...]bool{false, true} {
			port := cmp.Or(built.IKE.Port, 500)
			if natt {
				port = cmp.Or(built.IKE.NATTPort, 4500)
			}
			at := netip.AddrPortFrom(l.Addr, port)
			conn, err := seikan.Listen(at, seikan.ListenOptions{Mark: tun.Mark, Absent: l.Alternate})
			if err != nil {
				return nil, err // it names the address and the port
			}
			s.onClose(conn.Close)
			sockets = append(sockets, seikan.Socket{Conn: conn, NATT: natt, MTU: l.MTU})
		}
		if l.ESP {
			conn, err := seikan.ListenESP(l.Addr, seikan.ListenOptions{Mark: tun.Mark, Absent: l.Alternate})
			if err != nil {
				return nil, err
			}
			s.onClose(conn.Close)
			sockets = append(sockets, seikan.Socket{Conn: conn, ESP: true, MTU: l.MTU})
		}
		s.locals = append(s.locals, l.Addr)
		s.roams = s.roams || l.Alternate
	}
	return sockets, nil
}

// makeDir makes the directory of the command line's socket where it is missing, and removes it in the end.
func (s *service) makeDir(dir string) error {
	switch err := os.Mkdir(dir, 0o750); {
	case err == nil:
		s.onClose(func() error {
			_ = os.Remove(dir) // someone else may have put something there
			return nil
		})
		return nil
	case errors.Is(err, fs.ErrExist):
		return nil
	default:
		return fmt.Errorf("seikan: directory of the socket: %w", err)
	}
}

// run runs the router, and answers commands, until ctx ends or one of the two fails.
func (s *service) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		defer cancel()
		served <- cli.Serve(ctx, s.vty, s.backend(), s.info)
	}()
	if s.roams {
		go s.watch(ctx)
	}
	err := s.router.Run(ctx)
	cancel()
	err = errors.Join(err, <-served)
	s.log.Info().Msg("router stopped")
	return err
}

func texts(addrs []netip.Addr) (list []string) {
	for _, a := range addrs {
		list = append(list, a.String())
	}
	return list
}

// watch tells the router of addresses that come and go, until ctx ends.
func (s *service) watch(ctx context.Context) {
	for _, a := range s.locals {
		if here, err := tun.LocalAddr(netip.PrefixFrom(a, a.BitLen())); err == nil && here != a {
			_ = s.router.Reachable(ctx, a, false)
		}
	}
	err := tun.WatchAddrs(ctx, func(a netip.Addr, there bool) {
		_ = s.router.Reachable(ctx, a, there) // but for ErrStopped, there is none
	})
	if err != nil {
		s.log.Error().Err(err).Msg("addresses are not watched: SAs move only when a peer does not answer")
	}
}
