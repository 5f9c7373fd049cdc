package logging

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	tellEvery = time.Second // how often it is told what was dropped
	maxKinds  = 32          // kinds of dropped messages that are counted apart
	toldKinds = 4           // and told of
)

// limiter lets so many messages pass in a second, and counts the others until that was told. The zero value lets all pass.
type limiter struct {
	rate   int // messages in a second, and at once after a quiet one; 0: no limit
	except Level

	tokens float64
	filled time.Time // when tokens was right

	since   time.Time // of the first that was dropped and not told of
	untold  uint64
	kinds   map[string]uint64 // by mnemonic
	dropped uint64            // in all
}

// allow reports whether a message passes.
func (l *limiter) allow(m Message) bool {
	if l.rate == 0 || l.except.Passes(m.Severity) {
		return true
	}
	if l.filled.IsZero() {
		l.tokens = float64(l.rate)
	} else if d := m.Time.Sub(l.filled); d > 0 {
		l.tokens = min(float64(l.rate), l.tokens+d.Seconds()*float64(l.rate))
	}
	l.filled = m.Time // also where the clock was set back: else it would fill no more for as long
	if l.tokens >= 1 {
		l.tokens--
		return true
	}
	l.count(m)
	return false
}

func (l *limiter) count(m Message) {
	if l.untold == 0 {
		l.since, l.kinds = m.Time, make(map[string]uint64)
	}
	l.untold++
	l.dropped++
	kind := m.Mnemonic
	if _, known := l.kinds[kind]; !known && len(l.kinds) >= maxKinds {
		kind = otherKinds
	}
	l.kinds[kind]++
}

const otherKinds = "others"

// tell is what there is to tell at a time; "" for nothing.
func (l *limiter) tell(now time.Time) string {
	if d := now.Sub(l.since); l.untold == 0 || d >= 0 && d < tellEvery {
		return ""
	}
	names := make([]string, 0, len(l.kinds))
	for name := range l.kinds {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(l.kinds[b], l.kinds[a]), cmp.Compare(a, b)) })
	var b strings.Builder
	fmt.Fprintf(&b, "%s dropped by the rate limit", messages(l.untold))
	shown, sep := uint64(0), ": "
	for i, name := range names {
		if i == toldKinds {
			fmt.Fprintf(&b, ", %d %s", l.untold-shown, otherKinds)
			break
		}
		fmt.Fprintf(&b, "%s%d %s", sep, l.kinds[name], name)
		shown, sep = shown+l.kinds[name], ", "
	}
	l.untold, l.kinds = 0, nil
	return b.String()
}
