package session

import "net/netip"

// Filter chooses sessions by what the operator names. A field that is zero does not restrict; the zero Filter matches all.
type Filter struct {
	Interface             string
	Local, Remote         netip.Addr // outer addresses
	LocalPort, RemotePort uint16
	FVRF, IVRF            *string // of "" for the global one
}

// Match reports whether the filter chooses s.
func (f Filter) Match(s Session) bool {
	return (f.Interface == "" || f.Interface == s.Interface) &&
		(!f.Local.IsValid() || f.Local == s.Local) &&
		(!f.Remote.IsValid() || f.Remote == s.Peer.Addr()) &&
		(f.LocalPort == 0 || f.LocalPort == s.LocalPort) &&
		(f.RemotePort == 0 || f.RemotePort == s.Peer.Port()) &&
		(f.FVRF == nil || *f.FVRF == s.FVRF) &&
		(f.IVRF == nil || *f.IVRF == s.IVRF)
}
