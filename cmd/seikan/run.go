package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"seikan/internal/config"
	"seikan/tun"
)

// runOptions is what the command line of `seikan run` says.
type runOptions struct {
	file   string
	check  bool
	socket string
	tun    string
	format string
	level  string
}

// runRouter runs a router until ctx ends.
func runRouter(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("seikan run", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var o runOptions
	fs.StringVar(&o.file, "c", "", "`file` with the configuration")
	fs.BoolVar(&o.check, "t", false, "only check the configuration")
	fs.BoolVar(&o.check, "check", false, "only check the configuration")
	fs.StringVar(&o.socket, "socket", defaultSocket, "`path` at which to listen for commands")
	fs.StringVar(&o.tun, "tun", "", "`name` of the packet interface, with %d for a free number (default seikan%d)")
	fs.StringVar(&o.format, "log-format", "console", "`format` of the log: console or json")
	fs.StringVar(&o.level, "log-level", "info", "least `level` that is logged: debug, info, warn or error")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	log, err := newLog(stderr, o.format, o.level)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "seikan run: %v\n", err)
		return exitUsage
	case o.file == "":
		fmt.Fprintln(stderr, "seikan run: needs a configuration: -c FILE")
		return exitUsage
	}
	model, built, err := readConfig(o.file)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	if o.check {
		fmt.Fprintf(stdout, "%s: no errors\n", o.file)
		return exitDone
	}
	s := &service{log: log}
	err = s.start(o, model, built)
	if err == nil {
		err = s.run(ctx)
	}
	if err = errors.Join(err, s.close()); err != nil {
		fmt.Fprintf(stderr, "seikan run: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// newLog is the router's log.
func newLog(w io.Writer, format, level string) (zerolog.Logger, error) {
	levels := map[string]zerolog.Level{
		"debug": zerolog.DebugLevel, "info": zerolog.InfoLevel, "warn": zerolog.WarnLevel, "error": zerolog.ErrorLevel,
	}
	least, ok := levels[level]
	if !ok {
		return zerolog.Nop(), fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	switch format {
	case "json":
	case "console":
		w = zerolog.ConsoleWriter{Out: w, NoColor: !isTerminal(w), TimeFormat: time.DateTime}
	default:
		return zerolog.Nop(), fmt.Errorf("log format %q is neither console nor json", format)
	}
	return zerolog.New(zerolog.SyncWriter(w)).Level(least).With().Timestamp().Logger(), nil
}

// readConfig reads a configuration and looks up what it leaves to this machine. It changes nothing.
func readConfig(file string) (*config.Model, config.Built, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, config.Built{}, fmt.Errorf("seikan run: configuration: %w", err)
	}
	model, err := config.Parse(file, text)
	if err != nil {
		return nil, config.Built{}, err
	}
	built, err := model.Build(config.Env{InterfaceAddrs: tun.InterfaceAddrs, LocalAddr: tun.LocalAddr})
	if err == nil && len(built.Locals) == 0 {
		err = fmt.Errorf("%s: puts no crypto map on an interface: there is nothing to do", file)
	}
	return model, built, err
}
