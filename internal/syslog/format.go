package syslog

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"seikan/internal/logging"
)

// Header is what the messages of a router have in common.
type Header struct {
	Facility logging.Facility
	Hostname string
	Program  string
	PID      int
	Zone     *time.Location // of RFC 3164, which has times of the sender's zone; nil: UTC
}

// Limits of lengths in octets, on the wire.
const (
	maxBSD      = 1024 // RFC 3164 §4.1
	maxHostname = 255  // RFC 5424 §6
	maxProgram  = 48
	maxTag      = 32 // RFC 3164 §4.1.3
	maxMsgID    = 32
	maxSequence = 1<<31 - 1 // RFC 5424 §7.3.1
)

// priority is the PRI part (RFC 5424 §6.2.1).
func (h Header) priority(b []byte, s logging.Severity) []byte {
	b = strconv.AppendInt(append(b, '<'), int64(h.Facility.Code()*8+int(s)), 10)
	return append(b, '>')
}

// Append appends a message as a collector reads it, without framing.
func (h Header) Append(b []byte, f logging.Format, m logging.Message) []byte {
	switch f {
	case logging.RFC5424:
		return h.appendStructured(b, m)
	case logging.Classic:
		return h.appendClassic(b, m)
	}
	return h.appendBSD(b, m, h.Hostname)
}

// appendStructured: <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD MSG (RFC 5424 §6).
func (h Header) appendStructured(b []byte, m logging.Message) []byte {
	b = h.priority(b, m.Severity)
	b = append(b, "1 "...)
	b = m.Time.UTC().AppendFormat(b, logging.TimeLayout)
	for _, f := range [...]struct {
		text string
		max  int
	}{{h.Hostname, maxHostname}, {h.Program, maxProgram}, {strconv.Itoa(h.PID), maxProgram}, {msgID(m.Mnemonic), maxMsgID}} {
		b = append(append(b, ' '), word(f.text, f.max)...)
	}
	seq := (m.Seq-1)%maxSequence + 1 // from 1, and again after the greatest
	b = fmt.Appendf(b, ` [meta sequenceId="%d"] `, seq)
	if strings.ContainsFunc(m.Text, func(c rune) bool { return c >= utf8.RuneSelf }) {
		b = append(b, "\ufeff"...) // what follows is UTF-8 (RFC 5424 §6.4)
	}
	return append(b, m.Text...)
}

// msgID is the type of a message, the last part of its mnemonic.
func msgID(mnemonic string) string { return mnemonic[strings.LastIndexByte(mnemonic, '-')+1:] }

// appendBSD: <PRI>TIMESTAMP HOSTNAME TAG[PID]: MSG (RFC 3164 §4.1). To the daemon of this machine there is no host name.
func (h Header) appendBSD(b []byte, m logging.Message, hostname string) []byte {
	start := len(b)
	b = h.priority(b, m.Severity)
	at := m.Time.UTC()
	if h.Zone != nil {
		at = at.In(h.Zone)
	}
	b = at.AppendFormat(b, time.Stamp)
	b = append(b, ' ')
	if hostname != "" {
		b = append(append(b, word(hostname, maxHostname)...), ' ')
	}
	b = fmt.Appendf(b, "%s[%d]: %s", word(h.Program, maxTag), h.PID, m.Text)
	return cut(b, start, maxBSD)
}

// appendClassic: <PRI>NUMBER: LINE, as classic routers have it.
func (h Header) appendClassic(b []byte, m logging.Message) []byte {
	start := len(b)
	b = h.priority(b, m.Severity)
	b = append(strconv.AppendUint(b, m.Seq, 10), ": "...)
	return cut(append(b, m.Line...), start, maxBSD)
}

// cut leaves at most n octets behind start, and no half of a letter.
func cut(b []byte, start, n int) []byte {
	if len(b)-start <= n {
		return b
	}
	end := start + n
	for end > start && !utf8.RuneStart(b[end]) {
		end--
	}
	return b[:end]
}

// word is a text without blanks and in ASCII, "-" for none (RFC 5424 §6).
func word(s string, limit int) string {
	s = strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return '_'
		}
		return c
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), limit)]
}

// appendFrame appends a message behind its length (RFC 6587 §3.4.1, RFC 5425 §4.3).
func appendFrame(b, msg []byte) []byte {
	b = append(strconv.AppendInt(b, int64(len(msg)), 10), ' ')
	return append(b, msg...)
}
