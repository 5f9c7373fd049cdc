package logging

import (
	"errors"
	"fmt"
	"slices"
)

// Lengths of queues, in messages.
const (
	monitorQueue = 256
	trapQueue    = 4096
)

// maxMonitors is how many terminals may have messages at a time.
const maxMonitors = 16

// ErrMonitors is returned where too many terminals have messages already.
var ErrMonitors = errors.New("logging: too many terminals have messages already")

// Listener is a place that messages are queued for. Its queue is taken by one goroutine.
type Listener struct {
	log   *Log
	place place
	queue *Queue

	// Guarded by log.mu.
	name  string
	state string // of a collector: "up", or what is wrong
	sent  uint64
}

// Monitor has messages queued for a terminal from now on, until it is closed.
func (l *Log) Monitor() (*Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := 0
	for _, s := range l.listeners {
		if s.place == monitor {
			there++
		}
	}
	if there >= maxMonitors {
		return nil, ErrMonitors
	}
	l.vtys++
	return l.listen(monitor, fmt.Sprintf("vty%d", l.vtys), monitorQueue), nil
}

// Collector has messages queued for a collector from now on, until it is closed. Name is how `show logging` calls it.
func (l *Log) Collector(name string) *Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listen(trap, name, trapQueue)
}

// listen adds a listener; mu is held.
func (l *Log) listen(p place, name string, limit int) *Listener {
	s := &Listener{log: l, place: p, name: name, queue: NewQueue(limit), state: "down"}
	l.listeners = append(l.listeners, s)
	l.updateDebugging()
	return s
}

// Queue is where the messages are.
func (s *Listener) Queue() *Queue { return s.queue }

// Close ends it: no message is queued any more.
func (s *Listener) Close() {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.listeners, s)
	if i < 0 {
		return // it was closed
	}
	l.listeners = slices.Delete(l.listeners, i, i+1)
	l.lostBefore += s.queue.Lost()
	l.updateDebugging()
}

// SetState says how the way to a collector is: "up", or what is wrong.
func (s *Listener) SetState(state string) {
	s.log.mu.Lock()
	s.state = state
	s.log.mu.Unlock()
}

// Sent counts messages that have left.
func (s *Listener) Sent(n int) {
	s.log.mu.Lock()
	s.sent += uint64(n)
	s.log.mu.Unlock()
}
