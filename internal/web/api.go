package web

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// api answers what the page asks.
type api struct {
	cfg  Config
	from *viewer
}

// newMux is everything that is served.
func newMux(cfg Config) http.Handler {
	a := &api{cfg, newViewer(cfg.Source)}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/summary", a.summary)
	mux.HandleFunc("/api/v1/sessions", a.sessions)
	mux.HandleFunc("/api/v1/sessions/{id}", a.session)
	if cfg.Metrics != nil {
		mux.Handle("/metrics", cfg.Metrics)
	}
	addAssets(mux)
	return mux
}

// Summary answers /api/v1/summary.
type Summary struct {
	At         time.Time              `json:"at"`
	Hostname   string                 `json:"hostname"`
	Version    string                 `json:"version"`
	Sessions   int                    `json:"sessions"`
	Statuses   map[session.Status]int `json:"statuses"` // every one
	Interfaces []string               `json:"interfaces"`
	In         Traffic                `json:"in"` // of the sessions that are listed
	Out        Traffic                `json:"out"`
	Drops      []session.DropCount    `json:"drops"`    // packets of no session, for reasons that occurred
	IKEDrops   []session.DropCount    `json:"ikeDrops"` // IKE messages
	Failures   []session.DropCount    `json:"failures"` // of handshakes
	Handshakes uint64                 `json:"handshakes"`
	Rekeys     uint64                 `json:"rekeys"` // of IKE and IPsec SAs
}

func (a *api) summary(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		refuse(w, http.StatusBadRequest, "there are no parameters")
		return
	}
	v, err := a.from.view(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the router does not answer")
		return
	}
	s := Summary{
		At: v.snap.At, Hostname: a.cfg.Hostname, Version: a.cfg.Version, Sessions: len(v.rows), Interfaces: v.interfaces(),
		Statuses: make(map[session.Status]int), Drops: []session.DropCount{}, IKEDrops: []session.DropCount{}, Failures: []session.DropCount{},
		Handshakes: v.stats.IKE.Established, Rekeys: v.stats.IKE.Rekeys + v.stats.IKE.ChildRekeys,
	}
	for _, status := range session.Statuses() {
		s.Statuses[status] = 0
	}
	for i := range v.rows {
		s.Statuses[v.rows[i].Status]++
		s.In.add(v.rows[i].In)
		s.Out.add(v.rows[i].Out)
	}
	for why, n := range v.stats.Drops {
		s.Drops = count(s.Drops, sadb.DropReason(why).String(), n)
	}
	for why, n := range v.stats.IKEDrops {
		s.IKEDrops = count(s.IKEDrops, ike.Drop(why).String(), n)
	}
	for why, n := range v.stats.IKE.Failures {
		s.Failures = count(s.Failures, why.String(), n)
	}
	slices.SortFunc(s.Failures, func(a, b session.DropCount) int { return cmp.Compare(a.Reason, b.Reason) })
	answer(w, s)
}

func count(list []session.DropCount, reason string, n uint64) []session.DropCount {
	if n == 0 {
		return list
	}
	return append(list, session.DropCount{Reason: reason, Count: n})
}

// List answers /api/v1/sessions.
type List struct {
	At       time.Time `json:"at"`
	Total    int       `json:"total"`   // sessions
	Matched  int       `json:"matched"` // those that are asked for, on all pages
	Offset   int       `json:"offset"`  // of the first one here
	Sessions []Row     `json:"sessions"`
}

func (a *api) sessions(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	v, err := a.from.view(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the router does not answer")
		return
	}
	page, matched := q.choose(v.rows)
	answer(w, List{At: v.snap.At, Total: len(v.rows), Matched: matched, Offset: q.offset, Sessions: page})
}

// Detail answers /api/v1/sessions/{id}.
type Detail struct {
	At      time.Time       `json:"at"`
	Row     Row             `json:"row"`
	Text    string          `json:"text"`    // as `show crypto session detail` prints it
	Session session.Session `json:"session"` // as `show crypto session detail json` has it
	History []Change        `json:"history"` // the newest first
}

func (a *api) session(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if len(id) != idLen || r.URL.RawQuery != "" {
		refuse(w, http.StatusBadRequest, "no ID of a session, or parameters where there are none")
		return
	}
	v, err := a.from.view(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the router does not answer")
		return
	}
	i, ok := v.byID[id]
	if !ok {
		refuse(w, http.StatusNotFound, "there is no such session any more")
		return
	}
	s := v.snap.Sessions[i]
	var text strings.Builder
	_ = session.Snapshot{At: v.snap.At, Sessions: []session.Session{s}}.Render(&text, session.View{Detail: true}) // a Builder has no errors
	answer(w, Detail{At: v.snap.At, Row: v.rows[i], Text: text.String(), Session: s, History: history(&s)})
}

func answer(w http.ResponseWriter, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // whom it does not reach does not hear of that either
}

// refuse says what is wrong, never with what the client sent unless it is quoted.
func refuse(w http.ResponseWriter, code int, why string) {
	text, _ := json.Marshal(map[string]string{"error": why}) // a map of strings has no errors
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, string(text))
}
