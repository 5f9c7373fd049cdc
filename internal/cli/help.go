package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// help is the answer to a `?` behind a clean line, of one who may give all commands or those of a user. It is "" where a `?` asks for nothing: inside a regular expression.
func help(line string, user bool) string {
	rows, inside, err := rowsAt(line, user)
	part := lastWord(line)
	switch {
	case inside:
		return ""
	case errors.Is(err, errAmbiguous):
		return ambiguous(line)
	case err != nil:
		return unrecognized
	case part == "":
		return table(rows)
	}
	return words(rows, part)
}

const unrecognized = "% Unrecognized command\n"

func ambiguous(line string) string { return "% Ambiguous command:  \"" + line + "\"\n" }

// pipeRow is in the help of commands whose output may be filtered, and crRow in that of whole ones.
var (
	pipeRow = row{"|", "Output modifiers"}
	crRow   = row{"<cr>", ""}
)

// lastWord is the word that a line ends in, "" behind a blank or a pipe.
func lastWord(line string) string { return line[strings.LastIndexAny(line, " |")+1:] }

// rowsAt is what may stand at the end of a line, which may be behind a pipe. inside is true in a regular expression.
func rowsAt(line string, user bool) (rows []row, inside bool, err error) {
	text, pipe, piped := strings.Cut(line, "|")
	if !piped {
		rows, err = rowsAfter(text, user)
		return rows, false, err
	}
	rows, err = rowsAfter(text+" ", user)
	switch {
	case err != nil:
		return nil, false, err
	case !slices.Contains(rows, pipeRow):
		return nil, false, invalidError{len(text)}
	}
	return modifierRows(pipe)
}

// rowsAfter is what may come behind a line, instead of its last word where there is no blank behind that.
func rowsAfter(text string, user bool) ([]row, error) {
	ts := tokens(text)
	if lastWord(text) != "" {
		ts = ts[:len(ts)-1]
	}
	p := newParser(user)
	if err := p.takeAll(ts); err != nil {
		return nil, err
	}
	return p.rows(), nil
}

// rows is the help where the parser is.
func (p *parser) rows() (rows []row) {
	for _, c := range p.choices() {
		if c.kind != nil {
			rows = append(rows, c.kind.shown...)
		} else {
			rows = append(rows, c.row)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.text, b.text) })
	if p.whole() {
		if p.node.pipe {
			rows = append(rows, pipeRow)
		}
		rows = append(rows, crRow)
	}
	return rows
}

// modifierRows is the help behind a pipe. inside is true once the expression, or the path of a file, has begun.
func modifierRows(text string) (rows []row, inside bool, err error) {
	ts := tokens(text)
	if len(ts) == 0 || len(ts) == 1 && lastWord(text) != "" {
		for _, m := range modifiers {
			rows = append(rows, row{m.text, m.help})
		}
		return rows, false, nil
	}
	m, rest, _, err := cutModifier(text, 0)
	switch {
	case err != nil:
		return nil, false, err
	case m.text == formatModifier:
		return formatRows(rest)
	case len(ts) > 1:
		return nil, true, nil
	case m.filter == nil:
		return []row{m.argument}, false, nil
	}
	return []row{expression}, false, nil
}

// formatRows is the help behind the modifier that chooses the style, which another may follow.
func formatRows(text string) (rows []row, inside bool, err error) {
	text, pipe, piped := strings.Cut(text, "|")
	ts := tokens(text)
	switch {
	case len(ts) > 0 && (len(ts) > 1 || lastWord(text) == "" || piped):
		if _, err := match(formatWords(), ts[0]); err != nil {
			return nil, false, err
		}
		if len(ts) > 1 {
			return nil, false, invalidError{ts[1].at}
		}
		if piped {
			return modifierRows(pipe)
		}
		return []row{pipeRow, crRow}, false, nil
	case piped:
		return nil, false, errIncomplete
	}
	for i, word := range formatWords() {
		rows = append(rows, row{word, formatHelp[i]})
	}
	return rows, false, nil
}

// table is rows with their help, one in a line.
func table(rows []row) string {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.text))
	}
	var b strings.Builder
	for _, r := range rows {
		if r.help == "" {
			fmt.Fprintf(&b, "  %s\n", r.text)
		} else {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, r.text, r.help)
		}
	}
	return b.String()
}

// words is the keywords that begin with part, or else the arguments that there may be instead.
func words(rows []row, part string) string {
	var found []string
	for _, r := range rows {
		if isKeyword(r) && strings.HasPrefix(r.text, strings.ToLower(part)) {
			found = append(found, r.text)
		}
	}
	if len(found) > 0 {
		return strings.Join(found, "  ") + "\n"
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return isKeyword(r) || r == pipeRow || r == crRow })
	if len(rows) == 0 {
		return unrecognized
	}
	return table(rows)
}

// isKeyword reports whether a row is a word to type as it is. Those are in lower case, and no argument is.
func isKeyword(r row) bool { return r.text[0] >= 'a' && r.text[0] <= 'z' || r.text == "0" }

// complete is a clean line with its last word made longer, as far as that is clear; with a blank where the word is whole.
func complete(line string, user bool) string {
	part := lastWord(line)
	if part == "" {
		return line
	}
	rows, inside, err := rowsAt(line, user)
	if err != nil || inside {
		return line
	}
	return completed(line, rows)
}

// completed is a line with its last word made longer, as far as the rows are alike.
func completed(line string, rows []row) string {
	part := lastWord(line)
	if part == "" {
		return line
	}
	found := ""
	for _, r := range rows {
		switch {
		case !isKeyword(r) || !strings.HasPrefix(r.text, strings.ToLower(part)):
		case found == "":
			found = r.text + " "
		default:
			found = found[:common(found, r.text)]
		}
	}
	if len(found) < len(part) {
		return line
	}
	return line[:len(line)-len(part)] + found
}
