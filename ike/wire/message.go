package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// MaxPayloads is how many payloads a message may carry, in the clear or encrypted. It is a limit of this package, far above
// what any exchange needs.
const MaxPayloads = 64

const (
	genericLen  = 4    // of the generic payload header, in octets
	criticalBit = 0x80 // the flag of the generic payload header
)

// Message is an IKE message.
type Message struct {
	Header
	Payloads []Payload
	Raw      []byte // the whole message as it was received; nil in one that was made here
}

// Parse reads a message that is the whole of b. Its payloads are those in the clear; an Encrypted payload must be the last
// (RFC 7296 §3.14). Errors wrap ErrMalformed, or ErrVersion if the major version is not 2.
func Parse(b []byte) (*Message, error) {
	h, rest, err := readHeader(b)
	switch {
	case err != nil:
		return nil, err
	case h.Version>>4 != 2:
		return nil, fmt.Errorf("ike/wire: header: %w: %d", ErrVersion, h.Version>>4)
	case uint64(h.Length) != uint64(len(b)):
		return nil, malformed("header", "length is not that of the message")
	}
	ps, err := parseChain(h.Next, rest, true)
	if err != nil {
		return nil, err
	}
	return &Message{Header: h, Payloads: ps, Raw: b}, nil
}

// ParsePayloads reads what was inside an Encrypted payload: the chain of payloads that begins with one of type first and
// ends with b. An Encrypted payload among them is malformed. PayloadNone and an empty b are an empty chain.
func ParsePayloads(first PayloadType, b []byte) ([]Payload, error) {
	return parseChain(first, b, false)
}

// parseChain reads payloads up to the one whose Next Payload is PayloadNone, which must end s, or up to an Encrypted payload
// in a clear message.
func parseChain(next PayloadType, s cryptobyte.String, clear bool) ([]Payload, error) {
	var ps []Payload
	for next != PayloadNone {
		if len(ps) == MaxPayloads {
			return nil, malformed("payloads", "too many")
		}
		g, err := readGeneric(next, &s)
		if err != nil {
			return nil, err
		}
		if g.kind == PayloadSK || g.kind == PayloadSKF {
			if !clear || !s.Empty() {
				return nil, malformed(g.kind.String(), "not the last payload in the clear")
			}
			// Next Payload says what is inside, not what follows.
			p, err := parseEncrypted(g)
			if err != nil {
				return nil, err
			}
			return append(ps, p), nil
		}
		p, err := g.parse()
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
		next = g.next
	}
	if !s.Empty() {
		return nil, malformed("payloads", "octets after the last one")
	}
	return ps, nil
}

// generic is a payload of which only the generic payload header has been read (RFC 7296 §3.2).
type generic struct {
	kind     PayloadType
	next     PayloadType
	critical bool
	body     cryptobyte.String // what follows the generic payload header
}

func readGeneric(kind PayloadType, s *cryptobyte.String) (generic, error) {
	g := generic{kind: kind}
	var flags uint8
	var length uint16
	if !s.ReadUint8((*uint8)(&g.next)) || !s.ReadUint8(&flags) || !s.ReadUint16(&length) {
		return g, malformed(kind.String(), "no room for the generic payload header")
	}
	// ReadBytes refuses a negative count, which a payload length below 4 gives.
	if !s.ReadBytes((*[]byte)(&g.body), int(length)-genericLen) {
		return g, malformed(kind.String(), "payload length")
	}
	g.critical = flags&criticalBit != 0
	return g, nil
}

// parse reads the body. The critical bit means nothing in a payload of a known type (RFC 7296 §2.5).
func (g generic) parse() (Payload, error) {
	switch g.kind {
	case PayloadSA:
		return parseSA(g.body)
	case PayloadKE:
		return parseKE(g.body)
	case PayloadIDi, PayloadIDr:
		return parseID(g.kind, g.body)
	case PayloadAUTH:
		return parseAuth(g.body)
	case PayloadNonce:
		return &Nonce{Data: g.body}, nil
	case PayloadNotify:
		return parseNotify(g.body)
	case PayloadDelete:
		return parseDelete(g.body)
	case PayloadVendorID:
		return &VendorID{Data: g.body}, nil
	case PayloadTSi, PayloadTSr:
		return parseTS(g.kind, g.body)
	default:
		return &Raw{Kind: g.kind, Critical: g.critical, Data: g.body}, nil
	}
}

// Append appends the message, with a Next and a Length that fit its payloads whatever those of m are. It does not encrypt:
// see AppendEncryptedHeader for messages that are.
func (m *Message) Append(b []byte) []byte {
	start := len(b)
	h := m.Header
	h.Next = FirstType(m.Payloads)
	b = AppendPayloads(h.append(b), m.Payloads)
	n := len(b) - start
	binary.BigEndian.PutUint32(b[start+HeaderLen-4:], uint32(n))
	return b
}

// FirstType is the type of the first payload, PayloadNone if there is none: what the Next Payload in front of ps must be.
func FirstType(ps []Payload) PayloadType {
	if len(ps) == 0 {
		return PayloadNone
	}
	return ps[0].Type()
}

// AppendPayloads appends the chain of payloads ps, with their generic payload headers.
func AppendPayloads(b []byte, ps []Payload) []byte {
	for i, p := range ps {
		next, flags := FirstType(ps[i+1:]), byte(0)
		switch p := p.(type) {
		case *Encrypted:
			next = p.Next
		case *Raw:
			if p.Critical {
				flags = criticalBit
			}
		}
		start := len(b)
		b = p.append(append(b, byte(next), flags, 0, 0))
		binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	}
	return b
}
