package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// messages is the log as it comes, written to a terminal by a goroutine of its own.
type messages struct {
	conn  net.Conn
	ended chan struct{} // closed when no more come
	err   error         // why, when ended is closed; nil: they were closed
}

// monitor has messages written to w from now on.
func (c Client) monitor(ctx context.Context, w io.Writer) (*messages, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(conn)
	err = conn.SetDeadline(time.Now().Add(replyTime))
	if err == nil {
		err = writeFrame(conn, frameMonitor, nil)
	}
	if err == nil {
		err = began(r)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	m := &messages{conn: conn, ended: make(chan struct{})}
	go m.copy(r, w)
	return m, nil
}

// began takes the frame that says that messages come, or why they do not.
func began(r io.Reader) error {
	k, text, err := readFrame(r, maxText)
	switch {
	case err != nil:
		return err
	case k != frameText:
		return errFrame
	case len(text) > 0:
		return errors.New("cli: " + strings.TrimPrefix(strings.TrimSpace(string(text)), "% "))
	}
	return nil
}

// copy writes what comes until there is no more. A terminal that is slow keeps this goroutine waiting, and with it the router's
// queue for it.
func (m *messages) copy(r io.Reader, w io.Writer) {
	defer close(m.ended)
	defer m.conn.Close()
	for {
		k, text, err := readFrame(r, maxText)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, io.EOF):
			m.err = errors.New("cli: the router has ended the connection")
			return
		case err != nil:
			m.err = err
			return
		case k != frameText:
			m.err = errFrame
			return
		}
		if _, err := w.Write(text); err != nil {
			m.err = err
			return
		}
	}
}

// on reports whether messages still come.
func (m *messages) on() bool {
	if m == nil {
		return false
	}
	select {
	case <-m.ended:
		return false
	default:
		return true
	}
}

// close ends them. It does not wait for a terminal that is slow.
func (m *messages) close() {
	if m != nil {
		m.conn.Close()
	}
}

// follow writes messages until ctx ends, which is no error.
func (c Client) follow(ctx context.Context, w io.Writer) error {
	m, err := c.monitor(ctx, w)
	if err != nil {
		return err
	}
	defer m.close()
	select {
	case <-m.ended:
		return m.err
	case <-ctx.Done():
		return nil
	}
}
