package logging

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options is what a Log works with besides the configuration.
type Options struct {
	Clock        Clock
	Console      io.Writer // gets the JSON of messages, one at a call, by several goroutines; nil: there is none
	ConsoleLevel Level     // where the configuration says nothing
	ForceConsole bool      // ConsoleLevel counts, whatever the configuration says
}

// Log takes messages and hands them on. It may be used by several goroutines; none of them waits for a place, unless the
// writer for the console makes it.
type Log struct {
	opt       Options
	debugging atomic.Bool

	mu        sync.Mutex // guards what follows
	cfg       Config
	mark      string // in front of the time
	clock     Clock
	seq       uint64
	buffer    buffer
	limit     limiter
	listeners []*Listener
	logged    [numPlaces]uint64 // messages, by place
	malformed uint64            // writes that were no message
	vtys      uint64            // terminals that there were, to number them

	lostBefore uint64 // by listeners that were closed
}

// place is a sort of places that messages go to.
type place uint8

const (
	console place = iota
	monitor
	buffered
	trap

	numPlaces = iota
)

// New makes a Log.
func New(cfg Config, o Options) *Log {
	l := &Log{opt: o, clock: o.Clock}
	l.Configure(cfg)
	return l
}

// Configure has another configuration used from now on. What is in the buffer stays, as far as there is room.
func (l *Log) Configure(cfg Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg = cfg
	l.buffer.resize(cfg.size())
	if l.limit.rate != cfg.RateLimit {
		l.limit.rate, l.limit.tokens = cfg.RateLimit, float64(cfg.RateLimit)
	}
	l.limit.except = cfg.Except
	l.updateDebugging()
}

// level is the level of a place; mu is held.
func (l *Log) level(p place) Level {
	switch p {
	case console:
		switch {
		case l.opt.Console == nil:
			return Off
		case l.opt.ForceConsole:
			return l.opt.ConsoleLevel.Or(defaultLevel)
		}
		return l.cfg.Console.Or(l.opt.ConsoleLevel).Or(defaultLevel)
	case monitor:
		return l.cfg.MonitorLevel()
	case buffered:
		return l.cfg.BufferedLevel()
	}
	return l.cfg.TrapLevel()
}

// updateDebugging notes whether anything takes messages for debugging; mu is held.
func (l *Log) updateDebugging() {
	on := l.level(console).Passes(Debug) || l.level(buffered).Passes(Debug) ||
		slices.ContainsFunc(l.listeners, func(s *Listener) bool { return l.level(s.place).Passes(Debug) })
	l.debugging.Store(on)
}

// Debugging reports whether there is any use in messages for debugging. It takes no lock.
func (l *Log) Debugging() bool { return l.debugging.Load() }

// Write takes one message as the object that package zerolog makes of it. It never fails: what is no message is counted.
func (l *Log) Write(object []byte) (int, error) {
	l.print(l.take(object))
	return len(object), nil
}

// take hands a message to all places but the console, and returns what is for that. After a panic others find no lock.
func (l *Log) take(object []byte) (toConsole [][]byte) {
	m, err := parse(object)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.malformed++
		return nil
	}
	m.JSON = slices.Clone(object) // the writer's memory is used again
	toConsole = l.tellLimit(m.Time, nil)
	if l.limit.allow(m) {
		toConsole = l.deliver(m, toConsole)
	}
	return toConsole
}

// Tick tells the time, about once a second: what was dropped by the limit is told of then, if no message came. Mark stands in
// front of times from now on: "*" while the clock was not set.
func (l *Log) Tick(now time.Time, mark string) {
	l.mu.Lock()
	l.mark = mark
	l.clock.Started = now.Round(0).Add(-now.Sub(l.opt.Clock.Started)) // messages have the system's clock, which may have been set
	toConsole := l.tellLimit(now, nil)
	l.mu.Unlock()
	l.print(toConsole)
}

// tellLimit tells of what was dropped, if it is time; mu is held.
func (l *Log) tellLimit(now time.Time, toConsole [][]byte) [][]byte {
	if text := l.limit.tell(now); text != "" {
		toConsole = l.deliver(own(now, Warning, "LOGGING_LIMIT", text), toConsole)
	}
	return toConsole
}

// own is a message of the log itself.
func own(now time.Time, s Severity, name, text string) Message {
	m := Message{Time: now, Severity: s, Mnemonic: fmt.Sprintf("SYS-%d-%s", s, name)}
	m.Text = "%" + m.Mnemonic + ": " + text
	level := "info"
	if s <= Warning {
		level = "warn"
	}
	object := struct {
		Level   string `json:"level"`
		Time    string `json:"time"`
		Message string `json:"message"`
	}{level, now.Format(TimeLayout), m.Text}
	m.JSON, _ = json.Marshal(object) // strings are always right
	m.JSON = append(m.JSON, '\n')
	return m
}

// deliver gives a message its number and its line, and hands it to the places that take it; what the console is to get is
// appended. Mu is held.
func (l *Log) deliver(m Message, toConsole [][]byte) [][]byte {
	l.seq++
	m.Seq = l.seq
	line := l.cfg.Stamps.appendStamp(make([]byte, 0, 48+len(m.Text)), l.clock, l.mark, m.Time, m.Seq)
	m.Line = string(append(line, m.Text...))
	var listened [numPlaces]bool
	for _, s := range l.listeners {
		if l.level(s.place).Passes(m.Severity) {
			s.queue.Put(m)
			listened[s.place] = true
		}
	}
	if l.level(buffered).Passes(m.Severity) {
		l.buffer.add(m)
		listened[buffered] = true
	}
	if l.level(console).Passes(m.Severity) {
		toConsole = append(toConsole, m.JSON)
		listened[console] = true
	}
	for p, yes := range listened {
		if yes {
			l.logged[p]++
		}
	}
	return toConsole
}

// print writes to the console, if there is one. An error there has nowhere to go.
func (l *Log) print(objects [][]byte) {
	for _, b := range objects {
		_, _ = l.opt.Console.Write(b)
	}
}

// Clear empties the buffer.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer.clear()
}
