package sadb

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"seikan/esp"
)

// DB is the SAs and policies of one router. The zero value is empty.
//
// Lookup, Route, Offered, Entry, Entries, Stamp and Moment, and all that they give, are safe for use by any goroutine. The other methods belong to one goroutine,
// the writer.
type DB struct {
	inbound  spiTable
	policies atomic.Pointer[spd] // nil: none
	offered  offered
	clock

	// The writer's.
	first, last *Child             // all of them, in order of installation
	owned       map[IKEID][]*Child // by the IKE SA that they belong to
	ranks       uint64             // given out
}

// Errors of Install.
var (
	ErrDuplicateSPI  = errors.New("sadb: inbound SPI is in use")
	ErrUnknownPolicy = errors.New("sadb: unknown policy")
)

// Lookup is the inbound SA of an SPI. Nil: there is none.
func (db *DB) Lookup(spi esp.SPI) *Inbound { return db.inbound.find(spi) }

// Routed is what becomes of an outbound flow.
type Routed struct {
	Action Action
	Policy *Entry    // the first one that decides, or that skips where none does; nil: none matches, and Action is Discard
	Out    *Outbound // with Protect: the SA to take; nil: none permits the flow, one is to be negotiated
}

// Route finds the policy of an outbound flow among those that have no Interface, and the SA to take: an active one before one on standby, the newest first.
func (db *DB) Route(f Flow) Routed {
	s := db.policies.Load()
	if s == nil {
		return Routed{}
	}
	return s.shared.route(f)
}

func (r *ruleset) route(f Flow) Routed {
	e := r.first(&f)
	switch {
	case e == nil:
		return Routed{}
	case e.Action == Protect:
		return Routed{Protect, e, e.Outbound(f)}
	case e.Action == Skip:
		return Routed{Action: Bypass, Policy: e}
	}
	return Routed{Action: e.Action, Policy: e}
}

// RouteVia is Route among the policies of an Interface; with the name "" it is Route itself.
func (db *DB) RouteVia(name string, f Flow) Routed {
	if name == "" {
		return db.Route(f)
	}
	s := db.policies.Load()
	if s == nil || s.bound[name] == nil {
		return Routed{}
	}
	return s.bound[name].route(f)
}

// Via is the first policy of an Interface. Nil: there is none.
func (db *DB) Via(name string) *Entry {
	s := db.policies.Load()
	if s == nil || s.bound[name] == nil {
		return nil
	}
	return s.bound[name].list[0]
}

// Entry is the policy with an ID. Nil: there is none.
func (db *DB) Entry(id PolicyID) *Entry {
	if s := db.policies.Load(); s != nil {
		return s.byID[id]
	}
	return nil
}

// Entries is the policies in order.
func (db *DB) Entries() iter.Seq[*Entry] {
	if s := db.policies.Load(); s != nil {
		return slices.Values(s.all.list)
	}
	return slices.Values[[]*Entry](nil)
}

// Children is the Child SAs in order of installation. None may be installed or removed meanwhile.
func (db *DB) Children() iter.Seq[*Child] {
	return func(yield func(*Child) bool) {
		for c := db.first; c != nil && yield(c); c = c.next {
		}
	}
}

// ChildrenOf is the Child SAs of an IKE SA. None may be installed or removed meanwhile.
func (db *DB) ChildrenOf(id IKEID) iter.Seq[*Child] { return slices.Values(db.owned[id]) }

// SetPolicies puts policies, whose IDs differ, in force in the place of the present ones. A policy that was there before with
// the same ID keeps its counters and its SAs. SAs of policies that are gone stay until they are removed; they admit nothing
// more.
func (db *DB) SetPolicies(policies []Policy) {
	entries := make([]*Entry, 0, len(policies))
	for _, p := range policies {
		old := db.Entry(p.ID)
		switch {
		case old == nil:
			entries = append(entries, &Entry{Policy: p.clone(), Counters: new(FlowCounters)})
		case old.equal(&p):
			entries = append(entries, old)
		default:
			e := &Entry{Policy: p.clone(), Counters: old.Counters, children: old.children}
			e.publish()
			entries = append(entries, e)
		}
	}
	s := newSPD(entries)
	db.policies.Store(s)
	for c := range db.Children() {
		c.bind(s)
	}
}

// bind finds the entries of a Child SA's policies.
func (c *Child) bind(s *spd) {
	c.serves.Store(s.serving(c.Spec.Policies))
	for _, id := range c.Spec.Policies {
		if e := s.byID[id]; e != nil {
			c.charged.Store(e)
			return
		}
	}
}

// Install makes the two SAs of a Child SA and puts them to use. The keys of s are not kept: they are the caller's to clear.
func (db *DB) Install(now time.Time, s ChildSpec) (*Child, error) {
	if db.Lookup(s.In.SPI) != nil {
		return nil, fmt.Errorf("sadb: install %v: %w", s.In.SPI, ErrDuplicateSPI)
	}
	if len(s.Policies) == 0 {
		return nil, fmt.Errorf("sadb: install %v: %w: none is named", s.In.SPI, ErrUnknownPolicy)
	}
	for _, id := range s.Policies {
		if db.Entry(id) == nil {
			return nil, fmt.Errorf("sadb: install %v: %w %q", s.In.SPI, ErrUnknownPolicy, id)
		}
	}
	c, err := newChild(now, s)
	if err != nil {
		return nil, fmt.Errorf("sadb: install %v: %w", s.In.SPI, err)
	}
	c.rank = db.nextRank()
	c.bind(db.policies.Load())
	db.own(c, s.IKE)
	db.link(c)
	db.inbound.add(c.In)
	db.offered.taken(s.In.SPI)
	for _, id := range s.Policies {
		e := db.Entry(id)
		e.children = append(e.children, c)
		e.publish()
	}
	return c, nil
}

func (db *DB) nextRank() uint64 {
	db.ranks++
	return db.ranks
}

func (db *DB) own(c *Child, id IKEID) {
	if db.owned == nil {
		db.owned = make(map[IKEID][]*Child)
	}
	c.owner = id
	db.owned[id] = append(db.owned[id], c)
}

func (db *DB) disown(c *Child) {
	if left := without(db.owned[c.owner], c); len(left) > 0 {
		db.owned[c.owner] = left
	} else {
		delete(db.owned, c.owner)
	}
}

// link puts a Child SA behind the others.
func (db *DB) link(c *Child) {
	if c.prev = db.last; c.prev == nil {
		db.first = c
	} else {
		c.prev.next = c
	}
	db.last = c
}

func (db *DB) unlink(c *Child) {
	if c.prev == nil {
		db.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		db.last = c.prev
	} else {
		c.next.prev = c.prev
	}
}

// Activate makes the Child SA with that inbound SPI the first choice for outbound packets. It reports whether it was on
// standby.
func (db *DB) Activate(in esp.SPI) bool {
	c := db.child(in)
	if c == nil || c.State() != Standby {
		return false
	}
	c.rank = db.nextRank()
	db.setState(c, Active)
	return true
}

// Retire keeps outbound packets off the Child SA with that inbound SPI from now on. It reports whether that is new.
func (db *DB) Retire(in esp.SPI) bool {
	c := db.child(in)
	if c == nil || c.State() == Retired {
		return false
	}
	db.setState(c, Retired)
	return true
}

func (db *DB) child(in esp.SPI) *Child {
	if sa := db.Lookup(in); sa != nil {
		return sa.child
	}
	return nil
}

func (db *DB) setState(c *Child, s State) {
	c.state.Store(uint32(s))
	for _, id := range c.Spec.Policies {
		if e := db.Entry(id); e != nil {
			e.publish()
		}
	}
}

// SetPath sends the packets of all Child SAs of an IKE SA another way.
func (db *DB) SetPath(id IKEID, p Path) {
	for _, c := range db.owned[id] {
		c.Out.path.Store(&p)
	}
}

// Rehome gives the Child SAs of an IKE SA to the one that replaces it (RFC 7296 §2.8).
func (db *DB) Rehome(from, to IKEID) {
	if from == to {
		return
	}
	for _, c := range db.owned[from] {
		db.own(c, to)
	}
	delete(db.owned, from)
}

// Remove ends both SAs of the Child SA with that inbound SPI. It reports whether there was one. Lanes that hold one of the
// SAs finish their run with it; the keys go with the last of them.
func (db *DB) Remove(in esp.SPI) bool {
	c := db.child(in)
	if c == nil {
		return false
	}
	db.inbound.remove(in)
	db.disown(c)
	db.unlink(c)
	for _, id := range c.Spec.Policies {
		if e := db.Entry(id); e != nil {
			e.children = without(e.children, c)
			e.publish()
		}
	}
	return true
}

// without is a list of its own without c.
func without(list []*Child, c *Child) []*Child {
	return slices.DeleteFunc(slices.Clone(list), func(o *Child) bool { return o == c })
}
