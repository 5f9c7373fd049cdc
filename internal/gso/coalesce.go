package gso

import (
	"bytes"
	"encoding/binary"
)

// MaxParts is how many packets are joined at most. The kernel takes no more than 64 datagrams as one where it is older than Linux 6.9, and
// the segments of a frame of 64 KB are fewer than this when they are of a usual size.
const MaxParts = 64

const (
	tableBits = 7
	tableLen  = 1 << tableBits
	none      = -1
)

// Coalescer joins packets to frames. It belongs to one goroutine. The zero value is ready.
//
// Packets of a flow stay in order; those of different flows may pass each other. What is joined is what a Segmenter would make of the
// frame again, but for the identification of IPv4 packets that are not to be fragmented, which means nothing (RFC 6864 §4.1).
type Coalescer struct {
	Off [UDP + 1]bool // kinds that are not joined

	packets [][]byte
	runs    []run
	next    []int           // the packet behind packet i in its run
	open    [tableLen]int32 // by flow, the run that its next packet may join

	parts [][]byte
	saved [ipv4Header + 40 + 60]byte // the headers that Frame has changed
}

// run is a frame in the making. packet is its first one.
type run struct {
	packet
	first, last int // packets
	n           int // how many
	total       int // octets of the frame
	sound       bool
	closed      bool // takes no more: it is ended by a short packet or by PSH
}

// Coalesce takes packets, which it borrows until the next call, and returns how many frames it makes of them.
func (c *Coalescer) Coalesce(packets [][]byte) int {
	c.packets, c.runs = packets, c.runs[:0]
	if len(c.next) < len(packets) {
		c.next = make([]int, len(packets))
	}
	c.closeAll()
	for i, b := range packets {
		var p packet
		c.next[i] = none
		if !p.parse(b) {
			c.closeAll() // it might belong to any flow, and nothing of that flow may pass it
			c.runs = append(c.runs, run{first: i, last: i, n: 1, closed: true})
			continue
		}
		slot := c.find(&p)
		if p.kind == None || c.Off[p.kind] {
			c.open[slot] = none
			c.runs = append(c.runs, run{first: i, last: i, n: 1, closed: true})
			continue
		}
		if at := c.open[slot]; at != none && c.join(&c.runs[at], &p, i) {
			continue
		}
		c.open[slot] = int32(len(c.runs))
		c.runs = append(c.runs, run{packet: p, first: i, last: i, n: 1, total: len(b), closed: p.push})
	}
	return len(c.runs)
}

func (c *Coalescer) closeAll() {
	for i := range c.open {
		c.open[i] = none
	}
}

// find is the slot of a packet's flow. A flow that finds no place takes that of another, whose run is joined no more.
func (c *Coalescer) find(p *packet) int {
	slot := p.slot()
	other := slot ^ 1
	a, b := c.open[slot], c.open[other]
	switch {
	case a != none && c.runs[a].same(p):
		return slot
	case b != none && c.runs[b].same(p):
		return other
	case b < a: // it is empty, or older
		return other
	}
	return slot
}

// join puts packet i at the end of a run. It is false when it does not belong there.
func (c *Coalescer) join(r *run, p *packet, i int) bool {
	b := c.packets[i]
	if r.closed || r.flow != p.flow || r.kind != p.kind || p.size > r.size || r.n == MaxParts || r.total+p.size > maxPacket {
		return false
	}
	if !p.is6 && p.id != r.id+uint16(r.n) && (!p.df || p.id != r.id) {
		return false
	}
	if p.kind == TCP && !c.follows(r, p, b) {
		return false
	}
	if !r.sound {
		if r.sound = r.intact(c.packets[r.first]); !r.sound {
			r.closed = true
			return false
		}
	}
	if !p.intact(b) {
		return false
	}
	c.next[r.last] = i
	r.last, r.n, r.total = i, r.n+1, r.total+p.size
	r.push = p.push
	r.closed = p.push || p.size < r.size
	return true
}

// follows reports whether a segment is the next one of a run, and its header equal in all but what Put of a Segmenter sets.
func (c *Coalescer) follows(r *run, p *packet, b []byte) bool {
	if p.seq != r.seq+uint32(r.n*r.size) || p.head != r.head {
		return false
	}
	first, own := c.packets[r.first][r.l4:r.head], b[p.l4:p.head]
	const psh = flagPSH << 16
	word := binary.BigEndian.Uint32(first[tcpWordAt:]) ^ binary.BigEndian.Uint32(own[tcpWordAt:])
	return word&^psh == 0 &&
		binary.BigEndian.Uint32(first[8:]) == binary.BigEndian.Uint32(own[8:]) && // acknowledgment number
		bytes.Equal(first[tcpSumAt+2:], own[tcpSumAt+2:]) // urgent pointer, options
}

// Frame is frame i: its parts back to back are the octets, and what is left to do with them. The parts are borrowed until the next call. The
// header of the first packet is changed, until Undo.
func (c *Coalescer) Frame(i int) (parts [][]byte, o Offload) {
	r := &c.runs[i]
	first := c.packets[r.first]
	c.parts = append(c.parts[:0], first)
	if r.n == 1 {
		return c.parts, Offload{}
	}
	for at := c.next[r.first]; at != none; at = c.next[at] {
		c.parts = append(c.parts, c.packets[at][r.head:])
	}
	copy(c.saved[:], first[:r.head])
	l4, n := first[r.l4:r.head], r.total-r.l4
	if r.is6 {
		binary.BigEndian.PutUint16(first[4:], uint16(r.total-ipv6Header))
	} else {
		binary.BigEndian.PutUint16(first[2:], uint16(r.total))
		ipv4Sum(first[:ipv4Header])
	}
	o = Offload{Kind: r.kind, Size: r.size, Partial: true, Start: r.l4, Field: udpSumAt}
	if r.kind == TCP {
		o.Field = tcpSumAt
		if r.push {
			l4[tcpFlagsAt] |= flagPSH
		}
	} else {
		binary.BigEndian.PutUint16(l4[udpLenAt:], uint16(n))
	}
	// The sum of the pseudo header: whoever completes it adds the rest.
	binary.BigEndian.PutUint16(l4[o.Field:], fold(put(addresses(first, int(r.proto)), n)))
	return c.parts, o
}

// Undo takes frame i, the last one that Frame made, back to its packets, which are borrowed until the next call.
func (c *Coalescer) Undo(i int) [][]byte {
	r := &c.runs[i]
	if r.n > 1 {
		copy(c.packets[r.first][:r.head], c.saved[:])
	}
	c.parts = c.parts[:0]
	for at := r.first; at != none; at = c.next[at] {
		c.parts = append(c.parts, c.packets[at])
	}
	return c.parts
}
