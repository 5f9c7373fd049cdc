// Command load offers UDP packets of one size at a rate, one by one as a telephone or a game would, and counts those that arrive.
//
//	load receive -at 10.30.30.1:9000
//	load search -from 10.10.10.1 -to 10.30.30.1:9000 -size 64
//
// search finds the highest rate at which less than 1 % are lost and prints it as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want receive or search")
	}
	f := flag.NewFlagSet("load "+args[0], flag.ContinueOnError)
	switch args[0] {
	case "receive":
		at := f.String("at", "", "address and port")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		addr, err := netip.ParseAddrPort(*at)
		if err != nil {
			return fmt.Errorf("-at: %w", err)
		}
		return receive(addr)
	case "search":
		from, to := f.String("from", "", "address to send from"), f.String("to", "", "address and port of the receiver")
		size := f.Int("size", 64, "octets of UDP payload")
		trial := f.Duration("trial", 300*time.Millisecond, "length of one trial")
		start := f.Float64("start", 40000, "packets a second of the first trial")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		src, err := netip.ParseAddr(*from)
		if err != nil {
			return fmt.Errorf("-from: %w", err)
		}
		dst, err := netip.ParseAddrPort(*to)
		if err != nil {
			return fmt.Errorf("-to: %w", err)
		}
		s, err := newSender(src, dst, *size)
		if err != nil {
			return err
		}
		found, err := search(*start, func(rate float64) (outcome, error) { return s.trial(rate, *trial) })
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(found)
	}
	return fmt.Errorf("%q: want receive or search", args[0])
}
