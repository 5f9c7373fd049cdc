package session

import (
	"iter"
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// Tracker keeps the sessions of one router. It is not safe for concurrent use: the goroutine that applies the events to
// the DB owns it.
type Tracker struct {
	cfg      Config
	pathMTUs map[sadb.Host]int // by the peer's address
	db       *sadb.DB
	records  []*record // configured ones, in the order of the listing
	index    index
	dynamic  map[dynamicKey]*record
	sas      map[sadb.IKEID]*ikeSA
	children map[esp.SPI]*childInfo // by inbound SPI

	sessions uint32                                  // numbers given to sessions
	numbered uint32                                  // and to Child SAs
	zeroed   map[sadb.PolicyID][2]sadb.CounterValues // in and out, when the counters were zeroed
	gone     []Session                               // that were not configured, the oldest first
}

// record is a session as the Tracker keeps it.
type record struct {
	Configured
	key     dynamicKey // of a session that is not configured
	dynamic bool
	removed bool // from the configuration: not listed any more
	rank    int  // of the interface in the listing

	sas      []*ikeSA  // in order of appearance
	children []esp.SPI // inbound SPIs, in order of installation

	path sadb.Path    // of the IKE SA that speaks for the session; zero before there was one
	id   ike.Identity // that the peer proved
	up   bool
	// since is when the session went up or down last; zero: it was never up.
	since time.Time
	last  cause

	number  uint32          // given when it gets its first IKE SA, anew each time; 0: it never had one
	history []HistoryRecord // the oldest first
}

// cause is why a session went down, or could not go up.
type cause struct {
	at     time.Time
	reason ike.Reason
	detail string
}

// ikeSA is an IKE SA of a session.
type ikeSA struct {
	ike.SAInfo
	session       *record
	authenticated bool // SAUp was given
}

// New makes the Tracker of a router whose SAs are in db.
func New(cfg Config, db *sadb.DB) *Tracker {
	t := &Tracker{
		db:       db,
		dynamic:  make(map[dynamicKey]*record),
		sas:      make(map[sadb.IKEID]*ikeSA),
		children: make(map[esp.SPI]*childInfo),
		pathMTUs: make(map[sadb.Host]int),
		zeroed:   make(map[sadb.PolicyID][2]sadb.CounterValues),
	}
	t.Reconfigure(cfg)
	return t
}

// SetPathMTU has listings show the path MTU to a peer's address; 0: it is not known any more.
func (t *Tracker) SetPathMTU(remote sadb.Host, n int) {
	if t.pathMTUs[remote] = n; n == 0 {
		delete(t.pathMTUs, remote)
	}
}

// Reconfigure puts another configuration into force. A session of the same peer on the same interface goes on as it is; one that is not
// configured any more is listed no longer, though its end is still told, and its history kept.
func (t *Tracker) Reconfigure(cfg Config) {
	if cfg.NATTPort == 0 {
		cfg.NATTPort = defaultNATTPort
	}
	before, listed := t.index, t.records
	t.cfg, t.records = cfg, nil
	ranks := make(map[string]int)
	taken := make(map[*record]bool)
	for _, c := range cfg.Sessions {
		if _, ok := ranks[c.Interface]; !ok {
			ranks[c.Interface] = len(ranks)
		}
		if c.Origin == "" {
			c.Origin = defaultOrigin
		}
		r := before.name[peerName{c.Interface, c.PeerName}]
		if r == nil || taken[r] {
			r = &record{}
		}
		taken[r] = true
		r.Configured, r.rank = c, ranks[c.Interface]
		t.records = append(t.records, r)
	}
	t.index = newIndex(t.records, ranks)
	slices.SortStableFunc(t.records, func(a, b *record) int { return a.rank - b.rank })
	for _, r := range listed {
		if !taken[r] {
			r.removed = true
			t.forget(r)
		}
	}
}

// Observe takes an event that was applied to the DB, and reports whether a session went up or down by it.
func (t *Tracker) Observe(now time.Time, ev ike.Event) (Transition, bool) {
	switch ev := ev.(type) {
	case ike.SAStart:
		return t.settle(now, t.track(ev.SA, 0).session)
	case ike.SAUp:
		s := t.track(ev.SA, ev.Replaces)
		s.authenticated = true
		if old := t.sas[ev.Replaces]; old != nil {
			old.Active = false
		}
		return t.settle(now, s.session)
	case ike.SAEnding: // what is left of it is between the two IKEs
		return t.saDown(now, ike.SADown{SA: ev.SA, Reason: ev.Reason})
	case ike.SADown:
		return t.saDown(now, ev)
	case ike.ChildUp:
		return t.childUp(now, ev)
	case ike.ChildDown:
		return t.childDown(now, ev)
	case ike.PathMoved:
		t.refresh(ev.SA)
	case ike.Failed:
		t.failed(now, ev)
	}
	return Transition{}, false
}

// Refresh takes the IKE SAs as they are now: an SA stops being Active without an event when its deletion begins.
// SAs that the Tracker does not know are left to their events.
func (t *Tracker) Refresh(sas iter.Seq[ike.SAInfo]) {
	for sa := range sas {
		t.refresh(sa)
	}
}

func (t *Tracker) refresh(sa ike.SAInfo) {
	if s := t.sas[sa.ID]; s != nil {
		s.SAInfo = sa
		s.session.follow()
	}
}

// IKESAs is the IKE SAs of the sessions that f chooses, in order: with their Child SAs, what clearing those sessions deletes.
func (t *Tracker) IKESAs(f Filter) []sadb.IKEID {
	var ids []sadb.IKEID
	for _, r := range t.listed() {
		if f.chooses(r) {
			for _, s := range r.sas {
				if f.ConnID == 0 || s.ID == f.ConnID {
					ids = append(ids, s.ID)
				}
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// Children is the Child SAs of the sessions that f chooses, by inbound SPI, in order.
func (t *Tracker) Children(f Filter) []esp.SPI {
	var spis []esp.SPI
	for _, r := range t.listed() {
		if f.Match(t.summary(r)) {
			spis = append(spis, r.children...)
		}
	}
	slices.Sort(spis)
	return spis
}

// Inside is the inside VRF of an IKE SA, or of what is none yet, or none any more, by the peer's name or the addresses. False: it is of no session.
func (t *Tracker) Inside(sa ike.SAInfo) (vrf string, known bool) {
	r := t.index.find(sa)
	if s := t.sas[sa.ID]; s != nil {
		r = s.session
	}
	if r == nil {
		return "", false
	}
	return r.IVRF, true
}

// HasVRF reports whether a VRF of that name is configured.
func (t *Tracker) HasVRF(name string) bool {
	return slices.ContainsFunc(t.cfg.VRFs, func(v VRF) bool { return v.Name == name })
}

// track files an IKE SA under its session. A responder's SA may belong to another one once the peer has said who it is.
func (t *Tracker) track(sa ike.SAInfo, replaces sadb.IKEID) *ikeSA {
	r := t.index.find(sa)
	s := t.sas[sa.ID]
	if r == nil && s != nil {
		r = s.session
	}
	if old := t.sas[replaces]; r == nil && old != nil {
		r = old.session
	}
	if r == nil {
		r = t.addDynamic(sa)
	}
	switch {
	case s == nil:
		s = &ikeSA{session: r}
		t.sas[sa.ID] = s
		t.attach(r, s)
	case s.session != r:
		s.session.drop(s)
		s.session.follow()
		t.forget(s.session)
		s.session = r
		t.attach(r, s)
	}
	s.SAInfo = sa
	return s
}

// attach adds an IKE SA to a session, which gets a number with its first one.
func (t *Tracker) attach(r *record, s *ikeSA) {
	if len(r.sas)+len(r.children) == 0 {
		t.sessions++
		r.number = t.sessions
	}
	r.sas = append(r.sas, s)
}

func (t *Tracker) saDown(now time.Time, ev ike.SADown) (Transition, bool) {
	s := t.sas[ev.SA.ID]
	if s == nil {
		return Transition{}, false
	}
	r := s.session
	delete(t.sas, ev.SA.ID)
	r.drop(s)
	if s.authenticated { // the end of the others is a Failed
		r.blame(now, ev.Reason, ev.Detail)
	}
	return t.settle(now, r)
}

func (t *Tracker) childUp(now time.Time, ev ike.ChildUp) (Transition, bool) {
	spec := &ev.Spec
	in := spec.In.SPI
	if t.children[in] != nil || t.db.Lookup(in) == nil { // the DB did not take it
		return Transition{}, false
	}
	var r *record
	if s := t.sas[spec.IKE]; s != nil {
		r = s.session
	} else if r = t.index.byPolicies(spec.Policies); r == nil {
		return Transition{}, false
	}
	t.children[in] = t.newChildInfo(r, ev)
	r.children = append(r.children, in)
	return t.settle(now, r)
}

func (t *Tracker) childDown(now time.Time, ev ike.ChildDown) (Transition, bool) {
	c := t.children[ev.In]
	if c == nil {
		return Transition{}, false
	}
	r := c.session
	delete(t.children, ev.In)
	r.children = slices.DeleteFunc(r.children, func(in esp.SPI) bool { return in == ev.In })
	if len(r.sas) == 0 {
		r.blame(now, ev.Reason, "")
	}
	return t.settle(now, r)
}

// failed notes why an attempt came to nothing. What an unknown sender began and left says nothing about a session that is up.
func (t *Tracker) failed(now time.Time, ev ike.Failed) {
	if ev.Repeat {
		return
	}
	var r *record
	if s := t.sas[ev.SA]; s != nil {
		if r = s.session; r.up && !s.authenticated {
			return
		}
	} else if r = t.index.byPolicies(ev.Policies); r == nil {
		r = t.index.find(ike.SAInfo{Peer: ev.Peer, Path: ev.Path})
	}
	if r != nil {
		r.blame(now, ev.Reason, ev.Detail)
		r.noteFailure(now, ev.Reason, ev.Detail)
	}
}

// settle brings a session up to date after its SAs changed, and tells whether it went up or down.
func (t *Tracker) settle(now time.Time, r *record) (tr Transition, changed bool) {
	if r.up && !r.alive() {
		tr, changed = t.transition(r), true
		tr.Reason, tr.Detail, tr.Duration = r.last.reason, r.last.detail, now.Sub(r.since)
		r.noteTransition(now, tr)
		r.up, r.since = tr.Up, now
	}
	r.follow()
	if !r.up && len(r.children) > 0 {
		tr, changed = t.transition(r), true
		r.noteTransition(now, tr)
		r.up, r.since = tr.Up, now
	}
	t.forget(r)
	return tr, changed
}

// transition is of a session that is about to change.
func (t *Tracker) transition(r *record) Transition {
	return Transition{
		Up: !r.up, Interface: r.Interface, Peer: r.peer(), FVRF: r.FVRF, IVRF: r.IVRF,
		Description: t.description(r), ID: r.id.String(), Version: 2, Group: r.group(), Local: r.local().Addr(),
	}
}

// description is the text that the operator gave the peer, by its outer address.
func (t *Tracker) description(r *record) string {
	return t.cfg.Descriptions[DescriptionKey{r.peer().Addr(), r.FVRF}]
}

// forget takes a session that is not configured, or not any more, off the list when nothing is left of it.
func (t *Tracker) forget(r *record) {
	if !r.dynamic && !r.removed || len(r.sas) > 0 || len(r.children) > 0 {
		return
	}
	if r.dynamic {
		delete(t.dynamic, r.key)
	}
	t.retire(r)
}
