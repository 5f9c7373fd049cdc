package seikan

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/internal/fault"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/session"
)

// control is what the control goroutine owns: the IKE endpoint, the writes to the SA database, the sessions, and the packets
// that wait for an SA.
type control struct {
	*Router
	ike     *ike.Endpoint
	tracker *session.Tracker
	tally   ikeTally
	ikeZero ikeZero
	events  *eventLog
	debug   *debugger  // nil: nothing is debugged
	out     ike.Output // of the call to ike that is being carried out

	listZero map[sadb.PolicyID]uint64 // matches of policies when those of their access lists were cleared; a map is not modified

	hold    *hold
	waiting waiting
	uplink  *uplink // for what was held
	outlets outlets // for IKE
	marked  []byte  // scratch: a message behind the non-ESP marker
	msg     [1]udp.Message

	released []sadb.PolicyID   // whose held packets may go now
	broken   []sadb.IKEID      // to be deleted: a Child SA of theirs could not be installed
	fits     fits              // what the Child SAs can carry
	learnt   map[sadb.Host]int // path MTUs, by the peer's address
	told     toldMTU           // of Config.Device
	changed  bool              // the Child SAs, or their paths: the MTU may have
}

func newControl(r *Router, e *ike.Endpoint, t *session.Tracker) *control {
	c := &control{
		Router: r, ike: e, tracker: t, changed: true,
		fits:    newFits(),
		learnt:  make(map[sadb.Host]int),
		events:  &eventLog{log: r.cfg.Log, ikeSAs: r.cfg.LogIKE},
		hold:    newHold(r.cfg.Hold, r.cfg.HoldTime),
		waiting: waiting{opener: newOpener(r, 0)},
		uplink:  newUplink(r, max(1, r.cfg.Hold), 0),
		outlets: newOutlets(r.cfg.Sockets, 0).prompt(), // control waits for nobody: what is lost here IKE sends again
	}
	c.tally.configure(r.cfg.Session.Sessions)
	c.uplink.outlets.prompt()
	c.uplink.prompt = true
	return c
}

// run works until ctx has ended or a lane failed, and then until the peers have answered or had their time. It returns
// the errors of lanes, and a panic that nothing has caught before.
func (c *control) run(ctx context.Context) (failure error) {
	defer func() {
		if v := recover(); v != nil {
			f := fault.Caught(v)
			failure = errors.Join(failure, fmt.Errorf("seikan: internal error: %v; %s", f, f.Stack()))
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	stop, late := ctx.Done(), (<-chan time.Time)(nil)
	c.do(func(now time.Time) { c.ike.Start(now, &c.out) })
	for stop != nil || c.ike.Len() > 0 {
		select {
		case d := <-c.ikeIn:
			c.do(func(now time.Time) { c.handle(now, d) })
		case d := <-c.initIn:
			c.do(func(now time.Time) { c.handle(now, d) })
		case n := <-c.notes:
			c.do(func(now time.Time) { c.heed(now, n) })
		case a := <-c.acquires:
			c.do(func(now time.Time) { c.acquired(now, a) })
		case p := <-c.early:
			c.do(func(now time.Time) { c.cameEarly(now, p) })
		case call := <-c.calls:
			c.answer(call)
		case t := <-c.troubles:
			c.events.trouble(time.Now(), t)
		case <-timer.C:
			c.do(c.tick)
		case err := <-c.failed:
			failure = errors.Join(failure, err)
			cancel()
		case <-stop:
			stop, late = nil, time.After(c.cfg.ShutdownTime)
			c.do(func(now time.Time) { c.ike.Shutdown(now, &c.out) })
		case <-late:
			c.cfg.Log.Warn().Int("count", c.ike.Len()).Msg("stopping before every peer has answered")
			return failure
		}
		if next := c.next(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
	}
	return failure
}

// answer does the work of a call.
func (c *control) answer(call *call) {
	call.err = errFault
	defer close(call.done)
	c.do(func(now time.Time) {
		if call.whole {
			call.work(now)
		} else if !c.try("answer an operator", func() { call.work(now) }) {
			return
		}
		call.err = nil
	})
}

// next is when there is something to do.
func (c *control) next() (t time.Time) {
	for _, due := range [...]time.Time{c.ike.Next(), c.hold.next(), c.waiting.next(), c.events.limit.next(), c.debug.next()} {
		t = earlier(t, due)
	}
	return t
}

// do does one piece of work, and carries out what it asks for in c.out.
func (c *control) do(work func(now time.Time)) {
	now := time.Now()
	c.out.Reset()
	work(now)
	for c.carryOut(now) {
	}
	if c.changed {
		c.changed = false
		c.try("set MTUs and states of interfaces", func() {
			c.updateMTU()
			c.updateTunnels()
		})
	}
}

// carryOut applies c.out: its events in order, then its datagrams, so that an SA is installed before the message that lets
// the peer use it. What follows from that is left in c.out again, with the answer true.
func (c *control) carryOut(now time.Time) (more bool) {
	for _, ev := range c.out.Events {
		if c.debug != nil { // it looks at what is about to change
			c.try("debug an event", func() { c.debug.event(now, ev) })
		}
		if c.apply(now, ev) {
			c.try("tell of an event", func() { c.tell(now, ev) })
		}
	}
	for _, d := range c.out.Datagrams {
		c.try("send an IKE message", func() { c.send(d) })
	}
	c.out.Reset()
	switch {
	case len(c.broken) > 0:
		id := c.broken[0]
		c.broken = c.broken[1:]
		c.ike.Delete(now, id, ike.ReasonLocal, &c.out)
	case len(c.released) > 0:
		id := c.released[0]
		c.released = c.released[1:]
		c.release(now, id)
	default:
		return false
	}
	return true
}

// apply brings what lanes go by up to date with an event, and what waits for it. False: that went wrong, and nobody is to be told of the event.
func (c *control) apply(now time.Time, ev ike.Event) (ok bool) {
	switch ev := ev.(type) {
	case ike.ChildOffered:
		c.db.Offer(ev.In)
	case ike.ChildUp:
		child, err := c.db.Install(now, ev.Spec)
		for _, key := range [...]esp.Secret{ev.Spec.In.Key, ev.Spec.In.Auth, ev.Spec.Out.Key, ev.Spec.Out.Auth} {
			key.Clear()
		}
		if err != nil {
			c.cfg.Log.Error().Err(err).Uint32("ike", uint32(ev.Spec.IKE)).Stringer("spi", ev.Spec.In.SPI).Msg("child SA could not be installed")
			c.broken = append(c.broken, ev.Spec.IKE)
			for _, id := range ev.Spec.Policies {
				c.hold.giveUp(id)
			}
			return false
		}
		c.released = append(c.released, ev.Spec.Policies...)
		c.openEarly(now, c.waiting.take(ev.Spec.In.SPI)...)
		c.fit(child)
		c.changed = true
	case ike.ChildActive:
		c.db.Activate(ev.In)
	case ike.ChildRetired:
		c.db.Retire(ev.In)
		c.changed = true
	case ike.ChildDown:
		c.db.Remove(ev.In)
		c.fits.remove(ev.In)
		c.changed = true
	case ike.SAUp:
		if ev.Replaces != 0 {
			c.db.Rehome(ev.Replaces, ev.SA.ID)
		}
	case ike.PathMoved:
		c.db.SetPath(ev.SA.ID, ev.SA.ESP)
		c.refit(ev.SA.ID)
		c.changed = true
	case ike.Failed:
		for _, id := range ev.Policies {
			c.hold.giveUp(id)
		}
	case ike.Faulted:
		c.faulted(now, ev)
	}
	return true
}

// tell brings the sessions and the log up to date with an event.
func (c *control) tell(now time.Time, ev ike.Event) {
	c.tally.observe(ev)
	c.events.event(now, ev)
	if tr, ok := c.tracker.Observe(now, ev); ok {
		c.events.transition(tr, &c.cfg.Session)
	}
}

// send sends an IKE message, or a keepalive, from the socket that its path names.
func (c *control) send(d ike.Datagram) {
	o := c.outlets.find(&d.Path)
	if o == nil {
		c.cfg.Log.Error().Stringer("local", d.Path.Local).Str("vrf", d.Path.VRF).Msg("no socket for an IKE message")
		return
	}
	data := d.Data
	if o.natt && !d.Keepalive {
		c.marked = append(append(c.marked[:0], 0, 0, 0, 0), data...)
		data = c.marked
	}
	c.msg[0] = udp.Message{Data: data, Remote: d.Path.Remote}
	if _, err := o.writer.WriteBatch(c.msg[:]); err != nil {
		c.cfg.Log.Warn().Err(err).Stringer("peer", d.Path.Remote).Msg("IKE message could not be sent")
	}
}

func (c *control) handle(now time.Time, d datagram) {
	c.ike.Handle(now, ike.Datagram{Path: d.path, Data: d.data}, &c.out)
}

// tick does what is due.
func (c *control) tick(now time.Time) {
	c.hold.expire(now)
	c.waiting.expire(now)
	c.try("tell of what was not logged", func() {
		c.events.limit.tell(now, c.cfg.Log)
		c.debug.tell(now)
	})
	c.ike.Advance(now, &c.out)
}

// heed acts on a note.
func (c *control) heed(now time.Time, n note) {
	switch n.kind {
	case noteUsed:
		c.ike.Used(now, n.in, &c.out)
	case noteSoft:
		c.ike.RekeyChild(now, n.in, &c.out)
	case noteHard:
		c.ike.ExpireChild(now, n.in, &c.out)
	default:
		c.try("tell of a dropped packet", func() { c.tellDrop(now, n) })
	}
}

// tellDrop logs a note about a packet that was dropped.
func (c *control) tellDrop(now time.Time, n note) {
	if n.kind == noteUnknownSPI {
		c.events.unknownSPI(n, c.interfaceOf(n.path.LocalHost()))
		c.debug.unknownSPI(now, n)
	} else if in := c.db.Lookup(n.in); in != nil {
		c.debug.dropped(now, n)
		c.events.packetDropped(now, n, in, c.tracker.ConnID(n.in))
	}
}

// interfaceOf is the name of the interface that has an address; "" where none says so.
func (c *control) interfaceOf(h sadb.Host) string {
	for _, f := range c.cfg.Session.Interfaces {
		for _, at := range f.Addresses {
			if text, _, _ := strings.Cut(at, "/"); f.VRF == h.VRF && text == h.Addr.Unmap().String() {
				return f.Name
			}
		}
	}
	return ""
}

// clear deletes the IKE SAs of the sessions that f chooses.
func (c *control) clear(now time.Time, f session.Filter) int {
	ids := c.tracker.IKESAs(f)
	for _, id := range ids {
		c.ike.Delete(now, id, ike.ReasonOperator, &c.out)
	}
	return len(ids)
}
