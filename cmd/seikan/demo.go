package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"seikan/session"
)

const mib = 1 << 20

// runDemo runs two routers in this process, moves files between the hosts behind them, and shows the sessions. It needs no
// privileges and no peer. 0 means that every octet arrived as it was sent.
func runDemo(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("seikan demo", flag.ContinueOnError)
	fs.SetOutput(stderr)
	size := fs.Int64("size", 64, "size of the largest file, in `MiB`")
	timeout := fs.Duration("timeout", time.Minute, "give up after this `time`")
	verbose := fs.Bool("v", false, "show what the routers log")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case fs.NArg() > 0 || *size < 1 || *timeout <= 0:
		fmt.Fprintln(stderr, "seikan demo: takes no words, a size of at least 1, and a timeout above 0")
		return 2
	}
	level := zerolog.ErrorLevel
	if *verbose {
		level = zerolog.InfoLevel
	}
	// Two routers write here.
	w := zerolog.SyncWriter(zerolog.ConsoleWriter{Out: stderr, NoColor: !isTerminal(stderr), TimeFormat: time.TimeOnly})
	log := zerolog.New(w).Level(level).With().Timestamp().Logger()
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	if err := demo(ctx, *size*mib, stdout, log); err != nil {
		fmt.Fprintf(stderr, "seikan demo: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, "\nEvery octet arrived as it was sent.")
	return 0
}

// demo is the whole of it: routers up, files over, sessions shown, routers down.
func demo(ctx context.Context, size int64, w io.Writer, log zerolog.Logger) (err error) {
	a, b, err := startPair(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stop(), b.stop()) }()
	fmt.Fprintf(w, "Two routers on this machine: %s at %v starts the tunnel, %s at %v answers.\n", a.name, a.esp, b.name, b.esp)
	fmt.Fprintf(w, "Behind %s a host has the address %v, behind %s one has %v.\n\n", a.name, a.inner, b.name, b.inner)

	files, err := serveFiles(b.host, b.inner)
	if err != nil {
		return err
	}
	client := newClient(a.host, files.url)
	err = transferAll(ctx, client, size, newProgress(w))
	client.close()
	err = errors.Join(err, files.close())
	return errors.Join(err, showSession(ctx, w, a), showSession(ctx, w, b))
}

// transferAll moves files of several sizes both ways.
func transferAll(ctx context.Context, c *client, size int64, p *progress) error {
	for _, n := range [...]int64{1, 1500, mib, size} {
		if err := p.watch("download", n, func(count func(int)) error { return c.download(ctx, n, count) }); err != nil {
			return fmt.Errorf("download of %d octets: %w", n, err)
		}
		if err := p.watch("upload", n, func(count func(int)) error { return c.upload(ctx, n, count) }); err != nil {
			return fmt.Errorf("upload of %d octets: %w", n, err)
		}
	}
	return nil
}

// showSession prints what the operator of a router sees.
func showSession(ctx context.Context, w io.Writer, s *site) error {
	snap, err := s.router.Snapshot(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s# show crypto session detail\n", s.name)
	return snap.Render(w, session.View{Detail: true})
}
