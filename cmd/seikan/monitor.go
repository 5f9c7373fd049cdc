package main

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/internal/metrics"
	"seikan/internal/web"
)

// monitoring is the listener for metrics and the page, which the configuration may switch on and off and move. After open, run's
// goroutine owns it.
type monitoring struct {
	log     zerolog.Logger
	router  watched
	started time.Time
	changes chan monitorChange
	ended   chan struct{} // closed when run has returned

	wanted config.Built               // what the configuration says
	again  again                      // of that
	retry  <-chan time.Time           // has a value when it is to be tried again; nil: it is in force
	shown  atomic.Pointer[cli.Access] // what operators see of it; anybody reads it

	cfg    *config.Monitor // of the server; nil: there is none
	name   string          // of the router, as the server has it
	server *web.Server
	served chan error // has a value when the server has ended
	stop   context.CancelFunc
}

var errMonitoringEnded = errors.New("monitoring has ended")

// monitorChange is another configuration, and where the result is told.
type monitorChange struct {
	built config.Built
	err   chan<- error
}

// watched is what is shown.
type watched interface {
	web.Source
	metrics.Source
}

func newMonitoring(log zerolog.Logger, r watched) *monitoring {
	return &monitoring{log: log, router: r, started: time.Now(), changes: make(chan monitorChange), ended: make(chan struct{})}
}

// prepare is what the server works from, its files read. Nil: there is to be none.
func (m *monitoring) prepare(built config.Built) (*web.Config, error) {
	mon := built.Monitor
	if mon == nil {
		return nil, nil
	}
	info := buildOf()
	cfg := &web.Config{
		Listen: mon.Listen, Token: mon.Token, Hostname: built.Hostname, Version: info.version, Source: m.router,
		Metrics: metrics.Handler(m.router, metrics.Info{
			Version: info.version, Revision: info.revision, GoVersion: info.goVersion, Started: m.started,
		}),
	}
	if mon.Certificate == "" {
		return cfg, nil
	}
	var err error
	cfg.TLS, err = web.LoadTLS(mon.Certificate, mon.Key, mon.ClientCA)
	return cfg, err
}

// open makes the server, which answers once run does. What cannot be opened run tries again.
func (m *monitoring) open(built config.Built) error {
	m.wanted = built
	_, err := m.note(m.reopen(built))
	return err
}

// note arranges for the next attempt at what is wanted, where the last has failed.
func (m *monitoring) note(err error) (news bool, _ error) {
	wait, news := m.again.note(err)
	if m.retry = nil; err != nil {
		m.retry = time.After(wait)
	}
	at := netip.AddrPort{}
	if m.wanted.Monitor != nil {
		at = m.wanted.Monitor.Listen
	}
	m.shown.Store(new(m.again.access(at)))
	return news, err
}

// show is what operators see of it. Any goroutine may call it.
func (m *monitoring) show() cli.Access { return *m.shown.Load() }

// reopen makes the server where there is none.
func (m *monitoring) reopen(built config.Built) error {
	m.cfg, m.server = nil, nil
	cfg, err := m.prepare(built)
	if err != nil || cfg == nil {
		return err
	}
	server, err := web.Listen(*cfg)
	if err != nil {
		return err
	}
	m.adopt(server, cfg, built)
	return nil
}

// adopt has a server that listens be the one.
func (m *monitoring) adopt(s *web.Server, cfg *web.Config, built config.Built) {
	m.server, m.cfg, m.name = s, built.Monitor, built.Hostname
	if !cfg.Listen.Addr().IsLoopback() && cfg.TLS == nil {
		m.log.Warn().Stringer("listen", cfg.Listen).Msg("monitoring crosses the network in the clear, its token too")
	}
	m.log.Info().Stringer("listen", m.server.Addr()).Bool("tls", cfg.TLS != nil).Msg("monitoring")
}

// close is for a server that never ran.
func (m *monitoring) close() error {
	if m.server == nil {
		return nil
	}
	return m.server.Close()
}

// run serves until ctx ends.
func (m *monitoring) run(ctx context.Context) {
	defer close(m.ended)
	m.begin(ctx)
	for {
		select {
		case c := <-m.changes:
			m.wanted = c.built
			_, err := m.note(m.turn(ctx, c.built))
			c.err <- err
		case <-m.retry:
			if news, err := m.note(m.turn(ctx, m.wanted)); news {
				m.log.Error().Err(err).Msg("monitoring is still not as configured, and is tried again")
			}
		case err := <-m.served:
			m.served = nil
			m.stop()
			m.log.Error().Err(err).Msg("monitoring has ended, and is tried again")
			m.cfg, m.server = nil, nil
			m.note(err)
		case <-ctx.Done():
			m.end()
			return
		}
	}
}

// begin serves, if there is a server.
func (m *monitoring) begin(ctx context.Context) {
	if m.server == nil {
		return
	}
	ctx, m.stop = context.WithCancel(ctx)
	served, server := make(chan error, 1), m.server
	m.served = served
	go func() { served <- server.Serve(ctx) }()
}

// end stops serving, and returns when that is done.
func (m *monitoring) end() {
	if m.served == nil {
		return
	}
	m.stop()
	if err := <-m.served; err != nil {
		m.log.Error().Err(err).Msg("monitoring has ended")
	}
	m.served = nil
}

// change puts another configuration into force. An error leaves what there was, and what could not be opened is tried again.
func (m *monitoring) change(ctx context.Context, built config.Built) error {
	done := make(chan error, 1)
	select {
	case m.changes <- monitorChange{built, done}:
		return <-done
	case <-m.ended: // the router ends, which the timer that takes a configuration back does not know
		return errMonitoringEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// turn carries out change. The files of TLS may be others under the same names, so that a server with TLS is always made anew.
func (m *monitoring) turn(ctx context.Context, built config.Built) error {
	if reflect.DeepEqual(m.cfg, built.Monitor) && (m.cfg == nil || m.cfg.Certificate == "" && m.name == built.Hostname) {
		return nil
	}
	next, err := m.prepare(built)
	if err != nil {
		return err
	}
	before := m.cfg
	if next == nil || before != nil && overlap(before.Listen, next.Listen) {
		m.end() // first: the new one needs the port
		if err = m.reopen(built); err != nil {
			built.Monitor = before
			if back := m.reopen(built); back != nil {
				err = errors.Join(err, back)
			}
		}
		m.begin(ctx)
		return err
	}
	server, err := web.Listen(*next)
	if err != nil {
		return err
	}
	m.end()
	m.adopt(server, next, built)
	m.begin(ctx)
	return nil
}
