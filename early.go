package seikan

import (
	"time"

	"seikan/esp"
	"seikan/internal/udp"
	"seikan/sadb"
)

// Packets that came before their SA: the peer that accepts an offer sends by the new SA at once, and the answer which lets us install
// it may be behind them on the wire, or lost and still to be sent again. They are kept, within these bounds, until it is there.
const (
	earlyQueue = 64              // packets on their way from the lanes to control, and again of those that control keeps
	earlyTime  = 4 * time.Second // that one is kept
)

// early is an ESP packet of an SA that is being set up.
type early struct {
	spi   esp.SPI
	path  sadb.Path // that it came by
	class uint8     // of service
	data  []byte    // control's
	until time.Time // that it is kept; control's
}

// takeEarly leaves a copy of a packet whose SA is not there, if that was offered to a peer. False: it was not, or there is no room.
func (r *Router) takeEarly(path sadb.Path, class uint8, data []byte) bool {
	spi := spiOf(data)
	offered := r.db.Offered(spi) || r.db.Lookup(spi) != nil // it is one or the other from the offer on
	if !offered || len(r.early) == cap(r.early) || len(data) > maxIKE {
		return false
	}
	select {
	case r.early <- early{spi: spi, path: path, class: class, data: append([]byte(nil), data...)}:
		return true
	default:
		return false
	}
}

// waiting are the early packets that control keeps, oldest first.
type waiting struct {
	packets []early
	opener  *downlink
}

// cameEarly takes a packet that was early when a lane looked.
func (c *control) cameEarly(now time.Time, p early) {
	switch {
	case c.db.Lookup(p.spi) != nil:
		c.openEarly(now, p)
	case !c.db.Offered(p.spi) || len(c.waiting.packets) == earlyQueue:
		c.drops.Drop(sadb.DropUnknownSPI, 1)
	default:
		p.until = now.Add(earlyTime)
		c.waiting.packets = append(c.waiting.packets, p)
	}
}

// openEarly takes packets whose SA is there now.
func (c *control) openEarly(now time.Time, list ...early) {
	d := c.waiting.opener
	ok := c.try("open packets that came early", func() {
		for _, p := range list {
			d.local, d.vrf = p.path.Local, p.path.VRF
			d.add(c.db.Stamp(now), &udp.Message{Data: p.data, Remote: p.path.Remote, TOS: p.class})
		}
		d.end(c.db.Stamp(now))
	})
	if !ok {
		d.abandon()
		c.drops.Drop(sadb.DropFault, uint64(len(list)))
	}
}

// take is the packets that were kept for an SA, which are kept no more.
func (w *waiting) take(spi esp.SPI) (list []early) {
	kept := w.packets[:0]
	for _, p := range w.packets {
		if p.spi == spi {
			list = append(list, p)
		} else {
			kept = append(kept, p)
		}
	}
	clear(w.packets[len(kept):])
	w.packets = kept
	return list
}

// expire drops what was kept for long enough.
func (w *waiting) expire(now time.Time) {
	n := 0
	for n < len(w.packets) && !w.packets[n].until.After(now) {
		n++
	}
	if n > 0 {
		w.opener.r.drops.Drop(sadb.DropUnknownSPI, uint64(n))
		w.packets = append(w.packets[:0], w.packets[n:]...)
	}
}

// next is when expire has something to do. Zero: nothing is kept.
func (w *waiting) next() (t time.Time) {
	if len(w.packets) > 0 {
		t = w.packets[0].until
	}
	return t
}
