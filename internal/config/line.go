package config

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// begins reports whether the first word is short for a command.
func (l *line) begins(commands []node) bool {
	return slices.ContainsFunc(commands, func(n node) bool { return n.kind == nil && abbreviates(l.words[0].text, n.word) })
}

// hidden stands for a key wherever the configuration is shown.
const hidden = "<hidden>"

// line is one line of the text with its words.
type line struct {
	num    int // from 1
	text   string
	words  []word
	hide   int // the words from this one on are not to be shown; negative: all may
	indent int
}

type word struct {
	text  string
	start int // octets before it
}

func newLine(num int, text string) *line {
	l := &line{num: num, text: strings.TrimRightFunc(text, unicode.IsSpace), hide: -1}
	for rest, start := l.text, 0; ; {
		n := strings.IndexFunc(rest, func(c rune) bool { return c != ' ' && c != '\t' })
		if n < 0 {
			break
		}
		rest, start = rest[n:], start+n
		end := strings.IndexAny(rest, " \t")
		if end < 0 {
			end = len(rest)
		}
		l.words = append(l.words, word{rest[:end], start})
		rest, start = rest[end:], start+end
	}
	if len(l.words) > 0 {
		l.indent = l.words[0].start
	}
	return l
}

// plain is the line with one blank between its words.
func (l *line) plain() string {
	words := make([]string, len(l.words))
	for i, w := range l.words {
		words[i] = w.text
	}
	return strings.Join(words, " ")
}

// argument is the text that a kind looks at: word i, or all of the line from there on.
func (l *line) argument(k *kind, i int) string {
	if k.rest {
		return l.text[l.words[i].start:]
	}
	return l.words[i].text
}

// hideFrom keeps the words from word i on out of all errors.
func (l *line) hideFrom(i int) {
	if l.hide < 0 || i < l.hide {
		l.hide = i
	}
}

// hideSuspects hides what may be a key on a line that was not understood: what follows a word that sounds like one.
func (l *line) hideSuspects() {
	for i, w := range l.words {
		if !announcesKey(w.text) {
			continue
		}
		if l.harmless(0) == 0 && i == 0 || strings.ContainsAny(w.text, "=:") { // the key may be joined to it
			l.hideFrom(i)
			return
		}
		i++
		for i < len(l.words)-1 && slices.Contains(beforeKey, strings.ToLower(l.words[i].text)) {
			i++
		}
		l.hideFrom(i)
		return
	}
}

// harmless is 1 where word i can be no key, and no key is joined to it: a word like a command's at the beginning, an address behind it.
// Otherwise it is 0.
func (l *line) harmless(i int) int {
	if i >= len(l.words) {
		return 0
	}
	w := l.words[i].text
	const command = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"
	plain := i == 0 && strings.Trim(w, command) == "" && !(announcesKey(w) && len(w) > len("pre-shared-key"))
	address := i > 0 && strings.ContainsAny(w, ".:/") && strings.Trim(w, "0123456789abcdefABCDEF.:/%") == ""
	if plain || address {
		return 1
	}
	return 0
}

// beforeKey are words that may stand between the one that announces a key and the key.
var beforeKey = []string{"0", "6", "7", "file", "hex", "key", "local", "remote"}

// soundsLikeKey are parts of words that announce a key.
var soundsLikeKey = []string{"key", "psk", "ppk", "pass", "secret", "token"}

func announcesKey(w string) bool {
	w = strings.ToLower(w)
	switch {
	case strings.HasPrefix(w, "keyr"), strings.HasPrefix(w, "key-i"), w == "prf":
		return false
	}
	return strings.HasPrefix(w, "pre") || slices.ContainsFunc(soundsLikeKey, func(s string) bool { return strings.Contains(w, s) })
}

// at is the place of word i; of the line's end where there is none.
func (l *line) at(i int) pos {
	text, start := l.text, len(l.text)+1 // a blank before what is missing
	if l.hide >= 0 && l.hide < len(l.words) {
		start = l.words[l.hide].start // also of all words behind it
		text = l.text[:start] + hidden
		i = min(i, l.hide)
	}
	if i < len(l.words) {
		start = l.words[i].start
	}
	before := min(start, len(text))
	return pos{l.num, utf8.RuneCountInString(text[:before]) + start - before + 1, text}
}
