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
	"seikan/ike"
	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/sadb"
	"seikan/tun"
)

// service is a router with its device, its sockets and its command line. It belongs to one goroutine.
type service struct {
	log     zerolog.Logger
	closers []func() error // of what was opened, in order
	router  *seikan.Router
	vty     *cli.Listener
	info    cli.Info
	locals  []string // for the log
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
	s.info = cli.Info{Hostname: built.Hostname, Version: versionText(), RunningConfig: model.RunningConfig()}
	sockets, err := s.listen(built) // first: where another router has them, nothing of its is touched
	if err != nil {
		return err
	}
	host, err := tun.Open(tun.Config{Name: o.tun, Refused: s.refused})
	if err != nil {
		return err
	}
	s.onClose(host.Close)
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
	s.log.Info().Strs("local", s.locals).Str("interface", host.Name()).Str("socket", o.socket).Msg("router running")
	return nil
}

// refused logs an offload that the kernel does not take. Any goroutine may call it.
func (s *service) refused(o tun.Offload, err error) {
	s.log.Warn().Err(err).Stringer("offload", o).Msg("offload is off: the kernel does not take it")
}

// listen opens the sockets: for each local address one for bare IKE, and one for IKE and ESP (RFC 3948).
func (s *service) listen(built config.Built) ([]seikan.Socket, error) {
	var sockets []seikan.Socket
	for _, l := range built.Locals {
		for _, natt := range [...]bool{false, true} {
			port := cmp.Or(built.IKE.Port, 500)
			if natt {
				port = cmp.Or(built.IKE.NATTPort, 4500)
			}
			at := netip.AddrPortFrom(l.Addr, port)
			conn, err := seikan.Listen(at, seikan.ListenOptions{Mark: tun.Mark})
			if err != nil {
				return nil, err // it names the address and the port
			}
			s.onClose(conn.Close)
			sockets = append(sockets, seikan.Socket{Conn: conn, NATT: natt, MTU: l.MTU})
		}
		s.locals = append(s.locals, l.Addr.String())
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
		served <- cli.Serve(ctx, s.vty, backend{s.router}, s.info)
	}()
	err := s.router.Run(ctx)
	cancel()
	err = errors.Join(err, <-served)
	s.log.Info().Msg("router stopped")
	return err
}

// backend is the router as the command line sees it.
type backend struct{ *seikan.Router }

// Drops is what was dropped and belongs to no session.
func (b backend) Drops(ctx context.Context) ([]cli.Drop, error) {
	stats, err := b.Stats(ctx)
	if err != nil {
		return nil, err
	}
	drops := make([]cli.Drop, 0, len(stats.Drops)+len(stats.IKEDrops))
	for why, n := range stats.Drops {
		drops = append(drops, cli.Drop{Of: cli.DroppedPackets, Reason: sadb.DropReason(why).String(), Count: n})
	}
	for why, n := range stats.IKEDrops {
		drops = append(drops, cli.Drop{Of: cli.DroppedIKE, Reason: ike.Drop(why).String(), Count: n})
	}
	return drops, nil
}
