package main

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/rs/zerolog"

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

// open makes the server, which answers once run does.
func (m *monitoring) open(built config.Built) error {
	cfg, err := m.prepare(built)
	if err != nil {
		return err
	}
	return m.listen(cfg, built)
}

func (m *monitoring) listen(cfg *web.Config, built config.Built) (err error) {
	if cfg == nil {
		m.cfg, m.server = nil, nil
		return nil
	}
	if m.server, err = web.Listen(*cfg); err != nil {
		return err
	}
	m.cfg, m.name = built.Monitor, built.Hostname
	if !cfg.Listen.Addr().IsLoopback() && cfg.TLS == nil {
		m.log.Warn().Stringer("listen", cfg.Listen).Msg("monitoring crosses the network in the clear, its token too")
	}
	m.log.Info().Stringer("listen", m.server.Addr()).Bool("tls", cfg.TLS != nil).Msg("monitoring")
	return nil
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
			c.err <- m.turn(ctx, c.built)
		case err := <-m.served:
			m.served = nil
			m.stop()
			m.log.Error().Err(err).Msg("monitoring has ended")
			m.cfg, m.server = nil, nil
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

// change puts another configuration into force. An error leaves what there was.
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
	m.end() // first: the new one may want the same port
	if err = m.listen(next, built); err != nil {
		built.Monitor = before
		if back := m.open(built); back != nil {
			m.log.Error().Err(back).Msg("monitoring has ended")
			m.cfg, m.server = nil, nil
		}
	}
	m.begin(ctx)
	return err
}
