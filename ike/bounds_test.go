package ike

import (
	"testing"
	"time"
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
	if len(p.a.kids) != 1 {
		p.fail("the last one did not get in")
	}
	for _, k := range p.a.kids {
		if p.b.e.children[k.Out.SPI] == nil {
			p.fail("A may send on %v, which B does not have", k.Out.SPI)
		}
	}
}
