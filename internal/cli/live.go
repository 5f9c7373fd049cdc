package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// reply is the answer to a request, on its way to the client: in large pieces, or once it is live as it is made.
type reply struct {
	conn  net.Conn
	text  *bufio.Writer // of frames of text
	slots chan struct{} // those of all live replies
	live  bool
}

const tooManyLive = refusal("% Too many such commands are under way.")

func (r *reply) Write(b []byte) (int, error) {
	if !r.live {
		return r.text.Write(b)
	}
	if err := r.conn.SetWriteDeadline(time.Now().Add(replyTime)); err != nil {
		return 0, err
	}
	if n, err := r.text.Write(b); err != nil {
		return n, err
	}
	return len(b), r.text.Flush()
}

// begin makes the reply live. The context that it returns ends when the client has seen enough, or is gone.
func (r *reply) begin(ctx context.Context) (context.Context, error) {
	if r.live {
		return ctx, nil
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return nil, tooManyLive
	}
	r.live = true
	if err := r.text.Flush(); err != nil {
		return nil, err
	}
	if err := r.conn.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	if err := writeFrame(r.conn, frameLive, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { // until a break, or until the connection is closed, which is when serve has returned
		defer cancel()
		_, _, _ = readFrame(r.conn, 0)
	}()
	return ctx, nil
}

// end is called once the reply is over.
func (r *reply) end() {
	if r.live {
		<-r.slots
	}
}

// breakTime is how long a command may take to come to its end once the operator has seen enough.
const breakTime = 5 * time.Second

// viewer is who sees live replies.
type viewer struct {
	w     io.Writer
	watch func(ctx context.Context) (context.Context, func()) // of a conversation
}

// begin has a break sent to the router when the operator has seen enough. end ends that.
func (v *viewer) begin(ctx context.Context, conn net.Conn) (w io.Writer, end func(), err error) {
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, nil, fmt.Errorf("cli: %w", err)
	}
	stop := func() {}
	if v.watch != nil {
		ctx, stop = v.watch(ctx)
	}
	unhook := context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Now().Add(breakTime))
		_ = writeFrame(conn, frameBreak, nil) // without one the deadline ends it
	})
	return v.w, func() { unhook(); stop() }, nil
}
