package seikan

import (
	"maps"
	"slices"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// IKECounts is how the negotiations went since the router started. It goes on when SAs are replaced or come up anew.
type IKECounts struct {
	Initiated   uint64 // IKE SAs whose set-up this router began
	Accepted    uint64 // IKE SAs whose set-up the peer began
	Established uint64 // those of both that were authenticated
	Rekeys      uint64 // IKE SAs that took the place of another

	Children    uint64 // Child SAs that were set up and replace none
	ChildRekeys uint64 // Child SAs that took the place of another

	Failures map[ike.Reason]uint64 // set-ups of IKE SAs that came to nothing
	Refusals map[ike.Reason]uint64 // exchanges on an IKE SA that was up: for a Child SA, a rekey, a move
	Ends     map[ike.Reason]uint64 // IKE SAs that were up and are gone
}

// PeerKey names a configured peer, as session.Configured does.
type PeerKey struct{ Interface, Peer string }

// clone is a copy that shares nothing.
func (c *IKECounts) clone() IKECounts {
	d := *c
	d.Failures, d.Refusals, d.Ends = maps.Clone(c.Failures), maps.Clone(c.Refusals), maps.Clone(c.Ends)
	return d
}

// ikeTally counts events of IKE, for the router and for each configured peer: what an unknown peer does makes no entry.
// It belongs to the control goroutine.
type ikeTally struct {
	all   IKECounts
	peers map[PeerKey]*IKECounts
	named map[string][]session.Configured // by the peer's name
	sas   map[sadb.IKEID]tallied
}

// tallied is an IKE SA as the tally knows it.
type tallied struct {
	peer *IKECounts // nil: of no configured peer
	up   bool
}

// configure makes room for the peers of a configuration. Those that were there before keep their counts.
func (t *ikeTally) configure(sessions []session.Configured) {
	before := t.peers
	t.peers = make(map[PeerKey]*IKECounts, len(sessions))
	t.named = make(map[string][]session.Configured, len(sessions))
	for _, s := range sessions {
		k := PeerKey{s.Interface, s.PeerName}
		if t.peers[k] = before[k]; t.peers[k] == nil {
			t.peers[k] = new(IKECounts)
		}
		t.named[s.PeerName] = append(t.named[s.PeerName], s)
	}
	if t.sas == nil {
		t.sas = make(map[sadb.IKEID]tallied)
	}
}

// observe counts an event.
func (t *ikeTally) observe(ev ike.Event) {
	switch ev := ev.(type) {
	case ike.SAStart:
		role := func(c *IKECounts) { c.Accepted++ }
		if ev.SA.Initiator {
			role = func(c *IKECounts) { c.Initiated++ }
		}
		t.count(t.track(ev.SA, false), role)
	case ike.SAUp:
		t.saUp(ev)
	case ike.SADown:
		if s := t.sas[ev.SA.ID]; s.up {
			t.count(s.peer, func(c *IKECounts) { add(&c.Ends, ev.Reason) })
		}
		delete(t.sas, ev.SA.ID)
	case ike.ChildUp:
		kind := func(c *IKECounts) { c.Children++ }
		if ev.Replaces != 0 {
			kind = func(c *IKECounts) { c.ChildRekeys++ }
		}
		t.count(t.sas[ev.Spec.IKE].peer, kind)
	case ike.Failed:
		t.failed(ev)
	}
}

// saUp counts an IKE SA that was authenticated. Of a responder's it is told only then whose it is.
func (t *ikeTally) saUp(ev ike.SAUp) {
	p := t.track(ev.SA, true)
	if ev.Replaces != 0 {
		t.count(p, func(c *IKECounts) { c.Rekeys++ })
		return
	}
	t.count(p, func(c *IKECounts) { c.Established++ })
}

// failed counts an attempt that came to nothing, but not one that was not made.
func (t *ikeTally) failed(ev ike.Failed) {
	if ev.Repeat {
		return
	}
	s := t.sas[ev.SA]
	p := s.peer
	if p == nil {
		p = t.peer(ike.SAInfo{Peer: ev.Peer, Path: ev.Path})
	}
	t.count(p, func(c *IKECounts) {
		if s.up {
			add(&c.Refusals, ev.Reason)
		} else {
			add(&c.Failures, ev.Reason)
		}
	})
}

// track keeps whose an IKE SA is, until its SADown.
func (t *ikeTally) track(sa ike.SAInfo, up bool) *IKECounts {
	s := tallied{peer: t.peer(sa), up: up}
	if s.peer == nil {
		s.peer = t.sas[sa.ID].peer
	}
	t.sas[sa.ID] = s
	return s.peer
}

// peer is the counts of the configured peer that an IKE SA is with; nil for none. A name may be on several interfaces.
func (t *ikeTally) peer(sa ike.SAInfo) *IKECounts {
	named := t.named[sa.Peer]
	if sa.Peer == "" || len(named) == 0 {
		return nil
	}
	i := slices.IndexFunc(named, func(s session.Configured) bool {
		return s.Interface == sa.Interface || sa.Interface == "" && s.Local == sa.Path.Local.Addr().Unmap()
	})
	c := named[max(0, i)]
	return t.peers[PeerKey{c.Interface, c.PeerName}]
}

// count has something counted for the router and for a peer.
func (t *ikeTally) count(peer *IKECounts, f func(*IKECounts)) {
	f(&t.all)
	if peer != nil {
		f(peer)
	}
}

func add(m *map[ike.Reason]uint64, why ike.Reason) {
	if *m == nil {
		*m = make(map[ike.Reason]uint64)
	}
	(*m)[why]++
}
