package ike

import (
	"slices"
	"time"

	"seikan/sadb"
)

// Connect is when the Child SA of a flow is set up.
type Connect uint8

// Times to set a Child SA up.
const (
	OnTraffic Connect = iota // when Acquire is called for a packet
	AtStart                  // when Start is called, and again until it has been up once; OnTraffic after that
	Always                   // whenever there is none
)

// flowRef is a configured flow, and how it stands with its Child SA.
type flowRef struct {
	*Flow
	peer    *peerRef
	pending bool // an attempt is under way: it ends in ChildUp or Failed
	gone    bool // not configured any more
	sought  bool // it is to be set up without a packet that asks

	failures int       // of the Child SA in a row, or short lives of it
	retry    time.Time // no new attempt before
	reason   Reason    // of the last failure
	again    deadline  // for what is sought
}

// Start sets up the flows that are not to wait for traffic. It is called once, when what Output asks for can be done.
func (e *Endpoint) Start(now time.Time, out *Output) {
	for _, f := range e.sortedFlows() {
		e.seek(now, f, out)
	}
}

func (e *Endpoint) sortedFlows() (all []*flowRef) {
	for i := range e.cfg.Peers {
		for j := range e.cfg.Peers[i].Flows {
			all = append(all, e.flows[e.cfg.Peers[i].Flows[j].ID])
		}
	}
	return all
}

// seek sets up a flow that should be up and is not, now or when its next attempt is due.
func (e *Endpoint) seek(now time.Time, f *flowRef, out *Output) {
	switch at := later(f.retry, f.peer.retry); {
	case !f.sought || f.pending || e.stopping || f.served():
	case now.Before(at):
		e.deadlines.arm(&f.again, at)
	default:
		e.acquire(now, f, nil, out)
	}
}

// Acquire asks for a Child SA for the policy: the packet of flow f met none. While it is under way further calls do
// nothing; it ends in a ChildUp or a Failed that names the policy. An unknown policy is a Failed at once.
func (e *Endpoint) Acquire(now time.Time, id sadb.PolicyID, f sadb.Flow, out *Output) {
	fl := e.flows[id]
	switch {
	case fl == nil || e.stopping:
		out.Events = append(out.Events, Failed{Policies: []sadb.PolicyID{id}, Reason: ReasonLocal, Detail: "no peer for the policy", Repeat: fl != nil})
		return
	case fl.pending:
		return
	case now.Before(fl.peer.retry):
		fl.waits(fl.peer.reason, out)
		return
	case now.Before(fl.retry):
		fl.waits(fl.reason, out)
		return
	}
	var trigger *sadb.Flow
	if fl.served() { // by a Child SA that does not take this packet: the peer narrowed it. Name the packet.
		trigger = &f
	}
	e.request(now, fl, out, func(now time.Time, out *Output) { e.acquire(now, fl, trigger, out) })
}

// acquire begins an attempt, on an IKE SA that is there or on a new one.
func (e *Endpoint) acquire(now time.Time, fl *flowRef, trigger *sadb.Flow, out *Output) {
	fl.pending = true
	e.deadlines.disarm(&fl.again)
	want := &newChild{flow: fl, trigger: trigger}
	if s := e.usable(fl.peer); s != nil {
		s.start(now, want, out)
		return
	}
	e.initiate(now, fl.peer, want, out)
}

// waits tells that nothing is tried yet.
func (f *flowRef) waits(why Reason, out *Output) {
	out.Events = append(out.Events, Failed{
		Peer: f.peer.Name, Policies: []sadb.PolicyID{f.ID}, Reason: why, Detail: "waiting before the next attempt", Repeat: true,
	})
}

// usable is an IKE SA with the peer that can start exchanges, now or once it is set up by us; the newest one.
func (e *Endpoint) usable(p *peerRef) *sa {
	var best *sa
	for _, s := range p.sas {
		if s.heir == nil && s.reason == ReasonNone && (s.state == established || s.state == connecting && s.initiator) && (best == nil || s.started.After(best.started)) {
			best = s
		}
	}
	return best
}

// served reports whether a live Child SA is there for the policy.
func (f *flowRef) served() bool {
	for _, s := range f.peer.sas {
		if s.serves(f) {
			return true
		}
	}
	return false
}

// serves reports whether a live Child SA of the IKE SA is there for the flow.
func (s *sa) serves(f *flowRef) bool { return s.servesBut(f, nil) }

// servesBut is serves, for the others than one.
func (s *sa) servesBut(f *flowRef, but *child) bool {
	for _, c := range s.children {
		if c != but && !c.retired && slices.Contains(c.flows, f) {
			return true
		}
	}
	return false
}

// succeeded notes that an attempt went well.
func (e *Endpoint) succeeded(f *flowRef) {
	f.pending, f.retry = false, time.Time{}
	if f.Connect == AtStart {
		f.sought = false
	}
	e.deadlines.disarm(&f.again)
}

// failed notes that an attempt went wrong. The next one waits; what is sought is tried again by itself.
func (e *Endpoint) failed(now time.Time, f *flowRef, why Reason) {
	f.pending, f.reason = false, why
	f.retry = now.Add(f.backOff())
	e.seekLater(f, f.retry)
}

// lost notes that a Child SA of the flow is gone which was up since. What is sought comes again, at once after a long life and later
// after a short one; a packet does not wait for that.
func (e *Endpoint) lost(now time.Time, f *flowRef, since time.Time) {
	if now.Sub(since) >= maxRetryWait {
		f.failures = 0
	}
	e.seekLater(f, now.Add(f.backOff()))
}

// backOff is how long to wait for the next attempt, longer after each failure in a row.
func (f *flowRef) backOff() time.Duration {
	d := min(time.Second<<min(f.failures, 5), maxRetryWait)
	f.failures++
	return between(d, 90, 110)
}

// seekLater has the flow looked at again, if it is sought.
func (e *Endpoint) seekLater(f *flowRef, at time.Time) {
	if f.sought && !e.stopping {
		e.deadlines.arm(&f.again, at)
	}
}
