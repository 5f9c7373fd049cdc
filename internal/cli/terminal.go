package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Interactive reads commands at a terminal, with a prompt, line editing, a history, completion by tab, and help by `?`. It
// returns nil when the operator leaves.
func (c Client) Interactive(ctx context.Context, in, out *os.File) error {
	talk := newConversation(c)
	prompt, err := talk.ask(ctx, framePrompt, "")
	if err != nil {
		return err
	}
	fd := int(in.Fd())
	old, err := term.MakeRaw(fd)
	if err != nil {
		return fmt.Errorf("cli: terminal: %w", err)
	}
	t := &terminal{client: talk, prompt: string(prompt), size: func() (int, int, error) { return term.GetSize(int(out.Fd())) }}
	ended := make(chan error, 1)
	go func() { ended <- t.converse(ctx, in, out) }()
	select {
	case err = <-ended:
	case <-ctx.Done(): // the goroutine still reads, and ends with the process
	}
	if rerr := term.Restore(fd, old); rerr != nil {
		err = errors.Join(err, fmt.Errorf("cli: terminal: %w", rerr))
	}
	return err
}

// terminal is a conversation at a terminal. It belongs to one goroutine.
type terminal struct {
	client *conversation
	prompt string
	size   func() (width, height int, err error)
	term   *term.Terminal

	messages *messages // of `terminal monitor`; nil: it was not given
}

// converse reads and gives commands until the operator leaves. A router that does not answer is no reason to leave.
func (t *terminal) converse(ctx context.Context, r io.Reader, w io.Writer) error {
	t.term = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{r, w}, t.prompt)
	t.term.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) { return t.key(ctx, line, pos, key) }
	defer func() { t.messages.close() }()
	for ctx.Err() == nil {
		if width, height, err := t.size(); err == nil && width > 0 && height > 0 {
			_ = t.term.SetSize(width, height) // a size that it does not take spoils no more than the looks
		}
		line, err := t.term.ReadLine()
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprint(w, "\r\n")
			return nil
		case err != nil && !errors.Is(err, term.ErrPasteIndicator):
			return fmt.Errorf("cli: terminal: %w", err)
		}
		o := t.give(ctx, line, t.term)
		if o == left {
			return nil
		}
		t.watch(ctx, o)
	}
	return nil
}

// give gives a command, writes what comes of it on w, and has the prompt that comes after it.
func (t *terminal) give(ctx context.Context, line string, w io.Writer) outcome {
	o, err := t.client.run(ctx, frameTyped, line, w)
	if err != nil && !errors.Is(err, ErrRefused) {
		fmt.Fprintf(w, "%% %v\n", err)
	}
	if prompt, err := t.client.ask(ctx, framePrompt, ""); err == nil && string(prompt) != t.prompt {
		t.prompt = string(prompt)
		t.term.SetPrompt(t.prompt)
	}
	return o
}

// keyCtrlZ leaves configuration.
const keyCtrlZ = 26

// watch turns messages on and off. Where they end by themselves, that is said.
func (t *terminal) watch(ctx context.Context, o outcome) {
	switch {
	case o == unwatching:
		t.messages.close()
	case o == watching && !t.messages.on():
		m, err := t.client.monitor(ctx, t.term)
		if err != nil {
			fmt.Fprintf(t.term, "%% %v\n", err)
			return
		}
		t.messages = m
		go func() {
			<-m.ended
			if m.err != nil {
				fmt.Fprintf(t.term, "%% %v\n", m.err)
			}
		}()
	}
}

// key is called for each key that is typed. False lets the terminal do with it what it does with all keys.
func (t *terminal) key(ctx context.Context, line string, pos int, key rune) (string, int, bool) {
	head, tail := line[:pos], line[pos:]
	switch key {
	case '?':
		text, err := t.client.ask(ctx, frameHelp, head)
		switch {
		case err != nil:
			text = fmt.Appendf(nil, "%% %v\n", err)
		case len(text) == 0:
			return "", 0, false
		}
		fmt.Fprintf(t.term, "%s%s?\n%s", t.prompt, line, text)
		return line, pos, true
	case '\t':
		text, err := t.client.ask(ctx, frameComplete, head)
		if err != nil || len(text) == 0 {
			return line, pos, true
		}
		head = string(text)
		if strings.HasPrefix(tail, " ") {
			head = strings.TrimSuffix(head, " ")
		}
		return head + tail, len(head), true
	case keyCtrlZ:
		if t.client.configuring() {
			var b bytes.Buffer
			fmt.Fprintf(&b, "%s%s^Z\n", t.prompt, line)
			t.give(ctx, "end", &b)
			t.term.Write(b.Bytes()) // behind the new prompt, which it draws again
			return "", 0, true
		}
	}
	return "", 0, false
}
