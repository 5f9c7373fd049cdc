package seikan

import (
	"bytes"
	"encoding/binary"

	"seikan/esp"
	"seikan/sadb"
)

// What lanes leave for control, each kind in a bounded queue of its own. Lanes never wait: what finds its queue full is
// counted, or said again with a later batch.

// datagram is an IKE message, without the non-ESP marker.
type datagram struct {
	path sadb.Path
	data []byte // control's
}

// acquire is a packet that is to be protected and met no SA.
type acquire struct {
	entry *sadb.Entry
	flow  sadb.Flow
	pkt   []byte // control's
}

// note is about a Child SA, by its inbound SPI.
type note struct {
	kind noteKind
	in   esp.SPI
	path sadb.Path // of noteUnknownSPI and noteDrop, as the packet came

	// Of noteDrop.
	why  sadb.DropReason
	seq  uint64
	flow sadb.Flow // of DropIdentity

	count uint64 // of noteDrop: how many the SA has dropped for the reason; of noteUnknownSPI: packets that were not told of since the last
}

type noteKind uint8

const (
	noteUsed       noteKind = iota // an authenticated packet arrived on a Child SA that stands by
	noteSoft                       // a soft limit was crossed: rekey
	noteHard                       // a hard limit was reached: it carries nothing more
	noteUnknownSPI                 // ESP came for an SA that is not here
	noteDrop                       // a packet of an SA was dropped: one in a while for each reason
)

// tell leaves a note. It reports whether there was room.
func (r *Router) tell(n note) bool {
	select {
	case r.notes <- n:
		return true
	default:
		return false
	}
}

// maxIKE is the largest IKE message that is looked at, in octets: more than any sender makes, who would have it fragmented (RFC 7383). It
// bounds the memory that the queues take.
const maxIKE = 10_000

// takeIKE leaves a copy of an IKE message. The requests that carry no SPI of ours, IKE_SA_INIT, have a queue of their
// own, so that a flood of them does not starve the SAs that are there.
func (r *Router) takeIKE(path sadb.Path, data []byte) {
	if len(data) > maxIKE {
		r.drops.Drop(sadb.DropTooBig, 1)
		return
	}
	const spiR = 8 // where the responder's SPI begins (RFC 7296 §3.1)
	queue := r.ikeIn
	if len(data) < spiR+8 || binary.BigEndian.Uint64(data[spiR:]) == 0 {
		queue = r.initIn
	}
	if len(queue) < cap(queue) { // else there is no use in a copy
		select {
		case queue <- datagram{path, bytes.Clone(data)}:
			return
		default:
		}
	}
	r.drops.Drop(sadb.DropIKEQueueFull, 1)
}

// acquire leaves a copy of a packet that met no SA.
func (r *Router) acquire(e *sadb.Entry, f sadb.Flow, pkt []byte) {
	if len(r.acquires) < cap(r.acquires) {
		select {
		case r.acquires <- acquire{e, f, bytes.Clone(pkt)}:
			return
		default:
		}
	}
	e.Counters.Out.Drop(sadb.DropQueueFull, 1)
}

// checkSoft leaves a note, once, when a Child SA has crossed a soft limit.
func (r *Router) checkSoft(c *sadb.Child) {
	if c.Soft() && !r.tell(note{kind: noteSoft, in: c.In.SPI()}) { // Soft is true once
		c.SoftAgain()
	}
}
