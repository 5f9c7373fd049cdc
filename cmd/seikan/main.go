// Seikan is a software VPN router: IPsec in user space with its own IKEv2, commanded in the manner of a classic router.
//
// Exit codes: 0 for done, 1 for what went wrong or was refused, 2 for a command line that was not understood.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Seikan is a software VPN router.

	seikan run -c FILE     run the router with the configuration in FILE
	seikan run -t -c FILE  only check the configuration
	seikan vty             give commands to the running router
	seikan vty -c COMMAND  give one command
	seikan demo            move files between two routers in this process
	seikan version         print the version

Each of them says more with -h.
`

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(dispatch(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// dispatch runs a subcommand and gives the exit code.
func dispatch(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	switch name, args := args[0], args[1:]; name {
	case "run":
		return runRouter(ctx, args, stdout, stderr)
	case "vty":
		return runVTY(ctx, args, stdin, stdout, stderr)
	case "demo":
		return runDemo(ctx, args, stdout, stderr)
	case "version":
		fmt.Fprint(stdout, versionText())
		return exitDone
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitDone
	default:
		fmt.Fprintf(stderr, "seikan: there is no subcommand %q\n\n%s", name, usage)
		return exitUsage
	}
}

// defaultSocket is where a router listens for commands.
const defaultSocket = "/run/seikan/seikan.sock"

// parseFlags reads flags that are followed by no words. ok is false where the subcommand ends with that exit code.
func parseFlags(fs *flag.FlagSet, args []string) (code int, ok bool) {
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitDone, false
	case err != nil:
		return exitUsage, false
	case fs.NArg() > 0:
		fmt.Fprintf(fs.Output(), "%s: %q is one word too many\n", fs.Name(), fs.Arg(0))
		return exitUsage, false
	}
	return exitDone, true
}
