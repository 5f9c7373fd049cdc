package seikan

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"seikan/esp"
	"seikan/internal/udp"
	"seikan/sadb"
)

const (
	markerLen = 4    // of the non-ESP marker, and of the SPI that is in its place in ESP (RFC 3948 §2.2)
	keepalive = 0xff // the one octet of a NAT keepalive (RFC 3948 §2.3)
)

// downlink takes datagrams of one socket to the device: look up, open, hold against the SA's selectors, write. It belongs to one
// goroutine; its slices are scratch that is made once.
type downlink struct {
	inlet
	r    *Router
	bare bool // the socket is for ESP alone

	// The run: ESP packets in a row with one SPI.
	spi    esp.SPI
	from   netip.AddrPort // of its first packet
	frames []esp.Frame
	class  []uint8 // of service, of the outer headers

	scratch  esp.Scratch
	sinks    sinks
	rebuilt  []byte // the packets of the batch that came by transport mode
	reported int64  // when control was last told of an unknown SPI, as a Stamp
	untold   uint64 // packets of unknown SPIs since then
}

// newDownlink makes the downlink of one of the sockets of a group.
func newDownlink(r *Router, s Socket, lane int) *downlink {
	d := newOpener(r, lane)
	d.inlet, d.bare = newInlet(s, lane, downlinkBatch), s.ESP
	return d
}

// newOpener is a downlink without a socket, for packets that are given with add and end.
func newOpener(r *Router, lane int) *downlink {
	return &downlink{
		r:      r,
		frames: make([]esp.Frame, 0, downlinkBatch),
		class:  make([]uint8, 0, downlinkBatch),
		sinks:  newSinks(r.queue(lane)),
	}
}

// step takes the first n of msgs. now is a Stamp.
func (d *downlink) step(now int64, n int) {
	for i := range d.msgs[:n] {
		m := &d.msgs[i]
		switch b := m.Data; {
		case !d.bare && len(b) == 1 && b[0] == keepalive:
		case len(b) < markerLen:
			d.r.drops.Drop(sadb.DropNonESPShort, 1)
		case d.bare:
			d.add(now, m)
		case binary.BigEndian.Uint32(b) == 0:
			d.r.takeIKE(d.path(m.Remote), b[markerLen:])
		default:
			d.add(now, m)
		}
	}
	d.end(now)
}

// end opens the last run and writes what was opened.
func (d *downlink) end(now int64) {
	d.open(now)
	if unwritten := d.sinks.flush(); unwritten > 0 {
		d.r.drops.Drop(sadb.DropTunWrite, uint64(unwritten))
	}
	d.rebuilt = d.rebuilt[:0]
}

// abandon forgets the batch, after a panic.
func (d *downlink) abandon() {
	d.frames, d.class, d.rebuilt = d.frames[:0], d.class[:0], d.rebuilt[:0]
	d.sinks.abandon()
}

// spiOf is the SPI of an ESP packet, which is there.
func spiOf(b []byte) esp.SPI { return esp.SPI(binary.BigEndian.Uint32(b)) }

// add puts the packet of a datagram on the run of its SPI. A run of another one ends before.
func (d *downlink) add(now int64, m *udp.Message) {
	if spi := spiOf(m.Data); spi != d.spi {
		d.open(now)
		d.spi = spi
	}
	if len(d.frames) == 0 {
		d.from = m.Remote
	}
	d.frames = append(d.frames, esp.Frame{Data: m.Data})
	d.class = append(d.class, m.TOS)
}

// open ends the run: the inner packets that may pass go on the write list.
func (d *downlink) open(now int64) {
	frames, class := d.frames, d.class
	d.frames, d.class = frames[:0], class[:0]
	if len(frames) == 0 {
		return
	}
	in := d.r.db.Lookup(d.spi)
	switch {
	case in == nil:
		d.unknown(now, frames, class)
		return
	case in.Spent():
		charge(&in.Counters, &in.Entry().Counters.In, sadb.DropVolume, len(frames))
		d.r.tell(note{kind: noteHard, in: d.spi})
		return
	}
	in.Open(&d.scratch, frames)
	transport := in.Child().Spec.Transport
	var entry *sadb.Entry // whose packets n and octets are
	var to *sink          // of the entry
	n, octets, heard := 0, 0, false
	g := gate{in: in}
	for i := range frames {
		f := &frames[i]
		if heard = heard || f.Err == nil; f.Err == nil && f.Next == nextNone {
			continue // a dummy packet is discarded, and is no error
		}
		if transport && f.Err == nil {
			d.rebuilt = rebuild(d.rebuilt, &in.Child().Spec, f, class[i])
		}
		e, why := g.admit(f)
		if e == nil {
			charge(&in.Counters, &in.Entry().Counters.In, why, 1)
			d.dropped(now, in, why, f.Seq, g.flow)
			continue
		}
		if !combineECN(f.Data, class[i]) {
			charge(&in.Counters, &e.Counters.In, sadb.DropECN, 1)
			d.dropped(now, in, sadb.DropECN, f.Seq, g.flow)
			continue
		}
		if e != entry && n > 0 {
			tally(&in.Counters, &entry.Counters.In, n, octets, now)
			n, octets = 0, 0
		}
		if e != entry {
			to = d.sinks.of(d.r, e.Interface)
		}
		entry = e
		if why, ok := to.put(f.Data, e.MSS); !ok {
			charge(&in.Counters, &e.Counters.In, why, 1)
			d.dropped(now, in, why, f.Seq, g.flow)
			continue
		}
		n, octets = n+1, octets+len(f.Data)
	}
	if n > 0 {
		tally(&in.Counters, &entry.Counters.In, n, octets, now)
		d.r.checkSoft(in.Child())
	}
	if heard {
		in.Counters.LastUse.Store(now)
		if in.Standby() {
			d.r.tell(note{kind: noteUsed, in: d.spi})
		}
	}
}

// gate holds opened packets of one SA against its selectors. Packets of one flow come in a row: what the last one was admitted by
// is remembered.
type gate struct {
	in    *sadb.Inbound
	last  []byte // a packet of the flow, nil where none was admitted; with its next header
	next  uint8
	flow  sadb.Flow
	entry *sadb.Entry
}

// admit finds the policy that an opened packet belongs to, or why it may not go to the device.
func (g *gate) admit(f *esp.Frame) (*sadb.Entry, sadb.DropReason) {
	if f.Err != nil {
		return nil, openReason(f.Err)
	}
	if f.Next == g.next && sadb.SameFlow(g.last, f.Data) {
		return g.entry, 0
	}
	flow, err := sadb.ParseFlow(f.Data)
	if err != nil {
		return nil, sadb.DropMalformed
	}
	if f.Next != nextHeader(flow) {
		return nil, sadb.DropNextHeader
	}
	g.last, g.flow = nil, flow
	if flow.Martian() {
		return nil, sadb.DropMartian
	}
	if g.entry = g.in.Permit(flow); g.entry == nil {
		return nil, outside(flow, sadb.DropIdentity)
	}
	g.last, g.next = f.Data, f.Next
	return g.entry, 0
}

// openReason is how an error of Open is counted.
func openReason(err error) sadb.DropReason {
	switch {
	case errors.Is(err, esp.ErrReplay):
		return sadb.DropReplay
	case errors.Is(err, esp.ErrStale):
		return sadb.DropStale
	case errors.Is(err, esp.ErrICV):
		return sadb.DropICV
	case errors.Is(err, esp.ErrPadding):
		return sadb.DropPadding
	}
	return sadb.DropMalformed
}

// unknown drops the packets of an SPI that is not here, and tells control now and then; those of an SA that is being set up wait for it.
func (d *downlink) unknown(now int64, frames []esp.Frame, class []uint8) {
	path := d.path(d.from)
	lost := 0
	for i := range frames {
		if !d.r.takeEarly(path, class[i], frames[i].Data) {
			lost++
		}
	}
	if lost == 0 {
		return
	}
	d.r.drops.Drop(sadb.DropUnknownSPI, uint64(lost))
	if now-d.reported < int64(quietTime) || !d.r.tell(note{kind: noteUnknownSPI, in: d.spi, path: path, count: d.untold}) {
		d.untold += uint64(lost)
		return
	}
	d.reported, d.untold = now, uint64(lost-1)
}

// dropped tells control of a packet that was dropped and is counted, now and then.
func (d *downlink) dropped(now int64, in *sadb.Inbound, why sadb.DropReason, seq uint64, flow sadb.Flow) {
	every := quietTime
	if d.r.watched.Load() {
		every = time.Second
	}
	if !in.Tell(now, why, every) {
		return
	}
	n := note{kind: noteDrop, in: d.spi, path: sadb.Path{Local: d.local, Remote: d.from}, why: why, seq: seq, flow: flow, count: in.Counters.Drops[why].Load()}
	if !d.r.tell(n) {
		in.TellAgain(why)
	}
}
