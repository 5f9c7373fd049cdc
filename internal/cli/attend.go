package cli

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// A terminal on the router's own machine keeps a connection of its own beside those of its commands: it has a line as long as that is there, and
// is told on it to end. One over SSH has its line from who lets it in.

// attended gives a terminal a line until it hangs up or is to end. Where there are too many it has none, and goes on without.
func (s server) attended(ctx context.Context, conn net.Conn) {
	select {
	case s.attend <- struct{}{}:
		defer func() { <-s.attend }()
	default:
		return
	}
	if s.info.Lines == nil {
		return
	}
	cleared := make(chan string, 1)
	line := s.info.Lines.Enter(peerName(conn), netip.Addr{}, func(why string) {
		select {
		case cleared <- why:
		default: // it is to end already
		}
	})
	defer func() {
		if line.changed.Load() && s.info.Config != nil { // it was killed in the middle of a configuration
			s.info.Config.Configured(line.operator())
		}
		line.Leave()
	}()
	ctx, cancel := untilHangUp(ctx, conn)
	defer cancel()
	if writeFrame(conn, frameText, []byte(strconv.Itoa(line.Number()))) != nil {
		return
	}
	select {
	case why := <-cleared:
		if conn.SetWriteDeadline(time.Now().Add(requestTime)) != nil || writeFrame(conn, frameText, []byte(why)) != nil {
			return
		}
	case <-ctx.Done():
		return
	}
	select { // until the configuration that it was in has ended, or it is one that does not read
	case <-ctx.Done():
	case <-time.After(requestTime):
	}
}

// seat is a terminal's line at the router.
type seat struct {
	conn   net.Conn
	number int
	lost   chan struct{} // closed when the line is lost, or the router with it
}

// clearedError is why an operator has ended the terminal of another.
type clearedError string

func (e clearedError) Error() string { return string(e) }

// attend takes a line, and calls end if it is cleared. Nil: there is none to be had, and the terminal goes on without.
func (c Client) attend(ctx context.Context, end func(error)) *seat {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil
	}
	r := bufio.NewReader(conn)
	s := &seat{conn: conn, lost: make(chan struct{})}
	err = conn.SetDeadline(time.Now().Add(requestTime))
	if err == nil {
		err = writeFrame(conn, frameAttend, nil)
	}
	var text []byte
	if err == nil {
		text, err = readText(r)
	}
	if err == nil {
		s.number, err = strconv.Atoi(string(text))
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		conn.Close()
		return nil
	}
	go func() {
		defer close(s.lost)
		if why, err := readText(r); err == nil {
			end(clearedError(clean(string(why)))) // until leave it has the line
			return
		}
		conn.Close()
	}()
	return s
}

// readText reads a frame that is to be one of text.
func readText(r *bufio.Reader) ([]byte, error) {
	k, text, err := readFrame(r, maxText)
	if err == nil && k != frameText {
		err = errFrame
	}
	return text, err
}

// there reports whether the router still has the line.
func (s *seat) there() bool {
	if s == nil {
		return false
	}
	select {
	case <-s.lost:
		return false
	default:
		return true
	}
}

// leave gives the line back, and waits until nothing ends the terminal any more.
func (s *seat) leave() {
	if s != nil {
		s.conn.Close()
		<-s.lost
	}
}

// wasCleared is why an operator has ended what ctx is for; "": none has.
func wasCleared(ctx context.Context) string {
	var cleared clearedError
	if errors.As(context.Cause(ctx), &cleared) {
		return string(cleared)
	}
	return ""
}
