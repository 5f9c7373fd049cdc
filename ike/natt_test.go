package ike

import (
	"net/netip"
	"testing"
	"time"
)

// Without a NAT between two ends that need not have one, ESP travels bare; else in UDP.
func TestEncap(t *testing.T) {
	outer := netip.MustParseAddr("203.0.113.1")
	for _, tt := range []struct {
		name string
		a, b Encap
		nat  bool
		udp  bool
	}{
		{"forced by both", EncapForce, EncapForce, false, true},
		{"forced by the initiator", EncapForce, EncapAuto, false, true},
		{"forced by the responder", EncapAuto, EncapForce, false, true},
		{"no NAT", EncapAuto, EncapAuto, false, false},
		{"a NAT", EncapAuto, EncapAuto, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) {
				a.Peers[0].Encap, b.Peers[0].Encap = tt.a, tt.b
				if tt.nat {
					b.Peers[0].Remote = outer
					b.Peers[0].RemoteIDs = []Match{{Kind: AddrIdentity(addrA).Kind, Data: AddrIdentity(addrA).Data}}
				}
			})
			if tt.nat {
				p.nat = &nat{addr: outer, ports: map[uint16]uint16{}, last: 40000}
			}
			p.up()
			check := func() {
				t.Helper()
				for _, s := range []*side{p.a, p.b} {
					esp, path := s.kids[s.only()].Path, s.sole().path
					if got := esp == path; got != tt.udp {
						p.fail("%s: Child SA on %v, IKE on %v; in UDP %v, want %v", s.name, esp, path, got, tt.udp)
					}
					if !tt.udp && (esp.Local.Port() != 0 || esp.Remote.Port() != 0 || esp.Remote.Addr() != path.Remote.Addr()) {
						p.fail("%s: bare ESP on %v", s.name, esp)
					}
				}
			}
			check()
			p.a.rekeySA()
			p.run(time.Minute)
			p.b.rekeyChild()
			p.run(time.Minute)
			check()
		})
	}
}

// A mover keeps sending bare ESP where there is no NAT.
func TestMoveBare(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].Encap, b.Peers[0].Encap = EncapAuto, EncapAuto })
	p.up()
	p.move("198.51.100.7")
	p.run(10 * time.Second)
	for _, s := range []*side{p.a, p.b} {
		moved := find[PathMoved](s)
		if len(moved) != 1 || moved[0].SA.ESP.Local.Port() != 0 || moved[0].SA.ESP.Local.Addr() != moved[0].SA.Path.Local.Addr() {
			p.fail("%s: %+v", s.name, moved)
		}
	}
	p.wantOne()
}
