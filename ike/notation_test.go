package ike

import (
	"fmt"
	"strings"

	"seikan/ike/wire"
)

// unread is what is encrypted in a message whose receiver has not the SA, or not any more.
const unread = "SK {...}"

// notation is a message as the RFC writes it, x on the left.
func (c *steps) notation(from *side, data []byte) string {
	m, err := wire.Parse(data)
	if err != nil || len(m.Payloads) != 1 {
		c.fail("%s sends %v, %v", from.name, m, err)
	}
	e := m.Payloads[0].(*wire.Encrypted)
	text := unread
	for _, x := range c.other(from).e.bySPI {
		if x.spiI != m.SPIi || x.spiR != m.SPIr {
			continue
		}
		plain, err := x.keys.in.Open(data[:len(data)-len(e.Body)], e.Body)
		if err != nil {
			c.fail("%s sends what does not open: %v", from.name, err)
		}
		ps, err := wire.ParsePayloads(e.Next, plain)
		if err != nil {
			c.fail("%s sends what does not parse: %v", from.name, err)
		}
		text = "SK {" + strings.Join(c.words(from, m.Header, ps), ", ") + "}"
	}
	if from == c.x {
		return text + " -->"
	}
	return "<-- " + text
}

func (c *steps) words(from *side, h wire.Header, ps []wire.Payload) (words []string) {
	end := "i"
	if h.Flags&wire.FlagResponse != 0 {
		end = "r"
	}
	for _, p := range ps {
		switch p := p.(type) {
		case *wire.SA:
			c.name(from, h, p.Proposals[0].SPI)
			words = append(words, "SA")
		case *wire.Nonce:
			words = append(words, "N"+end)
		case *wire.KE:
			words = append(words, "KE"+end)
		case *wire.Notify:
			words = append(words, "N("+p.Kind.String()+")")
		case *wire.Delete:
			name := c.names[uint64(h.SPIi)]
			if len(p.SPIs) > 0 {
				name = c.names[number(p.SPIs[0])]
			}
			words = append(words, "D("+name+")")
		case *wire.TS:
			words = append(words, map[bool]string{true: "TSi", false: "TSr"}[p.Initiator])
		default:
			words = append(words, fmt.Sprint(p.Type()))
		}
	}
	return words
}

// name calls the SA of a request after the end that asks for it, and that of an answer like it.
func (c *steps) name(from *side, h wire.Header, spi []byte) {
	initiator := from
	if h.Flags&wire.FlagResponse != 0 {
		initiator = c.other(from)
	}
	key := asker{initiator, h.SPIi, wire.SPI(h.MessageID)}
	if from == initiator && c.names[number(spi)] == "" {
		c.made[from]++
		c.asked[key] = fmt.Sprintf("%s%d", map[bool]string{true: "x", false: "y"}[from == c.x], c.made[from])
	}
	if c.names[number(spi)] == "" {
		c.names[number(spi)] = c.asked[key]
	}
}

func number(b []byte) (n uint64) {
	for _, o := range b {
		n = n<<8 | uint64(o)
	}
	return n
}

// called is the name of an SA, or "new" for any but the first.
func (c *steps) called(spi uint64, anyNew bool) string {
	if name := c.names[spi]; !anyNew || name == "c0" || name == "ike0" {
		return name
	}
	return "new"
}
