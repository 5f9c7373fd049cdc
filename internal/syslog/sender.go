package syslog

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"seikan/internal/logging"
)

const (
	writeTime  = 10 * time.Second // within which a collector must take what was written
	flushTime  = time.Second      // for what is queued when the router ends
	chunk      = 16 << 10         // octets that are written at once
	minBackoff = time.Second
	maxBackoff = time.Minute
)

// Sender sends messages to one collector. Make it with Collector or Daemon, and start it with Run, once.
type Sender struct {
	target target

	// Notify is called by Run when a connection is there, with nil, and when it is lost or there is none at first, with the
	// reason; not for UDP, where nobody knows. Nil: no call. It must not wait for Run.
	Notify func(err error)

	minBackoff, maxBackoff time.Duration
	up, told               bool // told: Notify was called before
	pending                []logging.Message
}

func newSender(t target) *Sender {
	return &Sender{target: t, minBackoff: minBackoff, maxBackoff: maxBackoff}
}

// Run sends what is queued for a listener until ctx ends, and then for a moment what is left. What could not be sent is
// counted as lost.
func (s *Sender) Run(ctx context.Context, l *logging.Listener) {
	backoff := s.minBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := s.session(ctx, l)
		if ctx.Err() != nil {
			break
		}
		s.setState(l, err)
		if time.Since(began) >= s.maxBackoff { // not where a collector takes connections and ends them at once
			backoff = s.minBackoff
		}
		wait := backoff + rand.N(backoff/4+1) // so that many routers do not come back at once
		backoff = min(2*backoff, s.maxBackoff)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	s.last(ctx, l)
	l.Queue().Lose(len(s.pending))
	l.Queue().Discard()
	s.pending = nil
}

// last sends what is left when ctx has ended while there was no connection, if it can be done in a moment.
func (s *Sender) last(ctx context.Context, l *logging.Listener) {
	if s.pending = append(s.pending, l.Queue().Take()...); len(s.pending) == 0 {
		return
	}
	dialing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	conn, err := s.target.dial(dialing)
	if err != nil {
		return
	}
	defer conn.Close()
	if conn.SetWriteDeadline(time.Now().Add(flushTime)) == nil {
		_ = s.write(ctx, conn, l) // Run counts what is left
	}
}

// setState tells that there is a connection, or why there is none.
func (s *Sender) setState(l *logging.Listener, err error) {
	if err == nil {
		l.SetState("up")
	} else {
		l.SetState("down: " + plain(err))
	}
	up := err == nil
	if s.Notify != nil && s.target.connect && (up != s.up || !s.told) {
		s.told = true
		s.Notify(err)
	}
	s.up = up
}

// errClosed is of a collector that has closed its connection.
var errClosed = errors.New("closed by the collector")

// session makes a connection and sends over it until it fails or ctx ends.
func (s *Sender) session(ctx context.Context, l *logging.Listener) error {
	conn, err := s.target.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // for TLS with a close_notify (RFC 5425 §4.4)
	hurry := func() { _ = conn.SetWriteDeadline(time.Now().Add(flushTime)) }
	defer context.AfterFunc(ctx, hurry)()
	ended := s.watch(conn)
	s.setState(l, nil)
	for {
		if err := s.write(ctx, conn, l); err != nil {
			return err
		}
		select {
		case <-l.Queue().Ready():
			s.pending = l.Queue().Take()
		case <-ended:
			return errClosed
		case <-ctx.Done():
			hurry()
			s.pending = l.Queue().Take()
			return s.write(ctx, conn, l) // Run counts what is left
		}
	}
}

// watch tells when a connection has ended: a collector says nothing, but that it goes.
func (s *Sender) watch(conn net.Conn) <-chan struct{} {
	ended := make(chan struct{})
	if _, datagrams := conn.(net.PacketConn); datagrams {
		return ended
	}
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn)
	}()
	return ended
}

// write sends the messages of s.pending and takes those away that have left.
func (s *Sender) write(ctx context.Context, conn net.Conn, l *logging.Listener) error {
	_, datagrams := conn.(net.PacketConn)
	var b []byte
	for len(s.pending) > 0 {
		if err := setDeadline(ctx, conn); err != nil {
			return err
		}
		if datagrams {
			b = s.target.append(b[:0], s.pending[0])
			if err := s.writeDatagram(conn, l, b); err != nil {
				return err
			}
			s.left(l, 1)
			continue
		}
		var ends []int // of the messages in b
		b = b[:0]
		for _, m := range s.pending {
			if b = s.target.append(b, m); len(b) > chunk && len(ends) > 0 {
				break
			}
			ends = append(ends, len(b))
		}
		written, err := conn.Write(b[:ends[len(ends)-1]])
		n := 0
		for n < len(ends) && ends[n] <= written {
			n++
		}
		s.left(l, n)
		if err != nil {
			return err // the message that was begun goes out again: the collector has only a part of it
		}
	}
	return nil
}

// setDeadline gives the next write its time, unless ctx has ended: then there is less, which was set.
func setDeadline(ctx context.Context, conn net.Conn) error {
	if ctx.Err() != nil {
		return nil
	}
	err := conn.SetWriteDeadline(time.Now().Add(writeTime))
	if ctx.Err() != nil { // and now it may not be any more
		err = conn.SetWriteDeadline(time.Now().Add(flushTime))
	}
	return err
}

// left takes messages away that were sent.
func (s *Sender) left(l *logging.Listener, n int) {
	clear(s.pending[:n])
	s.pending = s.pending[n:]
	l.Sent(n)
}

// writeDatagram sends one message. Over UDP a refusal is that of an earlier one, which is lost, as datagrams are: it is no reason
// to keep this one, and what is refused again is given up.
func (s *Sender) writeDatagram(conn net.Conn, l *logging.Listener, b []byte) error {
	_, err := conn.Write(b)
	if err == nil || s.target.connect {
		return err
	}
	l.SetState("no answer: " + plain(err))
	l.Queue().Lose(1)
	_, _ = conn.Write(b)
	return nil
}
