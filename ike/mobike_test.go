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

// unchecked is a pair whose B was told, by a message from elsewhere, that A is there now, and has asked there whether that is true. tell
// tells B the same of another address.
func unchecked(t *testing.T) (p *pair, elsewhere sadb.Path, tell func(port uint16)) {
	p = newPair(t, nil)
	p.up()
	p.run(time.Minute)
	a := p.a.sole()
	elsewhere = sadb.Path{Local: p.b.sole().path.Local, Remote: netip.MustParseAddrPort("203.0.113.9:4500")}
	tell = func(port uint16) {
		from := sadb.Path{Local: elsewhere.Local, Remote: netip.AddrPortFrom(elsewhere.Remote.Addr(), port)}
		p.b.deliver(from, a.seal(wire.INFORMATIONAL, a.own.next, false, []wire.Payload{&wire.Notify{Kind: wire.UPDATE_SA_ADDRESSES}})[0])
		a.own.next++
	}
	tell(4500)
	return p, elsewhere, tell
}

// proof is what A says to the check that B has under way.
func (p *pair) proof() []byte {
	x, ok := p.b.sole().own.x.(*routability)
	if !ok {
		p.fail("B does not check the address: %T", p.b.sole().own.x)
	}
	return p.a.sole().seal(wire.INFORMATIONAL, p.b.sole().own.next-1, true, []wire.Payload{&wire.Notify{Kind: wire.COOKIE2, Data: x.cookie}})[0]
}

// Who has shown that it is at one address has not shown that it is at the next one (RFC 4555 §3.7), also where a resend of the question went
// to the other one.
func TestMoveIsCheckedEachTime(t *testing.T) {
	for _, back := range []bool{false, true} {
		p, elsewhere, tell := unchecked(t)
		p.lose = func(*side, []byte) bool { return true }
		tell(4501)
		if back {
			tell(4500)
		}
		p.b.deliver(elsewhere, p.proof())
		if moved := find[PathMoved](p.b); len(moved) != 0 {
			p.fail("back %v: B sends to %v on the word for %v", back, moved[0].SA.Path, elsewhere)
		}
		p.b.deliver(elsewhere, p.proof())
		if moved := find[PathMoved](p.b); len(moved) != 1 || moved[0].SA.Path != p.b.sole().path {
			p.fail("back %v: B does not move once it has checked: %+v", back, moved)
		}
	}
}

// A peer that moves and does not answer has one check waiting, however often it moves.
func TestMovesAreBounded(t *testing.T) {
	p, _, tell := unchecked(t)
	for i := range uint16(100) {
		tell(5000 + i)
	}
	if n := len(p.b.sole().queue); n > 1 {
		p.fail("%d checks wait", n)
	}
}

// What is made before the check is done does not go to the new address either: a Child SA, or those of a new IKE SA.
func TestUncheckedPathIsNotUsed(t *testing.T) {
	p, elsewhere, _ := unchecked(t)
	p.lose = func(*side, []byte) bool { return true }
	home := swap(p.a.sole().path)
	p.a.do(func(now time.Time, out *Output) { p.a.sole().start(now, &newChild{flow: p.a.e.flows["f0"]}, out) })
	p.b.deliver(home, p.a.out.Datagrams[0].Data)
	if len(p.b.kids) != 2 {
		p.fail("B has %d Child SAs", len(p.b.kids))
	}
	for _, k := range p.b.kids {
		if k.Path != home {
			p.fail("B sends to %v, want %v", k.Path, home)
		}
	}
	a := p.a.sole()
	a.own.x, a.own.msg = nil, nil // as if A had its answer
	clear(p.waiting)
	p.a.do(func(now time.Time, out *Output) { a.start(now, &rekeySA{}, out) })
	p.b.deliver(home, p.a.out.Datagrams[0].Data)
	var fresh *sa
	for _, s := range p.b.e.sorted() {
		if s.state == established {
			fresh = s
		}
	}
	if fresh == nil || fresh.espPath() != home {
		p.fail("B's new IKE SA is %+v, want its Child SAs on %v", fresh, home)
	}
	if x, ok := fresh.own.x.(*routability); !ok || fresh.path != elsewhere {
		p.fail("B's new IKE SA does not check %v: it has %T under way, on %v", elsewhere, x, fresh.path)
	}
}

// A moves while B replaces the IKE SA, which is where B hears first of: what B was told on the old one is told again on the new one.
func TestMoveDuringRekey(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	p.run(time.Minute)
	p.a.also = map[netip.Addr]bool{addrA: true}
	p.b.rekeySA()
	p.latency = func() time.Duration { return 200 * time.Millisecond }
	p.move("198.51.100.7")
	p.latency = func() time.Duration { return 10 * time.Millisecond }
	p.run(time.Minute)
	p.wantOne()
	if got := p.b.sole().espPath().Remote.Addr(); got != p.a.addr {
		p.fail("B sends to %v, want %v", got, p.a.addr)
	}
}
