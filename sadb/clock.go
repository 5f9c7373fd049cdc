package sadb

import "time"

// clock has moments as numbers, for counters: nanoseconds since 1970 as the system's clock was when this one started. It goes on when the
// system's is set, so that a span between two is what has passed. The zero value is the system's clock itself.
type clock struct{ epoch time.Time }

// StartClock starts the clock of the DB's numbers. It is called once, before other goroutines use the DB, with a time from time.Now.
func (c *clock) StartClock(now time.Time) { c.epoch = now.Add(-time.Duration(now.UnixNano())) }

// Stamp is a moment as a number. Any goroutine may call it.
func (c *clock) Stamp(t time.Time) int64 {
	if c.epoch.IsZero() {
		return t.UnixNano()
	}
	return int64(t.Sub(c.epoch))
}

// Moment is the time of a number; zero for 0, which is never. It is for comparing with other times: what the system's clock says of it changes when
// that is set.
func (c *clock) Moment(stamp int64) time.Time {
	switch {
	case stamp == 0:
		return time.Time{}
	case c.epoch.IsZero():
		return time.Unix(0, stamp)
	}
	return c.epoch.Add(time.Duration(stamp))
}
