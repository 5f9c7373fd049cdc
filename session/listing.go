package session

import (
	"slices"
	"time"

	"seikan/sadb"
)

// Parts is what of a session a copy of it holds beside its SAs' summary. It saves the work for what is not shown.
type Parts struct {
	Children bool
	History  bool
	Fresh    bool // the IKE SAs as they are this moment, message IDs included; else as of their last event
	Totals   bool // the flows' counters since the router started; else since ZeroCounters
}

// Listing is the sessions that a filter chose, in order. Sessions is called for a few at a time, so that the goroutine that owns
// the Tracker can do other work between: a listing of thousands of sessions delays no exchange of IKE. Nothing in it may be used
// but by the Tracker's owner.
type Listing struct {
	records []*record
	parts   Parts
}

// List is the sessions that f chooses.
func (t *Tracker) List(f Filter, p Parts) *Listing {
	all := t.listed()
	if f == (Filter{}) {
		return &Listing{slices.Clone(all), p}
	}
	l := &Listing{parts: p}
	for _, r := range all {
		if f.chooses(r) {
			l.records = append(l.records, r)
		}
	}
	return l
}

// Len is how many sessions are still to come.
func (l *Listing) Len() int { return len(l.records) }

// Next is the IKE SAs of the next n sessions: to be refreshed where the listing is to be fresh.
func (l *Listing) Next(n int) (ids []sadb.IKEID) {
	for _, r := range l.records[:min(n, len(l.records))] {
		for _, s := range r.sas {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// Sessions appends the next n sessions of a listing to list, as they are now, and takes them off the listing. Those that are gone
// meanwhile are left out.
func (t *Tracker) Sessions(now time.Time, l *Listing, n int, list []Session) []Session {
	n = min(n, len(l.records))
	for _, r := range l.records[:n] {
		if !r.dynamic || len(r.sas)+len(r.children) > 0 {
			list = append(list, t.session(r, l.parts, now))
		}
	}
	l.records = l.records[n:]
	return list
}

// session is a copy of one.
func (t *Tracker) session(r *record, p Parts, now time.Time) Session {
	s := t.summary(r)
	s.IKE = t.ikeSAs(r, now)
	s.Flows = t.flows(r, p, now)
	if since := r.upSince(s.Status); !since.IsZero() {
		s.UptimeSeconds = uint64(max(0, now.Sub(since)/time.Second))
	}
	if p.Children {
		s.Children = t.childSAs(r, now)
	}
	if p.History {
		s.History = slices.Clone(r.history)
	}
	return s
}

// upSince is when a session that is UP came up: with its first Child SA, or while it never had one with its oldest
// authenticated IKE SA. Zero: it is not UP.
func (r *record) upSince(s Status) (t time.Time) {
	switch {
	case s == Down || s == DownNegotiating:
		return t
	case r.up:
		return r.since
	}
	for _, sa := range r.sas {
		if sa.authenticated && (t.IsZero() || sa.Created.Before(t)) {
			t = sa.Created
		}
	}
	return t
}

// ChildSAs is the Child SAs of the sessions that f chooses, by inbound SPI, in order.
func (t *Tracker) ChildSAs(f Filter) (list []*sadb.Inbound) {
	for _, r := range t.listed() {
		if f.chooses(r) {
			for _, in := range r.children {
				if sa := t.db.Lookup(in); sa != nil && (f.ConnID == 0 || sa.Child().Spec.IKE == f.ConnID) {
					list = append(list, sa)
				}
			}
		}
	}
	return list
}

// ZeroCounters has the counters of the flows of the sessions that f chooses begin anew in all that is listed. What the lanes count
// is not touched: lifetimes in kilobytes and totals go on.
func (t *Tracker) ZeroCounters(f Filter) {
	for _, r := range t.listed() {
		if !f.chooses(r) {
			continue
		}
		zero := func(id sadb.PolicyID) {
			if e := t.db.Entry(id); e != nil {
				t.zeroed[id] = [2]sadb.CounterValues{e.Counters.In.Load(), e.Counters.Out.Load()}
			}
		}
		for _, p := range r.Policies {
			zero(p.ID)
		}
		for _, in := range r.children {
			if sa := t.db.Lookup(in); sa != nil {
				for _, id := range sa.Child().Spec.Policies {
					zero(id)
				}
			}
		}
	}
}

// sinceZero is v, counted from what was there when the counters were zeroed. Counters that are below that are others, of a policy that came
// back.
func sinceZero(v, zero sadb.CounterValues) sadb.CounterValues {
	since := func(n *uint64, zero uint64) {
		if *n >= zero {
			*n -= zero
		}
	}
	since(&v.Packets, zero.Packets)
	since(&v.Bytes, zero.Bytes)
	for i := range v.Drops {
		since(&v.Drops[i], zero.Drops[i])
	}
	return v
}
