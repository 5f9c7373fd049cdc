package config

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxText = 1 << 20 // octets of a configuration
	maxLine = 2048    // octets of one line of it
)

// Parse reads a configuration. File is what errors call it. An error joins up to 20 *Error in the order of their lines,
// and there is no Model then.
func Parse(file string, text []byte) (*Model, error) {
	p := newParser(file)
	switch {
	case len(text) > maxText:
		p.fail(pos{}, "a text of at most %d octets", maxText)
	case bytes.IndexByte(text, 0) >= 0:
		p.fail(pos{line: 1 + bytes.Count(text[:bytes.IndexByte(text, 0)], []byte{'\n'})}, "text without NUL octets")
	default:
		for num, rest := 1, string(text); rest != "" && !p.errs.full(); num++ {
			var s string
			s, rest, _ = strings.Cut(rest, "\n")
			p.line(num, strings.TrimSuffix(s, "\r"))
		}
		p.check()
	}
	if len(p.errs.list) == 0 {
		p.hashSecrets()
	}
	if err := p.errs.err(); err != nil {
		return nil, err
	}
	return p.m, nil
}

func newParser(file string) *parser {
	return &parser{m: &Model{file: file}, errs: errorList{file: file}, modes: []place{{mode: &globalMode}}, skip: -1,
		doubtful: make(map[string]bool), unhashed: make(map[*secretHash]password)}
}

// parser is the state of Parse.
type parser struct {
	m       *Model
	change  *change // of an edit; nil: nobody else has m
	errs    errorList
	modes   []place // that the lines before have entered; the first is globalMode
	entered int     // how often a line has entered a mode
	skip    int     // lines that are indented more belong to a line that was wrong; negative: none do
	note    string  // of Edit
	inFull  string  // the line that enters the mode, where what was given does so only because of what there is; "": it was
	owed    bool    // a line ended where its key should be, which may be on the next one

	doubtful map[string]bool // words of lines that were wrong: what they name may be meant to exist
	unhashed map[*secretHash]password

	// What the modes work on.
	vrf      *vrf
	proposal *proposal
	policy   *policy
	keyring  *keyring
	keyPeer  *keyPeer
	profile  *profile
	isakmp   *isakmpPeer
	entry    *entry
	ipsec    *ipsecProfile
	protect  *protection // of the entry or the IPsec profile
	set      *transformSet
	iface    *iface
	list     *accessList
}

// place is a mode with what it configures: a pointer into the Model, nil for globalMode.
type place struct {
	*mode
	of any
}

func (p *parser) enter(m *mode, of any) {
	p.modes = append(p.modes, place{m, of})
	p.entered++
}

func (p *parser) fail(at pos, format string, args ...any) { p.errs.add(at, format, args...) }

// line reads one line.
func (p *parser) line(num int, text string) {
	l := newLine(num, text)
	owed := p.owed
	if len(l.words) == 0 || l.words[0].text[0] == '!' {
		return
	}
	p.owed = false
	if !p.legible(l) {
		return
	}
	if p.skip >= 0 && l.indent > p.skip {
		return
	}
	p.skip = -1
	if len(l.words) == 1 && strings.EqualFold(l.words[0].text, "exit") {
		p.modes = p.modes[:max(1, len(p.modes)-1)]
		return
	}
	if len(l.words) == 1 && strings.EqualFold(l.words[0].text, "end") {
		p.modes = p.modes[:1]
		return
	}
	p.command(l, owed)
}

// command tries the line in the present mode and those around it.
func (p *parser) command(l *line, owed bool) {
	var worst failure
	maybeKey := false
	for depth := len(p.modes) - 1; depth >= 0; depth-- {
		m, f := l.match(p.modes[depth].commands)
		if f == nil {
			before := len(p.errs.list)
			p.modes = p.modes[:depth+1]
			m.run(p, m.args)
			if len(p.errs.list) > before {
				p.skip = l.indent
			}
			return
		}
		maybeKey = maybeKey || p.modes[depth].secret && l.begins(p.modes[depth].commands)
		switch {
		case f.word > worst.word:
			worst = *f
		case f.word == worst.word:
			worst.expected = append(worst.expected, f.expected...)
		}
	}
	if worst.word == 0 {
		if p.modes[len(p.modes)-1].secret {
			l.hideFrom(1)
		}
		if owed {
			l.hideFrom(0)
		}
		ambiguous := func(s string) bool { return abbreviates(l.words[0].text, s) }
		if !slices.ContainsFunc(worst.expected, ambiguous) {
			worst.expected = append(worst.expected, "exit", "end")
		}
	}
	if maybeKey {
		l.hideFrom(1)
	}
	if p.modes[len(p.modes)-1].secret { // what is not understood here may be a key
		l.hideFrom(worst.word + l.harmless(worst.word))
	}
	if l.hide < 0 {
		l.hideSuspects()
	}
	p.owed = l.hide >= len(l.words)
	p.fail(l.at(worst.word), "%s", oneOf(worst.expected))
	p.skip = l.indent
	for _, w := range l.words {
		p.doubtful[w.text] = true
	}
}

// legible refuses lines that are too long or could not be shown.
func (p *parser) legible(l *line) bool {
	if len(l.text) > maxLine {
		p.fail(pos{line: l.num}, "a line of at most %d octets", maxLine)
		return false
	}
	bad := strings.IndexFunc(l.text, func(c rune) bool {
		return c != '\t' && !unicode.IsPrint(c) || c == utf8.RuneError
	})
	if bad >= 0 {
		p.fail(pos{line: l.num}, "printable characters in UTF-8; character %d is none", utf8.RuneCountInString(l.text[:bad])+1)
		return false
	}
	return true
}
