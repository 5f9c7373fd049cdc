package session

import (
	"fmt"
	"io"
)

// IKEStats is how many IKE SAs there are, and how negotiations went: since the router started, or since that was cleared. It belongs to its
// receiver.
type IKEStats struct {
	IKECensus
	Deleting uint64 `json:"markedForDeletion"` // IKE SAs that were replaced, or whose deletion has begun

	Created uint64 `json:"created"` // IKE SAs that came up: authenticated, or in the place of another
	Deleted uint64 `json:"deleted"` // those that are gone

	Initiated   uint64 `json:"initiated"`   // handshakes that this router began
	Accepted    uint64 `json:"accepted"`    // those that a peer began
	Established uint64 `json:"established"` // those of both that ended with an IKE SA
	Rekeys      uint64 `json:"rekeys"`
	Children    uint64 `json:"children"` // Child SAs that replace none
	ChildRekeys uint64 `json:"childRekeys"`

	Failures []CauseCount `json:"failures,omitempty"` // handshakes that came to nothing
	Refusals []CauseCount `json:"refusals,omitempty"` // exchanges on an IKE SA
	Ends     []CauseCount `json:"ends,omitempty"`     // IKE SAs that are gone
	Drops    []CauseCount `json:"drops,omitempty"`    // messages that were not acted on
}

// CauseCount is how often something happened for one cause.
type CauseCount struct {
	Cause string `json:"cause"`
	Count uint64 `json:"count"`
}

// IKECensus is the IKE SAs of one moment.
type IKECensus struct {
	Sessions uint64   `json:"sessions"` // with an IKE SA that is up
	Incoming IKERoles `json:"incoming"` // IKE SAs that the peer has set up
	Outgoing IKERoles `json:"outgoing"` // IKE SAs that this router has set up
}

// IKERoles is the IKE SAs that one side has set up.
type IKERoles struct {
	Active      uint64 `json:"active"`
	Negotiating uint64 `json:"negotiating"`
}

// Active is the IKE SAs that are up.
func (c IKECensus) Active() uint64 { return c.Incoming.Active + c.Outgoing.Active }

// Negotiating is the IKE SAs that are being set up.
func (c IKECensus) Negotiating() uint64 { return c.Incoming.Negotiating + c.Outgoing.Negotiating }

// IKECensus counts the IKE SAs that there are.
func (t *Tracker) IKECensus() (c IKECensus) {
	for _, r := range t.listed() {
		up := false
		for _, s := range r.sas {
			side := &c.Incoming
			if s.Initiator {
				side = &c.Outgoing
			}
			switch {
			case s.Active:
				side.Active++
				up = true
			case !s.authenticated:
				side.Negotiating++
			}
		}
		if up {
			c.Sessions++
		}
	}
	return c
}

const ikeStatsTitle = `--------------------------------------------------------------------------------
                          Crypto IKEv2 SA Statistics
--------------------------------------------------------------------------------
`

// Render writes `show crypto ikev2 stats`. Its error is w's.
func (s IKEStats) Render(w io.Writer) error {
	b := []byte(ikeStatsTitle)
	b = s.Incoming.append(b, "incoming")
	b = s.Outgoing.append(b, "outgoing")
	b = fmt.Appendf(b, "Total created IKEv2 SA Count:     %-9ddeleted:       %-9dmarked for deletion: %d\n", s.Created, s.Deleted, s.Deleting)
	b = fmt.Appendf(b, "IKEv2 Handshakes begun here:      %-9dby peers:      %-9dauthenticated: %d\n", s.Initiated, s.Accepted, s.Established)
	b = fmt.Appendf(b, "IKEv2 SAs rekeyed:                %d\n", s.Rekeys)
	b = fmt.Appendf(b, "Child SAs set up:                 %-9drekeyed:       %d\n", s.Children, s.ChildRekeys)
	b = appendCauses(append(b, '\n'), "Handshakes that failed", s.Failures)
	b = appendCauses(b, "Exchanges refused on an IKEv2 SA that was up", s.Refusals)
	b = appendCauses(b, "IKEv2 SAs that are gone", s.Ends)
	return write(w, appendCauses(b, "IKE messages that were not acted on", s.Drops))
}

func (r IKERoles) append(b []byte, side string) []byte {
	return fmt.Appendf(b, "Total %s IKEv2 SA Count:    %-9dactive:        %-9dnegotiating: %d\n", side, r.Active+r.Negotiating, r.Active, r.Negotiating)
}

func appendCauses(b []byte, title string, list []CauseCount) []byte {
	total := uint64(0)
	for _, c := range list {
		total += c.Count
	}
	b = fmt.Appendf(b, "%s: %d\n", title, total)
	for _, c := range list {
		b = fmt.Appendf(b, "  %12d  %s\n", c.Count, c.Cause)
	}
	return b
}

// RenderJSON writes the same for programs. Its error is w's.
func (s IKEStats) RenderJSON(w io.Writer) error { return writeJSON(w, s) }

// RenderCount writes `show crypto ikev2 count`. Its error is w's.
func (s IKEStats) RenderCount(w io.Writer) error {
	return write(w, fmt.Appendf(nil, `    %d Negotiating SAs
    %d Session
    %d Active SAs
    %d Created SAs
    %d Deleted SAs
    %d Marked for Deletion SAs
`, s.Negotiating(), s.Sessions, s.Active(), s.Created, s.Deleted, s.Deleting))
}

// RenderCountJSON writes the same for programs. Its error is w's.
func (s IKEStats) RenderCountJSON(w io.Writer) error {
	return writeJSON(w, struct {
		Negotiating uint64 `json:"negotiating"`
		Sessions    uint64 `json:"sessions"`
		Active      uint64 `json:"active"`
		Created     uint64 `json:"created"`
		Deleted     uint64 `json:"deleted"`
		Deleting    uint64 `json:"markedForDeletion"`
	}{s.Negotiating(), s.Sessions, s.Active(), s.Created, s.Deleted, s.Deleting})
}

// writeJSON writes an item. Its error is w's.
func writeJSON(w io.Writer, item any) error { return write(w, append(appendJSON(nil, "", item), '\n')) }
