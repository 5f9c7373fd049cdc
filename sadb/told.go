package sadb

import (
	"sync/atomic"
	"time"
)

// toldDrops is when a drop was last told of, as a Stamp, by its reason.
type toldDrops [NumDropReasons]atomic.Int64

// Tell reports whether a drop is to be told of: no other for the same reason was for so long. now is a Stamp. It is for the goroutine that asks first. Memory for
// it is made with the first drop of the SA.
func (in *Inbound) Tell(now int64, why DropReason, every time.Duration) bool {
	t := in.told.Load()
	if t == nil {
		in.told.CompareAndSwap(nil, new(toldDrops))
		t = in.told.Load()
	}
	last := t[why].Load()
	return (last == 0 || now-last >= int64(every)) && t[why].CompareAndSwap(last, now)
}

// TellAgain takes the last word of Tell back: nobody could be told.
func (in *Inbound) TellAgain(why DropReason) { in.told.Load()[why].Store(0) }
