package session

import (
	"fmt"
	"time"
)

// historyReport is `show crypto session history`: how each session stands and why, and what happened to it, the newest first.
type historyReport struct{ n int }

func (r *historyReport) begin(b []byte) []byte { return append(b, "Crypto session history\n"...) }
func (r *historyReport) end(b []byte) []byte   { return b }

func (r *historyReport) session(b []byte, s *Session) []byte {
	b = fmt.Appendf(b, "\nInterface: %s\n", s.Interface)
	b = s.appendPeer(b)
	b = fmt.Appendf(b, "      Desc: %s\nSession status: %v", orNone(s.Description), s.Status)
	if s.Waiting != "" {
		b = fmt.Appendf(b, ", waits for %s", s.Waiting)
	}
	b = append(b, '\n')
	if s.Status != UpActive && s.LastReason != "" {
		b = fmt.Appendf(b, "Last cause: %s\n", causeText(s.LastReason, s.LastDetail))
	}
	if len(s.History) == 0 {
		return append(b, "  Nothing has happened yet\n"...)
	}
	b = append(b, "  Time                     Event   Lasted    Cause\n"...)
	for i := len(s.History) - 1; i >= 0; i-- {
		b = s.History[i].append(b)
	}
	return b
}

func (h *HistoryRecord) append(b []byte) []byte {
	word := map[HistoryKind]string{HistoryUp: "UP", HistoryDown: "DOWN", HistoryFailed: "FAILED"}[h.Kind]
	lasted := "-"
	if h.Seconds > 0 || h.Kind == HistoryDown {
		lasted = uptimeText(h.Seconds)
	}
	cause := "-"
	if h.Cause != "" {
		cause = causeText(h.Cause, h.Detail)
	}
	if h.Count > 1 {
		cause += fmt.Sprintf(" (%d times)", h.Count)
	}
	return fmt.Appendf(b, "  %-24s %-7s %-9s %s\n", h.At.Format(time.DateTime+" MST"), word, lasted, cause)
}

// causeText is a cause with its detail.
func causeText(cause, detail string) string {
	if detail == "" {
		return cause
	}
	return cause + ": " + detail
}
