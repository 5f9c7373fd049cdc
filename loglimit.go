package seikan

import (
	"net/netip"
	"time"

	"github.com/rs/zerolog"
)

// What anybody can make the router say, without a key, it says once in a while of each sender: the first time at once, and how
// often it happened since when the while is over.
const (
	quietTime = time.Minute
	maxQuiet  = 256 // senders and messages at a time; all others are one
)

// logLimit is that limit. It belongs to control.
type logLimit struct {
	counts map[limitKey]*uint64
	order  []limited // by time
}

// limitKey is a message and its sender.
type limitKey struct {
	mnemonic string
	from     netip.Addr // the zero one: any, where there are too many
	reason   uint8
}

type limited struct {
	key   limitKey
	until time.Time
}

// allow reports whether a message may be said now, and counts it where it may not.
func (l *logLimit) allow(now time.Time, key limitKey) bool {
	if n := l.counts[key]; n != nil {
		*n++
		return false
	}
	if len(l.counts) >= maxQuiet {
		key.from, key.reason = netip.Addr{}, 0 // there are few mnemonics
		if n := l.counts[key]; n != nil {
			*n++
			return false
		}
	}
	if l.counts == nil {
		l.counts = make(map[limitKey]*uint64)
	}
	l.counts[key] = new(uint64)
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
		n := *l.counts[key]
		delete(l.counts, key)
		if n == 0 {
			continue
		}
		e := log.Warn().Uint64("count", n).Str("mnemonic", key.mnemonic)
		from := "several senders"
		if key.from.IsValid() {
			from = key.from.String()
		}
		e.Str("from", from).Msg(repeated(n, key.mnemonic, from))
	}
}
