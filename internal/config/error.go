package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxErrors is how many errors of one text are reported.
const maxErrors = 20

// Error is one place of a configuration that is wrong. It never contains a key.
type Error struct {
	File     string
	Line     int    // from 1; 0: the file as a whole
	Column   int    // of the word, in characters of Text, from 1
	Text     string // the line, with "<hidden>" in the place of a key
	Expected string // what would be right there
}

// Error shows the line, marks the word and says what was expected in its place.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s:\n%% expected: %s", e.File, e.Expected)
	}
	if e.Text == "" {
		return fmt.Sprintf("%s:%d:\n%% expected: %s", e.File, e.Line, e.Expected)
	}
	var margin strings.Builder // as wide as what is before the word, whatever a tab's width is
	column := 1
	for _, c := range e.Text {
		if column >= e.Column {
			break
		}
		if c != '\t' {
			c = ' '
		}
		margin.WriteRune(c)
		column++
	}
	margin.WriteString(strings.Repeat(" ", max(0, e.Column-column))) // behind the end of the line
	return fmt.Sprintf("%s:%d:\n%s\n%s^\n%% expected: %s", e.File, e.Line, e.Text, margin.String(), e.Expected)
}

// pos is a word of the text, for errors that are found later.
type pos struct {
	line, column int
	text         string
}

// errorList collects errors up to maxErrors.
type errorList struct {
	file string
	list []*Error
}

func (l *errorList) add(at pos, format string, args ...any) {
	e := Error{l.file, at.line, at.column, at.text, fmt.Sprintf(format, args...)}
	if !l.full() && !slices.ContainsFunc(l.list, func(o *Error) bool { return *o == e }) {
		l.list = append(l.list, &e)
	}
}

func (l *errorList) full() bool { return len(l.list) >= maxErrors }

// err joins the errors in the order of their lines. Nil: there are none.
func (l *errorList) err() error {
	slices.SortStableFunc(l.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	list := make([]error, len(l.list))
	for i, e := range l.list {
		list[i] = e
	}
	return errors.Join(list...)
}
