package cli

import (
	"regexp"
	"strings"

	"seikan/session"
)

// parseOutput reads what follows a pipe, which is at octets into the line.
func parseOutput(text string, at int) (o output, err error) {
	m, rest, start, err := cutModifier(text, at)
	if err != nil {
		return o, err
	}
	if strings.TrimSpace(rest) == "" {
		return o, errIncomplete
	}
	switch {
	case m.filter != nil:
		re, err := regexp.Compile(strings.TrimSpace(rest))
		if err != nil {
			return o, refusal("% Failed to compile regular expression.")
		}
		o.filter = m.filter(re)
		return o, nil
	case m.text == redirectModifier:
		o.file = strings.TrimSpace(rest)
		return o, nil
	}
	word, more, piped := strings.Cut(rest, "|")
	if piped {
		if o, err = parseOutput(more, start+len(word)+1); err != nil {
			return o, err
		}
	}
	ts := tokens(word)
	if len(ts) == 0 {
		return o, errIncomplete
	}
	i, err := match(formatWords(), token{ts[0].text, start + ts[0].at})
	switch {
	case err != nil:
		return o, err
	case len(ts) > 1:
		return o, invalidError{start + ts[1].at}
	}
	o.format = new(formats[i])
	return o, nil
}

// The modifiers that do not filter.
const (
	formatModifier   = "format"
	redirectModifier = "redirect"
)

// formats is the styles that `format` knows, and formatHelp their lines of help.
var (
	formats    = [...]session.Format{session.Classic, session.XE}
	formatHelp = [...]string{"As the first systems had it", "With title, legend, session IDs and uptimes"}
)

func formatWords() (words []string) {
	for _, f := range formats {
		words = append(words, f.String())
	}
	return words
}

// cutModifier splits what follows a pipe into the modifier and the rest, which is start octets into the line.
func cutModifier(text string, at int) (m modifier, rest string, start int, err error) {
	ts := tokens(text)
	if len(ts) == 0 {
		return m, "", 0, errIncomplete
	}
	t := ts[0]
	end := t.at + len(t.text)
	keywords := make([]string, 0, len(modifiers))
	for _, m := range modifiers {
		keywords = append(keywords, m.text)
	}
	i, err := match(keywords, token{t.text, at + t.at})
	if err != nil {
		return m, "", 0, err
	}
	return modifiers[i], text[end:], at + end, nil
}
