package session

import (
	"net/netip"
	"slices"

	"seikan/sadb"
)

// Filter chooses sessions by what the operator names. A field that is zero does not restrict; the zero Filter matches all.
type Filter struct {
	Interface             string
	Map                   string     // crypto map
	Profile               string     // IKEv2 profile
	Group, Username       string     // of a remote access client
	Local, Remote         netip.Addr // outer addresses
	LocalPort, RemotePort uint16
	FVRF, IVRF            *string    // of "" for the global one
	ConnID                sadb.IKEID // of one of its IKE SAs
}

// Match reports whether the filter chooses s.
func (f Filter) Match(s Session) bool {
	return (f.Interface == "" || f.Interface == s.Interface) &&
		(f.Map == "" || f.Map == s.Map) &&
		(f.Profile == "" || f.Profile == s.Profile) &&
		(f.Group == "" || f.Group == s.Group) &&
		(f.Username == "" || f.Username == s.Username) &&
		(!f.Local.IsValid() || f.Local == s.Local) &&
		(!f.Remote.IsValid() || f.Remote == s.Peer.Addr()) &&
		(f.LocalPort == 0 || f.LocalPort == s.LocalPort) &&
		(f.RemotePort == 0 || f.RemotePort == s.Peer.Port()) &&
		(f.FVRF == nil || *f.FVRF == s.FVRF) &&
		(f.IVRF == nil || *f.IVRF == s.IVRF) &&
		(f.ConnID == 0 || slices.ContainsFunc(s.IKE, func(sa IKESA) bool { return sa.ConnID == f.ConnID }))
}

// chooses is Match for a session that is not copied: a filter looks at thousands of them for one.
func (f Filter) chooses(r *record) bool {
	if f.ConnID != 0 && !slices.ContainsFunc(r.sas, func(s *ikeSA) bool { return s.ID == f.ConnID }) {
		return false
	}
	f.ConnID = 0
	local, peer := r.local(), r.peer()
	return f.Match(Session{
		Interface: r.Interface, Map: r.Map, Profile: r.Profile,
		Local: local.Addr(), LocalPort: local.Port(), Peer: peer, FVRF: r.FVRF, IVRF: r.IVRF,
	})
}

// ClearRequest is what an operator wants to be rid of.
type ClearRequest struct {
	What   Clear
	Filter Filter
	SPI    uint32 // with ClearChildren: only the Child SA that has it, in either direction; 0: all
}

// Clear is a sort of things that can be cleared.
type Clear uint8

// What can be cleared.
const (
	ClearSessions Clear = iota // IKE SAs with their Child SAs
	ClearChildren              // Child SAs; their IKE SAs stay
	ClearCounters              // of flows, in listings
)
