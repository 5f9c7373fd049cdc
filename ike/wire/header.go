package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// HeaderLen is the length of the IKE header in octets.
const HeaderLen = 28

// Version2 is the Version of every message that is sent: major version 2, minor version 0.
const Version2 = 0x20

// SPI is an IKE SA's Security Parameters Index, chosen by one of its ends. 0 stands for the responder's before it has chosen.
type SPI uint64

func (s SPI) String() string { return fmt.Sprintf("%016x", uint64(s)) }

// ExchangeType says of which exchange a message is part (RFC 7296 §3.1).
type ExchangeType uint8

// Exchange types, by their IANA names.
const (
	IKE_SA_INIT      ExchangeType = 34
	IKE_AUTH         ExchangeType = 35
	CREATE_CHILD_SA  ExchangeType = 36
	INFORMATIONAL    ExchangeType = 37
	IKE_INTERMEDIATE ExchangeType = 43 // RFC 9242
	IKE_FOLLOWUP_KE  ExchangeType = 44 // RFC 9370
)

// Flags are the flags of the IKE header (RFC 7296 §3.1).
type Flags uint8

// Flags. The other bits are reserved: ParseHeader clears them.
const (
	FlagInitiator Flags = 0x08 // sent by the original initiator of the IKE SA
	FlagVersion   Flags = 0x10 // the sender can speak a higher major version
	FlagResponse  Flags = 0x20 // a response, not a request

	knownFlags = FlagInitiator | FlagVersion | FlagResponse
)

// Header is the IKE header (RFC 7296 §3.1).
type Header struct {
	SPIi, SPIr SPI         // of the IKE SA's original initiator and responder
	Next       PayloadType // type of the first payload
	Version    uint8       // major version << 4 | minor version; a minor version is to be ignored
	Exchange   ExchangeType
	Flags      Flags
	MessageID  uint32
	Length     uint32 // of the message in octets, header included
}

// ParseHeader reads the header at the beginning of b; what follows it, and whether Length is true, is not looked at. On an
// error that is ErrVersion (a major version above 2) the Header is valid. A major version below 2 is no error here: the
// message may be one of IKEv1, whose header has the same layout.
func ParseHeader(b []byte) (Header, error) {
	h, _, err := readHeader(b)
	if err == nil && h.Version>>4 > 2 {
		err = fmt.Errorf("ike/wire: header: %w: %d", ErrVersion, h.Version>>4)
	}
	return h, err
}

// readHeader reads a header and returns what follows it.
func readHeader(b []byte) (h Header, rest cryptobyte.String, err error) {
	s := cryptobyte.String(b)
	if !s.ReadUint64((*uint64)(&h.SPIi)) || !s.ReadUint64((*uint64)(&h.SPIr)) ||
		!s.ReadUint8((*uint8)(&h.Next)) || !s.ReadUint8(&h.Version) ||
		!s.ReadUint8((*uint8)(&h.Exchange)) || !s.ReadUint8((*uint8)(&h.Flags)) ||
		!s.ReadUint32(&h.MessageID) || !s.ReadUint32(&h.Length) {
		return Header{}, nil, malformed("header", "truncated")
	}
	h.Flags &= knownFlags
	return h, s, nil
}

func (h Header) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(h.SPIi))
	b = binary.BigEndian.AppendUint64(b, uint64(h.SPIr))
	b = append(b, byte(h.Next), h.Version, byte(h.Exchange), byte(h.Flags))
	b = binary.BigEndian.AppendUint32(b, h.MessageID)
	return binary.BigEndian.AppendUint32(b, h.Length)
}
