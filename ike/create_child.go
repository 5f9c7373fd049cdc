package ike

import (
	"encoding/binary"
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// handleCreateChild answers CREATE_CHILD_SA: a new Child SA, a rekey of one, or a rekey of the IKE SA (RFC 7296 §1.3).
func (s *sa) handleCreateChild(now time.Time, p *parts, out *Output) []wire.Payload {
	reply, bad := s.createChild(now, p, out)
	if bad == nil {
		return reply
	}
	if why := reasonOf(bad.Type); why != ReasonPeerError && bad.Type != wire.INVALID_KE_PAYLOAD {
		out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Reason: why, Detail: plain(bad.Err.Error())})
	}
	s.e.traceRefusal(s.id, s.path, bad, out)
	return []wire.Payload{bad.payload()}
}

func (s *sa) createChild(now time.Time, p *parts, out *Output) ([]wire.Payload, *NotifyError) {
	if s.state != established {
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: the IKE SA is being replaced or deleted") // RFC 7296 §2.25.2
	}
	if len(p.sa.Proposals) == 0 {
		return nil, refuse(wire.NO_PROPOSAL_CHOSEN, "ike: no proposals")
	}
	if p.sa.Proposals[0].Protocol == wire.ProtocolIKE {
		return s.handleRekeySA(now, p, out)
	}
	if s.ownRekey() != nil {
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: the IKE SA is being rekeyed")
	}
	n := p.notify(wire.REKEY_SA)
	if f, busy := s.own.x.(*followUp); busy && n != nil {
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: %T is under way", f.of) // RFC 9370 §2.2.4
	}
	if n == nil {
		return s.respondChild(now, p, nil, p.nonce.Data, nonce(), false, out)
	}
	if n.Protocol != wire.ProtocolESP || len(n.SPI) != 4 {
		return nil, refuse(wire.INVALID_SYNTAX, "ike: REKEY_SA of protocol %v with an SPI of %d octets", n.Protocol, len(n.SPI))
	}
	spi := esp.SPI(binary.BigEndian.Uint32(n.SPI))
	old := s.childByOut(spi)
	switch {
	case s.closing(spi) || old == nil && s.making() != nil: // RFC 7296 §2.25.1; or it is not here yet
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: the Child SA is being deleted, or set up")
	case old == nil || old.retired:
		return nil, &NotifyError{Type: wire.CHILD_SA_NOT_FOUND, Err: refuse(wire.CHILD_SA_NOT_FOUND, "ike: no Child SA with SPI %x", n.SPI)}
	case old.deleting || old.superseded():
		return nil, refuse(wire.TEMPORARY_FAILURE, "ike: the Child SA is being deleted or has been rekeyed") // RFC 7296 §2.25.1
	}
	return s.respondChild(now, p, old, p.nonce.Data, nonce(), false, out)
}

// closing reports whether our Delete of the Child SA with that outbound SPI is under way, or will be.
func (s *sa) closing(spi esp.SPI) bool {
	return slices.ContainsFunc(append(slices.Clip(s.queue), s.own.x), func(x exchange) bool {
		d, ok := x.(*deleteChildren)
		return ok && d.of != nil && d.of.out == spi
	})
}

// childByOut finds a Child SA by the peer's inbound SPI, which is how the peer names it.
func (s *sa) childByOut(spi esp.SPI) *child {
	for _, c := range s.children {
		if c.out == spi {
			return c
		}
	}
	return nil
}
