// Package clocktest has times as they are when somebody sets the system's clock.
package clocktest

import (
	"testing"
	"time"
	"unsafe"
)

// Step is what time.Now would have said instead of t, had the system's clock been stepped by d before: the wall clock is another, the
// monotonic one is not. t must have both, as times from time.Now do; d is cut to whole seconds.
func Step(t testing.TB, at time.Time, d time.Duration) time.Time {
	t.Helper()
	const wallSecond = 1 << 30 // of the field wall, above the nanoseconds
	stepped := at
	wall := (*uint64)(unsafe.Pointer(&stepped)) // the first field of a Time
	*wall += uint64(d/time.Second) * wallSecond
	if got := stepped.Round(0).Sub(at.Round(0)); stepped.Sub(at) != 0 || got != d.Truncate(time.Second) {
		t.Fatalf("%v stepped by %v is %v, %v and %v later by its two clocks; package time keeps them otherwise now, or it has no monotonic one", at, d, stepped, got, stepped.Sub(at))
	}
	return stepped
}
