package ike

import (
	"slices"
	"time"

	"seikan/internal/fault"
	"seikan/sadb"
)

// A panic while a message, a deadline or a request is worked on must not end what others have here. What was being done is given up, with
// the datagrams that it was to send, and the IKE SAs that it may have left half changed end at once. A message changes none before its
// integrity check, so that nobody who lacks the keys of an SA ends it in this way; and the tables of the Endpoint change in steps that look at
// nothing received, so that they are whole.
//
// What replaces the configuration, and what begins or ends everything, is not guarded: a panic there leaves the tables themselves torn. Nor is
// what ends an SA after a panic. These go through to the caller, for whom the Endpoint is of no more use.

// Faulted: a panic was caught. What it has left undone is told of by other events: Dropped, SADown, Failed.
type Faulted struct {
	fault.Fault
	Path sadb.Path // of the message; zero: it was none
	Own  bool      // it was a deadline: nobody has sent or asked for anything
}

func (Faulted) event() {}

// holder is what a deadline or a request is of.
type holder interface {
	ikeSA() *sa // nil: it belongs to none
}

func (s *sa) ikeSA() *sa      { return s }
func (c *child) ikeSA() *sa   { return c.sa }
func (f *flowRef) ikeSA() *sa { return nil }

// changing notes that an IKE SA is about to change: a panic from here on may leave it torn.
func (e *Endpoint) changing(s *sa) { e.torn = append(e.torn, s) }

// guard does some work, and catches its panic: of a message, or for h. why is what is known of that before.
func (e *Endpoint) guard(now time.Time, why Faulted, h holder, out *Output, work func()) {
	e.torn = e.torn[:0]
	sent := len(out.Datagrams)
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		clear(out.Datagrams[sent:])
		out.Datagrams = out.Datagrams[:sent]
		why.Fault = fault.Caught(v)
		out.Events = append(out.Events, why)
		if why.Path != (sadb.Path{}) {
			e.drop(Datagram{Path: why.Path}, DropFault, out)
		}
		e.clearAway(now, h, slices.Clone(e.torn), out)
	}()
	work()
}

// clearAway ends the IKE SAs that are torn, and the one that was worked on. Attempts that nobody goes on with any more have failed.
func (e *Endpoint) clearAway(now time.Time, h holder, torn []*sa, out *Output) {
	var peers []*peerRef
	if f, ok := h.(*flowRef); ok {
		peers = append(peers, f.peer)
	} else if h != nil {
		torn = append(torn, h.ikeSA())
	}
	for _, s := range torn {
		if s.peer != nil && !slices.Contains(peers, s.peer) {
			peers = append(peers, s.peer)
		}
		s.kill(now, ReasonFault, "", out)
	}
	for _, p := range peers {
		for _, f := range p.flows {
			if (f.pending || f == h) && !f.wanted() {
				e.failed(now, f, ReasonFault)
				out.Events = append(out.Events, Failed{Peer: p.Name, Policies: []sadb.PolicyID{f.ID}, Reason: ReasonFault})
			}
		}
	}
}

// wanted reports whether an exchange is to set the flow up, queued or under way.
func (f *flowRef) wanted() bool {
	is := func(x exchange) bool { return x != nil && x.wants() == f }
	return slices.ContainsFunc(f.peer.sas, func(s *sa) bool { return is(s.own.x) || slices.ContainsFunc(s.queue, is) })
}
