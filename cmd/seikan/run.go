package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"seikan/internal/config"
	"seikan/internal/netns"
	"seikan/internal/sched"
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
	fs.StringVar(&o.level, "log-level", "info", "least `level` that is printed: debug, info, warn or error; counts more than that of the configuration")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	console, err := newConsole(stderr, o.format, o.level)
	fs.Visit(func(f *flag.Flag) { console.forced = console.forced || f.Name == "log-level" })
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
	if err := keepMemory(); err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	if err := runService(ctx, o, console, model, built); err != nil {
		fmt.Fprintf(stderr, "seikan run: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// runService runs the router, with its log open from before until after.
func runService(ctx context.Context, o runOptions, console consoleOptions, model *config.Model, built config.Built) error {
	l := newLogs(console, built.Logging)
	defer l.close()
	if err := l.configure(built); err != nil {
		return err
	}
	if err := sched.Batch(); err != nil {
		l.logger.Warn().Err(err).Msg("threads stay of the usual class, which costs throughput")
	}
	s := &service{log: l.logger, logs: l}
	err := s.start(o, model, built)
	if err == nil {
		err = s.run(ctx)
	}
	return errors.Join(err, s.close())
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
	built, err := buildConfig(model)
	return model, built, err
}

// buildConfig looks up what a configuration leaves to this machine. It changes nothing.
func buildConfig(model *config.Model) (config.Built, error) {
	built, err := model.Build(config.Env{Namespace: netns.Check, InterfaceAddrs: tun.InterfaceAddrs, LocalAddr: tun.LocalAddr, Keys: readKeys})
	if err == nil && len(built.Locals) == 0 {
		err = fmt.Errorf("%s: puts no crypto map on an interface: there is nothing to do", model.File())
	}
	if err == nil {
		_, err = checkLogs(built.Logging)
	}
	return built, err
}
