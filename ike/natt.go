package ike

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"net/netip"

	"seikan/ike/wire"
	"seikan/sadb"
)

// natHash is the content of a NAT_DETECTION_* notify: SHA-1(SPIi | SPIr | IP | Port) (RFC 7296 §2.23).
// It is a fingerprint of an address, not a proof of anything.
func natHash(spiI, spiR wire.SPI, a netip.AddrPort) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 34), uint64(spiI))
	b = binary.BigEndian.AppendUint64(b, uint64(spiR))
	b = append(b, a.Addr().Unmap().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, a.Port())
	h := sha1.Sum(b)
	return h[:]
}

// Encap is whether ESP travels in UDP (RFC 3948).
type Encap uint8

// Ways for ESP to travel.
const (
	EncapForce Encap = iota // always in UDP
	EncapAuto               // in UDP where there is a NAT, else bare, as IP protocol 50
)

// natNotifies tells the peer where we think that we are and where we see it, on a path. With force the source hash is random: the peer then
// sees a NAT in front of us and encapsulates ESP in UDP. So implementations force it (RFC 7296 §2.23 allows either side to see a
// NAT that is not there; it costs 8 octets a packet).
func (s *sa) natNotifies(p sadb.Path) []wire.Payload {
	source := natHash(s.spiI, s.spiR, p.Local)
	if s.force {
		rand.Read(source)
	}
	return []wire.Payload{
		&wire.Notify{Kind: wire.NAT_DETECTION_SOURCE_IP, Data: source},
		&wire.Notify{Kind: wire.NAT_DETECTION_DESTINATION_IP, Data: natHash(s.spiI, s.spiR, p.Remote)},
	}
}

// encapsulates reports whether ESP of the SA travels in UDP.
func (s *sa) encapsulates() bool { return s.force || s.natLocal || s.natRemote }

// espPath is where the Child SAs send.
func (s *sa) espPath() sadb.Path {
	p := s.route()
	if s.encapsulates() {
		return p
	}
	return p.At(0, 0)
}

// detectNAT reads the peer's NAT_DETECTION_* notifies: whether there is a NAT in front of us, and of the peer.
// ok is false where the peer sent none, and so cannot encapsulate.
func detectNAT(ns []*wire.Notify, spiI, spiR wire.SPI, local, remote netip.AddrPort) (natLocal, natRemote, ok bool) {
	var source, destination, sourceKnown bool
	for _, n := range ns {
		switch n.Kind {
		case wire.NAT_DETECTION_SOURCE_IP: // any number: the sender may not know which address it will send from
			source = true
			sourceKnown = sourceKnown || subtle.ConstantTimeCompare(n.Data, natHash(spiI, spiR, remote)) == 1
		case wire.NAT_DETECTION_DESTINATION_IP:
			destination = true
			natLocal = subtle.ConstantTimeCompare(n.Data, natHash(spiI, spiR, local)) == 0
		}
	}
	return natLocal, source && !sourceKnown, source && destination
}
