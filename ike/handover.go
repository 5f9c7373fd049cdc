package ike

import (
	"cmp"
	"slices"
	"time"

	"seikan/ike/wire"
)

// An IKE SA hands over to another one that was authenticated in its place: its heir takes its traffic, Child SA by Child SA, and then the
// old ones are deleted, and after them the old IKE SA. No packet is lost, as each old inbound SA lingers (make before break). That
// is how an IKE SA is reauthenticated (RFC 7296 §2.8.3), and how one of two goes that both ends set up at once.

// reauthenticate sets up an heir.
func (s *sa) reauthenticate(now time.Time, out *Output) {
	e := s.e
	switch {
	case s.state != established || s.heir != nil || s.reason != ReasonNone || e.stopping:
		return
	case now.Before(s.peer.retry):
		e.deadlines.arm(&s.reauthAt, s.peer.retry)
		return
	case s.merge(now, out):
		return
	}
	wants := s.succeeding(nil)
	if len(wants) == 0 && !s.childless {
		if len(s.peer.flows) == 0 {
			return // nothing to set up the heir with: this one ends with its lifetime
		}
		wants = []*newChild{{flow: s.peer.flows[0]}}
	}
	heir := e.initiate(now, s.peer, nil, out)
	if heir.state != dead {
		heir.takeOver(now, s, wants, out)
	}
}

// merge hands an SA that we set up over to a younger one with the same identity, if there is one. One of the two is too many: they came of
// an attempt that was given up too early, say. It is done when the SA would have to be renewed.
func (s *sa) merge(now time.Time, out *Output) bool {
	if !s.original || s.peer.Unique == UniqueNever {
		return false
	}
	for _, o := range s.rivals() {
		if o.heir == nil && o.authenticated.After(s.authenticated) {
			o.takeOver(now, s, s.succeeding(o), out)
			return true
		}
	}
	return false
}

// succeeding are the Child SAs to set up in the place of those of s. Those whose flow the heir serves are left out; nil: no heir yet.
func (s *sa) succeeding(heir *sa) (wants []*newChild) {
	for _, c := range s.live() {
		if f := c.flows[0]; heir == nil || !heir.serves(f) {
			wants = append(wants, &newChild{flow: f, local: c.local, remote: c.remote})
		}
	}
	return wants
}

// live are the Child SAs that are in use, by SPI.
func (s *sa) live() (list []*child) {
	for _, c := range s.children {
		if !c.retired && !c.deleting {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *child) int { return cmp.Compare(a.in, b.in) })
	return list
}

// takeOver makes s the heir of old.
func (s *sa) takeOver(now time.Time, old *sa, wants []*newChild, out *Output) {
	old.heir = s
	for _, x := range wants {
		x.flow.pending = true
		s.queue = append(s.queue, x)
	}
	s.start(now, succession{}, out)
}

// succession stands in the queue of an heir behind the Child SAs that it is to set up, and ends what it takes the place of. It
// sends nothing itself.
type succession struct{}

func (succession) wants() *flowRef { return nil }

func (x succession) begin(s *sa, now time.Time, out *Output) (wire.ExchangeType, []wire.Payload, bool) {
	if slices.ContainsFunc(s.queue, func(x exchange) bool { return x.wants() != nil }) {
		s.queue = append(s.queue, x) // one of them is tried again
		return 0, nil, false
	}
	for _, o := range slices.Clone(s.peer.sas) {
		if o.heir == s && s.state == established {
			o.wane(now, ReasonReauthenticated, out)
		}
	}
	return 0, nil, false
}

func (succession) done(*sa, time.Time, *parts, *Output) {}

// wane ends an SA that is no more needed, gently: its Child SAs first, and when nothing can be on its way any more the rest.
func (s *sa) wane(now time.Time, why Reason, out *Output) {
	if s.state != established || s.reason != ReasonNone {
		return
	}
	for _, c := range s.live() {
		c.replace(now, out)
	}
	s.endSoon(now, why)
}

// endSoon has the SA deleted a while from now. It sets up nothing any more.
func (s *sa) endSoon(now time.Time, why Reason) {
	s.reason = why
	s.e.deadlines.disarm(&s.rekeyAt)
	s.e.deadlines.disarm(&s.reauthAt)
	s.e.deadlines.arm(&s.expireAt, now.Add(2*s.e.cfg.RekeyLinger))
}

// disinherit ends the hopes of what the SA was to take the place of: it does not come up, or goes down.
func (s *sa) disinherit(now time.Time) {
	if s.peer == nil {
		return
	}
	for _, o := range s.peer.sas {
		if o.heir != s {
			continue
		}
		if o.heir = nil; o.reason != ReasonNone || o.state != established {
			continue
		}
		again := later(s.peer.retry, now.Add(time.Second))
		if o.reauthIn > 0 && o.reauthAt.index == 0 {
			s.e.deadlines.arm(&o.reauthAt, again)
		}
		if o.rekeyAt.index == 0 {
			s.e.deadlines.arm(&o.rekeyAt, again)
		}
	}
}

// settleTwins has one of two SAs go that both ends set up at once, the one whose initiator has the lower SPI. That end does it.
func (s *sa) settleTwins(now time.Time, out *Output) {
	if s.peer.Unique == UniqueNever {
		return
	}
	for _, o := range slices.Clone(s.peer.sas) {
		twins := o != s && o.state == established && o.heir == nil && o.reason == ReasonNone &&
			o.remoteID == s.remoteID && o.original != s.original && !o.created.Before(s.started)
		if !twins {
			continue
		}
		heir, old := s, o
		if o.spiI > s.spiI {
			heir, old = o, s
		}
		if old.original {
			heir.takeOver(now, old, old.succeeding(heir), out)
		}
		return
	}
}
