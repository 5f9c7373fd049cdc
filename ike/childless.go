package ike

import (
	"time"

	"seikan/ike/wire"
)

// Childless is whether an IKE SA is set up without a Child SA in IKE_AUTH (RFC 6023). What is wanted comes by CREATE_CHILD_SA then, with
// a key exchange of its own where the flow has perfect forward secrecy, as all its successors.
type Childless uint8

// Policies for childless IKE SAs.
const (
	ChildlessAccept Childless = iota // from the peer
	ChildlessPrefer                  // from the peer, and to it where it takes them
	ChildlessNever
)

// launchAuth goes on with IKE_AUTH, and the first Child SA unless it is to be childless.
func (s *sa) launchAuth(now time.Time, out *Output) {
	auth := &authenticate{}
	if len(s.queue) > 0 && !(s.childless && s.peer.Childless == ChildlessPrefer) {
		if want, ok := s.queue[0].(*newChild); ok {
			auth.child, s.queue = want, s.queue[1:]
		}
	}
	if auth.child == nil && !s.childless {
		s.kill(now, ReasonLocal, "no Child SA is wanted, and the peer takes no IKE SA without one", out)
		return
	}
	s.launch(now, auth, out)
}

// childless reports whether an IKE_AUTH request asks for no Child SA. It must name all that makes one, or nothing of it.
func (p *parts) childless() (bool, *NotifyError) {
	switch {
	case p.sa == nil && p.tsI == nil && p.tsR == nil:
		return true, nil
	case p.sa == nil || p.tsI == nil || p.tsR == nil:
		return false, refuse(wire.INVALID_SYNTAX, "ike: IKE_AUTH with a part of SA, TSi and TSr")
	}
	return false, nil
}
