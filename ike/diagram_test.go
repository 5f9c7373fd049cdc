package ike

import (
	"fmt"
	"strings"

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
	initiator := (m.Flags&wire.FlagInitiator != 0) != (m.Flags&wire.FlagResponse != 0) // of the exchange, where it is not a rekey's
	return fmt.Sprintf("%s %s %v %s %d  HDR(%04x, %04x), %s", s.name, arrow, m.Exchange, kind, m.MessageID,
		uint64(m.SPIi)>>48, uint64(m.SPIr)>>48, s.payloads(data, m.Payloads, initiator))
}

// payloads is a list of them in the RFC's notation.
func (s *side) payloads(data []byte, ps []wire.Payload, initiator bool) string {
	var words []string
	for _, p := range ps {
		switch p := p.(type) {
		case *wire.Encrypted:
			words = append(words, s.encrypted(data, p, initiator))
		case *wire.Notify:
			words = append(words, "N("+p.Kind.String()+")")
		case *wire.Delete:
			words = append(words, fmt.Sprintf("D(%v %x)", p.Protocol, p.SPIs))
		case *wire.SA:
			word := "SA"
			for _, prop := range p.Proposals {
				word += fmt.Sprintf("(%v %x)", prop.Protocol, prop.SPI)
			}
			words = append(words, word)
		case *wire.Nonce:
			words = append(words, fmt.Sprintf("N%s(%.2x)", side1(initiator), p.Data))
		case *wire.KE:
			words = append(words, fmt.Sprintf("KE%s(%v)", side1(initiator), p.Group))
		default:
			words = append(words, p.Type().String())
		}
	}
	return strings.Join(words, ", ")
}

func side1(initiator bool) string {
	if initiator {
		return "i"
	}
	return "r"
}

// encrypted is an SK or SKF payload. The receiver's keys are asked, since those of the sender may be gone.
func (s *side) encrypted(data []byte, e *wire.Encrypted, initiator bool) string {
	name := "SK"
	if e.Fragment {
		return fmt.Sprintf("SKF(%d/%d) {...}", e.Num, e.Total)
	}
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
			return fmt.Sprintf("%s {%v}", name, err)
		}
		return name + " {" + s.payloads(data, ps, initiator) + "}"
	}
	return name + " {...}"
}
