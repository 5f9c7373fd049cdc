package ike

import (
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
)

// A is behind a NAT: both ends find out, A keeps the mapping open, and B follows A to where its authentic messages come from
// (RFC 7296 §2.23).
func TestNAT(t *testing.T) {
	outer := netip.MustParseAddr("203.0.113.1")
	p := newPair(t, func(a, b *Config) {
		b.Peers[0].Remote = outer
		b.Peers[0].RemoteIDs = []Match{{Kind: AddrIdentity(addrA).Kind, Data: AddrIdentity(addrA).Data}}
	})
	p.nat = &nat{addr: outer, ports: map[uint16]uint16{}, last: 40000}
	p.up()
	a, b := p.a.sole(), p.b.sole()
	if !a.natLocal || !b.natRemote || b.natLocal {
		t.Errorf("NAT found: at A local %v, at B local %v remote %v", a.natLocal, b.natLocal, b.natRemote)
	}
	if want := netip.AddrPortFrom(outer, 40002); b.path.Remote != want {
		t.Errorf("B sends to %v, want the NAT's port for 4500, %v", b.path.Remote, want)
	}
	// Keepalives keep the mapping: one octet, every 20 s (RFC 3948 §2.3, §4).
	keepalives := 0
	p.lose = func(from *side, data []byte) bool {
		if len(data) == 1 && data[0] == 0xff && from == p.a {
			keepalives++
		}
		return false
	}
	p.run(5*time.Minute + time.Second)
	if keepalives != 15 {
		t.Errorf("got %d keepalives in 5 minutes, want 15", keepalives)
	}
	// The NAT forgets. B learns the new port from the next authentic message, and from nothing else.
	clear(p.nat.ports)
	elsewhere := swap(p.a.sole().path)
	elsewhere.Remote = netip.AddrPortFrom(outer, 50000)
	forged := a.seal(wire.INFORMATIONAL, a.own.next, false, nil)[0]
	forged[len(forged)-1] ^= 1
	p.b.deliver(elsewhere, forged)
	if len(find[PathMoved](p.b)) != 0 {
		t.Fatal("B followed a forged message")
	}
	p.a.do(func(now time.Time, out *Output) { a.start(now, &liveness{}, out) })
	p.run(time.Second)
	moved := find[PathMoved](p.b)
	if want := netip.AddrPortFrom(outer, 40003); len(moved) != 1 || moved[0].SA.Path.Remote != want || moved[0].From.Remote.Port() != 40002 {
		t.Fatalf("B moved: %+v, want to %v", moved, want)
	}
	p.b.rekeyChild()
	p.run(time.Minute)
	p.wantOne()
}

// Without MOBIKE an end that set the SA up from behind a NAT does not follow the other one: that is where it was called, and who changes the
// source of a packet on its way must not move it (RFC 7296 §2.23). The other end follows.
func TestNATFollow(t *testing.T) {
	outer := netip.MustParseAddr("203.0.113.1")
	p := newPair(t, func(a, b *Config) {
		b.Peers[0].Remote = outer
		b.Peers[0].RemoteIDs = []Match{{Kind: AddrIdentity(addrA).Kind, Data: AddrIdentity(addrA).Data}}
	})
	p.nat = &nat{addr: outer, ports: map[uint16]uint16{}, last: 40000}
	p.up()
	for _, s := range []*side{p.a, p.b} {
		x, from := s.sole(), p.other(s).sole()
		x.mobike, from.mobike = false, false
		elsewhere := x.path
		elsewhere.Remote = netip.MustParseAddrPort("198.51.100.66:4500")
		s.deliver(elsewhere, from.seal(wire.INFORMATIONAL, from.own.next, false, nil)[0])
		if s.out.Datagrams[0].Path != elsewhere {
			t.Errorf("%s answers to %v, want %v", s.name, s.out.Datagrams[0].Path, elsewhere)
		}
		if moved, want := x.path == elsewhere, s == p.b; moved != want {
			t.Errorf("%s follows: %v, want %v", s.name, moved, want)
		}
	}
}
