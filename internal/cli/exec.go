package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"seikan/internal/fault"
	"seikan/session"
)

// outcome is what became of a command.
type outcome uint8

const (
	done       outcome = iota // as asked
	refused                   // not understood, or not possible; the reason was printed
	left                      // the operator wants to leave the command line
	raising                   // the operator wants the privileged commands
	lowering                  // and no more
	watching                  // messages are to come to the terminal from now on
	unwatching                // and no more
	asking                    // the operator is asked whether to go on, and then the command comes again
)

// shell executes commands. It belongs to one goroutine.
type shell struct {
	backend  Backend
	info     Info
	settings settings
	reply    *reply // to the request; nil: what is written is kept for later

	confirmed bool // the operator was asked already
}

// settings is what is set at a terminal, and what the last command asks of it.
type settings struct {
	format  *session.Format // of listings; nil: as configured
	keeps   bool            // the terminal keeps its settings
	files   bool            // it can write files
	asks    bool            // it can ask its operator
	user    bool            // without the commands that only `enable` gives
	length  *int            // lines of a screen, 0 for no end; nil: as high as it is
	width   *int            // columns of it, 0 for no end; nil: as wide as it is
	line    int             // of the terminal, as User.Line; 0: it is on this machine
	history []string        // that the terminal remembers
	file    string          // what was printed is to be written into it, not on the screen; "": none

	configuring bool     // lines are of a configuration
	path        []string // of the mode that they are for
	changed     bool     // one of them has changed something
}

// call is a command that is being executed.
type call struct {
	*shell
	args   args
	format session.Format
	w      io.Writer
	give   func(ctx context.Context, line string, w io.Writer) error // executes another command
}

// Errors of commands that are the terminal's business.
var (
	errLeave = errors.New("cli: leave")
	errRaise = errors.New("cli: privileged from now on")
	errLower = errors.New("cli: privileged no more")
	errAsk   = errors.New("cli: the operator has to confirm")
)

// execute does what a line asks for and writes the answer. typed is true where the line is on the screen already, behind
// the prompt: then the mark under a mistake goes there, and else under a copy of the line. The error is w's.
func (s *shell) execute(ctx context.Context, line string, typed bool, w io.Writer) (outcome, error) {
	line = strings.TrimRight(clean(line), " ")
	if s.settings.configuring && !s.configuring() && s.info.Config != nil { // he has left it with his privilege
		s.configured()
	}
	s.settings.configuring = s.configuring()
	if asked, ok := strings.CutSuffix(line, "?"); ok && !s.settings.configuring {
		if text := help(asked, s.settings.user); text != "" {
			_, err := io.WriteString(w, text)
			return done, err
		}
	}
	s.settings.file = ""
	out := &sink{w: w}
	do := s.do
	if s.settings.configuring {
		do = s.configure
	}
	err := do(ctx, line, out)
	switch {
	case out.err != nil:
		return refused, fmt.Errorf("cli: answer: %w", out.err)
	case err == nil:
		return done, nil
	case errors.Is(err, errLeave):
		return left, nil
	case errors.Is(err, errRaise):
		return raising, nil
	case errors.Is(err, errLower):
		return lowering, nil
	case errors.Is(err, errMonitor):
		return watching, nil
	case errors.Is(err, errNoMonitor):
		return unwatching, nil
	case errors.Is(err, errAsk):
		return asking, nil
	}
	before := ""
	if typed {
		before = s.prompt() // which a line that is refused has not changed
	}
	_, werr := io.WriteString(w, complaint(line, before, err))
	return refused, werr
}

// configuring reports whether lines are of a configuration: not of one that cannot be changed, nor from one who gave his privilege back.
func (s *shell) configuring() bool {
	return s.settings.configuring && !s.settings.user && s.info.Config != nil
}

// do executes a clean line.
func (s *shell) do(ctx context.Context, line string, w io.Writer) error {
	cmd, err := parse(line, s.settings.user)
	if err != nil || cmd.node == nil {
		return err
	}
	if s.info.Config != nil {
		s.info.Config.Settle(ctx) // what was given before counts
	}
	if cmd.file != "" && !s.settings.files {
		return refusal("% Output cannot be redirected from here.")
	}
	defer func() { s.settings.file = cmd.file }() // behind those that the command gives itself
	if cmd.node.live && s.reply != nil {
		if ctx, err = s.reply.begin(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(cmd.node.time, commandTime))
	defer cancel()
	c := &call{s, cmd.args, *cmp.Or(cmd.format, s.settings.format, new(s.info.format())), w, s.do}
	if cmd.filter == nil {
		return c.run(ctx, cmd.node)
	}
	lines := &lineWriter{w: w, filter: cmd.filter}
	c.w = lines
	if err := c.run(ctx, cmd.node); err != nil {
		return err
	}
	return lines.end()
}

// confirm asks the operator whether he means it, where there is one to be asked: lines of a file or a program are meant. The command ends with the
// error, and comes again if he does.
func (c *call) confirm(question string) error {
	if c.confirmed || !c.settings.asks {
		return nil
	}
	if _, err := io.WriteString(c.w, question); err != nil {
		return err
	}
	return errAsk
}

// complaint is what the operator reads about a command that was refused. Behind a prompt the line is on the screen already, and the mark under
// a mistake goes there; with none it goes under a copy of the line.
func complaint(line, prompt string, err error) string {
	mark := func(column int) string {
		mark := strings.Repeat(" ", column) + "^\n"
		if prompt == "" {
			return line + "\n" + mark
		}
		return strings.Repeat(" ", utf8.RuneCountInString(prompt)) + mark
	}
	var invalid invalidError
	var bad *LineError
	var no refusal
	switch {
	case errors.As(err, &invalid):
		return mark(utf8.RuneCountInString(line[:invalid.at])) + "% Invalid input detected at '^' marker.\n\n"
	case errors.As(err, &bad):
		return complaintOf(bad, line, mark)
	case errors.Is(err, errIncomplete):
		return "% Incomplete command.\n\n"
	case errors.Is(err, errAmbiguous):
		return ambiguous(line)
	case errors.As(err, &no):
		return string(no) + "\n"
	}
	return fmt.Sprintf("%% %v\n", err)
}

// sink remembers the error of a writer, so that it can be told from those of commands.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}

// run gives a command. A listing has texts of peers in it and changes nothing: its panic costs that listing. What changes something
// goes on to panic, as nobody knows what is half changed.
func (c *call) run(ctx context.Context, n *node) (err error) {
	if !n.pipe {
		return n.run(ctx, c)
	}
	defer func() {
		if v := recover(); v != nil {
			f := fault.Caught(v)
			if c.info.Fault != nil {
				c.info.Fault(f)
			}
			err = fmt.Errorf("cli: internal error: %v", f)
		}
	}()
	return n.run(ctx, c)
}
