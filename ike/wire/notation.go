package wire

import (
	"fmt"
	"net/netip"
	"strings"
)

// maxWords is how many payloads, proposals or selectors the notation shows of a message; peers choose how many there are.
const maxWords = 32

// Notation is the payloads of a message as the RFC writes them, such as "SA(IKE: …), KEi(CURVE25519), Ni, N(COOKIE)". It shows nothing that is
// secret, and of nonces as much as tells them apart. What the peer wrote is quoted, or in hexadecimal.
func Notation(ps []Payload, response bool) string {
	end := "i"
	if response {
		end = "r"
	}
	return list(ps, ", ", func(p Payload) string { return word(p, end) })
}

// list joins the first of a list in words.
func list[T any](all []T, sep string, word func(T) string) string {
	words := make([]string, 0, min(len(all), maxWords)+1)
	for i, v := range all {
		if i == maxWords {
			words = append(words, fmt.Sprintf("%d more", len(all)-i))
			break
		}
		words = append(words, word(v))
	}
	return strings.Join(words, sep)
}

// word is one payload; end is the end of the exchange that sends it.
func word(p Payload, end string) string {
	switch p := p.(type) {
	case *Encrypted:
		if p.Fragment {
			return fmt.Sprintf("SKF(%d/%d) {...}", p.Num, p.Total)
		}
		return "SK {...}"
	case *SA:
		return "SA(" + list(p.Proposals, "; ", func(o Proposal) string {
			if len(o.SPI) == 0 {
				return o.String()
			}
			return fmt.Sprintf("%x %v", o.SPI, o)
		}) + ")"
	case *KE:
		return fmt.Sprintf("KE%s(%v)", end, p.Group)
	case *Nonce:
		return fmt.Sprintf("N%s(%x)", end, p.Data[:min(2, len(p.Data))])
	case *Notify:
		if len(p.SPI) > 0 {
			return fmt.Sprintf("N(%v %v %x)", p.Kind, p.Protocol, p.SPI)
		}
		return "N(" + p.Kind.String() + ")"
	case *Delete:
		if len(p.SPIs) == 0 {
			return fmt.Sprintf("D(%v)", p.Protocol)
		}
		return fmt.Sprintf("D(%v %s)", p.Protocol, list(p.SPIs, " ", func(spi []byte) string { return fmt.Sprintf("%x", spi) }))
	case *ID:
		return fmt.Sprintf("%v(%v %s)", p.Type(), p.Kind, idText(p))
	case *Auth:
		return fmt.Sprintf("AUTH(%v)", p.Method)
	case *TS:
		return fmt.Sprintf("%v(%s)", p.Type(), list(p.Selectors, " ", Selector.String))
	case *VendorID:
		return "V"
	}
	return p.Type().String()
}

// idText is what an identity says.
func idText(p *ID) string {
	switch p.Kind {
	case ID_IPV4_ADDR, ID_IPV6_ADDR:
		if a, ok := netip.AddrFromSlice(p.Data); ok {
			return a.String()
		}
	case ID_FQDN, ID_RFC822_ADDR:
		return fmt.Sprintf("%q", p.Data[:min(len(p.Data), 128)])
	}
	return fmt.Sprintf("%x", p.Data[:min(len(p.Data), 128)])
}
