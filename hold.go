package seikan

import (
	"time"

	"seikan/sadb"
)

// hold keeps the packets that wait for an SA, per policy, oldest first. Control owns it.
type hold struct {
	limit  int           // packets per policy; 0: none are held
	time   time.Duration // that a packet is held
	queues map[sadb.PolicyID][]held
	// barren is until when a policy gets no further SA: the peer was asked for one with the very packet's selectors, and
	// gave one that does not take it.
	barren map[sadb.PolicyID]time.Time
}

type held struct {
	acquire
	until time.Time
	asked bool // for an SA with the packet's own selectors, after one came up that does not take it
}

func newHold(limit int, d time.Duration) *hold {
	return &hold{limit: limit, time: d, queues: make(map[sadb.PolicyID][]held), barren: make(map[sadb.PolicyID]time.Time)}
}

// put holds a packet. One that finds no room is dropped and counted.
func (h *hold) put(p held) {
	id := p.entry.ID
	switch q := h.queues[id]; {
	case h.limit == 0:
		p.drop(sadb.DropNoSA)
	case len(q) >= h.limit:
		p.drop(sadb.DropQueueFull)
	default:
		h.queues[id] = append(q, p)
	}
}

// take is all the packets of a policy, which are held no more.
func (h *hold) take(id sadb.PolicyID) []held {
	q := h.queues[id]
	delete(h.queues, id)
	return q
}

// giveUp drops the packets of a policy.
func (h *hold) giveUp(id sadb.PolicyID) {
	for _, p := range h.take(id) {
		p.drop(sadb.DropNoSA)
	}
}

// expire drops what was held for long enough.
func (h *hold) expire(now time.Time) {
	for id, q := range h.queues {
		for len(q) > 0 && !q[0].until.After(now) {
			q[0].drop(sadb.DropNoSA)
			q = q[1:]
		}
		if h.queues[id] = q; len(q) == 0 {
			delete(h.queues, id)
		}
	}
}

// next is when expire has something to do. Zero: nothing is held.
func (h *hold) next() (t time.Time) {
	for _, q := range h.queues {
		t = earlier(t, q[0].until)
	}
	return t
}

// isBarren reports whether a policy gets no further SA for now.
func (h *hold) isBarren(now time.Time, id sadb.PolicyID) bool {
	t, ok := h.barren[id]
	if ok && !now.Before(t) {
		delete(h.barren, id)
		ok = false
	}
	return ok
}

// earlier is the earlier of two times that are not zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (a acquire) drop(why sadb.DropReason) { a.entry.Counters.Out.Drop(why, 1) }

// acquired takes a packet that met no SA when a lane looked: it goes at once if there is one now, else it is held while one
// is set up.
func (c *control) acquired(now time.Time, a acquire) {
	id := a.entry.ID
	switch {
	case c.db.RouteVia(a.entry.Interface, a.flow).Out != nil:
		c.sendHeld(now, a.entry.Interface, [][]byte{a.pkt})
	case c.hold.isBarren(now, id) && a.entry.Served():
		a.drop(sadb.DropNoSA)
	default:
		delete(c.hold.barren, id) // where no SA is left, the next one may take more
		c.hold.put(held{acquire: a, until: now.Add(c.hold.time)})
		c.ike.Acquire(now, id, a.flow, &c.out)
	}
}

// release sends the packets that were held for a policy, now that an SA came up for it. The SA may not take all of them, where
// the peer narrowed the selectors: then one more SA is asked for, by the first of those packets.
func (c *control) release(now time.Time, id sadb.PolicyID) {
	var ready [][]byte
	via := ""
	asked := false
	for _, p := range c.hold.take(id) {
		switch {
		case c.db.RouteVia(p.entry.Interface, p.flow).Out != nil:
			via, ready = p.entry.Interface, append(ready, p.pkt)
		case p.asked || c.hold.isBarren(now, id):
			c.hold.barren[id] = now.Add(c.hold.time)
			p.drop(sadb.DropNoSA)
		default:
			if !asked {
				asked, p.asked = true, true
				c.ike.Acquire(now, id, p.flow, &c.out)
			}
			c.hold.put(p)
		}
	}
	c.sendHeld(now, via, ready)
}

// sendHeld sends packets of one device.
func (c *control) sendHeld(now time.Time, via string, pkts [][]byte) {
	c.uplink.via = via
	if !c.try("send packets that were held", func() { c.uplink.step(c.db.Stamp(now), pkts) }) {
		c.uplink.abandon()
		c.drops.Drop(sadb.DropFault, uint64(len(pkts)))
	}
}
