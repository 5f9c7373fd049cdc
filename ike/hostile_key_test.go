package ike

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"seikan/ike/internal/suite"
	"seikan/ike/wire"
)

// replaceKE puts another group or value into the KE payload.
func (f *forged) replaceKE(change func(group uint16, value []byte) (uint16, []byte)) (found bool) {
	for i, p := range f.ps {
		if p.typ == wire.PayloadKE {
			g, v := change(binary.BigEndian.Uint16(p.body), slices.Clone(p.body[4:]))
			f.ps[i].body = append(append(binary.BigEndian.AppendUint16(nil, g), 0, 0), v...)
			found = true
		}
	}
	return found
}

// badValue is a public value that must not be used.
type badValue struct {
	name  string
	value func(good []byte) []byte
}

// badValues are those of a group (RFC 6989 §2, RFC 7748 §6.1, FIPS 203 §7.2).
func badValues(g wire.GroupID) []badValue {
	at := func(i int, b byte) func(good []byte) []byte {
		return func(good []byte) []byte { v := make([]byte, len(good)); v[(len(v)+i)%len(v)] = b; return v }
	}
	list := []badValue{
		{"none", func([]byte) []byte { return nil }},
		{"one octet", func([]byte) []byte { return []byte{2} }},
		{"an octet short", func(good []byte) []byte { return good[1:] }},
		{"an octet long", func(good []byte) []byte { return append([]byte{0}, good...) }},
		{"twice as long", func(good []byte) []byte { return append(good, good...) }},
		{"60,000 octets", func(good []byte) []byte { return append(good, make([]byte, 60_000)...) }},
		{"0", at(0, 0)},
	}
	ones := badValue{"all ones", func(good []byte) []byte { return bytes.Repeat([]byte{0xff}, len(good)) }}
	switch g {
	case wire.MODP_2048:
		p := func(minus byte) func([]byte) []byte {
			return func([]byte) []byte { v := modp2048(); v[len(v)-1] -= minus; return v }
		}
		return append(list, ones, badValue{"1", at(-1, 1)}, badValue{"p-1", p(1)}, badValue{"p", p(0)})
	case wire.CURVE25519:
		return append(list, badValue{"1", at(0, 1)}, badValue{"p", func([]byte) []byte {
			return slices.Concat([]byte{0xed}, bytes.Repeat([]byte{0xff}, 30), []byte{0x7f})
		}})
	default: // a NIST curve or a KEM
		return append(list, ones, badValue{"1", at(-1, 1)}, badValue{"a bit of a good one off the curve", func(good []byte) []byte {
			good[len(good)-1] ^= 1
			return good
		}})
	}
}

// modp2048 is the prime of group 14.
func modp2048() []byte {
	b, err := hex.DecodeString(prime2048)
	if err != nil {
		panic(err)
	}
	return b
}

// RFC 3526 §3
const prime2048 = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
	"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
	"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
	"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
	"15728E5A8AACAA68FFFFFFFFFFFFFFFF"

// Public values that no honest peer sends, wherever one is sent: none is taken, and nothing is made of it.
func TestHostileKE(t *testing.T) {
	for _, g := range []wire.GroupID{wire.MODP_2048, wire.ECP_256, wire.CURVE25519} {
		change := func(b, m *Config) {
			for _, c := range []*Config{b, m} {
				c.Peers[0].Proposals[0].Groups = []wire.GroupID{g}
				c.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{g}
			}
		}
		for _, byB := range []bool{false, true} {
			for _, at := range points(byB) {
				probe := newHostile(t, change)
				f := probe.open(at.say(probe)[0].Data)
				if !f.replaceKE(func(g uint16, v []byte) (uint16, []byte) { return g, v }) {
					continue
				}
				for _, bad := range badValues(g) {
					t.Run(fmt.Sprintf("%v/%s%s/%s", g, at.name, role(byB), bad.name), func(t *testing.T) {
						h := newHostile(t, change)
						d := at.say(h)[0]
						f := h.open(d.Data)
						f.replaceKE(func(g uint16, v []byte) (uint16, []byte) { return g, bad.value(v) })
						sas, children := len(find[SAUp](h.b)), len(find[ChildUp](h.b))
						h.attack(at.unauth, d, h.close(f))
						if len(find[SAUp](h.b)) != sas || len(find[ChildUp](h.b)) != children || h.b.e.Len() > h.before {
							h.fail("something was made of it: %+v", h.b.events)
						}
						h.aftermath()
					})
				}
			}
		}
	}
}

// Groups that were not negotiated, or do not exist.
func TestHostileGroup(t *testing.T) {
	pfs := func(b, m *Config) {
		for _, c := range []*Config{b, m} {
			c.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256}
		}
	}
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB) {
			probe := newHostile(t, pfs)
			f := probe.open(at.say(probe)[0].Data)
			if !f.replaceKE(func(g uint16, v []byte) (uint16, []byte) { return g, v }) {
				continue
			}
			for _, g := range []wire.GroupID{0, 1, 14, 15, 19, 20, 22, 31, 36, 37, 1025, 65535} {
				t.Run(fmt.Sprintf("%d/%s%s", g, at.name, role(byB)), func(t *testing.T) {
					h := newHostile(t, pfs)
					d := at.say(h)[0]
					f := h.open(d.Data)
					f.replaceKE(func(uint16, []byte) (uint16, []byte) {
						return uint16(g), slices.Repeat([]byte{9}, max(32, suite.PublicLen(g)))
					})
					h.attack(at.unauth, d, h.close(f))
					h.aftermath()
				})
			}
		}
	}
}

// The additional key exchange: keys and ciphertexts of an ML-KEM that are none, to either end.
func TestHostileKEM(t *testing.T) {
	for _, g := range []wire.GroupID{wire.ML_KEM_768, wire.ML_KEM_1024} {
		change := func(b, m *Config) { quantum(b, false, g); quantum(m, false, g) }
		for _, byB := range []bool{false, true} {
			for _, bad := range append(badValues(g), badValue{"of another group", func(good []byte) []byte { return make([]byte, 32) }}) {
				t.Run(fmt.Sprintf("%v%s/%s", g, role(byB), bad.name), func(t *testing.T) {
					h := newHostile(t, change)
					var ds []Datagram
					if byB {
						h.bHears(h.bAsks(acquired(h.b.e))) // HDR, SAr1, KEr, Nr
						ds = h.mHears()                    // HDR, SK {KEr(1)}
					} else {
						h.bHears(h.mDoes(acquired(h.m))) // HDR, SAi1, KEi, Ni
						ds = h.mHears()                  // HDR, SK {KEi(1)}
					}
					f := h.openWhole(ds)
					if f.Exchange != wire.IKE_INTERMEDIATE {
						t.Fatalf("got %v, want IKE_INTERMEDIATE", f.Exchange)
					}
					f.replaceKE(func(g uint16, v []byte) (uint16, []byte) { return g, bad.value(v) })
					ups := len(find[SAUp](h.b))
					h.attack(true, ds[0], h.closeAs(f, byB))
					h.talk(h.mHears())
					if len(find[SAUp](h.b)) != ups {
						h.fail("an IKE SA came up")
					}
					h.aftermath()
				})
			}
		}
	}
}

// openWhole is open for a message that came in fragments.
func (h *hostile) openWhole(ds []Datagram) forged {
	h.t.Helper()
	k := h.withM().keys
	var plain []byte
	var f forged
	first := wire.PayloadNone
	for i, d := range ds {
		m, err := wire.Parse(d.Data)
		if err != nil {
			h.t.Fatal(err)
		}
		e := m.Payloads[0].(*wire.Encrypted)
		if i == 0 {
			f.Header, f.sealed, first = m.Header, h.endOf(m.Header), e.Next
		}
		part, err := k.in.Open(d.Data[:len(d.Data)-len(e.Body)], e.Body)
		if err != nil {
			h.t.Fatal(err)
		}
		plain = append(plain, part...)
	}
	f.ps = split(first, plain)
	return f
}

// closeAs is close before IKE_INTERMEDIATE has changed M's keys; as a responder M has changed them with its answer.
func (h *hostile) closeAs(f forged, former bool) []byte {
	if x := f.sealed; former && x.formerKeys != nil {
		x.keys, x.formerKeys = x.formerKeys, nil
	}
	return h.close(f)
}
