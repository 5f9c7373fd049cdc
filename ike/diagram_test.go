package ike

import (
	"fmt"

	"seikan/ike/wire"
)

// describe shows a message as the RFC writes it, with what is encrypted where the receiver could read it.
func (s *side) describe(data []byte) string {
	arrow := "-->"
	if s == s.p.b {
		arrow = "<--"
	}
	m, err := wire.Parse(data)
	if err != nil {
		return fmt.Sprintf("%s %s %d octets: %v", s.name, arrow, len(data), err)
	}
	kind := "request"
	if m.Flags&wire.FlagResponse != 0 {
		kind = "response"
	}
	return fmt.Sprintf("%s %s %v %s %d  HDR(%04x, %04x), %s", s.name, arrow, m.Exchange, kind, m.MessageID,
		uint64(m.SPIi)>>48, uint64(m.SPIr)>>48, s.payloads(data, m.Payloads, kind == "response"))
}

// payloads is a list of them in the RFC's notation, the receiver's view of what is encrypted included.
func (s *side) payloads(data []byte, ps []wire.Payload, response bool) string {
	if len(ps) == 1 {
		if e, ok := ps[0].(*wire.Encrypted); ok && !e.Fragment {
			return s.encrypted(data, e, response)
		}
	}
	return wire.Notation(ps, response)
}

// encrypted is an SK payload. The receiver's keys are asked, since those of the sender may be gone.
func (s *side) encrypted(data []byte, e *wire.Encrypted, response bool) string {
	for _, x := range s.p.other(s).e.bySPI {
		if x.keys == nil {
			continue
		}
		plain, err := x.keys.in.Open(data[:len(data)-len(e.Body)], e.Body)
		if err != nil {
			continue
		}
		ps, err := wire.ParsePayloads(e.Next, plain)
		if err != nil {
			return fmt.Sprintf("SK {%v}", err)
		}
		return "SK {" + wire.Notation(ps, response) + "}"
	}
	return wire.Notation([]wire.Payload{e}, response)
}
