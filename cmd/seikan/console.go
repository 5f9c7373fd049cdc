package main

import (
	"bytes"
	"io"
	"time"

	"seikan/internal/logging"
)

const (
	consoleQueue = 4096        // messages
	consoleFlush = time.Second // for what is left in the end
)

// patient writes messages by a goroutine of its own, so that an output that nobody reads, or a terminal that was stopped, holds
// nobody up: what has no room is lost, counted and told of. It may be used by several goroutines.
type patient struct {
	w     io.Writer
	queue *logging.Queue
	stop  chan struct{}
	ended chan struct{}
}

func newPatient(w io.Writer) *patient {
	p := &patient{w: w, queue: logging.NewQueue(consoleQueue), stop: make(chan struct{}), ended: make(chan struct{})}
	go p.run()
	return p
}

// Write leaves one message.
func (p *patient) Write(object []byte) (int, error) {
	p.queue.Put(logging.Message{Time: time.Now(), JSON: bytes.Clone(object)})
	return len(object), nil
}

func (p *patient) run() {
	defer close(p.ended)
	for stopped := false; !stopped; {
		select {
		case <-p.queue.Ready():
		case <-p.stop:
			stopped = true
		}
		for _, m := range p.queue.Take() {
			_, _ = p.w.Write(m.JSON) // an error has nowhere to go
		}
	}
}

// close writes what is left, if that does not take long. Nothing may be written afterwards.
func (p *patient) close() {
	close(p.stop)
	select {
	case <-p.ended:
	case <-time.After(consoleFlush): // nobody reads: the goroutine ends with the process
	}
}
