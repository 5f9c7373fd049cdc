package ike

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

var (
	backupA = netip.MustParseAddr("198.51.100.1")
	backupB = netip.MustParseAddr("198.51.100.2")
)

// twoWays is a pair whose ends have two addresses each.
func twoWays(t *testing.T, change func(a, b *Config)) *pair {
	p := newPair(t, func(a, b *Config) {
		a.Peers[0].Alternates, b.Peers[0].Alternates = []netip.Addr{backupA}, []netip.Addr{backupB}
		a.Peers[0].DPD = DPD{Interval: 10 * time.Second, Retry: 2 * time.Second}
		if change != nil {
			change(a, b)
		}
	})
	p.a.also, p.b.also = map[netip.Addr]bool{backupA: true}, map[netip.Addr]bool{backupB: true}
	return p
}

func (s *side) wantPath(local, remote netip.Addr) {
	s.p.t.Helper()
	got := s.sole().path
	if got.Local.Addr() != local || got.Remote.Addr() != remote {
		s.p.fail("%s is on %v, want %v and %v", s.name, got, local, remote)
	}
}

// A path dies: the end that set the SA up finds another one, the other end follows, and no key changes.
func TestPathDies(t *testing.T) {
	none := netip.Addr{}
	for _, tt := range []struct {
		name          string
		deadA, deadB  netip.Addr // addresses that nothing gets to or from
		local, remote netip.Addr // A's new path
	}{
		{"one of ours", addrA, none, backupA, addrB},
		{"one of the peer's", none, addrB, addrA, backupB},
		{"one of each", addrA, addrB, backupA, backupB},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := twoWays(t, nil)
			p.up()
			child := p.a.only()
			p.a.wantPath(addrA, addrB)
			p.a.addr, p.b.addr = unless(p.a.addr, tt.deadA), unless(p.b.addr, tt.deadB)
			p.run(90 * time.Second)
			p.a.wantPath(tt.local, tt.remote)
			p.b.wantPath(tt.remote, tt.local)
			p.wantOne()
			if p.a.only() != child {
				p.fail("another Child SA")
			}
			for _, s := range []*side{p.a, p.b} {
				moved := find[PathMoved](s)
				if len(moved) == 0 || moved[len(moved)-1].SA.Path != s.sole().path {
					p.fail("%s: PathMoved %+v", s.name, moved)
				}
			}
			p.b.rekeySA() // what replaces it knows the ways as well
			p.run(time.Minute)
			p.a.addr, p.b.addr = addrA, addrB
			p.a.also, p.b.also = nil, nil
			p.run(90 * time.Second)
			p.a.wantPath(addrA, addrB)
			p.wantOne()
		})
	}
}

func unless(addr, dead netip.Addr) netip.Addr {
	if addr == dead {
		return netip.MustParseAddr("192.0.2.99")
	}
	return addr
}

// All paths die: each is tried, and then the peer is lost, once.
func TestAllPathsDie(t *testing.T) {
	p := twoWays(t, nil)
	p.up()
	p.lose = func(*side, []byte) bool { return true }
	from := map[netip.Addr]bool{}
	p.run(5 * time.Second)
	p.sent = nil
	for range 120 {
		p.run(time.Second)
		if p.a.e.Len() == 1 {
			for _, x := range p.a.e.sorted() {
				from[x.path.Local.Addr()] = true
				from[x.path.Remote.Addr()] = true
			}
		}
	}
	if len(from) != 4 {
		p.fail("tried %v, want every address", from)
	}
	p.a.wantDown(ReasonPeerLost)
	if len(p.sent) > 20 {
		p.fail("%d messages to a dead peer", len(p.sent))
	}
}

// An answer that comes late, on the old path, ends the search: nothing has moved.
func TestPathRecovers(t *testing.T) {
	p := twoWays(t, nil)
	p.up()
	p.lose = func(*side, []byte) bool { return true }
	for p.a.sole().route() == p.a.sole().path { // until the second path is being tried
		p.run(time.Second)
	}
	if p.a.sole().route().Local.Addr() != addrA {
		p.fail("the Child SAs would be on a path that nobody has answered on")
	}
	p.lose = nil
	p.a.also, p.b.also = nil, nil
	p.run(time.Minute)
	p.a.wantPath(addrA, addrB)
	if n := len(find[PathMoved](p.a)); n != 0 {
		p.fail("%d PathMoved, want none", n)
	}
	p.wantOne()
}

// An address is taken from us, and comes back: the SA leaves it at once and returns. The peer hears which addresses there are.
func TestReachable(t *testing.T) {
	p := twoWays(t, nil)
	p.up()
	reachable := func(s *side, a netip.Addr, there bool) {
		s.do(func(now time.Time, out *Output) { s.e.Reachable(now, sadb.Host{Addr: a}, there, out) })
		p.run(5 * time.Second)
	}
	elsewhere := func(s *side, want ...netip.Addr) {
		t.Helper()
		var got []netip.Addr
		for _, a := range s.sole().elsewhere {
			got = append(got, a.Addr())
		}
		if !slices.Equal(got, want) {
			p.fail("%s knows of %v, want %v", s.name, got, want)
		}
	}
	elsewhere(p.b, backupA)
	elsewhere(p.a, backupB)
	reachable(p.b, backupB, false) // a responder only tells
	elsewhere(p.a)
	reachable(p.a, addrA, false)
	p.a.wantPath(backupA, addrB)
	p.b.wantPath(addrB, backupA)
	elsewhere(p.b)
	reachable(p.a, addrA, false) // said twice
	reachable(p.a, addrA, true)
	p.a.wantPath(addrA, addrB)
	p.b.wantPath(addrB, addrA)
	elsewhere(p.b, backupA)
	reachable(p.a, backupA, false)
	p.a.wantPath(addrA, addrB)
	elsewhere(p.b)
	reachable(p.b, backupB, true)
	elsewhere(p.a, backupB)
	p.wantOne()
}

// A new IKE SA is set up from an address that is there.
func TestInitiateFromAlternate(t *testing.T) {
	p := twoWays(t, func(a, b *Config) {
		b.Peers[0].Remote = backupA
		b.Peers[0].RemoteIDs = []Match{{Kind: AddrIdentity(addrA).Kind, Data: AddrIdentity(addrA).Data}}
	})
	p.a.do(func(now time.Time, out *Output) { p.a.e.Reachable(now, sadb.Host{Addr: addrA}, false, out) })
	p.up()
	p.a.wantPath(backupA, addrB)
}

// What a peer says of its addresses is bounded, and must be addresses.
func TestAdditionalAddresses(t *testing.T) {
	p := twoWays(t, nil)
	p.up()
	s := p.a.sole()
	say := func(kind wire.NotifyType, data ...[]byte) *parts {
		m := &parts{}
		for _, d := range data {
			m.notifies = append(m.notifies, &wire.Notify{Kind: kind, Data: d})
		}
		return m
	}
	var many [][]byte
	for i := range 100 {
		many = append(many, []byte{203, 0, 113, byte(i + 1)})
	}
	for _, tt := range []struct {
		name string
		m    *parts
		want int
	}{
		{"a hundred", say(wire.ADDITIONAL_IP4_ADDRESS, many...), MaxAlternates},
		{"nothing is said", say(wire.NAT_DETECTION_SOURCE_IP, nil), MaxAlternates},
		{"no address", say(wire.ADDITIONAL_IP4_ADDRESS, nil, []byte{1, 2, 3}, make([]byte, 5), make([]byte, 16)), 0},
		{"not to be sent to", say(wire.ADDITIONAL_IP4_ADDRESS, []byte{0, 0, 0, 0}, []byte{127, 0, 0, 1}, []byte{224, 0, 0, 1}, []byte{255, 255, 255, 255}), 0},
		{"of the other family", say(wire.ADDITIONAL_IP6_ADDRESS, []byte{203, 0, 113, 1}), 0},
		{"where it is already", say(wire.ADDITIONAL_IP4_ADDRESS, addrB.AsSlice()), 0},
		{"IPv6", say(wire.ADDITIONAL_IP6_ADDRESS, netip.MustParseAddr("2001:db8::1").AsSlice()), 1},
		{"none", say(wire.NO_ADDITIONAL_ADDRESSES, nil), 0},
	} {
		s.hearAdditional(tt.m)
		if got := len(s.elsewhere); got != tt.want {
			t.Errorf("%s: %d addresses kept, want %d", tt.name, got, tt.want)
		}
	}
}
