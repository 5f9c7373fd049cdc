package session

import (
	"encoding/json"
	"fmt"
	"io"
)

// View is what is to be shown of sessions.
type View struct {
	Show     Show
	Detail   bool
	Format   Format
	JSON     bool   // for programs
	Identity bool   // with ShowIPsec: flows without their SAs
	Group    string // with ShowSummary: only this one
	Filter   Filter
}

// Show is a listing of sessions.
type Show uint8

// Listings.
const (
	ShowSessions    Show = iota // show crypto session [detail]
	ShowBrief                   // show crypto session brief
	ShowSummary                 // show crypto session summary
	ShowGroups                  // show crypto session groups
	ShowHistory                 // show crypto session history
	ShowIKESAs                  // show crypto ikev2 sa [detailed]
	ShowIKESessions             // show crypto ikev2 session [detailed]
	ShowIPsec                   // show crypto ipsec sa [detail]
	ShowIPsecCount              // show crypto ipsec sa count
	ShowEngine                  // show crypto engine connections active
	ShowErrors                  // show crypto ikev2 diagnose error
)

// Parts is what of a session the listing needs.
func (v View) Parts() Parts {
	switch v.Show {
	case ShowHistory, ShowErrors:
		return Parts{History: true}
	case ShowIKESAs:
		return Parts{Fresh: true}
	case ShowIKESessions:
		return Parts{Children: true, Fresh: true}
	case ShowIPsec, ShowIPsecCount, ShowEngine:
		return Parts{Children: true}
	}
	return Parts{Children: v.JSON, History: v.JSON, Fresh: v.JSON}
}

// report is one kind of listing. Its methods append to b.
type report interface {
	begin(b []byte) []byte
	session(b []byte, s *Session) []byte
	end(b []byte) []byte
}

// Printer writes a listing session by session. It belongs to one goroutine.
type Printer struct {
	w io.Writer
	v View
	r report
	b []byte
	n int // sessions printed
}

// NewPrinter makes the Printer of a listing.
func NewPrinter(w io.Writer, v View) *Printer {
	p := &Printer{w: w, v: v, r: v.report()}
	p.b = p.r.begin(p.b)
	return p
}

// report is the kind of listing that a View asks for.
func (v View) report() report {
	switch v.Show {
	case ShowSummary, ShowGroups:
		return &groupReport{summary: v.Show == ShowSummary, json: v.JSON, only: v.Group}
	case ShowIPsecCount:
		return &ipsecCount{json: v.JSON}
	case ShowErrors:
		return &errorReport{json: v.JSON}
	}
	if v.JSON {
		return &jsonReport{view: v}
	}
	switch v.Show {
	case ShowBrief:
		return &briefReport{format: v.Format}
	case ShowHistory:
		return &historyReport{}
	case ShowIKESAs:
		return &ikeReport{detail: v.Detail}
	case ShowIKESessions:
		return &ikeReport{detail: v.Detail, sessions: true}
	case ShowIPsec:
		return &ipsecReport{detail: v.Detail, identity: v.Identity}
	case ShowEngine:
		return &engineReport{}
	}
	return &sessionReport{detail: v.Detail, format: v.Format}
}

// maxPending is how many octets are gathered before they are written.
const maxPending = 1 << 14

// Print writes sessions; those that the View's Filter does not choose are passed over. Its error is the writer's.
func (p *Printer) Print(list []Session) error {
	for i := range list {
		if !p.v.Filter.Match(list[i]) {
			continue
		}
		p.b = p.r.session(p.b, &list[i])
		if len(p.b) < maxPending {
			continue
		}
		if err := p.flush(); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what comes behind the last session.
func (p *Printer) Close() error {
	p.b = p.r.end(p.b)
	return p.flush()
}

func (p *Printer) flush() error {
	if len(p.b) == 0 {
		return nil
	}
	err := write(p.w, p.b)
	p.b = p.b[:0]
	return err
}

// Render writes a listing of the Snapshot's sessions. Its error is w's.
func (s Snapshot) Render(w io.Writer, v View) error {
	p := NewPrinter(w, v)
	if err := p.Print(s.Sessions); err != nil {
		return err
	}
	return p.Close()
}

// jsonReport is an object with a list in it, which is left out when it is empty.
type jsonReport struct {
	view View
	n    int
}

func (r *jsonReport) begin(b []byte) []byte { return append(b, '{') }

func (r *jsonReport) end(b []byte) []byte {
	if r.n > 0 {
		b = append(b, "\n  ]\n"...)
	}
	return append(b, "}\n"...)
}

// add puts an item into the list.
func (r *jsonReport) add(b []byte, name string, item any) []byte {
	if r.n == 0 {
		b = fmt.Appendf(b, "\n  %q: [", name)
	} else {
		b = append(b, ',')
	}
	r.n++
	return appendJSON(append(b, "\n    "...), "    ", item)
}

// appendJSON writes an item behind b, whose further lines begin with prefix.
func appendJSON(b []byte, prefix string, item any) []byte {
	text, err := json.MarshalIndent(item, prefix, "  ")
	if err != nil { // nothing here can fail to be written down
		return fmt.Appendf(b, "%q", err.Error())
	}
	return append(b, text...)
}

func (r *jsonReport) session(b []byte, s *Session) []byte {
	switch r.view.Show {
	case ShowBrief:
		return r.add(b, "sessions", briefItem{s.Interface, s.Peer.String(), s.Username, s.groupOrID(), s.FVRF, s.IVRF, s.UptimeSeconds, s.Status.letters()})
	case ShowHistory:
		return r.add(b, "sessions", historyItem{
			s.Interface, s.Name, s.Peer.String(), s.FVRF, s.IVRF, s.Description, s.Status, s.Waiting, s.LastReason, s.LastDetail, s.History,
		})
	case ShowIKESAs:
		for i := range s.IKE {
			b = r.add(b, "ikeSas", ikeItem{s.Interface, s.FVRF, s.IVRF, s.Number, s.IKE[i]})
		}
		return b
	case ShowIPsec, ShowEngine:
		return r.add(b, "sessions", ipsecItem{s.Interface, s.Map, s.Local.String(), s.Peer.String(), s.FVRF, s.IVRF, s.Flows, s.Children})
	}
	return r.add(b, "sessions", s)
}

// Items of listings that show a part of a session.
type (
	briefItem struct {
		Interface     string `json:"interface"`
		Peer          string `json:"peer"`
		Username      string `json:"username,omitempty"`
		GroupOrID     string `json:"groupOrPhase1Id"`
		FVRF          string `json:"fvrf"`
		IVRF          string `json:"ivrf"`
		UptimeSeconds uint64 `json:"uptimeSeconds"`
		Status        string `json:"status"`
	}
	historyItem struct {
		Interface   string          `json:"interface"`
		Name        string          `json:"name"`
		Peer        string          `json:"peer"`
		FVRF        string          `json:"fvrf"`
		IVRF        string          `json:"ivrf"`
		Description string          `json:"description"`
		Status      Status          `json:"status"`
		Waiting     string          `json:"waiting,omitempty"`
		LastReason  string          `json:"lastReason,omitempty"`
		LastDetail  string          `json:"lastDetail,omitempty"`
		History     []HistoryRecord `json:"history"`
	}
	ikeItem struct {
		Interface string `json:"interface"`
		FVRF      string `json:"fvrf"`
		IVRF      string `json:"ivrf"`
		Number    uint32 `json:"sessionId"`
		IKESA
	}
	ipsecItem struct {
		Interface string  `json:"interface"`
		Map       string  `json:"cryptoMap,omitempty"`
		Local     string  `json:"local"`
		Peer      string  `json:"peer"`
		FVRF      string  `json:"fvrf"`
		IVRF      string  `json:"ivrf"`
		Flows     []Flow  `json:"flows"`
		Children  []Child `json:"children"`
	}
)
