package gso

import "errors"

// Kind is what a frame is to be cut into.
type Kind uint8

const (
	None Kind = iota // nothing: it is one packet
	TCP              // segments of a stream
	UDP              // datagrams
)

// Offload is the work on a packet that is left to whoever takes it. The zero value: none.
type Offload struct {
	Kind Kind
	Size int // octets of payload in each packet but the last, which may have fewer; not of None

	// Partial: the checksum covers the pseudo header so far, and is to be completed with everything from Start on. It is at
	// Start+Field. Both are octets from the beginning of the packet.
	Partial      bool
	Start, Field int
}

// Frame is an IP packet, or several as one.
type Frame struct {
	Data []byte
	Offload
}

// ErrFrame is of a frame whose header and offload do not go together.
var ErrFrame = errors.New("gso: malformed frame")

// Positions in the headers, and what is there.
const (
	ipv4Header = 20
	ipv6Header = 40
	udpHeader  = 8
	tcpHeader  = 20 // without options

	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58

	tcpSeqAt   = 4
	tcpWordAt  = 12 // data offset, flags and window (RFC 9293 §3.1)
	tcpFlagsAt = 13
	tcpSumAt   = 16
	udpLenAt   = 4
	udpSumAt   = 6

	flagFIN = 0x01
	flagPSH = 0x08
	flagACK = 0x10
	flagECE = 0x40
	flagCWR = 0x80

	maxPacket = 65535
)
