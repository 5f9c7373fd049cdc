package ike

import (
	"encoding/binary"
	"fmt"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// handleInformational answers INFORMATIONAL (RFC 7296 §1.4): Deletes, and the empty request that asks whether we live.
func (s *sa) handleInformational(now time.Time, d Datagram, p *parts, out *Output) (reply []wire.Payload, after func()) {
	if p.notify(wire.AUTHENTICATION_FAILED) != nil { // the initiator does not believe us (RFC 7296 §2.21.2)
		return nil, func() {
			s.kill(now, ReasonAuthFailed, fmt.Sprintf("the peer does not accept %q with our key (%v)", s.localID, wire.AUTHENTICATION_FAILED), out)
		}
	}
	reply = cookie2(p)
	if p.notify(wire.UPDATE_SA_ADDRESSES) != nil {
		reply = append(reply, s.handleUpdate(now, d, p, out)...)
	}
	if s.mobike {
		s.hearAdditional(p)
	}
	if s.mobike && p.notify(wire.NAT_DETECTION_DESTINATION_IP) != nil { // so that the peer sees a change of its mapping (RFC 4555 §3.8)
		reply = append(reply, s.natNotifies(d.Path)...)
	}
	var spis [][]byte
	for _, d := range p.deletes {
		switch d.Protocol {
		case wire.ProtocolIKE:
			if x := s.ownRekey(); x != nil && x.rival() != nil {
				x.rival().adopt(now, out) // the peer never got our request, and finished its own rekey
			}
			why := ReasonPeerDeleted
			switch s.state {
			case replaced:
				why = ReasonRekeyed
			case deleting:
				why = s.reason
			}
			return reply, func() { s.kill(now, why, "", out) }
		case wire.ProtocolESP:
			spis = append(spis, s.peerDeletes(now, d, out)...)
		}
	}
	if len(spis) > 0 {
		reply = append(reply, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: spis})
	}
	return reply, nil
}

// peerDeletes takes down the Child SAs that the peer names by its inbound SPIs, and returns ours for the answer: not of
// those that a Delete of ours names at the same time (RFC 7296 §1.4.1).
func (s *sa) peerDeletes(now time.Time, d *wire.Delete, out *Output) (ours [][]byte) {
	named := make(map[esp.SPI]*child, len(s.children)) // a peer may name thousands that are not here
	for _, c := range s.children {
		named[c.out] = c
	}
	for _, octets := range d.SPIs {
		if len(octets) != 4 {
			continue
		}
		spi := esp.SPI(binary.BigEndian.Uint32(octets))
		c := named[spi]
		if c == nil || !c.there() {
			s.missed(spi)
			continue
		}
		if !c.deleting {
			ours = append(ours, spiOctets(c.in))
		}
		switch {
		case c.superseded(): // the end of the peer's rekey: it receives on the new one
			c.successor.activate(out)
			c.linger(now, out)
		case c.retired, c.relieved(): // our own Delete is on its way, or another one carries the traffic
			c.linger(now, out)
		case c.standby: // never used: the redundant one of two rekeys at once
			c.down(now, ReasonRekeyed, out)
		default:
			c.down(now, ReasonPeerDeleted, out)
		}
	}
	return ours
}

// deleteChildren tells the peer to take Child SAs down, by our inbound SPIs (RFC 7296 §1.4.1).
type deleteChildren struct {
	spis   []esp.SPI
	of     *child // whose they are, where it is one
	linger bool   // it is the old one of a rekey, and stays for what is on its way
}

func (x *deleteChildren) wants() *flowRef { return nil }

func (x *deleteChildren) begin(*sa, time.Time, *Output) (wire.ExchangeType, []wire.Payload, bool) {
	d := &wire.Delete{Protocol: wire.ProtocolESP}
	for _, spi := range x.spis {
		d.SPIs = append(d.SPIs, spiOctets(spi))
	}
	return wire.INFORMATIONAL, []wire.Payload{d}, true
}

func (x *deleteChildren) done(s *sa, now time.Time, _ *parts, out *Output) {
	if x.linger && x.of.there() {
		x.of.linger(now, out)
	}
}

// deleteSA tells the peer that the IKE SA is gone.
type deleteSA struct{}

func (x *deleteSA) wants() *flowRef { return nil }

func (x *deleteSA) begin(*sa, time.Time, *Output) (wire.ExchangeType, []wire.Payload, bool) {
	return wire.INFORMATIONAL, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolIKE}}, true
}

func (x *deleteSA) done(s *sa, now time.Time, _ *parts, out *Output) {
	why := s.reason
	if s.state == replaced {
		why = ReasonRekeyed
	}
	s.kill(now, why, "", out)
}

// lastWord tells the peer why the SA ends, and ends it.
type lastWord struct{ kind wire.NotifyType }

func (x *lastWord) wants() *flowRef { return nil }

func (x *lastWord) begin(*sa, time.Time, *Output) (wire.ExchangeType, []wire.Payload, bool) {
	return wire.INFORMATIONAL, []wire.Payload{&wire.Notify{Kind: x.kind}}, true
}

func (x *lastWord) done(s *sa, now time.Time, _ *parts, out *Output) { s.kill(now, s.reason, "", out) }
