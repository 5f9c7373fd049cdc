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
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"seikan"
	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/internal/fault"
	"seikan/internal/ping"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// service is a router with its device, its sockets and its command line. It belongs to one goroutine.
type service struct {
	log          zerolog.Logger
	logs         *logs
	closers      []func() error // of what was opened, in order
	router       *seikan.Router
	host         *tun.Host
	vty          *cli.Listener
	monitor      *monitoring
	terminals    *terminals
	offloads     config.Offloads // that the sockets and the device were opened with
	lanes        int             // the same of config.Built
	info         cli.Info
	config       *configuration
	listed       atomic.Pointer[listed]
	tunnels      tunnels
	hosts        atomic.Pointer[map[string][]*tun.Host] // the devices that have routes, by network namespace
	hostsChanged chan struct{}
	device       string
	locals       []config.LocalEndpoint
	fronts       map[string]namespace // of the sockets, by front VRF
	roams        bool                 // some of the locals may come and go
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
	s.config = &configuration{log: s.log, file: o.file, build: buildConfig, apply: s.apply, draft: model, force: version{model, built}}
	s.onClose(s.config.close)
	s.info = cli.Info{
		Hostname: built.Hostname, Version: versionText(), RunningConfig: func() string { return s.config.running().RunningConfig() },
		Format: func() session.Format { return s.listed.Load().format }, Log: s.logs.log, Config: s.config, Ping: ping.Run,
		Lines: &cli.Lines{Cleared: s.lineCleared},
		Fault: s.fault, SSH: func() cli.SSH { return s.terminals.show() }, Monitoring: func() cli.Access { return s.monitor.show() },
		Clock: func() (time.Time, bool) { return time.Now(), clockSet() },
	}
	sockets, err := s.listen(built) // first: where another router has them, nothing of its is touched
	if err != nil {
		return err
	}
	host, err := tun.Open(tun.Config{Name: o.tun, Queues: lanes(built), Off: built.Offloads.Device, Refused: s.refused})
	if err != nil {
		return err
	}
	s.host = host
	s.onClose(host.Close)
	s.device = host.Name()
	s.offloads, s.lanes = built.Offloads, built.Lanes
	s.tunnels = tunnels{name: o.tun, refused: s.refused, off: built.Offloads.Device}
	list, taken, err := s.tunnels.prepare(built.Tunnels)
	if err != nil {
		return err
	}
	s.router, err = seikan.New(seikan.Config{
		IKE: built.IKE, Policies: built.Policies, Session: built.Session, Tunnels: list,
		Device: host, Queues: host.Queues(), Sockets: sockets, SetMTU: host.SetMTU, SetRouteMTU: host.SetRouteMTU, SendICMP: host.ICMP(),
		Log: s.log, LogIKE: built.LogIKE,
	})
	if terr := taken(err == nil); terr != nil || err != nil {
		return errors.Join(err, terr)
	}
	s.onClose(s.closeTunnels)
	s.list(built)
	s.monitor = newMonitoring(s.log, s.router)
	if err := s.monitor.open(built); err != nil { // packets do not wait for that
		s.log.Error().Err(err).Msg("no monitoring yet: it is tried again")
	}
	s.onClose(s.monitor.close)
	if err := s.makeDir(filepath.Dir(o.socket)); err != nil {
		return err
	}
	if s.vty, err = cli.Listen(o.socket); err != nil {
		return err
	}
	s.onClose(s.vty.Close)
	s.terminals = newTerminals(s.log, o, s.info.Lines)
	s.onClose(s.terminals.close)
	if err := s.terminals.change(built); err != nil {
		s.log.Error().Err(err).Msg("no terminals over SSH yet: they are tried again")
	}
	if err := host.SetRoutes(built.Routes, built.Lines); err != nil {
		return err
	}
	s.hostsChanged = make(chan struct{}, 1)
	s.noteHosts()
	s.sweep()
	s.log.Info().Msg("%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON")
	s.log.Info().Strs("local", texts(s.locals)).Str("interface", host.Name()).Str("socket", o.socket).Msg("router running")
	return nil
}

// lineCleared logs that an operator has ended the terminal of another. Any goroutine may call it.
func (s *service) lineCleared(u cli.User, by string) {
	e := s.log.Info().Str("user", u.Name).Int("line", u.Line)
	if u.From.IsValid() {
		e = e.Stringer("source", u.From)
	}
	e.Str("by", by).Msg("terminal ended: its line was cleared")
}

// fault logs a panic that a listing has ended with. Any goroutine may call it.
func (s *service) fault(f fault.Fault) {
	s.log.Error().Str("stack", f.Stack()).Msg("%SYS-3-INTERNAL_ERROR: a listing: " + f.String())
}

// refused logs an offload that the kernel does not take. Any goroutine may call it.
func (s *service) refused(o tun.Offload, err error) {
	s.log.Warn().Err(err).Stringer("offload", o).Msg("offload is off: the kernel does not take it")
}

// lanes is how many goroutines there are for each direction. The kernel does as much work on each packet as they do, on processors of its
// own choice.
func lanes(b config.Built) int {
	const most = 8
	return cmp.Or(b.Lanes, max(1, min(most, runtime.GOMAXPROCS(0)/2)))
}

// listen opens the sockets: for each local address one for bare IKE, one for IKE and ESP (RFC 3948), and where it may come one for bare ESP.
func (s *service) listen(built config.Built) ([]seikan.Socket, error) {
	var sockets []seikan.Socket
	s.fronts = make(map[string]namespace)
	unsteered := false // said once, for all of them
	for _, l := range built.Locals {
		ns, err := findNamespace(l.Netns)
		if err != nil {
			return nil, fmt.Errorf("seikan: VRF %s: %w", l.VRF, err)
		}
		for _, natt := range [...]bool{false, true} {
			port := cmp.Or(built.IKE.Port, 500)
			if natt {
				port = cmp.Or(built.IKE.NATTPort, 4500)
			}
			at := netip.AddrPortFrom(l.Addr, port)
			n := 1
			if natt {
				n = lanes(built)
			}
			group, err := seikan.ListenGroup(at, n, seikan.ListenOptions{
				Mark: tun.Mark, Netns: l.Netns, Absent: l.Alternate, MayFragment: natt, NoSegmentation: built.Offloads.NoSegmentation, NoCoalescing: built.Offloads.NoCoalescing,
				Refused: func(err error) {
					s.log.Warn().Err(err).Stringer("socket", at).Msg("offload is off: the kernel does not cut datagrams up")
				},
				Unsteered: func(err error) {
					if !unsteered {
						s.log.Warn().Err(err).Msg("one socket for each address, and packets in UDP leave with DF set: the kernel does not choose among sockets as it is told")
					}
					unsteered = true
				},
			})
			if err != nil {
				return nil, err // it names the address and the port
			}
			for _, c := range group {
				s.onClose(c.Close)
			}
			sockets = append(sockets, seikan.Socket{Conn: group[0], More: group[1:], NATT: natt, MTU: l.MTU, VRF: l.VRF})
		}
		if l.ESP {
			conn, err := seikan.ListenESP(l.Addr, seikan.ListenOptions{Mark: tun.Mark, Netns: l.Netns, Absent: l.Alternate, MayFragment: true})
			if err != nil {
				return nil, err
			}
			s.onClose(conn.Close)
			sockets = append(sockets, seikan.Socket{Conn: conn, ESP: true, MTU: l.MTU, VRF: l.VRF})
		}
		s.locals, s.fronts[l.VRF] = append(s.locals, l), ns
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
	served, watched := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(watched)
		s.monitor.run(ctx)
	}()
	go func() {
		defer cancel()
		served <- cli.Serve(ctx, s.vty, s.backend(), s.info)
	}()
	if s.roams {
		for vrf, ns := range s.fronts {
			go s.watch(ctx, vrf, ns.name)
		}
	}
	go s.watchPaths(ctx)
	go s.watchRoutes(ctx)
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		s.reloadOn(ctx, hangUps(ctx))
	}()
	err := s.router.Run(ctx)
	cancel()
	<-watched
	<-reloaded
	err = errors.Join(err, <-served)
	s.log.Info().Msg("%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is OFF")
	s.log.Info().Msg("router stopped")
	return err
}

func texts(locals []config.LocalEndpoint) (list []string) {
	for _, l := range locals {
		text := l.Addr.String()
		if l.VRF != "" {
			text += " in VRF " + l.VRF
		}
		list = append(list, text)
	}
	return list
}

// watch tells the router of addresses that come and go in a front VRF, until ctx ends.
func (s *service) watch(ctx context.Context, vrf, netns string) {
	for _, l := range s.locals {
		if l.VRF != vrf {
			continue
		}
		if here, err := tun.LocalAddr(netns, netip.PrefixFrom(l.Addr, l.Addr.BitLen())); err == nil && here != l.Addr {
			_ = s.router.Reachable(ctx, sadb.Host{Addr: l.Addr, VRF: vrf}, false)
		}
	}
	err := tun.WatchAddrs(ctx, netns, func(a netip.Addr, there bool) {
		_ = s.router.Reachable(ctx, sadb.Host{Addr: a, VRF: vrf}, there) // but for ErrStopped, there is none
	})
	if err != nil {
		s.log.Error().Err(err).Msg("addresses are not watched: SAs move only when a peer does not answer")
	}
}

// reloadOn reads the configuration again for each signal, until ctx ends.
func (s *service) reloadOn(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			if err := s.reload(ctx); err != nil {
				s.log.Error().Err(err).Str("file", s.config.file).Msg("configuration not changed")
			}
		}
	}
}

// reload puts the configuration that the file has now into force. What is the same in it is not touched; an error changes nothing.
func (s *service) reload(ctx context.Context) error {
	model, built, err := readConfig(s.config.file)
	if err != nil {
		return err
	}
	return s.config.use(ctx, version{model, built}, s.config.file, "SIGHUP")
}

// apply puts a configuration into force: what is the same in it is not touched. After an error nothing has changed; what does not follow a
// change that was made is logged and returned. Only config calls it.
func (s *service) apply(ctx context.Context, v version) (lacks []string, err error) {
	built := v.built
	if err := s.reconfigure(ctx, built); err != nil {
		return nil, err
	}
	if built.Offloads != s.offloads || built.Lanes != s.lanes {
		s.log.Warn().Msg("offloads and lanes change with the next start")
	}
	s.list(built)
	for _, part := range []struct {
		what string
		err  error
	}{
		{"its logging", s.logs.configure(built)},
		{"all of its routes", s.host.SetRoutes(built.Routes, built.Lines)},
		{"its monitoring", s.monitor.change(ctx, built)},
		{"its terminals over SSH", s.terminals.change(built)},
	} {
		if part.err != nil {
			s.log.Error().Err(part.err).Msg("the configuration is in force, but not " + part.what)
			lacks = append(lacks, fmt.Sprintf("The configuration is in force, but not %s: %v", part.what, part.err))
		}
	}
	s.log.Info().Msg("configuration changed")
	return lacks, nil
}
