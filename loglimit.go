package seikan

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
)

// What anybody can make the router say, without a key, it says once in a while of each sender: the first time at once, and how
// often it happened since when the while is over.
const (
	quietTime = time.Minute
	maxQuiet  = 256 // senders and messages at a time; all others are one
)

// logLimit is that limit. It belongs to control.
type logLimit struct {
	counts map[limitKey]*quiet
	order  []limited // by time
}

// limitKey is a message and its sender, or the SA that it is about.
type limitKey struct {
	mnemonic string
	from     netip.Addr // the zero one: any, where there are too many
	reason   uint8
	spi      esp.SPI
	place    string // in this program
}

// quiet is what is not said.
type quiet struct {
	n       uint64
	counter *atomic.Uint64 // counts the same without being told of each; nil: nothing does
	said    uint64         // what that was when the message was said
}

// more is how many there were.
func (q *quiet) more() uint64 {
	if q.counter != nil {
		return q.counter.Load() - q.said
	}
	return q.n
}

type limited struct {
	key   limitKey
	until time.Time
}

// allow reports whether a message may be said now, and counts it where it may not.
func (l *logLimit) allow(now time.Time, key limitKey) bool { return l.allowOf(now, key, quiet{}) }

// allowOf is allow where what is not said is counted in fresh.
func (l *logLimit) allowOf(now time.Time, key limitKey, fresh quiet) bool {
	if q := l.counts[key]; q != nil {
		q.n++
		return false
	}
	if len(l.counts) >= maxQuiet {
		key, fresh = limitKey{mnemonic: key.mnemonic}, quiet{} // there are few mnemonics
		if q := l.counts[key]; q != nil {
			q.n++
			return false
		}
	}
	if l.counts == nil {
		l.counts = make(map[limitKey]*quiet)
	}
	q := fresh
	l.counts[key] = &q
	l.order = append(l.order, limited{key, now.Add(quietTime)})
	return true
}

// next is when there is something to tell, or to forget; zero for never.
func (l *logLimit) next() time.Time {
	if len(l.order) == 0 {
		return time.Time{}
	}
	return l.order[0].until
}

// tell tells of what was not said, once its time is over.
func (l *logLimit) tell(now time.Time, log zerolog.Logger) {
	for len(l.order) > 0 && !l.order[0].until.After(now) {
		key := l.order[0].key
		l.order = l.order[1:]
		n := l.counts[key].more()
		delete(l.counts, key)
		if n == 0 {
			continue
		}
		e := log.Warn().Uint64("count", n).Str("mnemonic", key.mnemonic)
		from := "several senders"
		switch {
		case key.from.IsValid():
			from = key.from.String()
		case key.spi != 0:
			from = fmt.Sprintf("spi 0x%08X", uint32(key.spi))
		case key.place != "":
			from = key.place
		}
		e.Str("from", from).Msg(repeated(n, key.mnemonic, from))
	}
}
