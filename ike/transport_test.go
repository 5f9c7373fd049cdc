package ike

import (
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// Transport mode is used where both ends want it and the selectors are the two ends themselves; else it is tunnel mode (RFC 7296 §1.3.1).
func TestTransportMode(t *testing.T) {
	for _, tt := range []struct {
		name   string
		a, b   bool
		change func(a, b *Config)
		to     netip.Addr
		want   bool
	}{
		{name: "both", a: true, b: true, want: true},
		{name: "the initiator only", a: true},
		{name: "the responder only", b: true},
		{name: "networks behind the ends", a: true, b: true, change: func(a, b *Config) {
			a.Peers[0].Flows[0].Remote, b.Peers[0].Flows[0].Local = []sadb.Selector{prefix("10.2.0.0/16")}, []sadb.Selector{prefix("10.2.0.0/16")}
		}, to: netip.MustParseAddr("10.2.0.1")},
		{name: "the responder takes less", a: true, b: true, change: func(a, b *Config) {
			b.Peers[0].Flows[0].Local = []sadb.Selector{prefix("192.0.2.0/24")}
		}, want: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) {
				fa, fb := &a.Peers[0].Flows[0], &b.Peers[0].Flows[0]
				fa.Local, fa.Remote = []sadb.Selector{prefix("192.0.2.1/32")}, []sadb.Selector{prefix("192.0.2.2/32")}
				fb.Local, fb.Remote = fa.Remote, fa.Local
				fa.Transport, fb.Transport = tt.a, tt.b
				if tt.change != nil {
					tt.change(a, b)
				}
			})
			check := func(when string) {
				t.Helper()
				p.agree()
				for _, s := range []*side{p.a, p.b} {
					if got := s.kids[s.only()].Transport; got != tt.want {
						p.fail("%s: transport mode at %s: %v, want %v", when, s.name, got, tt.want)
					}
				}
			}
			to := addrB
			if tt.to.IsValid() {
				to = tt.to
			}
			p.a.do(func(now time.Time, out *Output) {
				p.a.e.Acquire(now, "f0", sadb.Flow{Src: p.a.addr, Dst: to, Proto: 1}, out)
			})
			p.run(time.Second)
			check("set up")
			for _, s := range []*side{p.a, p.b} {
				in := s.only()
				s.do(func(now time.Time, out *Output) { s.e.RekeyChild(now, in, out) })
				p.run(time.Minute)
				check("rekeyed by " + s.name)
			}
		})
	}
}

// Behind a NAT an end's own address is not the one that the other end sees: tunnel mode.
func TestTransportModeBehindNAT(t *testing.T) {
	outer := netip.MustParseAddr("203.0.113.1")
	p := newPair(t, func(a, b *Config) {
		fa, fb := &a.Peers[0].Flows[0], &b.Peers[0].Flows[0]
		fa.Local, fa.Remote = []sadb.Selector{prefix("192.0.2.1/32")}, []sadb.Selector{prefix("192.0.2.2/32")}
		fb.Local, fb.Remote = fa.Remote, fa.Local
		fa.Transport, fb.Transport = true, true
		b.Peers[0].Remote = outer
		b.Peers[0].RemoteIDs = []Match{{Kind: wire.ID_IPV4_ADDR, Data: string(addrA.AsSlice())}}
	})
	p.nat = &nat{addr: outer, ports: map[uint16]uint16{}, last: 40000}
	p.a.do(func(now time.Time, out *Output) {
		p.a.e.Acquire(now, "f0", sadb.Flow{Src: addrA, Dst: addrB, Proto: 1}, out)
	})
	p.run(time.Second)
	p.agree()
	if p.a.kids[p.a.only()].Transport || p.b.kids[p.b.only()].Transport {
		p.fail("transport mode through a NAT")
	}
}
