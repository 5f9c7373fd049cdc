package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"
	"time"
)

// maxReply is the octets of a reply that a client takes.
const maxReply = 256 << 20

// ErrRefused is of a command that the router did not carry out. The reason has been printed.
var ErrRefused = errors.New("cli: command refused")

// Client gives commands to the router that listens on a socket. It is not modified and may be used by several goroutines.
type Client struct {
	Socket string
}

// Run gives one command and writes what the router answers. The error is ErrRefused where it does not do it.
func (c Client) Run(ctx context.Context, command string, w io.Writer) error {
	_, err := c.run(ctx, frameExecute, command, w)
	return err
}

// Batch gives the commands that it reads, one in a line, up to one that leaves the command line. A command that is refused
// does not stop those behind it; the error is ErrRefused then.
func (c Client) Batch(ctx context.Context, r io.Reader, w io.Writer) error {
	lines := bufio.NewScanner(r)
	var result error
	for lines.Scan() {
		o, err := c.run(ctx, frameExecute, lines.Text(), w)
		switch {
		case errors.Is(err, ErrRefused):
			result = err
		case err != nil:
			return err
		case o == left:
			return result
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("cli: commands: %w", err)
	}
	return result
}

// run gives a command and writes the answer.
func (c Client) run(ctx context.Context, k frameKind, command string, w io.Writer) (outcome, error) {
	text, o, err := c.ask(ctx, k, command)
	if err != nil {
		return refused, err
	}
	if _, err := w.Write(text); err != nil {
		return refused, fmt.Errorf("cli: output: %w", err)
	}
	if o == refused {
		return o, ErrRefused
	}
	return o, nil
}

// ask sends a request and takes the whole reply, so that whoever reads it slowly does not keep the router waiting.
func (c Client) ask(ctx context.Context, k frameKind, line string) ([]byte, outcome, error) {
	if len(line) > maxLine {
		return nil, refused, fmt.Errorf("cli: the command is longer than %d octets", maxLine)
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, refused, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(replyTime)); err != nil {
		return nil, refused, fmt.Errorf("cli: %w", err)
	}
	if err := writeFrame(conn, k, []byte(line)); err != nil {
		return nil, refused, err
	}
	text, o, err := readReply(bufio.NewReader(conn))
	if errors.Is(err, io.EOF) {
		err = errors.New("cli: the router has ended the connection")
	}
	return text, o, err
}

func (c Client) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTime}
	conn, err := d.DialContext(ctx, "unix", c.Socket)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cli: no router answers on %s: is it running? (%w)", c.Socket, err)
	case err != nil:
		return nil, fmt.Errorf("cli: %w", err)
	}
	return conn, nil
}

// readReply reads the frames of a reply.
func readReply(r io.Reader) ([]byte, outcome, error) {
	var text bytes.Buffer
	for {
		k, payload, err := readFrame(r, maxText)
		switch {
		case err != nil:
			return nil, refused, err
		case k == frameText && text.Len()+len(payload) <= maxReply:
			text.Write(payload)
		case k == frameDone:
			return text.Bytes(), done, nil
		case k == frameRefused:
			return text.Bytes(), refused, nil
		case k == frameLeft:
			return text.Bytes(), left, nil
		default:
			return nil, refused, errFrame
		}
	}
}
