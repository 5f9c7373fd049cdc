package ike

import (
	"slices"
	"time"

	"seikan/esp"
	"seikan/sadb"
)

// delete ends the SA from our side. Its Child SAs are down at once; the peer is told of them and then of the IKE SA.
func (s *sa) delete(now time.Time, why Reason, out *Output) {
	if s.state == connecting {
		s.kill(now, why, "", out)
		return
	}
	if s.state >= deleting {
		return
	}
	s.e.changing(s)
	s.disinherit(now)
	gone := s.dropChildren(now, why, out)
	s.giveUp(now, s.dropQueue(), why, "", out)
	s.stopTimers()
	s.state, s.reason = deleting, why
	if s.up {
		out.Events = append(out.Events, SAEnding{SA: s.info(), Reason: why})
	}
	if len(gone) > 0 {
		s.start(now, &deleteChildren{spis: gone}, out)
	}
	s.start(now, &deleteSA{}, out)
}

// kill takes the SA out of the Endpoint at once, with everything that belongs to it. The peer is not told.
func (s *sa) kill(now time.Time, why Reason, detail string, out *Output) {
	if s.state == dead {
		return
	}
	e := s.e
	e.changing(s)
	s.dropChildren(now, why, out)
	flows := s.dropQueue()
	if s.announced && !s.up && !s.rejected || len(flows) > 0 {
		s.blame(now, why)
		s.giveUp(now, flows, why, detail, out)
	}
	if x := s.ownRekey(); x != nil {
		discard(now, out, x.rival())
	}
	s.disinherit(now)
	s.stopTimers()
	e.deadlines.disarm(&s.own.resend)
	s.leave()
	s.closeHalfOpen()
	if s.announced || s.up {
		out.Events = append(out.Events, SADown{SA: s.info(), Reason: why, Detail: plain(detail)})
	}
	if s.keys != nil {
		s.keys.forget()
	}
}

// blame makes the next attempt of ours wait, longer after each failure in a row, and remembers the reason.
func (s *sa) blame(now time.Time, why Reason) {
	if s.up || s.peer == nil || !s.initiator || why == ReasonOperator || why == ReasonShutdown {
		return
	}
	p := s.peer
	p.reason = why
	p.retry = now.Add(min(time.Second<<min(p.failures, 5), maxRetryWait))
	p.failures++
}

// giveUp reports the failure of an attempt, and of the flows that waited for it.
func (s *sa) giveUp(now time.Time, flows []*flowRef, why Reason, detail string, out *Output) {
	if s.up && len(flows) == 0 {
		return // the SA was up: its end is an SADown, not a failure
	}
	f := Failed{SA: s.id, Path: s.path, Reason: why, Detail: plain(detail)}
	if p := s.likelyPeer(); p != nil {
		f.Peer = p.Name
	}
	for _, fl := range flows {
		fl.pending = false
		s.e.seekLater(fl, now.Add(time.Second))
		f.Policies = append(f.Policies, fl.ID)
	}
	out.Events = append(out.Events, f)
}

// dropQueue forgets the exchanges that wait or are under way and returns the flows that they were for.
// A request under way stays outstanding: its message ID is taken.
func (s *sa) dropQueue() (flows []*flowRef) {
	all := s.queue
	if s.own.x != nil && s.state != deleting { // else its flow was given up before, and is another SA's by now
		all = append([]exchange{s.own.x}, all...)
	}
	s.queue = nil
	for _, x := range all {
		if f := x.wants(); f != nil && f.pending {
			flows = append(flows, f)
		}
	}
	return flows
}

// dropChildren takes the Child SAs down and returns our inbound SPIs of those that the peer still has, in order.
func (s *sa) dropChildren(now time.Time, why Reason, out *Output) []esp.SPI {
	spis := make([]esp.SPI, 0, len(s.children))
	for spi := range s.children {
		spis = append(spis, spi)
	}
	slices.Sort(spis)
	live := spis[:0]
	for _, spi := range spis {
		c := s.children[spi]
		if !c.retired {
			live = append(live, spi)
		}
		c.down(now, why, out)
	}
	return live
}

func (s *sa) stopTimers() {
	for _, d := range s.timers() {
		s.e.deadlines.disarm(d)
	}
}

// closeHalfOpen takes the SA off the list of those that peers are setting up.
func (s *sa) closeHalfOpen() {
	e, from := s.e, sadb.Host{Addr: s.initKey.from.Addr(), VRF: s.initKey.vrf}
	if e.halfOpen[s.initKey] != s {
		return
	}
	delete(e.halfOpen, s.initKey)
	if e.openFrom[from]--; e.openFrom[from] == 0 {
		delete(e.openFrom, from)
	}
}
