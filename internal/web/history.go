package web

import (
	"slices"
	"time"

	"seikan/session"
)

// Change is something that happened to a session.
type Change struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`             // "up"; "down"; "not up" or, while it is up, "failed" for an attempt that came to nothing
	Cause  string    `json:"cause,omitempty"`  // in the words of the log
	Detail string    `json:"detail,omitempty"` // more of it
}

// history is what a session tells of its past, the newest first. It is the one place that knows where that is kept.
func history(s *session.Session) []Change {
	changes := []Change{}
	went, why := Change{At: s.Since, What: "down"}, Change{At: s.LastTime, What: "not up", Cause: s.LastReason, Detail: s.LastDetail}
	after := why.At.After(went.At)
	switch {
	case s.WentUp && after:
		went.What, why.What = "up", "failed"
	case s.WentUp:
		went.What, why.What = "up", "down"
	case !after: // that it went down and why is one change
		why.What, went = "down", Change{}
	}
	for _, c := range [...]Change{why, went} {
		if !c.At.IsZero() {
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return b.At.Compare(a.At) })
	return changes
}
