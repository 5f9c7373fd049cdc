package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"seikan/internal/cli"
)

// runVTY gives commands to a running router: one, those of a terminal, or those that stdin has, one in a line.
func runVTY(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("seikan vty", flag.ContinueOnError)
	fs.SetOutput(stderr)
	client := cli.Client{}
	fs.StringVar(&client.Socket, "socket", defaultSocket, "`path` at which the router listens for commands")
	command := fs.String("c", "", "the one `command` to give")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	given := false
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == "c" })
	in, isFile := stdin.(*os.File)
	out, toFile := stdout.(*os.File)
	var err error
	switch {
	case given:
		err = client.Run(ctx, *command, stdout)
	case isFile && toFile && term.IsTerminal(int(in.Fd())) && isTerminal(stdout):
		err = client.Interactive(ctx, in, out)
	default:
		err = client.Batch(ctx, stdin, stdout)
	}
	switch {
	case err == nil:
		return exitDone
	case !errors.Is(err, cli.ErrRefused): // else the reason is on stdout, as all that the router says
		fmt.Fprintf(stderr, "seikan vty: %v\n", err)
	}
	return exitFailed
}
