package ike

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"seikan/ike/wire"
)

// substruc is a proposal or transform substructure (RFC 7296 §3.3.1, §3.3.2).
func substruc(last byte, body ...byte) []byte {
	n := 4 + len(body)
	return slices.Concat([]byte{last, 0, byte(n >> 8), byte(n)}, body)
}

// transform is one with attributes as they are on the wire.
func transform(last, typ byte, id uint16, attrs ...byte) []byte {
	return substruc(last, slices.Concat([]byte{typ, 0, byte(id >> 8), byte(id)}, attrs)...)
}

// keyBits is a Key Length attribute.
func keyBits(n uint16) []byte { return []byte{0x80, 14, byte(n >> 8), byte(n)} }

// proposalOf is a proposal of transforms, whose number it states as count.
func proposalOf(last, num byte, protocol wire.ProtocolID, spi []byte, count int, transforms ...[]byte) []byte {
	return substruc(last, slices.Concat([]byte{num, byte(protocol), byte(len(spi)), byte(count)}, spi, slices.Concat(transforms...))...)
}

// badSA is the content of an SA payload that no honest peer sends.
type badSA struct {
	name string
	body func(protocol wire.ProtocolID, spi []byte) []byte
}

// badSAs are made for either protocol: of what a proposal needs besides encryption there is all that is good.
func badSAs() []badSA {
	const more, last = 3, 0
	rest := func(protocol wire.ProtocolID) [][]byte {
		if protocol == wire.ProtocolESP {
			return [][]byte{transform(last, 5, 0)}
		}
		return [][]byte{transform(more, 2, wire.PRF_HMAC_SHA2_256), transform(last, 4, uint16(wire.CURVE25519))}
	}
	encr := func(id uint16, attrs ...byte) func(wire.ProtocolID, []byte) []byte {
		return func(protocol wire.ProtocolID, spi []byte) []byte {
			ts := append([][]byte{transform(more, 1, id, attrs...)}, rest(protocol)...)
			return proposalOf(0, 1, protocol, spi, len(ts), ts...)
		}
	}
	gcm := transform(more, 1, wire.ENCR_AES_GCM_16, keyBits(128)...)
	whole := func(change func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte) func(wire.ProtocolID, []byte) []byte {
		return func(protocol wire.ProtocolID, spi []byte) []byte {
			return change(protocol, spi, append([][]byte{gcm}, rest(protocol)...))
		}
	}
	with := func(extra ...[]byte) func(wire.ProtocolID, []byte) []byte {
		return whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			ts = slices.Insert(ts, 1, extra...)
			return proposalOf(0, 1, p, spi, len(ts), ts...)
		})
	}
	spiOf := func(n int, b byte) func(wire.ProtocolID, []byte) []byte {
		return whole(func(p wire.ProtocolID, _ []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, p, slices.Repeat([]byte{b}, n), len(ts), ts...)
		})
	}
	return []badSA{
		{"no key length", encr(wire.ENCR_AES_GCM_16)},
		{"key length 0", encr(wire.ENCR_AES_GCM_16, keyBits(0)...)},
		{"key length 1", encr(wire.ENCR_AES_GCM_16, keyBits(1)...)},
		{"key length 129", encr(wire.ENCR_AES_GCM_16, keyBits(129)...)},
		{"key length 65535", encr(wire.ENCR_AES_GCM_16, keyBits(65535)...)},
		{"two key lengths", encr(wire.ENCR_AES_GCM_16, append(keyBits(128), keyBits(256)...)...)},
		{"an attribute of length 0", encr(wire.ENCR_AES_GCM_16, append(keyBits(128), 0, 14, 0, 0)...)},
		{"a long key length", encr(wire.ENCR_AES_GCM_16, 0, 14, 0, 2, 0, 128)},
		{"an attribute beyond the end", encr(wire.ENCR_AES_GCM_16, 0, 14, 0xff, 0xff)},
		{"half an attribute", encr(wire.ENCR_AES_GCM_16, 0x80, 14)},
		{"an unknown attribute", encr(wire.ENCR_AES_GCM_16, append(keyBits(128), 0x80, 99, 0, 1)...)},
		{"an unknown cipher", encr(1025, keyBits(128)...)},
		{"cipher 0", encr(0)},
		{"CBC without integrity", encr(wire.ENCR_AES_CBC, keyBits(128)...)},
		{"GCM with integrity", with(transform(more, 3, wire.AUTH_HMAC_SHA2_256_128))},
		{"an unknown transform type", with(transform(more, 77, 1))},
		{"transform type 0", with(transform(more, 0, 0))},
		{"an additional key exchange of a group that is none", with(transform(more, 6, 1025))},
		{"no encryption", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, p, spi, len(ts)-1, ts[1:]...)
		})},
		{"no key exchange, no ESN", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, p, spi, 1, transform(last, 1, wire.ENCR_AES_GCM_16, keyBits(128)...))
		})},
		{"no transforms", whole(func(p wire.ProtocolID, spi []byte, _ [][]byte) []byte { return proposalOf(0, 1, p, spi, 0) })},
		{"no proposals", func(wire.ProtocolID, []byte) []byte { return nil }},
		{"fewer transforms than stated", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, p, spi, len(ts)+1, ts...)
		})},
		{"more transforms than stated", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, p, spi, len(ts)-1, ts...)
		})},
		{"255 transforms stated", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte { return proposalOf(0, 1, p, spi, 255, ts...) })},
		{"255 transforms", with(slices.Repeat([][]byte{transform(more, 1, 1025)}, 252)...)},
		{"another proposal promised", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(2, 1, p, spi, len(ts), ts...)
		})},
		{"200 proposals", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return append(slices.Repeat(proposalOf(2, 1, p, spi, 1, transform(last, 1, 1025)), 199), proposalOf(0, 200, p, spi, len(ts), ts...)...)
		})},
		{"proposal 0", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 0, p, spi, len(ts), ts...)
		})},
		{"proposal 255", whole(func(p wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 255, p, spi, len(ts), ts...)
		})},
		{"protocol 0", whole(func(_ wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, 0, spi, len(ts), ts...)
		})},
		{"AH", whole(func(_ wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, wire.ProtocolAH, spi, len(ts), ts...)
		})},
		{"protocol 255", whole(func(_ wire.ProtocolID, spi []byte, ts [][]byte) []byte {
			return proposalOf(0, 1, 255, spi, len(ts), ts...)
		})},
		{"no SPI", spiOf(0, 0)},
		{"an SPI of 3 octets", spiOf(3, 9)},
		{"an SPI of 255 octets", spiOf(255, 9)},
		{"an SPI beyond the end", func(p wire.ProtocolID, _ []byte) []byte { return substruc(0, 1, byte(p), 255, 1, 1, 2, 3, 4) }},
		{"a substructure beyond the end", func(wire.ProtocolID, []byte) []byte { return []byte{0, 0, 0xff, 0xff, 1, 1, 0, 1} }},
		{"a substructure of length 0", func(wire.ProtocolID, []byte) []byte { return make([]byte, 8) }},
	}
}

// SPIs that are reserved: 0 of an IKE SA, 0 to 255 of ESP (RFC 4303 §2.1). Made for one protocol each.
func reservedSPIs(protocol wire.ProtocolID) (list []badSA) {
	for _, spi := range [][]byte{{0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 0, 255}, make([]byte, 8)} {
		if (len(spi) == 8) != (protocol == wire.ProtocolIKE) {
			continue
		}
		list = append(list, badSA{fmt.Sprintf("SPI %x", spi), func(p wire.ProtocolID, _ []byte) []byte {
			o := offer(ikeProposals(), p, spi, true)
			if p == wire.ProtocolESP {
				o = offer(espProposals(), p, spi, true)
			}
			m := wire.AppendPayloads(nil, []wire.Payload{o})
			return m[4:]
		}})
	}
	return list
}

// SA payloads that no honest peer sends, as offer and as answer, for the IKE SA and for Child SAs: nothing comes up by them.
func TestHostileProposal(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB) {
			probe := newHostile(t, nil)
			f := probe.open(at.say(probe)[0].Data)
			i := slices.IndexFunc(f.ps, func(p raw) bool { return p.typ == wire.PayloadSA })
			if i < 0 {
				continue
			}
			protocol := wire.ProtocolID(f.ps[i].body[5])
			bads := badSAs()
			if n := f.ps[i].body[6]; n > 0 {
				bads = append(bads, reservedSPIs(protocol)...)
			}
			for _, bad := range bads {
				if bad.name == "no SPI" && at.name[:11] == "IKE_SA_INIT" {
					continue // as it should be
				}
				t.Run(fmt.Sprintf("%s%s/%s", at.name, role(byB), bad.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := at.say(h)[0]
					f := h.open(d.Data)
					body := f.ps[i].body
					f.ps[i].body = bad.body(protocol, body[8:8+body[6]])
					children := len(find[ChildUp](h.b))
					h.attack(at.unauth, d, h.close(f))
					if up := find[ChildUp](h.b)[children:]; len(up) != 0 && !harmless(at, bad.name) {
						h.fail("a Child SA came up: %+v", up)
					}
					if h.b.e.Len() > h.before && !harmless(at, bad.name) {
						h.fail("an IKE SA was made")
					}
					h.aftermath()
				})
			}
		}
	}
}

// harmless reports whether an offer is one that may be taken: its number is what it likes, ESN is left out of it, there is a good transform
// among many, or an SPI where there should be none, which is ignored.
func harmless(at genuine, bad string) bool {
	switch bad {
	case "no key exchange, no ESN":
		return true
	case "proposal 0", "proposal 255", "255 transforms":
		return strings.HasSuffix(at.name, "request")
	case "an SPI of 3 octets", "an SPI of 255 octets":
		return at.name == "IKE_SA_INIT request"
	}
	return false
}
