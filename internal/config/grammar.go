package config

import (
	"slices"
	"strings"
)

// mode is a table of commands: what may be said where.
type mode struct {
	prompt   string // what stands in brackets before the "#" of a terminal
	commands []node
	secret   bool // lines that are not understood here may contain a key
}

// node is one word of a command: a keyword, or an argument where kind is set. The tables are trees of nodes, read only.
type node struct {
	word string // the keyword
	help string // one line for the operator
	kind *kind
	next []node // what may follow
	run  action // carries the command out; nil: the line may not end here
	many bool   // may be given several times, together with its siblings

	value  any  // of a keyword that stands for one
	secret bool // an argument behind it is a key
	plain  bool // or is none after all
}

// action carries out a command whose words are all right.
type action func(*parser, args)

func kw(word, help string, next ...node) node { return node{word: word, help: help, next: next} }

// choice is a keyword that stands for a value.
func choice(word, help string, value any, next ...node) node {
	return node{word: word, help: help, value: value, next: next}
}

func arg(k *kind, help string, next ...node) node { return node{kind: k, help: help, next: next} }

func (n node) do(a action) node    { n.run = a; return n }
func (n node) repeated() node      { n.many = true; return n }
func (n node) hidesArgument() node { n.secret = true; return n }
func (n node) showsArgument() node { n.plain = true; return n }

// each is the nodes with one action for all, any number of which may be given.
func each(a action, nodes ...node) []node {
	list := make([]node, len(nodes))
	for i, n := range nodes {
		list[i] = n.do(a).repeated()
	}
	return list
}

// name is what a list of expected words calls the node: a keyword itself, an argument by its help.
func (n *node) name() string {
	if n.kind == nil {
		return n.word
	}
	return n.help
}

// failure is how far a line was understood in one mode.
type failure struct {
	word     int // the first one that was not
	expected []string
}

// match is a line that was understood.
type match struct {
	run  action
	args args
}

// match walks a table along the words of the line.
func (l *line) match(commands []node) (match, *failure) {
	var m match
	m.args.line = l
	var last *node
	secret := false
	for i, candidates := 0, commands; ; i++ {
		if i >= len(l.words) && last != nil && last.run != nil {
			m.run = last.run
			return m, nil
		}
		n, value, expected := choose(candidates, l, i)
		if secret && (n == nil || n.kind != nil) {
			l.hideFrom(i)
		}
		if n == nil {
			if last != nil && last.run != nil {
				expected = append(expected, "the end of the line")
			}
			return m, &failure{i, expected}
		}
		if value != nil {
			m.args.values = append(m.args.values, argument{value, i})
		}
		if n.kind != nil && n.kind.rest {
			i = len(l.words)
		}
		secret = (secret || n.secret) && !n.plain
		if last = n; !n.many {
			candidates = n.next
		}
	}
}

// choose finds the candidate for a word: the keyword itself, else an argument that it can be, else the one keyword that it
// is the beginning of. Nil: there is none, and expected says what there is.
func choose(candidates []node, l *line, i int) (n *node, value any, expected []string) {
	var begun []*node
	for j := range candidates {
		c := &candidates[j]
		if i >= len(l.words) {
			expected = append(expected, c.name())
			continue
		}
		w := l.words[i].text
		switch {
		case c.kind != nil:
			v, instead := c.kind.parse(l.argument(c.kind, i))
			if v != nil && value == nil {
				n, value = c, v
			}
			if instead == "" {
				instead = c.help
			}
			expected = append(expected, instead)
		case strings.EqualFold(w, c.word):
			return c, c.value, nil
		default:
			if abbreviates(w, c.word) {
				begun = append(begun, c)
			}
			expected = append(expected, c.word)
		}
	}
	switch {
	case n != nil:
		return n, value, nil
	case len(begun) == 1:
		return begun[0], begun[0].value, nil
	case len(begun) > 1:
		expected = nil
		for _, c := range begun {
			expected = append(expected, c.word)
		}
	}
	return nil, nil, expected
}

// abbreviates reports whether w is the beginning of a keyword, and not of a number in it: 3 is not short for 31.
func abbreviates(w, keyword string) bool {
	if len(w) == 0 || len(w) >= len(keyword) || w[len(w)-1] >= '0' && w[len(w)-1] <= '9' {
		return false
	}
	return strings.EqualFold(w, keyword[:len(w)])
}

// args is the values of a command's arguments in the order of the line.
type args struct {
	line   *line
	values []argument
}

type argument struct {
	value any
	word  int
}

// at is the place of argument i.
func (a args) at(i int) pos { return a.line.at(a.values[i].word) }

// valueOf is argument i. The table that names the action gives it its type.
func valueOf[T any](a args, i int) T { return a.values[i].value.(T) }

// all is the arguments from i on, without repetitions.
func all[T comparable](a args, i int) []T {
	var list []T
	for ; i < len(a.values); i++ {
		if v := valueOf[T](a, i); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// oneOf lists what is expected: "a, b or c".
func oneOf(list []string) string {
	var unique []string
	for _, s := range list {
		if !slices.Contains(unique, s) {
			unique = append(unique, s)
		}
	}
	if len(unique) < 2 {
		return strings.Join(unique, "")
	}
	last := len(unique) - 1
	return strings.Join(unique[:last], ", ") + " or " + unique[last]
}
