package main

import (
	"net/netip"
	"time"

	"seikan/internal/cli"
)

// again is what the router does without for now and tries again: an address to listen at may come later than the router, or be another program's
// for a while. The zero value is of something that is there.
type again struct {
	failures int   // in a row
	err      error // of the last; nil: it is there
}

const (
	firstAgain = time.Second
	lastAgain  = time.Minute
)

// note takes the outcome of an attempt, and returns how long to wait for the next one (longer after each failure in a row) and whether a failure
// is another one than before.
func (a *again) note(err error) (wait time.Duration, news bool) {
	if err == nil {
		*a = again{}
		return 0, false
	}
	news = a.err == nil || a.err.Error() != err.Error()
	wait = min(firstAgain<<min(a.failures, 10), lastAgain)
	a.err = err
	a.failures++
	return wait, news
}

// access is how operators see what is to listen at an address, if that is valid.
func (a *again) access(at netip.AddrPort) cli.Access {
	l := cli.Access{At: at}
	if a.err != nil {
		l.Error = a.err.Error()
	}
	return l
}

// overlap reports whether two addresses to listen at cannot both be had at once, as one is of all addresses.
func overlap(a, b netip.AddrPort) bool {
	return a.Port() == b.Port() && (a == b || a.Addr().IsUnspecified() || b.Addr().IsUnspecified())
}
