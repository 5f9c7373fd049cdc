package sadb

import (
	"maps"
	"slices"
	"sync/atomic"
)

// Matches reports whether an outbound flow falls under the policy: its source is in Local, its destination in Remote.
func (p *Policy) Matches(f Flow) bool { return selects(p.Local, p.Remote, &f) }

// equal reports whether two policies say the same.
func (p *Policy) equal(q *Policy) bool {
	return p.ID == q.ID && p.Group == q.Group && p.Interface == q.Interface && p.Action == q.Action && p.MSS == q.MSS && p.DF == q.DF && p.FragmentAfter == q.FragmentAfter &&
		slices.Equal(p.Local, q.Local) && slices.Equal(p.Remote, q.Remote)
}

// clone is p with slices of its own.
func (p Policy) clone() Policy {
	p.Local, p.Remote = together(p.Local, p.Remote)
	return p
}

// together is a copy of two lists of selectors, one behind the other in memory: a packet needs both at once.
func together(local, remote []Selector) (l, r []Selector) {
	both := slices.Concat(local, remote)
	return both[:len(local):len(local)], both[len(local):]
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

// spd is the policies in force. But for what the writer remembers in it, it is not modified.
type spd struct {
	all    *ruleset            // in order
	shared *ruleset            // those of no Interface, in order
	bound  map[string]*ruleset // the others, by Interface, none of which is empty
	byID   map[PolicyID]*Entry
	at     map[PolicyID]int // in all
	guards map[string][]int // where those are, by Interface, that keep traffic from any policy behind them
	skips  map[string][]int // where those are that keep it from others of their group

	single map[PolicyID]*ruleset // serving of one policy; the writer's
}

func newSPD(entries []*Entry) *spd {
	s := &spd{
		all: newRuleset(entries), bound: map[string]*ruleset{}, guards: map[string][]int{}, byID: make(map[PolicyID]*Entry, len(entries)), at: make(map[PolicyID]int, len(entries)),
		skips: map[string][]int{}, single: map[PolicyID]*ruleset{},
	}
	byInterface := map[string][]*Entry{}
	for i, e := range entries {
		s.byID[e.ID], s.at[e.ID] = e, i
		byInterface[e.Interface] = append(byInterface[e.Interface], e)
		switch {
		case e.Action == Protect:
		case e.Action == Skip:
			s.skips[e.Group] = append(s.skips[e.Group], i)
		default:
			s.guards[e.Interface] = append(s.guards[e.Interface], i)
		}
	}
	for name, list := range byInterface {
		if name != "" {
			s.bound[name] = newRuleset(list)
		}
	}
	if s.shared = s.all; len(byInterface[""]) < len(entries) { // else it is not made twice
		s.shared = newRuleset(byInterface[""])
	}
	return s
}

// serving is what an SA that serves the named policies is held against, in order: those, and before each one the policies
// that keep traffic away from it (RFC 4301 §4.4.1: what is carved out of an SA's selectors does not pass it either).
func (s *spd) serving(ids []PolicyID) *ruleset {
	if len(ids) == 1 {
		if r := s.single[ids[0]]; r != nil {
			return r
		}
	}
	places := map[int]bool{}
	for _, id := range ids {
		i, ok := s.at[id]
		if !ok {
			continue
		}
		places[i] = true
		for _, before := range [...][]int{s.guards[s.all.list[i].Interface], s.skips[s.all.list[i].Group]} {
			for _, g := range before {
				if g < i {
					places[g] = true
				}
			}
		}
	}
	list := make([]*Entry, 0, len(places))
	for _, i := range slices.Sorted(maps.Keys(places)) {
		list = append(list, s.all.list[i])
	}
	r := newRuleset(list)
	if len(ids) == 1 {
		s.single[ids[0]] = r
	}
	return r
}
