package ike

import (
	"bytes"
	"net/netip"
	"testing"

	"seikan/ike/wire"
	"seikan/sadb"
)

// What M says comes from an address that is not M's. In the clear it is not taken; and what is established stays on its path: that MOBIKE
// is in use is the peer's word that it will say when it moves (RFC 4555 §3.8).
func TestHostileElsewhere(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for i, at := range points(byB) {
			t.Run(at.name+role(byB), func(t *testing.T) {
				h := newHostile(t, nil)
				d := at.say(h)[0]
				before := h.b.digest()
				from := sadb.Path{Local: d.Path.Remote, Remote: netip.MustParseAddrPort("203.0.113.9:4500")}
				h.b.deliver(from, d.Data)
				if after := h.b.digest(); i == 0 && after != before {
					h.fail("changed %+v to %+v", before, after)
				}
				if x := h.withM(); !at.unauth && x != nil && x.path != swap(d.Path) {
					h.fail("the IKE SA is at %v, want %v", x.path, swap(d.Path))
				}
				if moved := find[PathMoved](h.b); len(moved) != 0 {
					h.fail("moved: %+v", moved)
				}
				for _, s := range h.b.e.sorted() { // for the count of what is left: all but A's
					if s.path.Remote.Addr() != addrA {
						s.path.Remote = netip.AddrPortFrom(addrM, s.path.Remote.Port())
					}
				}
				h.aftermath()
			})
		}
	}
}

// A message comes again: it has no effect the second time, and the answer to a request is the same again (RFC 7296 §2.1).
func TestHostileReplay(t *testing.T) {
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB) {
			t.Run(at.name+role(byB), func(t *testing.T) {
				h := newHostile(t, nil)
				d := at.say(h)[0]
				h.toM = nil
				h.b.deliver(swap(d.Path), d.Data)
				first := h.toM
				request := d.Data[atFlags]&byte(wire.FlagResponse) == 0
				before := h.b.digest()
				for range 3 {
					h.toM = nil
					h.b.deliver(swap(d.Path), d.Data)
					if after := h.b.digest(); after != before {
						h.fail("changed %+v to %+v", before, after)
					}
					if len(h.toM) > 0 && (!request || len(h.toM) > 1 || !bytes.Equal(h.toM[0].Data, first[0].Data)) {
						h.fail("%d answers, want none or the one from before", len(h.toM))
					}
				}
				h.aftermath()
			})
		}
	}
}

// Who sends all that A says back to it, as if B said so, does not get A to talk to itself, not even where both ends go by names that either may have.
func TestHostileReflection(t *testing.T) {
	p := newPair(t, func(a, _ *Config) {
		a.Peers[0].LocalID = Identity{wire.ID_FQDN, "a.example"}
		a.Peers[0].RemoteIDs = []Match{{Kind: wire.ID_FQDN, Data: "example", Domain: true}}
		a.Peers[0].Flows[0].Local, a.Peers[0].Flows[0].Remote = []sadb.Selector{prefix("10.0.0.0/8")}, []sadb.Selector{prefix("10.0.0.0/8")}
	})
	p.lose = func(*side, []byte) bool { return true }
	p.a.acquire("f0")
	for said := p.a.out.Datagrams; len(said) > 0; {
		d := said[0]
		said = said[1:]
		p.a.deliver(d.Path, d.Data)
		said = append(said, p.a.out.Datagrams...)
	}
	if n := p.a.e.Len(); n != 1 || len(p.a.kids) != 0 {
		p.fail("A has %d IKE SAs and %d Child SAs", n, len(p.a.kids))
	}
}
