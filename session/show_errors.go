package session

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"seikan/ike"
)

// maxErrors is how many failures are listed.
const maxErrors = 50

// faults are the reasons for which a session that goes down has failed, and was not ended by somebody.
var faults = []ike.Reason{
	ike.ReasonPeerLost, ike.ReasonAuthFailed, ike.ReasonNoProposal, ike.ReasonNoTrafficSelectors, ike.ReasonLifetime, ike.ReasonProtocol, ike.ReasonTimeout,
	ike.ReasonPeerError, ike.ReasonLocal, ike.ReasonFault, ike.ReasonTooMany,
}

// errorReport is `show crypto ikev2 diagnose error`: the last failures in the histories of all sessions, the newest first.
type errorReport struct {
	json bool
	list []errorItem
	more int // that are older
}

// errorItem is a failure of a session.
type errorItem struct {
	Interface string `json:"interface"`
	Name      string `json:"name"`
	FVRF      string `json:"fvrf"`
	IVRF      string `json:"ivrf"`
	HistoryRecord
}

func (r *errorReport) begin(b []byte) []byte { return b }

func (r *errorReport) session(b []byte, s *Session) []byte {
	for _, h := range s.History {
		if h.failure() {
			r.list = append(r.list, errorItem{s.Interface, s.Name, s.FVRF, s.IVRF, h})
		}
	}
	if len(r.list) > 2*maxErrors { // so that no more is kept than is listed
		r.cut()
	}
	return b
}

func (h *HistoryRecord) failure() bool {
	return h.Kind == HistoryFailed || h.Kind == HistoryDown && slices.ContainsFunc(faults, func(why ike.Reason) bool { return why.String() == h.Cause })
}

// cut keeps the newest.
func (r *errorReport) cut() {
	slices.SortStableFunc(r.list, func(a, b errorItem) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Interface, b.Interface)) })
	if n := len(r.list) - maxErrors; n > 0 {
		r.list, r.more = r.list[:maxErrors], r.more+n
	}
}

func (r *errorReport) end(b []byte) []byte {
	r.cut()
	if r.json {
		out := jsonReport{}
		b = out.begin(b)
		for _, e := range r.list {
			b = out.add(b, "errors", e)
		}
		return out.end(b)
	}
	b = fmt.Appendf(b, "Exit Path Table - status: enable, current entry %d, deleted %d, max allow %d\n", len(r.list), r.more, maxErrors)
	for _, e := range r.list {
		b = fmt.Appendf(b, "\nError(%d): %s\n", e.Count, causeText(e.Cause, e.Detail))
		b = fmt.Appendf(b, " Time: %s\n", e.At.Format(time.DateTime+" MST"))
		b = fmt.Appendf(b, " Peer: %s port %d fvrf: %s ivrf: %s\n", addrText(e.Peer.Addr().Unmap()), e.Peer.Port(), orNone(e.FVRF), orNone(e.IVRF))
		b = fmt.Appendf(b, " Interface: %s\n", e.Interface)
		if e.Kind == HistoryDown {
			b = fmt.Appendf(b, " The session went down, after %s\n", uptimeText(e.Seconds))
		}
	}
	return b
}
