package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"seikan/internal/file"
)

// maxReply is the octets of a reply that a client takes.
const maxReply = 256 << 20

// ErrRefused is of a command that the router did not carry out. The reason has been printed.
var ErrRefused = errors.New("cli: command refused")

var errLongLine = fmt.Errorf("cli: a line has at most %d octets", maxLine)

// Client gives commands to the router that listens on a socket. It is not modified and may be used by several goroutines.
type Client struct {
	Socket string
	User   bool // without the privileged commands, until Screen.Enable gives them
	Remote bool // the operator is on another machine: no files are written on this one
	Line   int  // of Info.Lines that the operator has already; 0: none
}

// Run gives one command and writes what the router answers. The error is ErrRefused where it does not do it. `terminal monitor`
// writes messages until ctx ends.
func (c Client) Run(ctx context.Context, command string, w io.Writer) error {
	o, err := newConversation(c).run(ctx, frameExecute, command, w)
	if o == watching {
		return c.follow(ctx, w)
	}
	return err
}

// conversation is commands with the settings that they leave behind. It belongs to one goroutine.
type conversation struct {
	Client
	settings string // as the router gave them
	history  history

	// watch gives a context that ends when the operator has seen enough of what is being shown, and a function that ends that. Nil: only ctx does.
	watch func(ctx context.Context) (context.Context, func())
}

func newConversation(c Client) *conversation {
	talk := &conversation{Client: c, settings: settingKeeps}
	talk.set(settingFiles, !c.Remote)
	talk.set(settingUser, c.User)
	return talk
}

// leave ends a configuration that whoever has left did not end, so that it is told of as others are.
func (c *conversation) leave(ctx context.Context, w io.Writer) error {
	if !c.has(settingConfig) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandTime) // he may be gone because ctx is over
	defer cancel()
	_, err := c.run(ctx, frameExecute, "end", w)
	return err
}

// Batch gives the commands that it reads, one in a line, up to one that leaves the command line. A command that is refused
// does not stop those behind it; the error is ErrRefused then. Behind the last one a configuration ends.
func (c Client) Batch(ctx context.Context, r io.Reader, w io.Writer) error {
	lines := bufio.NewReaderSize(r, batchLine)
	talk := newConversation(c)
	var result error
	for {
		line, err := readLine(lines)
		switch {
		case errors.Is(err, io.EOF):
			return cmp.Or(talk.leave(ctx, w), result)
		case err != nil:
			return fmt.Errorf("cli: commands: %w", err)
		}
		o, err := talk.run(ctx, frameExecute, line, w)
		switch {
		case errors.Is(err, ErrRefused):
			result = err
		case err != nil:
			return err
		case o == left:
			return cmp.Or(talk.leave(ctx, w), result)
		case o == watching:
			if _, err := io.WriteString(w, "% Only a terminal has messages\n"); err != nil {
				return fmt.Errorf("cli: output: %w", err)
			}
			result = ErrRefused
		}
	}
}

// batchLine is the octets that are read of a line, beyond what one may have, so that it is seen to be too long.
const batchLine = 2 * maxLine

// readLine reads a line without its end. Of one that is too long it gives the beginning, which is too long as well. The error is io.EOF where
// there are no more.
func readLine(r *bufio.Reader) (string, error) {
	part, more, err := r.ReadLine()
	line := string(part)
	for more && err == nil {
		_, more, err = r.ReadLine()
	}
	if errors.Is(err, io.EOF) && line != "" { // it ended in the middle
		err = nil
	}
	return line, err
}

// run gives a command and writes the answer, on w or where the operator wants it.
func (c *conversation) run(ctx context.Context, k frameKind, command string, w io.Writer) (outcome, error) {
	sent := c.settings
	if c.Line > 0 {
		sent += fmt.Sprint(" ", settingLine, c.Line)
	}
	if len(c.history) > 0 {
		sent += " " + settingHistory + c.history.String()
	}
	text, o, settings, err := c.exchange(ctx, k, command, sent, &viewer{w, c.watch})
	switch {
	case errors.Is(err, errLongLine):
		return refuse(w, err)
	case err != nil:
		return refused, err
	}
	keep, name := cutFile(settings)
	c.settings = cmp.Or(keep, c.settings)
	if name != "" && o == done {
		if err := redirect(command, name, text); err != nil {
			return refuse(w, err)
		}
		return o, nil
	}
	if _, err := w.Write(text); err != nil {
		return refused, fmt.Errorf("cli: output: %w", err)
	}
	if o == refused {
		return o, ErrRefused
	}
	return o, nil
}

// refuse prints why the client itself does not do what a command asks for, as the router would.
func refuse(w io.Writer, why error) (outcome, error) {
	if _, err := fmt.Fprintf(w, "%% %v\n", why); err != nil {
		return refused, fmt.Errorf("cli: output: %w", err)
	}
	return refused, ErrRefused
}

// redirect writes a file whole or not at all, which the command must name: what a router says is not believed more than that.
func redirect(command, name string, text []byte) error {
	if !strings.HasSuffix(strings.TrimRight(command, " \t"), name) {
		return fmt.Errorf("the router wants %q to be written, which the command does not name", name)
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // as /dev/null, which is not to be replaced
		return os.WriteFile(name, text, 0o600)
	}
	return file.Write(name, text)
}

// ask sends a request that changes no settings.
func (c *conversation) ask(ctx context.Context, k frameKind, line string) ([]byte, error) {
	text, _, _, err := c.exchange(ctx, k, line, c.settings, nil)
	return text, err
}

// has reports whether there is a setting, which may have a value.
func (c *conversation) has(setting string) bool {
	return slices.ContainsFunc(strings.Fields(c.settings), func(s string) bool { return strings.HasPrefix(s, setting) })
}

// set turns a setting without a value on or off.
func (c *conversation) set(setting string, on bool) {
	words := slices.DeleteFunc(strings.Fields(c.settings), func(s string) bool { return s == setting })
	if on {
		words = append(words, setting)
	}
	c.settings = strings.Join(words, " ")
}

// exchange sends a request and takes the whole reply, so that whoever reads it slowly does not keep the router waiting. What is live goes to v,
// and is not in the text that is returned.
func (c Client) exchange(ctx context.Context, k frameKind, line, settings string, v *viewer) (text []byte, o outcome, after string, err error) {
	if len(line) > maxLine {
		return nil, refused, "", errLongLine
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, refused, "", err
	}
	defer conn.Close()
	unhook := context.AfterFunc(ctx, func() { conn.Close() })
	defer unhook()
	if err := conn.SetDeadline(time.Now().Add(replyTime)); err != nil {
		return nil, refused, "", fmt.Errorf("cli: %w", err)
	}
	if settings != "" {
		err = writeFrame(conn, frameSettings, []byte(settings))
	}
	if err == nil {
		err = writeFrame(conn, k, []byte(line))
	}
	if err != nil {
		return nil, refused, "", err
	}
	live := func() (io.Writer, func(), error) {
		if v == nil {
			return nil, nil, errFrame
		}
		unhook()
		return v.begin(ctx, conn)
	}
	text, o, after, err = readReply(bufio.NewReader(conn), live)
	if errors.Is(err, io.EOF) {
		err = errors.New("cli: the router has ended the connection")
	}
	return text, o, after, err
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

// readReply reads the frames of a reply: its text, what became of the request, and the settings after it. Where the reply becomes live, live
// says where the text goes from there on; the function that it returns is called at the end.
func readReply(r io.Reader, live func() (io.Writer, func(), error)) ([]byte, outcome, string, error) {
	var text bytes.Buffer
	var w io.Writer // nil: it is not live
	for {
		k, payload, err := readFrame(r, maxText)
		switch {
		case err != nil:
			return nil, refused, "", err
		case k == frameLive && w == nil:
			var end func()
			if w, end, err = live(); err != nil {
				return nil, refused, "", err
			}
			defer end()
			payload = text.Bytes()
			text = bytes.Buffer{}
			fallthrough
		case k == frameText && w != nil:
			if _, err := w.Write(payload); err != nil {
				return nil, refused, "", fmt.Errorf("cli: output: %w", err)
			}
		case k == frameText && text.Len()+len(payload) <= maxReply:
			text.Write(payload)
		default:
			o, ok := outcomeOf(k)
			if !ok {
				return nil, refused, "", errFrame
			}
			return text.Bytes(), o, string(payload), nil
		}
	}
}

// outcomeOf is the outcome that a frame is for.
func outcomeOf(k frameKind) (outcome, bool) {
	i := slices.Index(outcomeFrames[:], k)
	return outcome(max(i, 0)), i >= 0
}
