package ike

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"net/netip"

	"seikan/ike/wire"
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

// natNotifies tells the peer where we think that we are. The source hash is random: the peer then sees a NAT in front
// of us and encapsulates ESP in UDP, which is the one transport for ESP here. So implementations force it
// (RFC 7296 §2.23 allows either side to see a NAT that is not there; it costs 8 octets a packet).
func natNotifies(spiI, spiR wire.SPI, remote netip.AddrPort) []wire.Payload {
	source := make([]byte, sha1.Size)
	rand.Read(source)
	return []wire.Payload{
		&wire.Notify{Kind: wire.NAT_DETECTION_SOURCE_IP, Data: source},
		&wire.Notify{Kind: wire.NAT_DETECTION_DESTINATION_IP, Data: natHash(spiI, spiR, remote)},
	}
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
