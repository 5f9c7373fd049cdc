package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"seikan/internal/logging"
)

// Commands of the log.
var (
	clearLogging = &node{text: "logging", help: "Messages that are kept", run: doClearLogging}
	showLogging  = &node{text: "logging", help: "Where messages go, and those that are kept", privileged: true, options: []*option{asJSON}, run: doShowLogging, pipe: true}

	terminalMonitor = &node{text: "monitor", help: "Show messages here as they come", privileged: true, run: doMonitor(errMonitor)}
	terminalNo      = &node{text: "no", help: "Set terminal line parameters back", next: []*node{
		{text: "monitor", help: "Show no messages here", run: doMonitor(errNoMonitor)},
	}}
)

// Errors of the commands that turn messages at the terminal on and off: the terminal is the client's.
var (
	errMonitor   = errors.New("cli: messages at the terminal")
	errNoMonitor = errors.New("cli: no messages at the terminal")
)

const noLog = refusal("% This router keeps no log.")

func doClearLogging(_ context.Context, c *call) error {
	if c.info.Log == nil {
		return noLog
	}
	if err := c.confirm("Clear logging buffer [confirm]"); err != nil {
		return err
	}
	c.info.Log.Clear()
	return nil
}

func doShowLogging(_ context.Context, c *call) error {
	switch {
	case c.info.Log == nil:
		return noLog
	case c.args.json:
		return c.info.Log.State().RenderJSON(c.w)
	}
	return c.info.Log.State().Render(c.w)
}

// doMonitor is the command whose outcome an error is.
func doMonitor(what error) func(context.Context, *call) error {
	return func(_ context.Context, c *call) error {
		if c.info.Log == nil {
			return noLog
		}
		return what
	}
}

// monitor sends messages over a connection until the client hangs up or ctx ends. A client that takes them slowly loses some
// and is told how many; one that takes none for replyTime is cut off.
func (s *shell) monitor(ctx context.Context, conn net.Conn) {
	l, err := s.listen()
	if err != nil {
		if writeFrame(conn, frameText, []byte("% "+err.Error()+"\n")) == nil {
			_ = writeFrame(conn, frameRefused, nil)
		}
		return
	}
	defer l.Close()
	if writeFrame(conn, frameText, nil) != nil { // from now on
		return
	}
	ctx, cancel := untilHangUp(ctx, conn)
	defer cancel()
	for {
		select {
		case <-l.Queue().Ready():
		case <-ctx.Done():
			return
		}
		for _, m := range l.Queue().Take() {
			if conn.SetWriteDeadline(time.Now().Add(replyTime)) != nil || writeFrame(conn, frameText, []byte(m.Line+"\n")) != nil {
				return
			}
			l.Sent(1)
		}
	}
}

// untilHangUp ends ctx also when the client has hung up. The caller closes the connection in the end.
func untilHangUp(ctx context.Context, conn net.Conn) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if conn.SetReadDeadline(time.Time{}) != nil {
		cancel()
	}
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, conn)
	}()
	return ctx, cancel
}

func (s *shell) listen() (*logging.Listener, error) {
	if s.info.Log == nil {
		return nil, errors.New("this router keeps no log")
	}
	return s.info.Log.Monitor()
}
