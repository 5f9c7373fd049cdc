package ike

import (
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// move gives A another address, as its network does.
func (p *pair) move(addr string) bool {
	p.a.addr = netip.MustParseAddr(addr)
	var ok bool
	p.a.do(func(now time.Time, out *Output) { ok = p.a.e.Move(now, p.a.sole().id, p.a.addr, out) })
	return ok
}

// A moves: its packets go from the new address at once, B's go there once A was reached, and no key changes.
func TestMove(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	child := p.a.only()
	if !p.move("198.51.100.7") || !p.move("198.51.100.8") { // the second while the first is being told
		t.Fatal("A does not move")
	}
	if moved := find[PathMoved](p.a); len(moved) != 2 || moved[1].SA.Path.Local != netip.MustParseAddrPort("198.51.100.8:4500") {
		t.Fatalf("A: got %+v", moved)
	}
	p.run(15 * time.Millisecond)
	if len(find[PathMoved](p.b)) != 0 {
		t.Fatal("B sends packets to an address that it has not checked")
	}
	p.run(10 * time.Second)
	moved := find[PathMoved](p.b)
	if len(moved) == 0 || moved[len(moved)-1].SA.Path.Remote != netip.MustParseAddrPort("198.51.100.8:4500") {
		p.fail("B: got %+v", moved)
	}
	if p.a.only() != child {
		t.Error("the Child SA is another one")
	}
	p.b.rekeySA()
	p.run(time.Minute)
	p.b.rekeyChild()
	p.run(time.Minute)
	if !p.move("198.51.100.9") { // A is not the initiator of this IKE SA, but of the first
		t.Error("A does not move after B's rekey")
	}
	p.run(time.Minute)
	p.wantOne()
	if got := p.b.sole().path.Remote.Addr(); got != p.a.addr {
		t.Errorf("B sends to %v, want %v", got, p.a.addr)
	}
}

// A message from elsewhere is answered there, and moves nothing unless it says so. One that says so is checked.
func TestMoveIsChecked(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	a, b := p.a.sole(), p.b.sole()
	home, elsewhere := b.path, sadb.Path{Local: b.path.Local, Remote: netip.MustParseAddrPort("203.0.113.9:4500")}
	send := func(ps ...wire.Payload) Datagram {
		p.b.deliver(elsewhere, a.seal(wire.INFORMATIONAL, a.own.next, false, ps)[0])
		a.own.next++
		if len(p.b.out.Datagrams) == 0 || p.b.out.Datagrams[0].Path != elsewhere {
			p.fail("not answered where it came from: %+v", p.b.out.Datagrams)
		}
		return p.b.out.Datagrams[0]
	}
	send()
	if b.path != home || len(find[PathMoved](p.b)) != 0 {
		t.Error("B followed a liveness check")
	}
	update := &wire.Notify{Kind: wire.UPDATE_SA_ADDRESSES}
	send(update, &wire.Notify{Kind: wire.NO_NATS_ALLOWED, Data: addressPair(home.Remote, home.Local)})
	if b.path != home {
		t.Error("B moved through a NAT that the initiator forbids")
	}
	send(update, &wire.Notify{Kind: wire.NO_NATS_ALLOWED, Data: addressPair(elsewhere.Remote, elsewhere.Local)})
	if b.path != elsewhere || len(find[PathMoved](p.b)) != 0 {
		t.Errorf("B is at %v, moved %+v; want the IKE SA there, and the Child SAs not before the check", b.path, find[PathMoved](p.b))
	}
	if x, ok := b.own.x.(*routability); !ok || len(x.cookie) < 8 {
		t.Errorf("B does not check the address: %T", b.own.x)
	}
	p.run(10 * time.Minute) // nobody answers there
	p.b.wantDown(ReasonPeerLost)
}

func TestMoveRefused(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	id := p.b.sole().id
	for name, move := range map[string]func(now time.Time, out *Output) bool{
		"by the responder": func(now time.Time, out *Output) bool {
			return p.b.e.Move(now, id, netip.MustParseAddr("198.51.100.7"), out)
		},
		"to another family":    func(now time.Time, out *Output) bool { return p.a.e.Move(now, id, netip.MustParseAddr("fd00::1"), out) },
		"of an SA that is not": func(now time.Time, out *Output) bool { return p.a.e.Move(now, 99, addrA, out) },
		"of a peer that cannot": func(now time.Time, out *Output) bool {
			p.a.sole().mobike = false
			return p.a.e.Move(now, id, netip.MustParseAddr("198.51.100.7"), out)
		},
	} {
		p.a.do(func(now time.Time, out *Output) {
			if move(now, out) {
				t.Errorf("moved %s", name)
			}
		})
	}
}
