package sadb

import (
	"slices"
	"sync/atomic"
)

// Matches reports whether an outbound flow falls under the policy: its source is in Local, its destination in Remote.
func (p *Policy) Matches(f Flow) bool { return selects(p.Local, p.Remote, &f) }

// equal reports whether two policies say the same.
func (p *Policy) equal(q *Policy) bool {
	return p.ID == q.ID && p.Group == q.Group && p.Action == q.Action && p.MSS == q.MSS && slices.Equal(p.Local, q.Local) && slices.Equal(p.Remote, q.Remote)
}

// clone is p with slices of its own.
func (p Policy) clone() Policy {
	p.Local, p.Remote = slices.Clone(p.Local), slices.Clone(p.Remote)
	return p
}

// Entry is a policy in a DB. The Policy is not modified; all methods are safe for concurrent use.
type Entry struct {
	Policy
	Counters *FlowCounters // shared by all entries that had this ID

	children []*Child                    // that serve it, in order of installation; the writer's
	outbound atomic.Pointer[[]*Outbound] // of those, in order of preference; the slice is not modified
}

// Outbound is the SA that an outbound flow is to take. Nil: none permits it.
func (e *Entry) Outbound(f Flow) *Outbound {
	if list := e.outbound.Load(); list != nil {
		for _, o := range *list {
			if o.Permits(f) {
				return o
			}
		}
	}
	return nil
}

// Served reports whether an SA carries traffic of the policy, though not perhaps all of it.
func (e *Entry) Served() bool {
	list := e.outbound.Load()
	return list != nil && len(*list) > 0
}

// publish gives readers the outbound SAs anew: the active ones first, then those on standby, each from the newest on.
func (e *Entry) publish() {
	var list []*Outbound
	for _, want := range [...]State{Active, Standby} {
		from := len(list)
		for _, c := range e.children {
			if c.State() == want {
				list = append(list, c.Out)
			}
		}
		slices.SortStableFunc(list[from:], func(a, b *Outbound) int { return int(b.child.rank) - int(a.child.rank) })
	}
	e.outbound.Store(&list)
}

// spd is the policies in force. It is not modified.
type spd struct {
	entries []*Entry // in order
	byID    map[PolicyID]*Entry
	at      map[PolicyID]int // in entries
	guards  []int            // where in entries those are that do not protect
}

func newSPD(entries []*Entry) *spd {
	s := &spd{entries: entries, byID: make(map[PolicyID]*Entry, len(entries)), at: make(map[PolicyID]int, len(entries))}
	for i, e := range entries {
		s.byID[e.ID], s.at[e.ID] = e, i
		if e.Action != Protect {
			s.guards = append(s.guards, i)
		}
	}
	return s
}

// first is the first of a list of policies that decides on a flow: it matches, and its group was not skipped before. Nil: none does.
func first(list []*Entry, f *Flow) *Entry {
	skipped := ""
	for _, e := range list {
		switch {
		case skipped != "" && e.Group == skipped, !selects(e.Local, e.Remote, f):
		case e.Action == Skip:
			skipped = e.Group
		default:
			return e
		}
	}
	return nil
}

// serving is what an SA that serves the named policies is held against, in order: those, and before each one the policies
// that keep traffic away from it (RFC 4301 §4.4.1: what is carved out of an SA's selectors does not pass it either).
func (s *spd) serving(ids []PolicyID) (list []*Entry) {
	var served []int
	for _, id := range ids {
		if i, ok := s.at[id]; ok {
			served = append(served, i)
		}
	}
	slices.Sort(served)
	guards := s.guards
	for _, i := range served {
		for len(guards) > 0 && guards[0] < i {
			list = append(list, s.entries[guards[0]])
			guards = guards[1:]
		}
		list = append(list, s.entries[i])
	}
	return list
}
