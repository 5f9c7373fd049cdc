package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"seikan/internal/config"
	"seikan/internal/logging"
	"seikan/internal/syslog"
)

// logs is the router's log with all that it feeds. One goroutine at a time uses it, but for log and logger.
type logs struct {
	log    *logging.Log
	logger zerolog.Logger
	stop   func() // the clock
	output *patient
	ways   map[way]*running
}

// way is a way that messages go. Two that are equal need not be taken down for a new configuration.
type way struct {
	host     logging.Host
	socket   string // of the daemon of this machine; then there is no host
	facility logging.Facility
	hostname string
	ca, cert string
}

// running is a way that is open.
type running struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// consoleOptions is what the command line says of the process's own output.
type consoleOptions struct {
	w      io.Writer // gets objects, from one goroutine
	level  logging.Level
	forced bool // the level was given, and counts more than the configuration's
}

// newConsole is the process's own output.
func newConsole(w io.Writer, format, level string) (consoleOptions, error) {
	severities := map[string]logging.Severity{
		"debug": logging.Debug, "info": logging.Informational, "warn": logging.Warning, "error": logging.Error,
	}
	least, ok := severities[level]
	if !ok {
		return consoleOptions{}, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	switch format {
	case "json":
	case "console":
		w = zerolog.ConsoleWriter{Out: w, NoColor: !isTerminal(w), TimeFormat: time.DateTime}
	default:
		return consoleOptions{}, fmt.Errorf("log format %q is neither console nor json", format)
	}
	return consoleOptions{w: w, level: logging.LevelOf(least)}, nil
}

// newLogs makes the log of a configuration; configure opens the ways.
func newLogs(o consoleOptions, cfg logging.Config) *logs {
	l := &logs{ways: make(map[way]*running), output: newPatient(o.w)}
	l.log = logging.New(cfg, logging.Options{
		Clock:   logging.Clock{Started: time.Now(), Zone: time.Local},
		Console: l.output, ConsoleLevel: o.level, ForceConsole: o.forced,
	})
	l.logger = zerolog.New(l.log).Sample(useful{l.log}).Hook(zerolog.HookFunc(stamp))
	l.log.Tick(time.Now(), clockMark())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.tick(ctx)
	}()
	l.stop = func() {
		cancel()
		<-ended
	}
	return l
}

// stamp gives a message its time, in milliseconds, which zerolog's own has not.
func stamp(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(logging.FieldTime, time.Now().Format(logging.TimeLayout))
}

// useful keeps messages for debugging from being made where nothing takes them.
type useful struct{ log *logging.Log }

func (u useful) Sample(level zerolog.Level) bool {
	return level > zerolog.DebugLevel || u.log.Debugging()
}

// tick tells the log the time until ctx ends.
func (l *logs) tick(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			l.log.Tick(now, clockMark())
		case <-ctx.Done():
			return
		}
	}
}

// clockMark is what stands in front of times: "*" while the system says that its clock was not set.
func clockMark() string {
	if clockSet() {
		return ""
	}
	return "*"
}

// checkLogs finds what is wrong with the files that a configuration names for its collectors.
func checkLogs(cfg logging.Config) (*tls.Config, error) {
	return syslog.TLSConfig(cfg.CAFile, cfg.CertFile)
}

// configure uses another configuration from now on. Ways that are the same stay open. After an error nothing has changed.
func (l *logs) configure(built config.Built) error {
	cfg := built.Logging
	conf, err := checkLogs(cfg)
	if err != nil {
		return err
	}
	hostname := built.Hostname
	if hostname == "" {
		hostname, _ = os.Hostname() // "" for none
	}
	header := syslog.Header{Facility: cfg.Facility, Hostname: hostname, Program: "seikan", PID: os.Getpid(), Zone: time.Local}
	wanted := make(map[way]*syslog.Sender)
	for _, h := range cfg.Hosts {
		w := way{host: h, facility: cfg.Facility, hostname: hostname}
		if h.Transport == logging.TLS {
			w.ca, w.cert = cfg.CAFile, cfg.CertFile
		}
		wanted[w] = syslog.Collector(header, h, conf)
	}
	if cfg.Local {
		wanted[way{socket: syslog.DaemonSocket, facility: cfg.Facility}] = syslog.Daemon(header, syslog.DaemonSocket)
	}
	l.log.Configure(cfg)
	for w, r := range l.ways {
		if wanted[w] == nil {
			r.close()
			delete(l.ways, w)
		}
	}
	for w, s := range wanted {
		if l.ways[w] == nil {
			l.ways[w] = l.open(w, s)
		}
	}
	return nil
}

// open starts a way.
func (l *logs) open(w way, s *syslog.Sender) *running {
	s.Notify = func(err error) {
		if err == nil {
			l.logger.Info().Msg("%SYS-6-LOGGINGHOST_STARTSTOP: Logging to " + w.words() + " started")
			return
		}
		l.logger.Error().Err(err).Msg("%SYS-3-LOGGINGHOST_FAIL: Logging to " + w.words() + " failed")
	}
	listener := l.log.Collector(w.String())
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{cancel, make(chan struct{})}
	go func() {
		defer close(r.ended)
		defer listener.Close()
		s.Run(ctx, listener)
	}()
	return r
}

// String is the way in `show logging`.
func (w way) String() string {
	if w.socket != "" {
		return w.socket
	}
	return fmt.Sprintf("%v (%v port %d)", w.host.Addr, w.host.Transport, w.host.AddrPort().Port())
}

// words is the way in messages.
func (w way) words() string {
	if w.socket != "" {
		return w.socket
	}
	return fmt.Sprintf("host %v port %d", w.host.Addr, w.host.AddrPort().Port())
}

// close ends a way once what is queued was sent, or its time is over.
func (r *running) close() {
	r.cancel()
	<-r.ended
}

// close ends the log. Nothing is logged afterwards.
func (l *logs) close() {
	for _, r := range l.ways {
		r.cancel() // all at once: each may take its time
	}
	for _, r := range l.ways {
		<-r.ended
	}
	l.stop()
	l.output.close()
}
