package session

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"seikan/ike"
	"seikan/sadb"
)

// Snapshot is every session at one moment. It is a deep copy and belongs to its receiver; the same state gives the same
// Snapshot, in the same order.
type Snapshot struct {
	At       time.Time  `json:"at"`
	Format   Format     `json:"-"` // that the configuration asks for
	Sessions []Session  `json:"sessions"`
	Peers    []PeerInfo `json:"peers"`
}

// Session is one crypto session.
type Session struct {
	Interface   string         `json:"interface"`
	Name        string         `json:"name"` // of the peer in the configuration
	Configured  bool           `json:"configured"`
	Status      Status         `json:"status"`
	Local       netip.Addr     `json:"local"`
	LocalPort   uint16         `json:"localPort"`
	Peer        netip.AddrPort `json:"peer"`
	FVRF        string         `json:"fvrf"` // "" for the global one, as IVRF
	IVRF        string         `json:"ivrf"`
	Description string         `json:"description"`
	Phase1ID    string         `json:"phase1Id"`  // that the peer proved; "" before
	Number      uint32         `json:"sessionId"` // 0: it never had an IKE SA
	Map         string         `json:"cryptoMap,omitempty"`
	Profile     string         `json:"profile,omitempty"`

	// Of remote access clients.
	Username string     `json:"username,omitempty"`
	Group    string     `json:"group,omitempty"` // the key ID that the peer proved
	Assigned netip.Addr `json:"assignedAddress,omitzero"`

	UptimeSeconds uint64 `json:"uptimeSeconds"`     // 0 when it is not UP
	Waiting       string `json:"waiting,omitempty"` // what it waits for when it is not UP, in plain words
	// Since is when the session went up or down last, in the sense of Transition; zero when it was never up.
	Since      time.Time `json:"since,omitzero"`
	WentUp     bool      `json:"-"`                    // at Since, not down
	LastReason string    `json:"lastReason,omitempty"` // why it last went down or could not go up
	LastDetail string    `json:"lastDetail,omitempty"`
	LastTime   time.Time `json:"lastTime,omitzero"` // of that
	IKE        []IKESA   `json:"ikeSas"`            // the Active ones first, of each kind the newest first
	Flows      []Flow    `json:"flows"`

	Children []Child         `json:"children,omitempty"`
	History  []HistoryRecord `json:"history,omitempty"` // the oldest first
}

// Flow is an IPsec flow of a session: one policy, and what its Child SAs did for it.
type Flow struct {
	Policy    sadb.PolicyID  `json:"policy"`
	Selectors []SelectorPair `json:"selectors"`
	Permit    []string       `json:"permit"`    // as lines of an access list, one for each pair of selectors
	ActiveSAs int            `json:"activeSas"` // of one direction each
	Origin    string         `json:"origin"`
	In        Direction      `json:"in"`
	Out       Direction      `json:"out"`
}

// Direction is one direction of a Flow. The counters are the flow's, and go on across a rekey; the lifetimes are those of
// the SA in use, 0 without one.
type Direction struct {
	Packets       uint64      `json:"packets"`
	Bytes         uint64      `json:"bytes"` // of inner packets
	Dropped       uint64      `json:"dropped"`
	Drops         []DropCount `json:"drops"` // what Dropped is made of; reasons that did not occur are left out
	KilobytesLeft uint64      `json:"kilobytesLeft"`
	NoVolumeLimit bool        `json:"noVolumeLimit"`
	SecondsLeft   uint64      `json:"secondsLeft"`
	LastUse       time.Time   `json:"lastUse,omitzero"` // when a packet was carried last; zero for never
}

// DropCount is how many packets were dropped for one reason.
type DropCount struct {
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
}

// PeerInfo is a peer as `show crypto isakmp peer` has it: one that the operator described, or that has an IKE SA.
type PeerInfo struct {
	Peer        netip.AddrPort `json:"peer"`
	FVRF        string         `json:"fvrf"`
	Description string         `json:"description"`
	Phase1ID    string         `json:"phase1Id"`
	Policy      bool           `json:"policy"` // the configuration has an entry for it
}

// Snapshot is the sessions as they are now.
func (t *Tracker) Snapshot(now time.Time) Snapshot {
	s, l := t.Begin(now)
	s.Sessions = t.Sessions(now, l, l.Len(), s.Sessions)
	return s
}

// Begin is a Snapshot whose sessions are still to come, a few at a time.
func (t *Tracker) Begin(now time.Time) (Snapshot, *Listing) {
	l := t.List(Filter{}, Parts{Children: true, History: true, Fresh: true})
	return Snapshot{At: now, Format: t.cfg.Format, Sessions: make([]Session, 0, l.Len()), Peers: t.Peers()}, l
}

// summary is a session without its IKE SAs and flows.
func (t *Tracker) summary(r *record) Session {
	local := r.local()
	s := Session{
		Interface: r.Interface, Name: r.PeerName, Configured: !r.dynamic, Status: r.status(),
		Local: local.Addr(), LocalPort: local.Port(), Peer: r.peer(), FVRF: r.FVRF, IVRF: r.IVRF,
		Description: t.description(r), Phase1ID: r.id.String(), Since: r.since, WentUp: r.up, Number: r.number, Map: r.Map, Profile: r.Profile,
		Group: r.group(),
	}
	s.Waiting = r.waiting(s.Status)
	if r.last.reason != ike.ReasonNone {
		s.LastReason, s.LastDetail, s.LastTime = r.last.reason.String(), r.last.detail, r.last.at
	}
	return s
}

// secondsLeft is whole seconds, 0 once until has passed.
func secondsLeft(until, now time.Time) uint64 {
	return uint64(max(0, until.Sub(now)/time.Second))
}

// flows is the session's policies in their order, and then others that its Child SAs carry.
func (t *Tracker) flows(r *record, parts Parts, now time.Time) []Flow {
	served := make(map[sadb.PolicyID][]*sadb.Child)
	var extra []sadb.Policy
	for _, in := range r.children {
		sa := t.db.Lookup(in)
		if sa == nil {
			continue
		}
		for _, id := range sa.Child().Spec.Policies {
			if _, seen := served[id]; !seen && t.index.policy[id] != r {
				if e := t.db.Entry(id); e != nil {
					extra = append(extra, e.Policy)
				}
			}
			served[id] = append(served[id], sa.Child())
		}
	}
	flows := make([]Flow, 0, len(r.Policies)+len(extra))
	for _, p := range slices.Concat(r.Policies, extra) {
		f := t.flow(p, r.Origin, served[p.ID], now)
		if e := t.db.Entry(p.ID); e != nil {
			var zero [2]sadb.CounterValues
			if !parts.Totals {
				zero = t.zeroed[p.ID]
			}
			f.In.count(sinceZero(e.Counters.In.Load(), zero[0]))
			f.Out.count(sinceZero(e.Counters.Out.Load(), zero[1]))
			f.In.LastUse, f.Out.LastUse = t.used(&e.Counters.In, now), t.used(&e.Counters.Out, now)
		}
		flows = append(flows, f)
	}
	return flows
}

// flow is a policy with the Child SAs that serve it, in order of installation, without its counters.
func (t *Tracker) flow(p sadb.Policy, origin string, children []*sadb.Child, now time.Time) Flow {
	f := Flow{
		Policy: p.ID, Permit: permits(p), Selectors: selectorPairs(p.Local, p.Remote), ActiveSAs: 2 * len(children), Origin: origin,
		In: Direction{Drops: []DropCount{}}, Out: Direction{Drops: []DropCount{}},
	}
	if c := inUse(children); c != nil {
		off := c.Spec.Life.Kilobytes == 0
		f.In.NoVolumeLimit, f.Out.NoVolumeLimit = off, off
		if !off {
			f.In.KilobytesLeft, f.Out.KilobytesLeft = c.KilobytesLeft()
		}
		left := secondsLeft(c.Spec.Expires, now)
		f.In.SecondsLeft, f.Out.SecondsLeft = left, left
	}
	return f
}

// used is when a packet was counted last, as the system's clock has it now.
func (t *Tracker) used(c *sadb.Counters, now time.Time) time.Time {
	last := t.db.Moment(c.LastUse.Load())
	if last.IsZero() {
		return last
	}
	return now.Add(last.Sub(now)).UTC()
}

func (d *Direction) count(v sadb.CounterValues) {
	d.Packets, d.Bytes, d.Dropped = v.Packets, v.Bytes, v.DropTotal()
	for r, n := range v.Drops {
		if n > 0 {
			d.Drops = append(d.Drops, DropCount{sadb.DropReason(r).String(), n})
		}
	}
}

// inUse is the newest active Child SA; where none is active, as while one lingers after a rekey, the newest. Nil for none.
func inUse(children []*sadb.Child) *sadb.Child {
	for _, c := range slices.Backward(children) {
		if c.State() == sadb.Active {
			return c
		}
	}
	if len(children) == 0 {
		return nil
	}
	return children[len(children)-1]
}

// Peers is the peers that were described and those that have IKE SAs.
func (t *Tracker) Peers() []PeerInfo {
	type key struct {
		peer netip.AddrPort
		fvrf string
	}
	found := make(map[key]PeerInfo)
	seen := make(map[DescriptionKey]bool)
	for _, r := range t.listed() {
		peer, id := r.peer(), r.id.String()
		d := DescriptionKey{peer.Addr(), r.FVRF}
		text, described := t.cfg.Descriptions[d]
		k := key{peer, r.FVRF}
		if !described && len(r.sas) == 0 || found[k].Phase1ID != "" {
			continue
		}
		seen[d] = true
		found[k] = PeerInfo{Peer: peer, FVRF: r.FVRF, Description: text, Phase1ID: id, Policy: described}
	}
	for d, text := range t.cfg.Descriptions {
		if !seen[d] {
			peer := netip.AddrPortFrom(d.Peer, ikePort)
			found[key{peer, d.FVRF}] = PeerInfo{Peer: peer, FVRF: d.FVRF, Description: text, Policy: true}
		}
	}
	peers := make([]PeerInfo, 0, len(found))
	for _, p := range found {
		peers = append(peers, p)
	}
	slices.SortFunc(peers, func(a, b PeerInfo) int { return cmp.Or(cmp.Compare(a.FVRF, b.FVRF), a.Peer.Compare(b.Peer)) })
	return peers
}
