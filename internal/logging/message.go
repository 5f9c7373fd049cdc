package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Message is one message. It is not modified once it was made, and may be shared.
type Message struct {
	Seq      uint64 // from 1
	Time     time.Time
	Severity Severity
	Mnemonic string // "CRYPTO-5-SESSION_STATUS"
	Text     string // "%CRYPTO-5-SESSION_STATUS: …": one line of printable text
	Line     string // Text behind its stamp
	JSON     []byte // as it was logged, with all its fields; nil for a message of the log itself
}

// Names of the fields that package zerolog writes, and that a message is made of.
const (
	FieldTime    = "time"
	FieldLevel   = "level"
	FieldMessage = "message"
	FieldDebug   = "debug" // the message is a line of `debug`, and stays as it is
)

// TimeLayout is how the field for the time is written.
const TimeLayout = "2006-01-02T15:04:05.000Z07:00"

// debugMnemonic is what collectors sort lines of `debug` by, which show none.
const debugMnemonic = "SEIKAN-7-DEBUG"

// ownFacility is where messages come from that have no mnemonic of their own.
const ownFacility = "SEIKAN"

// maxText is the octets of a message's text. More than that no collector need take (RFC 5425 §4.3.1: 2048).
const maxText = 1536

var errMessage = errors.New("logging: not a message")

// field is a name and a value of a JSON object.
type field struct {
	name string
	json json.RawMessage
}

// parse makes a message of a JSON object, without number and line.
func parse(object []byte) (Message, error) {
	fields, err := split(object)
	if err != nil {
		return Message{}, err
	}
	var m Message
	var level, text string
	debug := false
	rest := fields[:0]
	for _, f := range fields {
		switch f.name {
		case FieldTime:
			if m.Time, err = time.Parse(time.RFC3339Nano, f.text()); err != nil {
				return Message{}, fmt.Errorf("logging: time: %w", err)
			}
		case FieldLevel:
			level = f.text()
		case FieldMessage:
			text = f.text()
		case FieldDebug:
			debug = true
		default:
			rest = append(rest, f)
		}
	}
	m.Severity = severityOf(level)
	if mnemonic, severity, ok := CutMnemonic(text); ok {
		m.Mnemonic, m.Severity, m.Text = mnemonic, severity, Printable(text)
		return m, nil
	}
	if debug {
		m.Mnemonic, m.Severity, m.Text = debugMnemonic, Debug, Printable(text)
		return m, nil
	}
	var b strings.Builder
	m.Mnemonic = fmt.Sprintf("%s-%d-EVENT", ownFacility, m.Severity)
	fmt.Fprintf(&b, "%%%s: %s", m.Mnemonic, text)
	for i, f := range rest {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s=%s", sep, f.name, f.text())
	}
	m.Text = Printable(b.String())
	return m, nil
}

// split takes an object apart, in order.
func split(object []byte) (fields []field, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errMessage
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("logging: message: %w", err)
		}
		var f field
		f.name, _ = name.(string)
		if err := d.Decode(&f.json); err != nil {
			return nil, fmt.Errorf("logging: message: %w", err)
		}
		fields = append(fields, f)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("logging: message: %w", err)
	}
	return fields, nil
}

// text is the value: a string's own, else its JSON.
func (f field) text() string {
	var s string
	if json.Unmarshal(f.json, &s) == nil && len(f.json) > 0 && f.json[0] == '"' {
		return s
	}
	return string(f.json)
}

// severityOf is the severity of a level of package zerolog, where a message has no mnemonic to tell it.
func severityOf(level string) Severity {
	switch level {
	case "trace", "debug":
		return Debug
	case "warn":
		return Warning
	case "error":
		return Error
	case "fatal":
		return Critical
	case "panic":
		return Alert
	}
	return Informational
}

// CutMnemonic finds FACILITY-SEVERITY-MNEMONIC between the `%` and the `: ` that a message begins with.
func CutMnemonic(text string) (mnemonic string, s Severity, ok bool) {
	rest, begins := strings.CutPrefix(text, "%")
	mnemonic, _, ends := strings.Cut(rest, ": ")
	if !begins || !ends {
		return "", 0, false
	}
	parts := strings.Split(mnemonic, "-")
	if len(parts) != 3 || !isName(parts[0]) || len(parts[1]) != 1 || !isName(parts[2]) {
		return "", 0, false
	}
	digit := parts[1][0]
	if digit < '0' || digit > '7' {
		return "", 0, false
	}
	return mnemonic, Severity(digit - '0'), true
}

func isName(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// Printable is s as one line that does no harm to a terminal or a collector, of at most maxText octets: what peers say of
// themselves is in messages.
func Printable(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == '\n', c == '\r', c == '\t':
			return ' '
		case !unicode.IsPrint(c):
			return unicode.ReplacementChar
		}
		return c
	}, s)
	if len(s) <= maxText {
		return s
	}
	const dots = "..."
	s = s[:maxText-len(dots)]
	return strings.ToValidUTF8(s, "") + dots
}
