//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hangUps is the signals that ask for the configuration to be read again, until ctx ends.
func hangUps(ctx context.Context) <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(c) })
	return c
}
