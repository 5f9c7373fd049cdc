package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Edit is what a line of `configure terminal` has made of a configuration.
type Edit struct {
	Model *Model   // with the change; the same one where there is none
	Path  []string // the lines that lead to the mode which the next line is for; none: global
	Left  bool     // the line was exit in the global mode, or end
}

// Problem is why a line is not taken.
type Problem uint8

// Problems.
const (
	Invalid    Problem = iota // a word is not understood
	Ambiguous                 // a word is short for several
	Incomplete                // a word is missing
	Refused                   // the words are all right, and what they say is not
)

// EditError is a line that is not taken. It contains nothing of the line.
type EditError struct {
	Problem  Problem
	Column   int    // of the word, in characters from 0
	Expected string // what would be right there
}

func (e *EditError) Error() string {
	return fmt.Sprintf("config: column %d: expected: %s", e.Column+1, e.Expected)
}

// Edit carries out a line in the mode that path leads to, or in one around that, as Parse reads it behind the text of the Model. Besides,
// `no` in front of a line takes away what begins with its words, and `default` also their opposite. What is not whole yet is taken;
// Lacks tells. m is not modified. The error is an *EditError.
func (m *Model) Edit(path []string, text string) (Edit, error) {
	l := newLine(0, text)
	p, lines := m.read()
	if len(l.words) == 0 || l.words[0].text[0] == '!' {
		return Edit{Model: m, Path: path}, nil
	}
	if !p.legible(l) {
		return Edit{}, p.refusal()
	}
	if len(l.words) == 1 {
		switch strings.ToLower(l.words[0].text) {
		case "exit":
			return Edit{Model: m, Path: path[:max(0, len(path)-1)], Left: len(path) == 0}, nil
		case "end":
			return Edit{Model: m, Left: true}, nil
		}
	}
	path = p.follow(path)
	verb := strings.ToLower(l.words[0].text)
	undo := verb == "no" || verb == "default"
	var worst *EditError
	for depth := len(p.modes) - 1; depth >= 0; depth-- {
		if mt, f := l.match(p.modes[depth].commands); f == nil {
			return m.carryOut(p, mt, path, depth, l)
		}
		if undo {
			if t := l.trace(p.modes[depth].commands, 1); t.problem == nil && len(l.words) > 1 {
				return m.takeAway(p, lines, path, depth, l, t)
			}
		}
		from := 0
		if undo {
			from = 1
		}
		if e := l.trace(p.modes[depth].commands, from).complaint(l); worst == nil || e.nearer(worst) {
			worst = e
		}
	}
	return Edit{}, worst
}

// nearer reports whether e comes nearer to what was meant than the complaint of another mode.
func (e *EditError) nearer(other *EditError) bool {
	return e.Column > other.Column || e.Column == other.Column && e.Problem == Ambiguous && other.Problem == Invalid
}

// Lacks is what a Model that was edited still needs before it can be in force, a line each; none: it is whole.
func (m *Model) Lacks() (list []string) {
	p, _ := m.read()
	p.check()
	p.errs.err() // puts them in order
	for _, e := range p.errs.list {
		list = append(list, fmt.Sprintf("%s: expected %s", strings.TrimSpace(e.Text), e.Expected))
	}
	return list
}

// Text is the configuration with its keys, such that Parse reads an equal Model.
func (m *Model) Text() string { return m.text(true) }

// textLine is a line of the text of a Model.
type textLine struct {
	*line
	in     place // that it stands in
	enters any   // what the mode is for that it enters; nil: none
}

// read parses the text of the Model, which is well-formed but need not be whole.
func (m *Model) read() (*parser, []textLine) {
	p := newParser(m.file)
	var lines []textLine
	for s := range strings.Lines(m.text(true)) {
		l := newLine(len(lines)+1, strings.TrimSuffix(s, "\n"))
		before := p.entered
		p.line(l.num, l.text)
		t := textLine{line: l, in: p.modes[len(p.modes)-1]}
		if p.entered > before {
			t.in, t.enters = p.modes[len(p.modes)-2], t.in.of
		}
		lines = append(lines, t)
	}
	return p, lines
}

// follow enters the modes of a path, as far as it leads, and returns that.
func (p *parser) follow(path []string) []string {
	p.modes = p.modes[:1]
	for i, s := range path {
		p.line(0, s)
		if len(p.modes) != i+2 {
			p.modes = p.modes[:i+1]
			return path[:i]
		}
	}
	return path
}

// refusal is the first error of the parser.
func (p *parser) refusal() *EditError {
	e := p.errs.list[0]
	return &EditError{Refused, max(0, e.Column-1), e.Expected}
}

// carryOut does what a line of the mode at a depth says.
func (m *Model) carryOut(p *parser, mt match, path []string, depth int, l *line) (Edit, error) {
	p.modes = p.modes[:depth+1]
	p.errs.list = nil
	mt.run(p, mt.args)
	if len(p.errs.list) > 0 {
		return Edit{}, p.refusal()
	}
	p.hashSecrets()
	path = slices.Clone(path[:depth])
	if len(p.modes) > depth+1 {
		path = append(path, l.plain())
	}
	p.m.arrange()
	if p.m.text(true) == m.text(true) {
		return Edit{Model: m, Path: path}, nil
	}
	return Edit{Model: p.m, Path: path}, nil
}

// takeAway takes away the lines of a place that begin with what follows the first word of l, each with the lines that it leads to.
func (m *Model) takeAway(p *parser, lines []textLine, path []string, depth int, l *line, t trace) (Edit, error) {
	in := p.modes[depth]
	p.modes = p.modes[:depth+1]
	var meant any // where it is a whole line that enters a mode, what that is for
	before := p.entered
	if p.line(0, strings.TrimLeft(l.text, " \t")[len(l.words[0].text):]); p.entered > before {
		meant = p.modes[len(p.modes)-1].of
	}
	both := strings.EqualFold(l.words[0].text, "default")
	var kept strings.Builder
	found, enters, below := 0, false, -1
	for _, s := range lines {
		switch {
		case below >= 0 && len(s.words) > 0 && s.indent > below:
			continue
		case s.in == in && (meant != nil && s.enters == meant || s.beginsWith(t.words, both)):
			found, enters, below = found+1, enters || s.enters != nil, s.indent
			continue
		}
		below = -1
		kept.WriteString(s.text + "\n")
	}
	switch {
	case found == 0 && t.argued:
		return Edit{}, &EditError{Refused, l.column(1), "a line that is configured"}
	case t.vague(found, enters):
		return Edit{}, t.complaint(l)
	}
	return m.now(kept.String(), path[:depth]), nil
}

// vague reports whether words say too little to take so many lines away, as those of `no crypto` and `no username`: whoever gives them
// has not come to the end of his line.
func (t *trace) vague(found int, enters bool) bool {
	if t.argued || t.last.run != nil {
		return false
	}
	argument := slices.ContainsFunc(t.next, func(n node) bool { return n.kind != nil })
	return enters || found > 1 && (argument || len(t.words) == 1)
}

// now is the Edit that makes a text of m's.
func (m *Model) now(text string, path []string) Edit {
	p := newParser(m.file)
	for s := range strings.Lines(text) {
		p.line(0, strings.TrimSuffix(s, "\n"))
	}
	p.m.arrange()
	if p.m.text(true) == m.text(true) {
		return Edit{Model: m, Path: path}
	}
	return Edit{Model: p.m, Path: path}
}

// beginsWith reports whether the line's first words are these, the sequence number of a rule aside; either, whether also a "no" may stand
// before them.
func (l *line) beginsWith(words []string, either bool) bool {
	var own []string
	for _, w := range l.words {
		own = append(own, w.text)
	}
	if either && len(own) > 0 && own[0] == "no" {
		own = own[1:]
	}
	prefix := func(own []string) bool {
		return len(own) >= len(words) && slices.EqualFunc(own[:len(words)], words, strings.EqualFold)
	}
	if prefix(own) {
		return true
	}
	if len(own) > 1 && own[0] == "sequence" {
		own = own[1:]
	}
	return len(own) > 1 && strings.Trim(own[0], "0123456789") == "" && prefix(own[1:])
}

// column is where word i stands, in characters from 0; behind the line where there is none.
func (l *line) column(i int) int {
	if i >= len(l.words) {
		return utf8.RuneCountInString(l.text)
	}
	return utf8.RuneCountInString(l.text[:l.words[i].start])
}

// File is what the Model's errors call the file that it comes from.
func (m *Model) File() string { return m.file }

// Hostname is the name of the router, "" for none.
func (m *Model) Hostname() string { return m.hostname }
