package wire

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// deleteSPILen is the length of every SPI in a Delete payload, in octets.
const deleteSPILen = 4

// Delete is a Delete payload (RFC 7296 §3.11): SAs that its sender has deleted.
type Delete struct {
	Protocol ProtocolID
	SPIs     [][]byte // the sender's inbound SPIs, of four octets each; none with ProtocolIKE, which deletes the IKE SA
}

// Type returns PayloadDelete.
func (*Delete) Type() PayloadType { return PayloadDelete }

func parseDelete(s cryptobyte.String) (*Delete, error) {
	p := &Delete{}
	var size uint8
	var count uint16
	if !s.ReadUint8((*uint8)(&p.Protocol)) || !s.ReadUint8(&size) || !s.ReadUint16(&count) {
		return nil, malformed("Delete", "truncated")
	}
	switch {
	case size == 0 && count == 0 && s.Empty():
		return p, nil
	case p.Protocol == ProtocolIKE || size != deleteSPILen:
		return nil, malformed("Delete", "SPI size")
	case len(s) != int(count)*deleteSPILen:
		return nil, malformed("Delete", "number of SPIs")
	case count == 0:
		return p, nil
	}
	p.SPIs = make([][]byte, count) // as many as there are octets for
	for i := range p.SPIs {
		s.ReadBytes(&p.SPIs[i], deleteSPILen)
	}
	return p, nil
}

func (p *Delete) append(b []byte) []byte {
	size := byte(deleteSPILen)
	if p.Protocol == ProtocolIKE {
		size = 0
	}
	b = append(b, byte(p.Protocol), size)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.SPIs)))
	for _, spi := range p.SPIs {
		b = append(b, spi...)
	}
	return b
}
