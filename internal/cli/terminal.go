package cli

import (
	"bytes"
	"cmp"
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
	fd := int(in.Fd())
	old, err := term.MakeRaw(fd)
	if err != nil {
		return fmt.Errorf("cli: terminal: %w", err)
	}
	screen := Screen{In: in, Out: out, Size: func() (int, int, error) { return term.GetSize(int(out.Fd())) }}
	ended := make(chan error, 1)
	go func() { ended <- c.Converse(ctx, screen) }()
	select {
	case err = <-ended:
	case <-ctx.Done(): // the goroutine still reads, and ends with the process
	}
	if rerr := term.Restore(fd, old); rerr != nil {
		err = errors.Join(err, fmt.Errorf("cli: terminal: %w", rerr))
	}
	return err
}

// Screen is where an operator sits.
type Screen struct {
	In   io.Reader
	Out  io.Writer
	Size func() (width, height int, err error)
	// Enable decides whether the operator gets them; ask asks for a password. Nil: whoever is here does.
	Enable func(ask func() (string, error)) error
}

// Converse reads and gives commands until the operator leaves. A router that does not answer is no reason to leave.
func (c Client) Converse(ctx context.Context, s Screen) error {
	talk := newConversation(c)
	prompt, err := talk.ask(ctx, framePrompt, "")
	if err != nil {
		return err
	}
	t := &terminal{Screen: s, client: talk, prompt: string(prompt)}
	defer t.leave(ctx)
	return t.converse(ctx)
}

// terminal is a conversation at a terminal. It belongs to one goroutine.
type terminal struct {
	Screen
	client *conversation
	prompt string
	term   *term.Terminal
	line   *lineKeys // what term reads

	literal  bool      // the next key stands for itself
	messages *messages // of `terminal monitor`; nil: it was not given
	seat     *seat     // nil: it has no line, or not one of its own
}

// converse is Converse, where the first prompt is known.
func (t *terminal) converse(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	keys := newKeyReader(t.In, ctx.Done())
	t.In, t.client.watch = keys, keys.watch
	t.client.set(settingAsks, true)
	t.line = &lineKeys{r: keys, typed: t.fit}
	t.term = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{t.line, t.Out}, t.prompt)
	t.term.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) { return t.key(ctx, line, pos, key) }
	defer func() { t.messages.close() }()
	err := t.lines(ctx, end)
	if why := wasCleared(ctx); why != "" {
		fmt.Fprintf(t.Out, "\r\n%% %s\r\n", why)
		return nil
	}
	return err
}

// fit has lines broken where the screen ends, which may have become another one since.
func (t *terminal) fit() {
	if width, height, err := t.Size(); err == nil && width > 0 && height > 0 {
		_ = t.term.SetSize(cmp.Or(t.width(), endless), height) // a size that it does not take spoils no more than the looks
	}
}

// leave ends what the operator has begun. Nobody is there any more who could be told.
func (t *terminal) leave(ctx context.Context) {
	_ = t.client.leave(ctx, io.Discard)
	t.seat.leave()
}

// lines reads and gives lines. end ends ctx, and may be called by any goroutine.
func (t *terminal) lines(ctx context.Context, end func(error)) error {
	own := t.client.Line == 0 // else who let it in gave it a line
	for ctx.Err() == nil {
		if own && !t.seat.there() { // the first time, or the router has started anew
			if t.seat, t.client.Line = t.client.attend(ctx, end), 0; t.seat != nil {
				t.client.Line = t.seat.number
			}
		}
		t.fit()
		line, err := t.term.ReadLine()
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprint(t.Out, "\r\n")
			return nil
		case err != nil && !errors.Is(err, term.ErrPasteIndicator):
			return fmt.Errorf("cli: terminal: %w", err)
		}
		o := t.give(ctx, line, pager{t})
		if o == left {
			return nil
		}
		t.watch(ctx, o)
	}
	return nil
}

// give gives a command, writes what comes of it on w, and has the prompt that comes after it.
func (t *terminal) give(ctx context.Context, line string, w io.Writer) outcome {
	configuring := t.client.has(settingConfig)
	o, err := t.client.run(ctx, frameTyped, line, w)
	if o == asking {
		if o = done; t.confirmed() {
			o, err = t.client.run(ctx, frameConfirm, line, w)
		}
	}
	if err == nil && !configuring {
		t.client.history.add(line)
	}
	if err != nil && !errors.Is(err, ErrRefused) && wasCleared(ctx) == "" {
		fmt.Fprintf(w, "%% %v\n", err)
	}
	if o == raising || o == lowering {
		t.raise(o == raising)
	}
	if prompt, err := t.client.ask(ctx, framePrompt, ""); err == nil && string(prompt) != t.prompt {
		t.prompt = string(prompt)
		t.term.SetPrompt(t.prompt)
	}
	return o
}

// confirmed waits for the key that answers a question: return or y says yes.
func (t *terminal) confirmed() bool {
	var key [1]byte
	if _, err := io.ReadFull(t.In, key[:]); err != nil {
		return false
	}
	_, err := t.term.Write([]byte("\n"))
	return err == nil && strings.IndexByte("\r\nyY", key[0]) >= 0
}

var errAborted = errors.New("cli: no password")

// password asks for one, which a break refuses.
func (t *terminal) password() (string, error) {
	t.line.abort, t.line.aborted = '\r', false
	defer func() { t.line.abort = 0 }()
	text, err := t.term.ReadPassword("Password: ")
	if t.line.aborted {
		return "", errAborted
	}
	return text, err
}

// raise turns the privileged commands on or off.
func (t *terminal) raise(up bool) {
	if up && t.client.has(settingUser) && t.Enable != nil {
		err := t.Enable(t.password)
		switch {
		case errors.Is(err, errAborted):
			return
		case err != nil:
			fmt.Fprintf(t.term, "%% %v\n", err)
			return
		}
	}
	t.client.set(settingUser, !up)
}

const (
	keyCtrlR = 18 // shows the line again
	keyCtrlV = 22 // has the next key, such as ?, stand for itself
	keyCtrlZ = 26 // leaves configuration, behind what was typed

	keyAbort = 28 // leaves the line, and configuration: what lineKeys makes of breakKeys
)

// watch turns messages on and off. Where they end by themselves, that is said.
func (t *terminal) watch(ctx context.Context, o outcome) {
	switch {
	case o == unwatching:
		t.messages.close()
		t.messages = nil // it ends in a moment; `terminal monitor` must not take it for one that is on
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
	if t.literal {
		t.literal = false
		return "", 0, false
	}
	head, tail := line[:pos], line[pos:]
	switch key {
	case keyCtrlV:
		t.literal = true
		return line, pos, true
	case keyCtrlR:
		fmt.Fprintf(t.term, "%s%s\n", t.prompt, line)
		return line, pos, true
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
	case keyCtrlZ, keyAbort:
		configuring := t.client.has(settingConfig)
		if key == keyCtrlZ && !configuring {
			break
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "%s%s%s\n", t.prompt, line, map[rune]string{keyCtrlZ: "^Z", keyAbort: "^C"}[key])
		if configuring && key == keyCtrlZ && strings.TrimSpace(line) != "" { // as on a classic router, which takes it for the end of the line, too
			t.give(ctx, line, &b)
			configuring = t.client.has(settingConfig)
		}
		if configuring {
			t.give(ctx, "end", &b)
		}
		t.term.Write(b.Bytes()) // behind the new prompt, which it draws again
		return "", 0, true
	}
	return "", 0, false
}
