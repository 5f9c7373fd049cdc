package config

import (
	"slices"
	"strings"
)

// takeAway takes away the lines of the mode at the end of a path that begin with what follows the first word of l, each with the lines that it
// leads to.
func (m *Model) takeAway(path []string, l *line, t trace) (Edit, error) {
	p := m.edit()
	p.follow(path)
	meant := m.meant(path, l)
	found := p.drop(func(s section) bool { return any(s) == meant || meant == nil && begins(s.head(), t.words) })
	more, enters := p.strip(func(s *line) bool { return s.beginsWith(t.words, strings.EqualFold(l.words[0].text, "default")) })
	switch found, enters = found+more, found > 0 || enters; {
	case found == 0 && t.argued:
		return Edit{}, &EditError{Refused, l.column(1), "a line that is configured"}
	case t.vague(found, enters):
		return Edit{}, t.complaint(l)
	case found == 0:
		return Edit{Model: m, Path: path}, nil
	}
	return m.becomes(p, path), nil
}

// meant is what a line leads to behind its first word; nil: nothing.
func (m *Model) meant(path []string, l *line) any {
	p := m.edit()
	p.follow(path)
	p.line(0, strings.TrimLeft(l.text, " \t")[len(l.words[0].text):])
	if len(p.modes) == len(path)+2 {
		for _, c := range p.change.copies {
			if c.v == p.modes[len(path)+1].of {
				return c.of
			}
		}
	}
	return nil
}

// begins reports whether a line with single blanks begins with words.
func begins(text string, words []string) bool {
	for _, w := range words {
		var own string
		if own, text, _ = strings.Cut(text, " "); !strings.EqualFold(own, w) {
			return false
		}
	}
	return true
}

// drop takes away what the lines of the present mode lead to, where it is chosen, and returns how much that was.
func (p *parser) drop(chosen func(section) bool) (n int) {
	switch of := p.modes[len(p.modes)-1].of.(type) {
	case nil:
		n = p.m.tables.drop(chosen)
	case *keyring:
		n = dropFrom(&of.peers, chosen)
	}
	p.change.made = p.change.made || n > 0
	return n
}

func (t *tables) drop(chosen func(section) bool) int {
	n := dropFrom(&t.vrfs, chosen) + dropFrom(&t.proposals, chosen) + dropFrom(&t.policies, chosen) + dropFrom(&t.keyrings, chosen) +
		dropFrom(&t.profiles, chosen) + dropFrom(&t.transforms, chosen) + dropFrom(&t.ipsec, chosen) + dropFrom(&t.descs, chosen) +
		dropFrom(&t.interfaces, chosen) + dropFrom(&t.lists, chosen)
	for _, v := range t.maps.list {
		left := *v
		if k := dropFrom(&left.entries, chosen); k > 0 {
			n += k
			t.maps.replace(v, &left)
		}
	}
	t.maps.drop(func(v *cryptoMap) bool { return len(v.entries.list) == 0 })
	return n
}

func dropFrom[T any, P interface {
	*T
	section
}](t *table[T], chosen func(section) bool) int {
	return t.drop(func(v *T) bool { return chosen(P(v)) })
}

// strip takes away the other lines of the present mode that are chosen, and returns how many those are, and whether they lead to others.
func (p *parser) strip(chosen func(*line) bool) (n int, enters bool) {
	w := writer{keys: true, numbers: true}
	last := len(p.modes) - 1
	in, _ := p.modes[last].of.(section)
	if in != nil {
		in.lines(&w)
	} else {
		m := p.m.general()
		m.routes = p.m.routes
		w.model(m)
	}
	var kept []string
	below := -1
	for s := range strings.Lines(w.b.String()) {
		switch l := newLine(0, strings.TrimSuffix(s, "\n")); {
		case below >= 0 && l.indent > below:
			enters = true
		case l.indent == last && chosen(l):
			n, below = n+1, l.indent
		default:
			kept, below = append(kept, l.text), -1
		}
	}
	switch {
	case n == 0:
	case in != nil:
		p.again(in, kept)
	default:
		q := newParser(p.m.file)
		for _, s := range kept {
			q.line(0, s)
		}
		p.change.made = p.change.made || len(q.m.routes.list) < len(p.m.routes.list)
		p.m.settings, p.m.routes, p.m.users = q.m.settings, q.m.routes, q.m.users
	}
	return n, enters
}

// again gives what the present mode is for these lines instead of those it has.
func (p *parser) again(in section, lines []string) {
	p.change.anew = in
	if v, ok := in.(*vty); ok {
		*v = vty{}
	}
	p.modes = p.modes[:len(p.modes)-1]
	p.line(0, in.head())
	c := p.change
	p.change = nil // nobody else has what the lines are about
	for _, s := range lines {
		p.line(0, s)
	}
	p.change = c
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
