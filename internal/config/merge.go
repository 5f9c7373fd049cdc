package config

import (
	"bytes"
	"errors"
	"strings"
)

// Merge carries out the lines of a text one after the other, as Edit does at a terminal that begins in the global mode: all of them or, where one
// is wrong, none. What is below a line that is wrong is passed over. m is not modified. An error joins up to 20 *Error, which show nothing of
// the text.
func (m *Model) Merge(file string, text []byte) (*Model, error) {
	errs := errorList{file: file}
	if len(text) > maxText {
		errs.add(pos{}, "a text of at most %d octets", maxText)
		return nil, errs.err()
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		errs.add(pos{line: 1 + bytes.Count(text[:i], []byte{'\n'})}, "text without NUL octets")
		return nil, errs.err()
	}
	var path []string
	num, skip := 0, -1 // lines that are indented more belong to a line that was wrong; negative: none do
	for s := range strings.Lines(string(text)) {
		num++
		l := newLine(num, strings.TrimRight(s, "\r\n"))
		if skip >= 0 && (len(l.words) == 0 || l.indent > skip) {
			continue
		}
		skip = -1
		e, err := m.Edit(path, l.text)
		var bad *EditError
		switch {
		case err == nil:
			m, path = e.Model, e.Path
		case errors.As(err, &bad):
			errs.add(pos{line: num, column: bad.Column + 1}, "%s", bad.Expected)
			skip = l.indent
		default:
			return nil, err
		}
		if errs.full() {
			break
		}
	}
	if err := errs.err(); err != nil {
		return nil, err
	}
	return m, nil
}
