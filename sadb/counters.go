package sadb

import "sync/atomic"

// Counters are those of one direction of an SA, of a policy, or of the router. The zero value is ready. Every field may be read
// and added to at any time by any goroutine; the fields of one value are not in step with each other for an instant.
type Counters struct {
	Packets atomic.Uint64 // carried: sealed, or opened and admitted
	Bytes   atomic.Uint64 // octets of those, as inner packets
	Drops   [NumDropReasons]atomic.Uint64
	LastUse atomic.Int64 // a Stamp; 0: never

	_ [64]byte // keeps the counters of another lane off this cache line
}

// Drop counts n packets that were dropped for a reason.
func (c *Counters) Drop(why DropReason, n uint64) { c.Drops[why].Add(n) }

// Load reads all of them.
func (c *Counters) Load() CounterValues {
	v := CounterValues{Packets: c.Packets.Load(), Bytes: c.Bytes.Load()}
	for i := range c.Drops {
		v.Drops[i] = c.Drops[i].Load()
	}
	return v
}

// CounterValues is Counters as they were at a time.
type CounterValues struct {
	Packets, Bytes uint64
	Drops          [NumDropReasons]uint64
}

// DropTotal is the drops for all reasons together.
func (v CounterValues) DropTotal() (n uint64) {
	for _, d := range v.Drops {
		n += d
	}
	return n
}

// FlowCounters are those of a policy in both directions. They go on when its SAs are rekeyed or come up anew.
type FlowCounters struct{ In, Out Counters }
