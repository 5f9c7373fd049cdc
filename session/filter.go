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

// match reports whether the filter chooses what has the key; the IKE SAs are not looked at.
func (f *Filter) match(k *filterKey) bool {
	return (f.Interface == "" || f.Interface == k.Interface) &&
		(f.Map == "" || f.Map == k.Map) &&
		(f.Profile == "" || f.Profile == k.Profile) &&
		(f.Group == "" || f.Group == k.group) &&
		(f.Username == "" || f.Username == k.username) &&
		(!f.Local.IsValid() || f.Local == k.local.Addr()) &&
		(!f.Remote.IsValid() || f.Remote == k.peer.Addr()) &&
		(f.LocalPort == 0 || f.LocalPort == k.local.Port()) &&
		(f.RemotePort == 0 || f.RemotePort == k.peer.Port()) &&
		(f.FVRF == nil || *f.FVRF == k.FVRF) &&
		(f.IVRF == nil || *f.IVRF == k.IVRF)
}

// filterKey is what filters look at. A filter looks at thousands of sessions for one, and so at no copy of them.
type filterKey struct {
	*Configured
	local, peer     netip.AddrPort
	group, username string
}

// Match reports whether the filter chooses s.
func (f Filter) Match(s Session) bool {
	return f.match(&filterKey{
		Configured: &Configured{Interface: s.Interface, Map: s.Map, Profile: s.Profile, FVRF: s.FVRF, IVRF: s.IVRF},
		local:      netip.AddrPortFrom(s.Local, s.LocalPort), peer: s.Peer, group: s.Group, username: s.Username,
	}) && (f.ConnID == 0 || slices.ContainsFunc(s.IKE, func(sa IKESA) bool { return sa.ConnID == f.ConnID }))
}

// chooses is Match for a session of the Tracker.
func (f *Filter) chooses(r *record) bool {
	return f.match(&filterKey{Configured: &r.Configured, local: r.local(), peer: r.peer(), group: r.group()}) &&
		(f.ConnID == 0 || slices.ContainsFunc(r.sas, func(s *ikeSA) bool { return s.ID == f.ConnID }))
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
