package logging

import (
	"fmt"
	"strconv"
	"time"
)

// StampKind is what stands in front of a message's text.
type StampKind uint8

// Kinds of stamps.
const (
	DateTime StampKind = iota
	Uptime             // since the router started
	NoStamp
)

// Stamps is how lines tell the time. The zero value is `service timestamps log datetime msec`.
type Stamps struct {
	Kind      StampKind
	Plain     bool // datetime without milliseconds
	LocalTime bool // in the system's zone, not in UTC
	ShowZone  bool
	Year      bool
	Sequence  bool // the number of the message first
}

// Clock is what a Log must know to write stamps.
type Clock struct {
	Started time.Time
	Zone    *time.Location // of LocalTime; nil: UTC
}

// appendStamp appends what stands in front of the text. Mark is "*" while the clock was not set, else "".
func (s Stamps) appendStamp(b []byte, c Clock, mark string, now time.Time, seq uint64) []byte {
	if s.Sequence {
		b = fmt.Appendf(b, "%06d: ", seq)
	}
	switch s.Kind {
	case NoStamp:
		return b
	case Uptime:
		return append(appendUptime(b, now.Sub(c.Started)), ": "...)
	}
	now = now.UTC()
	if s.LocalTime && c.Zone != nil {
		now = now.In(c.Zone)
	}
	layout := "Jan _2 "
	if s.Year {
		layout += "2006 "
	}
	layout += "15:04:05"
	if !s.Plain {
		layout += ".000"
	}
	if s.ShowZone {
		layout += " MST"
	}
	return append(now.AppendFormat(append(b, mark...), layout), ": "...)
}

// appendUptime appends a time as classic routers do: 00:00:46, 1d02h, 3w1d.
func appendUptime(b []byte, d time.Duration) []byte {
	hours := int(max(d, 0).Hours())
	switch days := hours / 24; {
	case days == 0:
		sec := int(max(d, 0).Seconds())
		return fmt.Appendf(b, "%02d:%02d:%02d", sec/3600, sec/60%60, sec%60)
	case days < 7:
		return fmt.Appendf(b, "%dd%02dh", days, hours%24)
	default:
		return append(strconv.AppendInt(append(strconv.AppendInt(b, int64(days/7), 10), 'w'), int64(days%7), 10), 'd')
	}
}
