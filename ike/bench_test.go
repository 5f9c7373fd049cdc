package ike

import (
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

// exchangeAll carries datagrams between two endpoints until none is left.
func exchangeAll(b *testing.B, x, y *Endpoint, out *Output) {
	b.Helper()
	var back Output
	for to, from := y, x; len(out.Datagrams) > 0; to, from = from, to {
		back.Reset()
		for _, d := range out.Datagrams {
			to.Handle(start, Datagram{Path: swap(d.Path), Data: d.Data}, &back)
		}
		*out, back = back, *out
	}
}

// BenchmarkHandshake sets an IKE SA with a Child SA up, and counts the work of both ends. Each end is about half of it.
func BenchmarkHandshake(b *testing.B) {
	for _, tt := range []struct{ group, add wire.GroupID }{
		{wire.CURVE25519, wire.NONE}, {wire.ECP_256, wire.NONE}, {wire.ECP_384, wire.NONE}, {wire.MODP_2048, wire.NONE},
		{wire.CURVE25519, wire.ML_KEM_768}, {wire.ECP_384, wire.ML_KEM_1024},
	} {
		g, name := tt.group, "group="+tt.group.String()
		if tt.add != wire.NONE {
			name += "+" + tt.add.String()
		}
		b.Run(name, func(b *testing.B) {
			ca := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
			cb := peerConfig("A", addrB, addrA, "10.2.0.0/16", "10.1.0.0/16")
			ca.Peers[0].Proposals[0].Groups, cb.Peers[0].Proposals[0].Groups = []wire.GroupID{g}, []wire.GroupID{g}
			if tt.add != wire.NONE {
				quantum(&ca, false, tt.add)
				quantum(&cb, false, tt.add)
			}
			b.ReportAllocs()
			for b.Loop() {
				x, err := New(ca)
				if err != nil {
					b.Fatal(err)
				}
				y, err := New(cb)
				if err != nil {
					b.Fatal(err)
				}
				var out Output
				x.Acquire(start, "f0", sadb.Flow{Src: addrA, Dst: addrB}, &out)
				exchangeAll(b, x, y, &out)
				if len(y.children) != 1 {
					b.Fatal("no Child SA")
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
		})
	}
}

// BenchmarkRekey replaces a Child SA without a key exchange, and counts the work of both ends.
func BenchmarkRekey(b *testing.B) {
	ca := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
	cb := peerConfig("A", addrB, addrA, "10.2.0.0/16", "10.1.0.0/16")
	for _, p := range []*Peer{&ca.Peers[0], &cb.Peers[0]} { // nothing else happens in the time that passes
		p.Lifetime, p.Flows[0].Lifetime = 1e6*time.Hour, 1e6*time.Hour
	}
	x, err := New(ca)
	if err != nil {
		b.Fatal(err)
	}
	y, err := New(cb)
	if err != nil {
		b.Fatal(err)
	}
	var out Output
	x.Acquire(start, "f0", sadb.Flow{Src: addrA, Dst: addrB}, &out)
	exchangeAll(b, x, y, &out)
	now := start.Add(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		var in esp.SPI
		for spi := range x.children {
			in = spi
		}
		if in == 0 {
			b.Fatal("no child")
		}
		out.Reset()
		x.RekeyChild(now, in, &out)
		exchangeAll(b, x, y, &out)
		now = now.Add(10 * time.Second) // the old SA lingers for less
		out.Reset()
		x.Advance(now, &out)
		out.Reset()
		y.Advance(now, &out)
		out.Reset()
	}
	if len(x.children) != 1 {
		b.Fatalf("%d children", len(x.children))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rekeys/s")
}

// A peer with many Child SAs names as many as a message has room for which are not there.
func BenchmarkDeleteUnknown(b *testing.B) {
	s := &sa{e: &Endpoint{}, children: map[esp.SPI]*child{}}
	for i := range esp.SPI(maxChildren) {
		s.children[300+i] = &child{in: 300 + i, out: 300 + i}
	}
	d := &wire.Delete{Protocol: wire.ProtocolESP}
	for i := range esp.SPI(15_000) {
		d.SPIs = append(d.SPIs, spiOctets(1000+i))
	}
	var out Output
	for b.Loop() {
		if ours := s.peerDeletes(start, d, &out); len(ours) != 0 {
			b.Fatalf("got %d, want none", len(ours))
		}
	}
}
