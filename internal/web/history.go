package web

import (
	"slices"
	"time"

	"seikan/session"
)

// Change is something that happened to a session.
type Change struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`             // "up", "down", or "failed" for an attempt that came to nothing
	Cause   string    `json:"cause,omitempty"`  // in the words of the log
	Detail  string    `json:"detail,omitempty"` // more of it
	Seconds uint64    `json:"seconds"`          // how long the state before lasted; 0 where that is not known, and for failed
	Count   int       `json:"count"`            // how often in a row, of failed
}

// history is what a session tells of its past, the newest first. It is the one place that knows where that is kept.
func history(s *session.Session) []Change {
	changes := make([]Change, 0, len(s.History))
	for _, h := range slices.Backward(s.History) {
		changes = append(changes, Change{h.At, string(h.Kind), h.Cause, h.Detail, h.Seconds, h.Count})
	}
	return changes
}
