package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"seikan"
	"seikan/session"
)

// However many ask, the router is asked once in viewAge. Of a router with so many sessions that this takes long, a view is good enough for
// viewShare times as long as it took.
const (
	viewAge   = time.Second
	viewShare = 10
)

// view is the router at one moment. It is immutable.
type view struct {
	until time.Time // for so long it is good enough
	snap  session.Snapshot
	stats seikan.Stats
	rows  []Row
	byID  map[string]int // index in rows and in snap.Sessions
}

// Row is a session in a list. Its fields, and those of the types in it, keep their names and meaning.
type Row struct {
	ID          string         `json:"id"` // of this session for as long as it is listed
	Interface   string         `json:"interface"`
	Name        string         `json:"name"` // of the peer in the configuration
	Description string         `json:"description"`
	Local       netip.Addr     `json:"local"`
	Peer        netip.AddrPort `json:"peer"`
	FVRF        string         `json:"fvrf"` // "" for the global one, as IVRF
	IVRF        string         `json:"ivrf"`
	Phase1ID    string         `json:"phase1Id"`
	Status      session.Status `json:"status"`
	Configured  bool           `json:"configured"`
	Since       time.Time      `json:"since,omitzero"`   // when it went up or down last
	Cause       string         `json:"cause,omitempty"`  // why it last went down or could not go up
	Detail      string         `json:"detail,omitempty"` // of the cause
	CauseAt     time.Time      `json:"causeAt,omitzero"`
	Flows       int            `json:"flows"`
	FlowsUp     int            `json:"flowsUp"`
	In          Traffic        `json:"in"`
	Out         Traffic        `json:"out"`
}

// Traffic is counters of one direction. They go on across rekeys.
type Traffic struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
	Dropped uint64 `json:"dropped"`
}

func (t *Traffic) add(o Traffic) {
	t.Packets += o.Packets
	t.Bytes += o.Bytes
	t.Dropped += o.Dropped
}

func trafficOf(d session.Direction) Traffic { return Traffic{d.Packets, d.Bytes, d.Dropped} }

// rowOf is a session without its SAs and flows.
func rowOf(s *session.Session) Row {
	r := Row{
		ID: idOf(s), Interface: s.Interface, Name: s.Name, Description: s.Description, Local: s.Local, Peer: s.Peer,
		FVRF: s.FVRF, IVRF: s.IVRF, Phase1ID: s.Phase1ID, Status: s.Status, Configured: s.Configured,
		Since: s.Since, Cause: s.LastReason, Detail: s.LastDetail, CauseAt: s.LastTime, Flows: len(s.Flows),
	}
	for _, f := range s.Flows {
		if f.ActiveSAs > 0 {
			r.FlowsUp++
		}
		r.In.add(trafficOf(f.In))
		r.Out.add(trafficOf(f.Out))
	}
	return r
}

// idOf is what a session is asked for by. A configured one keeps it when its peer moves.
func idOf(s *session.Session) string {
	text := fmt.Sprintf("%q %q %q", s.Interface, s.Name, s.FVRF)
	if !s.Configured {
		text += s.Local.String() + " " + s.Peer.String()
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:idLen*6/8])
}

// idLen is the characters of an ID.
const idLen = 16

// viewer keeps the last view. It is safe for concurrent use.
type viewer struct {
	src  Source
	last chan *view // has one value: whoever took it may make another
}

func newViewer(src Source) *viewer {
	v := &viewer{src: src, last: make(chan *view, 1)}
	v.last <- nil
	return v
}

// view is the router as it is now, or was a moment ago.
func (v *viewer) view(ctx context.Context) (*view, error) {
	select {
	case last := <-v.last:
		defer func() { v.last <- last }()
		if last != nil && time.Now().Before(last.until) {
			return last, nil
		}
		fresh, err := v.take(ctx)
		if err == nil {
			last = fresh
		}
		return fresh, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v *viewer) take(ctx context.Context) (*view, error) {
	began := time.Now()
	snap, err := v.src.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	stats, err := v.src.Stats(ctx)
	if err != nil {
		return nil, err
	}
	w := &view{snap: snap, stats: stats, rows: make([]Row, len(snap.Sessions)), byID: make(map[string]int, len(snap.Sessions))}
	for i := range snap.Sessions {
		w.rows[i] = rowOf(&snap.Sessions[i])
		w.byID[w.rows[i].ID] = i
	}
	now := time.Now()
	w.until = now.Add(max(viewAge, viewShare*now.Sub(began)))
	return w, nil
}

// interfaces is the names of the interfaces that have sessions.
func (w *view) interfaces() []string {
	seen := make(map[string]bool)
	names := []string{}
	for i := range w.rows {
		if n := w.rows[i].Interface; !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}
