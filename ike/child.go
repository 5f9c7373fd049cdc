package ike

import (
	"cmp"
	"slices"
	"time"

	"seikan/esp"
	"seikan/sadb"
)

// child is one Child SA: a pair of ESP SAs.
type child struct {
	e             *Endpoint
	sa            *sa // changes when the IKE SA is rekeyed
	in, out       esp.SPI
	flows         []*flowRef // whose traffic it may carry; at least one
	local, remote []sadb.Selector
	algs          algorithms
	transport     bool // mode
	initiator     bool // we started the exchange that made it
	since         time.Time
	nonce         []byte // the lower nonce of that exchange, which settles collisions (RFC 7296 §2.8.1)

	standby   bool        // the peer may not receive yet on what we send
	retired   bool        // the peer has dropped it, or will: receive only
	deleting  bool        // our Delete is queued or under way
	rekeying  *rekeyChild // ours, queued or under way
	successor *child      // made by the peer's rekey

	rekeyAt, expireAt, doubtAt deadline
}

// bargain is a Child SA that is agreed on, and what its keys are made of.
type bargain struct {
	c      *child
	gir    []byte // nil: no key exchange of its own
	ni, nr []byte
	old    *child // that it rekeys; nil: none
}

// install makes the Child SA and announces it. more is the secret of an additional key exchange, nil for none. The bargain is used up.
func (s *sa) install(now time.Time, b *bargain, more []byte, out *Output) {
	e, c := s.e, b.c
	c.e, c.sa, c.since = e, s, now
	c.nonce = lower(b.ni, b.nr)
	fromI, fromR := s.keys.childKeys(c.algs.espSuite(), b.gir, b.ni, b.nr, more)
	clear(b.gir)
	replaces := esp.SPI(0)
	if b.old != nil {
		replaces = b.old.in
	}
	inbound, outbound := fromR, fromI
	if !c.initiator {
		inbound, outbound = fromI, fromR
	}
	f := c.flows[0]
	inbound.SPI, inbound.ESN, inbound.Window = c.in, c.algs.esn, f.Window
	outbound.SPI, outbound.ESN = c.out, c.algs.esn
	e.children[c.in], s.children[c.in] = c, c
	e.childPool.take(&s.peer.children)
	for _, f := range c.flows {
		e.succeeded(f)
	}
	c.rekeyAt = deadline{of: c, run: c.rekey}
	c.expireAt = deadline{of: c, run: c.expire}
	c.doubtAt = deadline{of: c, run: c.doubt}
	e.deadlines.arm(&c.rekeyAt, now.Add(s.rekeyAfterFor(c)))
	e.deadlines.arm(&c.expireAt, now.Add(f.Lifetime))
	spec := sadb.ChildSpec{
		IKE: s.id, Policies: c.policies(), In: inbound, Out: outbound, Local: c.local, Remote: c.remote, Path: s.espPath(),
		Life: sadb.Lifetime{Seconds: f.Lifetime, Packets: f.Packets}, Expires: now.Add(f.Lifetime), Standby: c.standby, Transport: c.transport,
	}
	if f.Kilobytes != NoLimit {
		spec.Life.Kilobytes = f.Kilobytes
	}
	if spec.Life.SoftPercent = 85; !c.initiator {
		spec.Life.SoftPercent = 94
	}
	out.Events = append(out.Events, ChildUp{Spec: spec, Replaces: replaces, Group: c.algs.group, AddKE: c.algs.addKE})
}

// rekeyAfterFor is when this side rekeys the Child SA: its initiator first, as with IKE SAs.
func (s *sa) rekeyAfterFor(c *child) time.Duration {
	if c.initiator {
		return between(c.flows[0].Lifetime, 84, 90)
	}
	return between(c.flows[0].Lifetime, 92, 97)
}

func (c *child) policies() []sadb.PolicyID {
	ids := make([]sadb.PolicyID, len(c.flows))
	for i, f := range c.flows {
		ids[i] = f.ID
	}
	return ids
}

// outdated reports whether one of the flows is not configured any more.
func (c *child) outdated() bool {
	return slices.ContainsFunc(c.flows, func(f *flowRef) bool { return f.gone })
}

// there reports whether the Child SA is up, be it for receiving alone.
func (c *child) there() bool { return c.e.children[c.in] == c }

// superseded reports whether the peer's rekey has made another one of it, which is there, or of which another one has been made since.
func (c *child) superseded() bool {
	for n := c.successor; n != nil; n = n.successor {
		if n.there() && !n.retired {
			return true
		}
	}
	return false
}

// activate ends the standby: the peer has been seen to use the SA, or has dropped the one before, or there is no other.
func (c *child) activate(out *Output) {
	if c.standby && c.there() {
		c.standby = false
		c.e.deadlines.disarm(&c.doubtAt)
		out.Events = append(out.Events, ChildActive{In: c.in})
	}
}

// rekey starts our rekey of the Child SA, unless it is on its way out or being rekeyed already.
func (c *child) rekey(now time.Time, out *Output) {
	switch {
	case c.retired || c.deleting || c.rekeying != nil || c.superseded() || c.sa.state != established:
		return
	case c.standby, c.sa.awaiting(c) != nil: // the peer may not have heard of it yet, or is about to do the same
		c.e.deadlines.arm(&c.rekeyAt, now.Add(time.Second))
		return
	}
	c.rekeying = &rekeyChild{newChild: newChild{flow: c.flows[0]}, old: c}
	c.sa.start(now, c.rekeying, out)
}

// expire deletes the Child SA at its hard limit.
func (c *child) expire(now time.Time, out *Output) {
	c.remove(now, ReasonLifetime, out)
}

// doubt removes a Child SA that the peer has asked for and has not used by now: it never got our answer, and gave its rekey up as the IKE SA
// was replaced under it. What it wanted to rekey is rekeyed by us.
func (c *child) doubt(now time.Time, out *Output) {
	c.remove(now, ReasonTimeout, out)
	for _, o := range c.sa.children {
		if o.successor == c {
			o.rekey(now, out)
		}
	}
}

// remove takes the Child SA down and tells the peer.
func (c *child) remove(now time.Time, why Reason, out *Output) {
	tell := !c.retired && !c.deleting
	s := c.sa
	c.down(now, why, out)
	if tell && s.state == established {
		s.start(now, &deleteChildren{spis: []esp.SPI{c.in}, of: c}, out)
	}
}

// replace deletes the Child SA after its rekey: the peer is told, and the inbound side lingers for what is on its way.
func (c *child) replace(now time.Time, out *Output) {
	if c.deleting {
		return
	}
	c.deleting = true
	c.retire(out)
	c.sa.start(now, &deleteChildren{spis: []esp.SPI{c.in}, of: c, linger: true}, out)
}

// retire stops sending on the Child SA.
func (c *child) retire(out *Output) {
	if c.retired {
		return
	}
	c.retired = true
	c.e.deadlines.disarm(&c.rekeyAt)
	out.Events = append(out.Events, ChildRetired{In: c.in})
	c.leave(out)
}

// relieved reports whether others carry all that the Child SA is for.
func (c *child) relieved() bool {
	for _, f := range c.flows {
		if !slices.ContainsFunc(f.peer.sas, func(s *sa) bool { return s.servesBut(f, c) }) {
			return false
		}
	}
	return true
}

// linger keeps a retired Child SA for the packets that are still on their way.
func (c *child) linger(now time.Time, out *Output) {
	c.retire(out)
	c.expireAt.run = func(now time.Time, out *Output) { c.down(now, ReasonRekeyed, out) }
	c.e.deadlines.arm(&c.expireAt, now.Add(c.e.cfg.RekeyLinger))
}

// down takes the Child SA out.
func (c *child) down(now time.Time, why Reason, out *Output) {
	if !c.there() {
		return
	}
	c.e.deadlines.disarm(&c.rekeyAt)
	c.e.deadlines.disarm(&c.expireAt)
	c.e.deadlines.disarm(&c.doubtAt)
	delete(c.e.children, c.in)
	delete(c.sa.children, c.in)
	c.e.childPool.give(&c.sa.peer.children)
	if c.retired && why != ReasonRekeyed && c.successor == nil && c.deleting {
		why = ReasonRekeyed
	}
	out.Events = append(out.Events, ChildDown{In: c.in, IKE: c.sa.id, Reason: why})
	for _, f := range c.flows {
		if !f.served() {
			c.e.lost(now, f, c.since)
		}
	}
	c.leave(out)
}

// leave has others carry the traffic of a Child SA that is down or retired.
func (c *child) leave(out *Output) {
	for _, f := range c.flows {
		f.promote(out)
	}
}

// promote ends the standby of one that the flow has left, where nothing but standing by is left: the oldest, as the peer is most likely to have
// that, and a rekeyed one before what the peer has made of it.
func (f *flowRef) promote(out *Output) {
	var standby []*child
	for _, s := range f.peer.sas {
		for _, c := range s.children {
			switch {
			case c.retired || !slices.Contains(c.flows, f):
			case c.standby:
				standby = append(standby, c)
			default:
				return
			}
		}
	}
	standby = slices.DeleteFunc(slices.Clone(standby), func(c *child) bool {
		return slices.ContainsFunc(standby, func(o *child) bool { return o.successor == c })
	})
	if len(standby) > 0 {
		slices.MinFunc(standby, func(a, b *child) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.in, b.in)) }).activate(out)
	}
}
