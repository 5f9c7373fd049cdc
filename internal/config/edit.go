package config

import (
	"cmp"
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
	Note  string   // what the operator is to know of what he has begun; "": nothing
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

// change is what an edit does to a Model, or rather to copies of what it touches.
type change struct {
	made   bool // something has been added, or taken away
	copies []copied
	anew   any // what gets none of its lines when it is defined again; nil: nothing
}

// copied is a thing and what it is a copy of: a nil pointer where it is new.
type copied struct{ v, of any }

// made notes that there is something more than before.
func (p *parser) made() {
	if p.change != nil {
		p.change.made = true
	}
}

// edit is a parser of further lines of the Model, which is not modified.
func (m *Model) edit() *parser {
	p := newParser(m.file)
	p.m.settings, p.m.tables = m.settings, m.tables
	p.m.log.Hosts = slices.Clone(m.log.Hosts)
	p.m.edited = true
	p.change = &change{}
	return p
}

// Edit carries out a line in the mode that path leads to, or in one around that, as Parse reads it behind the text of the Model. Besides,
// `no` in front of a line takes away what begins with its words, and `default` also their opposite. What is not whole yet is taken;
// Whole tells. m is not modified. The error is an *EditError. What the line leaves alone costs next to nothing, however much that is.
func (m *Model) Edit(path []string, text string) (Edit, error) {
	l := newLine(0, text)
	p := m.edit()
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
			return m.carryOut(p, mt, path[:depth], l)
		}
		if undo {
			if t := l.trace(p.modes[depth].commands, 1); t.problem == nil && len(l.words) > 1 {
				return m.takeAway(path[:depth], l, t)
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

// carryOut does what a line of the mode at the end of a path says, where p is.
func (m *Model) carryOut(p *parser, mt match, path []string, l *line) (Edit, error) {
	p.modes = p.modes[:len(path)+1]
	p.errs.list, p.note, p.inFull = nil, "", ""
	mt.run(p, mt.args)
	if len(p.errs.list) > 0 {
		return Edit{}, p.refusal()
	}
	p.hashSecrets()
	path = slices.Clone(path)
	if len(p.modes) > len(path)+1 {
		path = append(path, cmp.Or(p.inFull, l.plain()))
	}
	e := m.becomes(p, path)
	if e.Model != m {
		e.Note = p.note
	}
	return e, nil
}

// becomes is the Edit where a parser has edited the Model.
func (m *Model) becomes(p *parser, path []string) Edit {
	if p.change.made || p.change.differs() || m.general().text(true) != p.m.general().text(true) {
		return Edit{Model: p.m, Path: path}
	}
	return Edit{Model: m, Path: path}
}

// differs reports whether a copy says something else than what it was made of.
func (c *change) differs() bool {
	text := func(v any) string {
		w := writer{keys: true}
		if s, ok := v.(section); ok {
			w.section(s)
		}
		return w.b.String()
	}
	return slices.ContainsFunc(c.copies, func(c copied) bool { return text(c.v) != text(c.of) })
}

// general is the Model without what has a mode or an end of its own.
func (m *Model) general() *Model {
	return &Model{file: m.file, settings: m.settings, tables: tables{users: m.users}}
}

// Whole reads the text of a Model that was edited, so that what is in it knows on which line of the text it is. What it still needs before it
// can be in force is in lacks, a line each; none: it is whole.
func (m *Model) Whole() (whole *Model, lacks []string) {
	if !m.edited {
		return m, nil
	}
	p := m.read()
	p.check()
	_ = p.errs.err() // puts them in order
	for _, e := range p.errs.list {
		lacks = append(lacks, fmt.Sprintf("%s: expected %s", strings.TrimSpace(e.Text), e.Expected))
	}
	p.m.edited = len(lacks) > 0
	return p.m, lacks
}

// Text is the configuration with its keys, such that Parse reads an equal Model.
func (m *Model) Text() string { return m.text(true) }

// Equal reports whether the two say the same.
func (m *Model) Equal(o *Model) bool { return m == o || m.text(true) == o.text(true) }

// read parses the text of the Model, which is well-formed but need not be whole.
func (m *Model) read() *parser {
	p := newParser(m.file)
	num := 0
	for s := range strings.Lines(m.text(true)) {
		num++
		p.line(num, strings.TrimSuffix(s, "\n"))
	}
	return p
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
