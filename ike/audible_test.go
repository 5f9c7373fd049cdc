package ike

import (
	"slices"
	"time"

	"seikan/esp"
	"seikan/sadb"
)

// audit gives each side of a pair a data plane, and holds the two against each other after every step: what one side would send now
// the other can open, or is about to be told of.
type audit struct {
	p      *pair
	planes map[*side]*plane
	lossy  bool              // a side may give the other up without a word that arrives
	lost   map[esp.SPI]bool  // inbound SPIs that a side is made to lose without a word
	onWay  map[*side]esp.SPI // on which each side sent a packet after the step before, 0: none; it arrives now
	early  map[esp.SPI]bool  // inbound SPIs that a side may have dropped when the other one did not know of them
	spare  bool              // those, and what is said of a child after its end, are let pass
	busy   bool              // packets that arrive on what stands by are told of, as a busy data plane does
}

// plane is what the engine makes of one side's events.
type plane struct {
	db   sadb.DB
	read int // of the side's events
}

// listen starts the audit of a pair that has nothing up yet.
func (p *pair) listen() *audit {
	a := &audit{p: p, planes: map[*side]*plane{}, lost: map[esp.SPI]bool{}, early: map[esp.SPI]bool{}, onWay: map[*side]esp.SPI{}}
	for _, s := range []*side{p.a, p.b} {
		pl := &plane{}
		var ps []sadb.Policy
		for _, f := range s.e.cfg.Peers[0].Flows {
			ps = append(ps, sadb.Policy{ID: f.ID, Action: sadb.Protect, Local: f.Local, Remote: f.Remote})
		}
		pl.db.SetPolicies(ps)
		a.planes[s] = pl
	}
	p.after = a.step
	return a
}

// step is called when a side has done something.
func (a *audit) step() {
	a.p.t.Helper()
	for _, s := range []*side{a.p.a, a.p.b} {
		a.feed(s)
	}
	for _, s := range []*side{a.p.a, a.p.b} {
		a.missed(s)
		o := a.p.other(s)
		in, spi := a.sends(s)
		if spi != 0 && a.planes[o].db.Lookup(spi) == nil && !a.excused(s, o, in, spi) {
			a.p.fail("%s sends on %v, which %s does not have, and is not told", s.name, spi, o.name)
		}
		a.onWay[s] = spi
	}
	if a.busy {
		a.arrive()
	}
}

// missed notes the Child SAs of a side that has answered on the IKE SA of the peer's rekey while it waits for the answer to its own:
// a Delete there found none.
func (a *audit) missed(s *side) {
	for _, y := range s.e.sas {
		if x, ok := y.own.x.(*rekeySA); ok && x.theirs != nil && x.theirs.answered.next > 0 {
			for in, k := range s.kids {
				a.early[in], a.early[k.Out.SPI] = true, true
			}
		}
	}
}

// feed brings a side's data plane up to date.
func (a *audit) feed(s *side) {
	a.p.t.Helper()
	pl := a.planes[s]
	for ; pl.read < len(s.events); pl.read++ {
		switch ev := s.events[pl.read].(type) {
		case ChildUp:
			if _, err := pl.db.Install(s.p.now, ev.Spec); err != nil {
				a.p.fail("%s: %v", s.name, err)
			}
		case ChildActive:
			if !pl.db.Activate(ev.In) && !a.spare {
				a.p.fail("%s: child %v active, which does not stand by", s.name, ev.In)
			}
		case ChildRetired:
			if !pl.db.Retire(ev.In) {
				a.p.fail("%s: child %v retired, which is not up or retired before", s.name, ev.In)
			}
		case ChildDown:
			pl.db.Remove(ev.In)
			o := a.p.other(s)
			if o.facing(ev.In) == 0 || ev.Reason == ReasonPeerDeleted {
				a.early[ev.In] = true
			}
			if ev.Reason == ReasonRekeyed && a.onWay[o] == ev.In && !a.excused(o, s, o.facing(ev.In), ev.In) {
				a.p.fail("%s: child %v was rekeyed and is down while packets of %s are on their way", s.name, ev.In, o.name)
			}
		case SAUp:
			if ev.Replaces != 0 {
				pl.db.Rehome(ev.Replaces, ev.SA.ID)
			}
		}
	}
}

// facing is a side's inbound SPI of the Child SA whose outbound one is spi; 0: it has none.
func (s *side) facing(spi esp.SPI) esp.SPI {
	for in, k := range s.kids {
		if k.Out.SPI == spi {
			return in
		}
	}
	return 0
}

// sends is the Child SA that a side takes for a packet now, by its inbound SPI and by the one that is on the packet; 0: it has none.
func (a *audit) sends(s *side) (in, out esp.SPI) {
	f := s.e.cfg.Peers[0].Flows[0]
	o := a.planes[s].db.Route(sadb.Flow{Src: f.Local[0].Lo, Dst: f.Remote[0].Lo}).Out
	if o == nil {
		return 0, 0
	}
	return o.Child().Spec.In.SPI, o.SPI()
}

// arrive lets what was sent arrive: what stands by is known to work then.
func (a *audit) arrive() {
	for _, s := range []*side{a.p.a, a.p.b} {
		spi := a.onWay[a.p.other(s)]
		if spi == 0 {
			continue
		}
		in := a.planes[s].db.Lookup(spi)
		if in == nil || !in.Standby() {
			continue
		}
		busy := a.busy
		a.busy = false // this step is not one of its own
		s.do(func(now time.Time, out *Output) { s.e.Used(now, in.Child().Spec.In.SPI, out) })
		a.busy = busy
	}
}

// alone reports whether a side sends on a Child SA because it has no other.
func (a *audit) alone(s *side, in esp.SPI) bool {
	if a.planes[s].db.Lookup(in).Standby() {
		return true // all others are retired
	}
	for _, c := range s.e.children {
		if c.in != in && !c.retired && !c.standby {
			return false
		}
	}
	return true
}

// excused reports whether o, which has no inbound SA spi, has a reason: it is telling s so, or it waits for the answer that will give it
// the SA and s has nothing better to send on.
func (a *audit) excused(s, o *side, in, spi esp.SPI) bool {
	x := s.e.sas[s.kids[in].IKE]
	if x == nil {
		return false
	}
	found := false
	for _, y := range o.e.sas {
		same := y.spiI == x.spiI && y.spiR == x.spiR
		found = found || same && y.state != replaced
		for _, ex := range append(slices.Clone(y.queue), y.own.x) {
			if f, ok := ex.(*followUp); ok {
				ex = f.of
			}
			switch ex := ex.(type) {
			case *deleteChildren:
				if slices.Contains(ex.spis, spi) {
					return true
				}
			case *deleteSA, *lastWord:
				if same {
					return true
				}
			case *rekeySA: // its rival is deleted once this one is
				if r := ex.rival(); r != nil && y.state == deleting && r.spiI == x.spiI && r.spiR == x.spiR {
					return true
				}
			case *authenticate:
				if ex.child != nil && ex.child.in == spi {
					return a.alone(s, in)
				}
			case *newChild:
				if ex.in == spi {
					return a.alone(s, in)
				}
			case *rekeyChild:
				if ex.in == spi {
					return a.alone(s, in)
				}
			}
		}
	}
	return a.lost[spi] || a.lossy && !found || a.spare && a.early[spi]
}
