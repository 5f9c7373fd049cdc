package ike

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// A peer that creates Child SAs without end is refused at some number, and so is one that rekeys without ever deleting.
func TestTooManyChildren(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	for range maxChildren + 50 {
		x := p.a.sole()
		p.a.do(func(now time.Time, out *Output) {
			p.a.e.flows["f0"].retry = time.Time{}
			x.start(now, &newChild{flow: p.a.e.flows["f0"]}, out)
		})
		p.run(25 * time.Millisecond)
	}
	if n := len(p.b.e.children); n != maxChildren {
		p.fail("%d Child SAs at B, want %d", n, maxChildren)
	}
	if f := find[Failed](p.a); len(f) == 0 || f[0].Detail != "the peer answered with NO_ADDITIONAL_SAS" {
		p.fail("A hears %+v", f)
	}
	p.a.delete()
	p.run(time.Minute)
	p.wantNothing()
}

// A peer that rekeys the IKE SA and does not delete the old one.
func TestTooManyRekeys(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	p.a.e.cfg.HalfOpenTime, p.b.e.cfg.HalfOpenTime = time.Hour, time.Hour
	for range 3 * maxSAs {
		p.a.rekeySA()
		p.run(25 * time.Millisecond)
		for _, x := range p.a.e.sorted() { // A forgets the old one instead
			if x.state == replaced {
				p.a.do(func(now time.Time, out *Output) { x.kill(now, ReasonRekeyed, "", out) })
			}
		}
		p.run(10 * time.Millisecond)
		p.lose = func(from *side, data []byte) bool { return from == p.a && len(data) < 80 } // its Delete
	}
	if n := p.b.e.Len(); n > maxSAs {
		p.fail("%d IKE SAs at B", n)
	}
}

// A peer that forgets its IKE SAs and sets up new ones gets in, at the cost of the oldest.
func TestTooManySAs(t *testing.T) {
	p := newPair(t, func(a, b *Config) { b.Peers[0].Unique = UniqueNever })
	for range maxSAs + 5 {
		p.a = newSide(p, "A", addrA, peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16"))
		p.a.acquire("f0")
		p.run(time.Second)
	}
	if n := p.b.e.Len(); n != maxSAs {
		p.fail("%d IKE SAs at B, want %d", n, maxSAs)
	}
	for _, down := range find[SADown](p.b) {
		if down.Reason != ReasonTooMany {
			p.fail("one is down for %v, want %v", down.Reason, ReasonTooMany)
		}
	}
	if len(p.a.kids) != 1 {
		p.fail("the last one did not get in")
	}
	for _, k := range p.a.kids {
		if p.b.e.children[k.Out.SPI] == nil {
			p.fail("A may send on %v, which B does not have", k.Out.SPI)
		}
	}
}

// Who has a credential that is good for any number of identities has no more IKE SAs with them than the peer may have. Those stay whose ends
// are heard, and who comes back gets in.
func TestTooManyIdentities(t *testing.T) {
	heard := map[esp.SPI]bool{} // all the time
	domain := Match{Kind: wire.ID_FQDN, Data: "example", Domain: true}
	var p *pair
	p = newPair(t, func(a, b *Config) {
		b.Peers[0].RemoteIDs = []Match{domain}
		b.Heard = func(in esp.SPI) time.Time {
			if heard[in] {
				return p.now
			}
			return time.Time{}
		}
	})
	p.b.e.saPool = pool{own: 2, most: 6, shared: 100}
	// as has A come as somebody else, who knows nothing of the one before, and returns the Child SA at B.
	as := func(name string) esp.SPI {
		t.Helper()
		c := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
		c.Peers[0].LocalID = Identity{Kind: wire.ID_FQDN, Data: name + ".example"}
		p.a = newSide(p, "A", addrA, c)
		p.a.acquire("f0")
		p.run(time.Second)
		for _, k := range p.a.kids {
			if p.b.e.children[k.Out.SPI] != nil {
				return k.Out.SPI
			}
		}
		p.fail("%s did not get in", name)
		return 0
	}
	office := as("office")
	heard[office] = true
	for i := range 20 {
		as(fmt.Sprintf("other%d", i))
		if n := p.b.e.Len(); n > 6 || p.b.e.children[office] == nil {
			p.fail("after %d others: %d IKE SAs, and the one that is heard is there: %v", i+1, n, p.b.e.children[office] != nil)
		}
	}
	downs := find[SADown](p.b)
	if len(downs) != 15 || downs[0].Reason != ReasonTooMany || downs[0].SA.RemoteID.Data != "other0.example" {
		p.fail("got the ends %+v, want 15 of others", downs)
	}
	as("office")
	if p.b.e.children[office] != nil || p.b.e.Len() != 6 {
		p.fail("%d IKE SAs, want that the new one took the place of the old one", p.b.e.Len())
	}
}

// A peer may have so many Child SAs on all its IKE SAs; those that there are can be rekeyed, and what is refused has a reason of its own.
func TestTooManyChildrenOfAPeer(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	p.b.e.childPool.own, p.b.e.childPool.most = 3, 5
	for range 10 {
		x := p.a.sole()
		p.a.do(func(now time.Time, out *Output) {
			p.a.e.flows["f0"].retry = time.Time{}
			x.start(now, &newChild{flow: p.a.e.flows["f0"]}, out)
		})
		p.run(25 * time.Millisecond)
	}
	if n := p.agree(); n != 5 {
		p.fail("%d Child SAs, want 5", n)
	}
	for _, s := range []*side{p.a, p.b} {
		if f := find[Failed](s); len(f) != 6 || f[0].Reason != ReasonTooMany {
			p.fail("%s hears %+v", s.name, f)
		}
	}
	for _, in := range slices.Collect(maps.Keys(p.a.kids)) {
		p.a.do(func(now time.Time, out *Output) { p.a.e.RekeyChild(now, in, out) })
		p.run(time.Second)
	}
	p.run(time.Minute)
	if n := p.agree(); n != 5 || len(find[Failed](p.a)) != 6 {
		p.fail("%d Child SAs after rekeys, want 5; %v", n, find[Failed](p.a))
	}
}

// Each peer has some for itself, whatever the others have; what is more they have in common.
func TestPool(t *testing.T) {
	p := pool{own: 2, most: 5, shared: 4}
	var one, two, three int
	take := func(n *int, times int) {
		for range times {
			p.take(n)
		}
	}
	want := func(what string, n int, over, full bool) {
		t.Helper()
		if p.over(n) != over || p.full(n) != full {
			t.Errorf("%s: %d is over: %v, full: %v, want %v, %v; %d used", what, n, p.over(n), p.full(n), over, full, p.used)
		}
	}
	want("nothing", one, false, false)
	take(&one, 5)
	want("all that a peer may have", one, false, true)
	take(&one, 1)
	want("more than that", one, true, true)
	p.give(&one)
	take(&two, 3)
	want("all that there is in common", two, false, true)
	want("another peer's own", three, false, false)
	take(&three, 2)
	want("all that is its own", three, false, true)
	take(&three, 1)
	want("more than there is in common", three, true, true)
	p.give(&three)
	p.give(&one)
	want("again some in common", two, false, false)
	for _, n := range []*int{&one, &two, &three} {
		for *n > 0 {
			p.give(n)
		}
	}
	if p.used != 0 {
		t.Errorf("%d are used of nothing", p.used)
	}
}
