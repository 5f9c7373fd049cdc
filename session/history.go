package session

import (
	"net/netip"
	"slices"
	"time"

	"seikan/ike"
)

// historyLength is how many records a session keeps. The oldest go first.
const historyLength = 16

// historyGone is how many sessions that are listed no more keep theirs: those that were not configured, and those that were.
const historyGone = 1000

// HistoryKind is what a record of the history tells.
type HistoryKind string

// Kinds of records.
const (
	HistoryUp     HistoryKind = "up"     // the session went up
	HistoryDown   HistoryKind = "down"   // the session went down
	HistoryFailed HistoryKind = "failed" // an attempt to set an SA up came to nothing
)

// HistoryRecord is something that happened to a session.
type HistoryRecord struct {
	At       time.Time      `json:"at"` // of several failures: the last one
	Kind     HistoryKind    `json:"kind"`
	Peer     netip.AddrPort `json:"peer"`
	Phase1ID string         `json:"phase1Id,omitempty"`
	// Seconds is how long the state before lasted: of down, how long it was up; of up, how long it was down. 0 where it was never
	// otherwise, and for failed.
	Seconds uint64 `json:"seconds"`
	Cause   string `json:"cause,omitempty"` // in plain words; "" when it went up
	Detail  string `json:"detail,omitempty"`
	Count   int    `json:"count"` // how often in a row, of failed
}

// note adds to the history of a session. A failure like the last one is counted with it.
func (r *record) note(h HistoryRecord) {
	h.Count = 1
	if n := len(r.history); n > 0 && h.Kind == HistoryFailed {
		if l := &r.history[n-1]; l.Kind == h.Kind && l.Cause == h.Cause && l.Detail == h.Detail && l.Peer == h.Peer {
			l.At = h.At
			l.Count++
			return
		}
	}
	if len(r.history) >= historyLength {
		oldest := 0
		if failures := r.failures(); len(failures) > historyLength/2 {
			oldest = failures[0] // anyone can fail in the name of a peer: that pushes out no more than other failures
		}
		r.history = slices.Delete(r.history, oldest, oldest+1)
	}
	r.history = append(r.history, h)
}

// failures is where in the history attempts failed.
func (r *record) failures() (at []int) {
	for i, h := range r.history {
		if h.Kind == HistoryFailed {
			at = append(at, i)
		}
	}
	return at
}

// noteTransition records that the session went up or down.
func (r *record) noteTransition(now time.Time, tr Transition) {
	h := HistoryRecord{At: now, Kind: HistoryUp, Peer: tr.Peer, Phase1ID: tr.ID}
	if !r.since.IsZero() {
		h.Seconds = uint64(max(0, now.Sub(r.since)/time.Second))
	}
	if !tr.Up {
		h.Kind, h.Cause, h.Detail = HistoryDown, tr.Reason.String(), tr.Detail
	}
	r.note(h)
}

// noteFailure records that an attempt came to nothing.
func (r *record) noteFailure(now time.Time, why ike.Reason, detail string) {
	if why != ike.ReasonNone && why != ike.ReasonRekeyed {
		r.note(HistoryRecord{At: now, Kind: HistoryFailed, Peer: r.peer(), Cause: why.String(), Detail: detail})
	}
}

// retire keeps the history of a session that is listed no more.
func (t *Tracker) retire(r *record) {
	if r.dynamic && !r.everUp() || len(r.history) == 0 {
		return // strangers come and go
	}
	if len(t.gone) >= historyGone {
		t.gone = slices.Delete(t.gone, 0, 1)
	}
	last := r.history[len(r.history)-1]
	local := r.local()
	if r.dynamic {
		local = r.key.Path.Local
	}
	s := Session{
		Interface: r.Interface, Name: r.PeerName, Status: Down, Local: local.Addr().Unmap(), LocalPort: local.Port(),
		Peer: last.Peer, FVRF: r.FVRF, IVRF: r.IVRF, Description: t.cfg.Descriptions[DescriptionKey{last.Peer.Addr(), r.FVRF}],
		Since: r.since, IKE: []IKESA{}, Flows: []Flow{}, History: r.history,
	}
	if r.last.reason != ike.ReasonNone {
		s.LastReason, s.LastDetail, s.LastTime = r.last.reason.String(), r.last.detail, r.last.at
	}
	t.gone = append(t.gone, s)
}

// Gone is the sessions that are listed no more, with their histories, the oldest first: up to a thousand, and those that f chooses.
// They belong to the caller.
func (t *Tracker) Gone(f Filter) (list []Session) {
	for _, s := range t.gone {
		if f.Match(s) {
			s.History = slices.Clone(s.History)
			list = append(list, s)
		}
	}
	return list
}

// waiting is what a session that is not fully up waits for, in plain words.
func (r *record) waiting(s Status) string {
	if r.dynamic {
		return ""
	}
	switch s {
	case DownNegotiating:
		return "the negotiation with the peer"
	case Down, UpIdle:
		if r.Connect == ike.Always || r.Connect == ike.AtStart && !r.everUp() {
			return "the next attempt to set it up"
		}
		return "traffic that one of its flows permits, or for the peer"
	}
	return ""
}

// everUp reports whether the session has been up once.
func (r *record) everUp() bool { return !r.since.IsZero() }
