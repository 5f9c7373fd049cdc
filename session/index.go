package session

import (
	"cmp"
	"slices"

	"seikan/ike"
	"seikan/sadb"
)

// index finds the configured session that something belongs to. It is immutable.
type index struct {
	name   map[peerName]*record
	addr   map[sadb.Host][]*record
	policy map[sadb.PolicyID]*record
	ranks  map[string]int // of interfaces in the listing
}

// peerName names a peer; the Interface is "" where an event does not tell it.
type peerName struct{ Interface, Peer string }

func newIndex(records []*record, ranks map[string]int) index {
	ix := index{
		name:   make(map[peerName]*record),
		addr:   make(map[sadb.Host][]*record),
		policy: make(map[sadb.PolicyID]*record),
		ranks:  ranks,
	}
	for _, r := range records {
		for _, k := range [...]peerName{{r.Interface, r.PeerName}, {"", r.PeerName}} {
			if ix.name[k] == nil && r.PeerName != "" {
				ix.name[k] = r
			}
		}
		at := sadb.Host{Addr: r.Peer.Addr(), VRF: r.FVRF}
		ix.addr[at] = append(ix.addr[at], r)
		for _, p := range r.Policies {
			ix.policy[p.ID] = r
		}
	}
	return ix
}

// find is the session of an IKE SA: by the peer's name, or where IKE does not know it yet by the addresses. Nil for none.
func (ix index) find(sa ike.SAInfo) *record {
	if sa.Peer != "" {
		return cmp.Or(ix.name[peerName{sa.Interface, sa.Peer}], ix.name[peerName{"", sa.Peer}])
	}
	same := ix.addr[sadb.Host{Addr: sa.Path.Remote.Addr().Unmap(), VRF: sa.Path.VRF}]
	if len(same) == 0 {
		return nil
	}
	local := sa.Path.Local.Addr().Unmap()
	if i := slices.IndexFunc(same, func(r *record) bool { return r.Local == local }); i >= 0 {
		return same[i]
	}
	return same[0]
}

// byPolicies is the session that one of the policies is a flow of. Nil for none.
func (ix index) byPolicies(ids []sadb.PolicyID) *record {
	for _, id := range ids {
		if r := ix.policy[id]; r != nil {
			return r
		}
	}
	return nil
}

// dynamicKey tells sessions apart that are not configured. Peers behind one NAT differ in the port.
type dynamicKey struct {
	Interface string
	Path      sadb.Path // of its first IKE SA
}

// addDynamic is the session of an IKE SA that no configured one takes.
func (t *Tracker) addDynamic(sa ike.SAInfo) *record {
	k := dynamicKey{sa.Interface, sa.Path}
	r := t.dynamic[k]
	if r == nil {
		rank, ok := t.index.ranks[sa.Interface]
		if !ok {
			rank = len(t.index.ranks)
		}
		r = &record{
			Configured: Configured{Interface: sa.Interface, FVRF: sa.Path.VRF, PeerName: sa.Peer, Origin: defaultOrigin},
			key:        k, dynamic: true, rank: rank,
		}
		t.dynamic[k] = r
	}
	return r
}

// listed is every session in the order of the listing: by interface in the order of the configuration, in it as
// configured, and then those that are not configured.
func (t *Tracker) listed() []*record {
	if len(t.dynamic) == 0 {
		return t.records
	}
	extra := make([]*record, 0, len(t.dynamic))
	for _, r := range t.dynamic {
		extra = append(extra, r)
	}
	slices.SortFunc(extra, func(a, b *record) int {
		return cmp.Or(
			cmp.Compare(a.Interface, b.Interface),
			cmp.Compare(a.key.Path.VRF, b.key.Path.VRF),
			a.key.Path.Remote.Compare(b.key.Path.Remote),
			a.key.Path.Local.Compare(b.key.Path.Local),
		)
	})
	all := append(slices.Clone(t.records), extra...)
	slices.SortStableFunc(all, func(a, b *record) int { return a.rank - b.rank })
	return all
}
