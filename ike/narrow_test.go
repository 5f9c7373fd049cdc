package ike

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"seikan/sadb"
)

// manyFlows gives an end n flows, from a prefix of its own each to all that the peer has.
func manyFlows(c *Config, n int) {
	f := c.Peers[0].Flows[0]
	c.Peers[0].Flows = nil
	for i := range n {
		f.ID, f.Local = sadb.PolicyID(fmt.Sprint("f", i)), []sadb.Selector{prefix(fmt.Sprintf("10.2.%d.%d/32", i/256, i%256))}
		c.Peers[0].Flows = append(c.Peers[0].Flows, f)
	}
}

// The number of selectors is one octet (RFC 7296 §3.13): where the responder has more flows that fit, the Child SA carries some of them.
func TestNarrowToMany(t *testing.T) {
	p := newPair(t, func(_, b *Config) { manyFlows(b, 300) })
	p.up()
	k := p.b.kids[p.b.only()]
	if len(k.Local) != maxSelectors || len(k.Policies) != maxSelectors {
		p.fail("%d selectors for %d flows, want %d", len(k.Local), len(k.Policies), maxSelectors)
	}
}

// A peer that offers all the selectors that a message has room for, none of which another one covers, keeps neither us busy nor
// the lanes.
func TestNarrowIsBounded(t *testing.T) {
	p := newPair(t, func(a, b *Config) {
		manyFlows(b, 400)
		for i := range b.Peers[0].Flows {
			b.Peers[0].Flows[i].Local = []sadb.Selector{prefix("10.2.0.0/16")} // so that all of them join
		}
		a.FragmentMTU, b.FragmentMTU = -1, -1
	})
	p.up()
	x := p.a.sole()
	all := netip.MustParsePrefix("0.0.0.0/0")
	ask := &newChild{flow: p.a.e.flows["f0"]}
	for i := range uint16(255) {
		s := sadb.SelectorFromPrefix(all, 0)
		s.LoPort, s.HiPort = 100*i, 100*i+200
		ask.local, ask.remote = append(ask.local, s), append(ask.remote, s)
	}
	p.a.do(func(now time.Time, out *Output) { x.start(now, ask, out) })
	data := p.flight[0].d.Data
	p.b.deliver(p.b.sole().path, data)
	if len(p.b.kids) != 2 {
		p.fail("%d Child SAs, want 2", len(p.b.kids))
	}
	for _, k := range p.b.kids {
		if len(k.Local) > maxSelectors || len(k.Remote) > maxSelectors {
			t.Errorf("%d and %d selectors", len(k.Local), len(k.Remote))
		}
		if n, most := len(k.Policies), 1+maxNarrowing/(2*255*255); len(k.Local) == 255 && len(k.Remote) == 255 && n > most {
			t.Errorf("%d flows were held against the offer, want %d at most", n, most)
		}
	}
}

// What is said of an offer that does not fit is not as long as the offer.
func TestRefusedSelectorsAreBounded(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.FragmentMTU, b.FragmentMTU = -1, -1 })
	p.up()
	ask, wide := &newChild{flow: p.a.e.flows["f0"]}, prefix("::/0")
	wide.Lo = wide.Lo.Next()
	wide.Hi = wide.Hi.Prev()
	for range 255 {
		ask.local, ask.remote = append(ask.local, wide), append(ask.remote, wide)
	}
	p.a.do(func(now time.Time, out *Output) { p.a.sole().start(now, ask, out) })
	p.b.deliver(p.b.sole().path, p.flight[0].d.Data)
	if f := find[Failed](p.b); len(f) != 1 || f[0].Reason != ReasonNoTrafficSelectors || len(f[0].Detail) > 4000 {
		t.Errorf("got %+v", f)
	}
}

func TestSelectorsChecked(t *testing.T) {
	c := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
	for range maxSelectors - 1 {
		c.Peers[0].Flows[0].Local = append(c.Peers[0].Flows[0].Local, prefix("10.1.0.0/16"))
	}
	if _, err := New(c); err == nil {
		t.Errorf("%d selectors are accepted", maxSelectors)
	}
}
