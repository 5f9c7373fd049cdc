//go:build !unix

package main

import (
	"context"
	"os"
)

// hangUps is the signals that ask for the configuration to be read again: there is none here.
func hangUps(context.Context) <-chan os.Signal { return nil }
