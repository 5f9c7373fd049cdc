package cli

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
)

// modifier is something that is done with output.
type modifier struct {
	text, help string
	filter     func(re *regexp.Regexp) lineFilter // by the expression behind it; nil: it does not filter
	argument   row                                // what stands behind it where it does not filter
}

// lineFilter judges the lines of an output one after the other.
type lineFilter interface {
	keep(line []byte) bool // the line comes without its end
	end() string           // what is printed behind the last line
}

// plainFilter is a lineFilter that adds nothing.
type plainFilter func(line []byte) bool

func (f plainFilter) keep(line []byte) bool { return f(line) }
func (f plainFilter) end() string           { return "" }

func include(re *regexp.Regexp) lineFilter { return plainFilter(re.Match) }

func exclude(re *regexp.Regexp) lineFilter {
	return plainFilter(func(line []byte) bool { return !re.Match(line) })
}

func begin(re *regexp.Regexp) lineFilter {
	begun := false
	return plainFilter(func(line []byte) bool {
		begun = begun || re.Match(line)
		return begun
	})
}

// section keeps a line that matches and all lines behind it that are indented more.
func section(re *regexp.Regexp) lineFilter {
	depth := -1 // of the line that the section began with; -1: in none
	return plainFilter(func(line []byte) bool {
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		if depth >= 0 && indent > depth && len(line) > indent {
			return true
		}
		depth = -1
		if re.Match(line) {
			depth = indent
		}
		return depth >= 0
	})
}

// counter is the lineFilter that counts.
type counter struct {
	re *regexp.Regexp
	n  int
}

func count(re *regexp.Regexp) lineFilter { return &counter{re: re} }

func (c *counter) keep(line []byte) bool {
	if c.re.Match(line) {
		c.n++
	}
	return false
}

func (c *counter) end() string {
	return fmt.Sprintf("Number of lines which match regexp = %d\n", c.n)
}

// lineWriter passes the lines on that its filter keeps. It is not safe for concurrent use.
type lineWriter struct {
	w      io.Writer
	filter lineFilter
	part   []byte // of a line whose end has not come
}

func (l *lineWriter) Write(b []byte) (int, error) {
	n := len(b)
	for {
		head, rest, whole := bytes.Cut(b, []byte{'\n'})
		l.part = append(l.part, head...)
		if !whole {
			return n, nil
		}
		if err := l.flush(); err != nil {
			return 0, err
		}
		b = rest
	}
}

// flush passes on what has come of a line.
func (l *lineWriter) flush() error {
	line := l.part
	l.part = l.part[:0]
	if !l.filter.keep(line) {
		return nil
	}
	_, err := l.w.Write(append(line, '\n'))
	return err
}

// end is called once, behind the last Write.
func (l *lineWriter) end() error {
	if len(l.part) > 0 {
		if err := l.flush(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(l.w, l.filter.end())
	return err
}
