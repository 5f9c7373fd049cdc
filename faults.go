package seikan

import (
	"fmt"
	"sync"
	"time"

	"seikan/ike"
	"seikan/internal/fault"
	"seikan/sadb"
)

// A panic costs what was being worked on, not the router: a lane its batch of packets, control a message or a listing, IKE what is said in
// ike/guard.go. It is counted, and logged with the functions that were at work. However often somebody sends what makes us panic, that is
// no worse than other packets that are dropped.
//
// It ends the Router, like a device that fails, where going on could not be sound or would not end: in control, with what lanes go by (the SAs
// and policies) or a change of the configuration half made; and when it comes back within faultTime by itself, nothing having been received.

const (
	faultTime  = time.Minute
	faultQueue = 16 // on their way to the log; more are counted as drops only
)

// trouble is a panic that was caught.
type trouble struct {
	fault.Fault
	during string // what was being done
	path   sadb.Path
}

// faults remembers when panics came that nobody has caused from outside, by their places.
type faults struct {
	mu   sync.Mutex
	last map[string]time.Time // guarded by mu
}

// again notes such a panic. The error is that it came within faultTime before.
func (f *faults) again(now time.Time, t trouble) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	last, before := f.last[t.At]
	if before && now.Sub(last) < faultTime {
		return fmt.Errorf("seikan: %s: internal error, again within %v: %v", t.during, faultTime, t.Fault)
	}
	if f.last == nil {
		f.last = make(map[string]time.Time)
	}
	f.last[t.At] = now
	return nil
}

// report has control log a panic.
func (r *Router) report(t trouble) {
	select {
	case r.troubles <- t:
	default:
	}
}

// caughtIn counts n packets that are lost by a panic which a lane has recovered as v.
func (r *Router) caughtIn(what string, n int, v any) {
	r.drops.Drop(sadb.DropFault, uint64(n))
	r.report(trouble{Fault: fault.Caught(v), during: what})
}

// caughtReading takes a panic that a lane has recovered as v when it read. The error ends the lane.
func (r *Router) caughtReading(what string, v any) error {
	t := trouble{Fault: fault.Caught(v), during: "read " + what}
	if err := r.faults.again(time.Now(), t); err != nil {
		return err
	}
	r.report(t)
	return nil
}

// try does what control can go on without, and catches its panic.
func (c *control) try(during string, f func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			c.report(trouble{Fault: fault.Caught(v), during: during})
		}
	}()
	f()
	return true
}

// faulted takes a panic that the Endpoint has caught.
func (c *control) faulted(now time.Time, ev ike.Faulted) {
	t := trouble{Fault: ev.Fault, during: "IKE", path: ev.Path}
	if ev.Own {
		if err := c.faults.again(now, t); err != nil {
			c.fail(err)
		}
	}
	c.report(t)
}
