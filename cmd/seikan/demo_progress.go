package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// progress shows how a transfer goes: on a terminal in one line that changes, elsewhere in a line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	every    time.Duration
}

func newProgress(w io.Writer) *progress {
	if isTerminal(w) {
		return &progress{w, true, 100 * time.Millisecond}
	}
	return &progress{w, false, time.Second}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// watch runs a transfer of size octets, which tells count how many were moved, and shows it.
func (p *progress) watch(what string, size int64, transfer func(count func(int)) error) error {
	var moved atomic.Int64
	start := time.Now()
	end := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.show(what, moved.Load(), size, time.Since(start), "")
			case <-end:
				return
			}
		}
	})
	err := transfer(func(n int) { moved.Add(int64(n)) })
	took := time.Since(start)
	close(end)
	shown.Wait()
	verdict := "SHA-256 is the same at both ends"
	if err != nil {
		verdict = "FAILED"
	}
	p.show(what, moved.Load(), size, took, verdict)
	return err
}

// show prints one line. verdict is "" while the transfer goes on.
func (p *progress) show(what string, moved, size int64, took time.Duration, verdict string) {
	line := fmt.Sprintf("%-8s %9s  %3d %%  %6.2f s  %7.2f Gb/s  %s",
		what, sizeText(size), 100*moved/max(size, 1), took.Seconds(), float64(8*moved)/float64(max(took, 1)), verdict)
	switch {
	case !p.terminal:
		fmt.Fprintln(p.w, line)
	case verdict == "":
		fmt.Fprintf(p.w, "\r%-79s", line)
	default:
		fmt.Fprintf(p.w, "\r%-79s\n", line)
	}
}

func sizeText(n int64) string {
	switch {
	case n >= mib && n%mib == 0:
		return fmt.Sprintf("%d MiB", n/mib)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
