package session

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"seikan/ike"
	"seikan/sadb"
)

// alive reports whether the session has an SA that was authenticated. What an unknown sender began does not keep a
// session up.
func (r *record) alive() bool {
	return len(r.children) > 0 || slices.ContainsFunc(r.sas, func(s *ikeSA) bool { return s.authenticated })
}

// follow takes the path and the peer's identity from the IKE SA that speaks for the session. While Child SAs are there
// without an authenticated IKE SA, the last ones stay.
func (r *record) follow() {
	best := r.best()
	switch {
	case best != nil && (best.authenticated || len(r.children) == 0):
		r.path, r.id = best.Path, best.RemoteID
	case len(r.children) == 0:
		r.path, r.id = sadb.Path{}, ike.Identity{}
	}
}

// best is the IKE SA that speaks for the session: an Active one, else one that was, else one being set up; of several the
// newest. Nil for none.
func (r *record) best() *ikeSA {
	if len(r.sas) == 0 {
		return nil
	}
	return slices.MinFunc(r.sas, precedence)
}

// precedence is the order of IKE SAs in a session.
func precedence(a, b *ikeSA) int {
	return cmp.Or(
		falseLast(a.Active, b.Active),
		falseLast(a.authenticated, b.authenticated),
		b.Created.Compare(a.Created),
		cmp.Compare(b.ID, a.ID),
	)
}

func falseLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// peer is the peer's outer address and port: of the IKE SA, else as configured.
func (r *record) peer() netip.AddrPort {
	if p := r.path.Remote; p.IsValid() {
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return r.Peer
}

// local is the same for our end.
func (r *record) local() netip.AddrPort {
	switch p := r.path.Local; {
	case !p.IsValid():
		return netip.AddrPortFrom(r.Local, ikePort)
	case r.Local.IsValid():
		return netip.AddrPortFrom(r.Local, p.Port())
	default:
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
}

// group is the group of clients that the peer is of: the key ID that it proved. "" for none.
func (r *record) group() string { return r.id.KeyID() }

// status is how the session stands.
func (r *record) status() Status {
	active := slices.ContainsFunc(r.sas, func(s *ikeSA) bool { return s.Active })
	return StatusOf(active, len(r.sas) > 0, 2*len(r.children))
}

// drop takes an IKE SA off the session.
func (r *record) drop(s *ikeSA) {
	r.sas = slices.DeleteFunc(r.sas, func(x *ikeSA) bool { return x == s })
}

// blame keeps the cause of a failure. A replaced SA is none.
func (r *record) blame(now time.Time, why ike.Reason, detail string) {
	if why != ike.ReasonNone && why != ike.ReasonRekeyed {
		r.last = cause{now, why, detail}
	}
}
