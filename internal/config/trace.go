package config

import (
	"slices"
	"strings"
)

// trace is how far the words of a line, from one of them on, go in a table of commands.
type trace struct {
	words   []string // in full
	last    *node    // of the last word; nil: there is none
	next    []node   // what may follow
	argued  bool     // some of the words are arguments
	problem *Problem // of the word that was not understood; nil: all were
	at      int      // that word
}

func (l *line) trace(commands []node, from int) trace {
	t := trace{next: commands, at: len(l.words)}
	for i := from; i < len(l.words); i++ {
		n, _, _ := choose(t.next, l, i)
		if n == nil {
			t.problem, t.at = ptr(t.doubt(l.words[i].text)), i
			return t
		}
		switch {
		case n.kind == nil:
			t.words = append(t.words, n.word)
		case n.kind.rest:
			for ; i < len(l.words); i++ {
				t.words = append(t.words, l.words[i].text)
			}
			t.argued = true
		default:
			t.words = append(t.words, l.words[i].text)
			t.argued = true
		}
		if t.last = n; !n.many {
			t.next = n.next
		}
	}
	return t
}

// doubt is what is wrong with a word that is none of what may follow.
func (t *trace) doubt(word string) Problem {
	short := 0
	for _, n := range t.next {
		if n.kind == nil && abbreviates(word, n.word) {
			short++
		}
	}
	if short > 1 {
		return Ambiguous
	}
	return Invalid
}

// complaint is the error of a line that is no command.
func (t trace) complaint(l *line) *EditError {
	var expected []string
	for i := range t.next {
		expected = append(expected, t.next[i].name())
	}
	e := &EditError{Incomplete, l.column(t.at), oneOf(expected)}
	if t.problem != nil {
		e.Problem = *t.problem
	}
	return e
}

// Choice is a word that may come next. Of an argument, Word is a placeholder.
type Choice struct{ Word, Help string }

// modeWords may begin a line in every mode, or stand alone in one.
var modeWords = []Choice{
	{"default", "Set a command to its defaults"}, {"do", "Run a command of the router"}, {"end", "Leave configuration"},
	{"exit", "Leave this mode"}, {"no", "Take away, or turn off"},
}

// Choices are the words that may stand at the end of a line in the mode that path leads to, instead of its last word where no blank is behind
// that. whole reports whether the line may also end there. The error is an *EditError.
func (m *Model) Choices(path []string, text string) (list []Choice, whole bool, err error) {
	p := newParser(m.file) // the words of a mode are the same, whatever is configured
	p.follow(path)
	part := ""
	l := newLine(0, text)
	if n := len(l.words); n > 0 && !strings.HasSuffix(text, " ") {
		part = l.words[n-1].text
		l.words = l.words[:n-1]
	}
	from := 0
	if len(l.words) > 0 && (strings.EqualFold(l.words[0].text, "no") || strings.EqualFold(l.words[0].text, "default")) {
		from = 1
	}
	var worst *EditError
	for depth := len(p.modes) - 1; depth >= 0; depth-- {
		t := l.trace(p.modes[depth].commands, from)
		if from == 1 {
			if explicit := l.trace(p.modes[depth].commands, 0); explicit.problem == nil && t.problem != nil {
				t = explicit
			}
		}
		if t.problem != nil {
			if e := t.complaint(l); worst == nil || e.Column > worst.Column {
				worst = e
			}
			continue
		}
		for _, c := range choicesOf(t.next, part) {
			if from == 0 || len(l.words) > 1 || c.Word != "no" { // no line begins with two
				list = append(list, c)
			}
		}
		whole = whole || part == "" && t.last != nil && t.last.run != nil
		if len(list) > 0 || whole {
			break
		}
	}
	if len(l.words) == 0 {
		for _, c := range modeWords {
			if strings.HasPrefix(c.Word, strings.ToLower(part)) && !slices.ContainsFunc(list, func(o Choice) bool { return o.Word == c.Word }) {
				list = append(list, c)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Choice) int { return strings.Compare(a.Word, b.Word) })
	if len(list) == 0 && !whole && worst != nil {
		return nil, false, worst
	}
	return list, whole, nil
}

// choicesOf are the nodes that a part of a word may become.
func choicesOf(nodes []node, part string) (list []Choice) {
	for _, n := range nodes {
		switch {
		case n.kind == nil && len(part) <= len(n.word) && strings.EqualFold(part, n.word[:len(part)]):
			list = append(list, Choice{n.word, n.help})
		case n.kind != nil && n.kind.rest && part == "":
			list = append(list, Choice{"LINE", n.help})
		case n.kind != nil && part == "":
			list = append(list, Choice{"WORD", n.help})
		}
	}
	return list
}

// Prompt is the mode that path leads to as a terminal shows it, such as "(config-if)". The lines of a path lead there in any configuration, as
// they enter what is not there yet.
func (m *Model) Prompt(path []string) string {
	p := newParser(m.file)
	p.follow(path)
	return "(" + p.modes[len(p.modes)-1].prompt + ")"
}
