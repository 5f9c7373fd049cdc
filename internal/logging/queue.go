package logging

import (
	"fmt"
	"strings"
	"sync"
)

// Queue holds the messages that wait for one place: a collector, or a terminal. Put never waits: what finds the queue full is
// lost, counted, and told of in the place of what was lost. It may be used by several goroutines; one of them takes.
type Queue struct {
	wake chan struct{} // a token when there is something to take

	mu     sync.Mutex // guards what follows
	msgs   []Message
	limit  int
	untold uint64  // lost since Take
	last   Message // the last one lost
	lost   uint64  // in all
}

// NewQueue makes a queue for so many messages.
func NewQueue(limit int) *Queue { return &Queue{limit: limit, wake: make(chan struct{}, 1)} }

// Put leaves a message.
func (q *Queue) Put(m Message) {
	q.mu.Lock()
	if len(q.msgs) < q.limit {
		q.msgs = append(q.msgs, m)
	} else {
		q.untold++
		q.lost++
		q.last = m
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default: // there is a token
	}
}

// Ready has a token when there may be messages to take.
func (q *Queue) Ready() <-chan struct{} { return q.wake }

// Take takes all messages there are. Behind them is one that tells how many were lost since, if any were. The slice is the
// caller's.
func (q *Queue) Take() []Message {
	q.mu.Lock()
	msgs, n, last := q.msgs, q.untold, q.last
	q.msgs, q.untold, q.last = nil, 0, Message{}
	q.mu.Unlock()
	if n > 0 {
		msgs = append(msgs, lossNotice(n, last))
	}
	return msgs
}

// Discard empties the queue, and counts what was in it as lost.
func (q *Queue) Discard() {
	q.mu.Lock()
	q.lost += uint64(len(q.msgs))
	q.msgs, q.untold, q.last = nil, 0, Message{}
	q.mu.Unlock()
}

// Lose counts messages that were taken and came to nothing.
func (q *Queue) Lose(n int) {
	q.mu.Lock()
	q.lost += uint64(n)
	q.mu.Unlock()
}

// Lost is how many messages were lost in all.
func (q *Queue) Lost() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

// lossNotice stands where n messages were lost, the last of them at the time that it shows.
func lossNotice(n uint64, last Message) Message {
	m := own(last.Time, Warning, "LOGGING_LOST", messages(n)+" lost")
	m.Seq = last.Seq
	m.Line = strings.TrimSuffix(last.Line, last.Text) + m.Text
	return m
}

func messages(n uint64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
