package cli

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"seikan/session"
)

// Errors of commands that were not understood.
var (
	errIncomplete = errors.New("cli: incomplete command")
	errAmbiguous  = errors.New("cli: ambiguous command")
)

// invalidError is a command that was not understood from an octet of its line on.
type invalidError struct{ at int }

func (e invalidError) Error() string { return fmt.Sprintf("cli: invalid input at octet %d", e.at) }

// refusal is a command that was understood and cannot be done. It is the line that the operator reads.
type refusal string

func (r refusal) Error() string { return string(r) }

// token is a word of a line.
type token struct {
	text string
	at   int // octets in front of it
}

// clean makes a line printable: blanks for tabs, U+FFFD for what is no text.
func clean(line string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t':
			return ' '
		case unicode.IsControl(c):
			return unicode.ReplacementChar
		}
		return c
	}, line)
}

// tokens splits a clean line at blanks.
func tokens(line string) (ts []token) {
	at := 0
	for word := range strings.SplitSeq(line, " ") {
		if word != "" {
			ts = append(ts, token{word, at})
		}
		at += len(word) + 1
	}
	return ts
}

// parser is a command that is being read. It is used for one line.
type parser struct {
	node *node
	args args
	want *option   // whose argument comes next; nil: none
	next []*option // one of which comes next; nil: what is open
	seen map[*option]bool
	user bool // privileged commands are not there
}

func newParser(user bool) *parser {
	return &parser{node: root, seen: make(map[*option]bool), user: user}
}

// choice is what may come next: a keyword, or an argument of a kind.
type choice struct {
	row  row
	kind *kind
	take func(p *parser, value any)
}

// choices is what may come next. There are no more than a screen of them.
func (p *parser) choices() (cs []choice) {
	if o := p.want; o != nil {
		return []choice{{kind: o.value, take: func(p *parser, v any) { p.finish(o, v) }}}
	}
	options := p.next
	if options == nil {
		options = p.node.options
		for _, n := range p.node.next {
			if p.user && n.privileged {
				continue
			}
			cs = append(cs, choice{row: row{n.text, n.help}, take: func(p *parser, _ any) { p.node = n }})
		}
	}
	for _, o := range options {
		switch {
		case p.user && o.privileged, o.open == nil && p.seen[o], o.open != nil && !o.open(&p.args):
		case o.text == "":
			cs = append(cs, choice{kind: o.value, take: func(p *parser, v any) { p.finish(o, v) }})
		case o.value == nil:
			cs = append(cs, choice{row: row{o.text, o.help}, take: func(p *parser, _ any) { p.finish(o, nil) }})
		default:
			cs = append(cs, choice{row: row{o.text, o.help}, take: func(p *parser, _ any) { p.want = o }})
		}
	}
	return cs
}

// finish notes an option that is whole.
func (p *parser) finish(o *option, value any) {
	if o.set != nil {
		o.set(&p.args, value)
	}
	p.seen[o], p.want, p.next = true, nil, o.next
}

// take reads a word.
func (p *parser) take(t token) error {
	cs := p.choices()
	keywords := make([]string, 0, len(cs))
	for _, c := range cs {
		keywords = append(keywords, c.row.text)
	}
	i, err := match(keywords, t)
	if err == nil {
		cs[i].take(p, nil)
		return nil
	}
	for _, c := range cs {
		if c.kind == nil {
			continue
		}
		if v, ok := c.kind.parse(t.text); ok {
			c.take(p, v)
			return nil
		}
	}
	return err
}

// takeAll reads words up to the first that is wrong.
func (p *parser) takeAll(ts []token) error {
	for _, t := range ts {
		if err := p.take(t); err != nil {
			return err
		}
	}
	return nil
}

// whole reports whether the command may end here.
func (p *parser) whole() bool { return p.want == nil && p.next == nil && p.node.run != nil }

// match finds the keyword that a word is, or is short for. "" is no keyword. Where none is meant the error points at
// the first character that does not fit.
func match(keywords []string, t token) (int, error) {
	word := strings.ToLower(t.text)
	found, fits := -1, 0
	for i, k := range keywords {
		switch {
		case k == "":
		case k == word:
			return i, nil
		case strings.HasPrefix(k, word) && found >= 0:
			found = len(keywords) // more than one
		case strings.HasPrefix(k, word):
			found = i
		default:
			fits = max(fits, common(k, word))
		}
	}
	switch found {
	case -1:
		return 0, invalidError{t.at + min(fits, len(t.text))}
	case len(keywords):
		return 0, errAmbiguous
	}
	return found, nil
}

// common is how many octets two words begin with alike.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// command is a line that was understood.
type command struct {
	node *node // nil: an empty line, or a comment
	args args
	output
}

// output is what becomes of what a command prints.
type output struct {
	filter lineFilter      // nil: none
	format *session.Format // nil: as the terminal has it
	file   string          // to be written instead of the screen; "": none
}

// parse reads a clean line of one who may give all commands or those of a user.
func parse(line string, user bool) (command, error) {
	text, pipe, piped := strings.Cut(line, "|")
	ts := tokens(text)
	if !piped && len(ts) == 0 || len(ts) > 0 && ts[0].text[0] == '!' {
		return command{}, nil
	}
	p := newParser(user)
	if err := p.takeAll(ts); err != nil {
		return command{}, err
	}
	switch {
	case piped && !(p.whole() && p.node.pipe):
		return command{}, invalidError{len(text)}
	case !p.whole():
		return command{}, errIncomplete
	}
	c := command{node: p.node, args: p.args}
	var err error
	if piped {
		c.output, err = parseOutput(pipe, len(text)+1)
	}
	return c, err
}
