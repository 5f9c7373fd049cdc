package seikan

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/sadb"
)

// wrap is a way to carry the packets of a tunnel interface.
type wrap struct {
	name           string
	gre, transport bool
}

var wraps = []wrap{{"ipsec", false, false}, {"gre", true, false}, {"gre in transport mode", true, true}}

// newTunnelHalves makes two ends of a tunnel interface with a pair of SAs, whose up and dev are those of the tunnel.
func newTunnelHalves(t testing.TB, w wrap) (a, b *half) {
	t.Helper()
	end := func(local, remote netip.Addr) *half {
		h := &half{wire: newCable(netip.AddrPortFrom(local, 4500)), dev: &sinkDevice{}}
		tunnel, policy := w.at(local, remote)
		tunnel.Device = h.dev
		r, err := New(Config{
			Policies: []sadb.Policy{policy}, Tunnels: []Tunnel{tunnel},
			Device: &sinkDevice{}, Sockets: []Socket{{Conn: h.wire, NATT: true}}, Log: zerolog.Nop(),
		})
		if err != nil {
			t.Fatal(err)
		}
		h.r, h.up, h.down = r, newUplink(r, 128, 0), newDownlink(r, r.cfg.Sockets[0], 0)
		h.up.via = tunnel.Name
		return h
	}
	a, b = end(outerA, outerB), end(outerB, outerA)
	ab := esp.Params{SPI: 0x1001, Suite: gcm128, Key: bytes.Repeat([]byte{1}, 20), Window: 64}
	ba := esp.Params{SPI: 0x1002, Suite: gcm128, Key: bytes.Repeat([]byte{3}, 20), Window: 64}
	for _, e := range []struct {
		h             *half
		in, out       esp.Params
		local, remote netip.Addr
	}{{a, ba, ab, outerA, outerB}, {b, ab, ba, outerB, outerA}} {
		_, policy := w.at(e.local, e.remote)
		_, err := e.h.r.db.Install(time.Unix(1, 0), sadb.ChildSpec{
			IKE: 1, Policies: []sadb.PolicyID{"P"}, In: e.in, Out: e.out, Local: policy.Local, Remote: policy.Remote, Transport: w.transport,
			Path: sadb.Path{Local: netip.AddrPortFrom(e.local, 4500), Remote: netip.AddrPortFrom(e.remote, 4500)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

// at is the tunnel at one end, without a device, and its policy.
func (w wrap) at(local, remote netip.Addr) (Tunnel, sadb.Policy) {
	t := Tunnel{Name: "Tunnel0"}
	all := []sadb.Selector{sadb.SelectorFromPrefix(netip.MustParsePrefix("0.0.0.0/0"), 0)}
	p := sadb.Policy{ID: "P", Action: sadb.Protect, Interface: t.Name, Local: all, Remote: all}
	if w.gre {
		t.GRE = &GRE{Local: local, Remote: remote, Keyed: true, Key: 7}
		p.Local = []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(local, 32), protoGRE)}
		p.Remote = []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(remote, 32), protoGRE)}
	}
	return t, p
}

// Packets, and the frames of many, come through a tunnel as they were sent, with their class of service outside, and nothing is allocated.
func TestTunnelSteps(t *testing.T) {
	for _, w := range wraps {
		t.Run(w.name, func(t *testing.T) {
			a, b := newTunnelHalves(t, w)
			cut, frame := segments(t, 45, 1300)
			plain := packets(40, 1000)
			plain[0][1] = 0xba
			putIPv4Sum(plain[0])
			round := func() {
				a.up.take(1e9, frame)
				a.up.end(1e9)
				deliver(a, b)
			}
			for _, tt := range []struct {
				send func()
				want [][]byte
			}{{func() { a.up.step(1e9, plain); deliver(a, b) }, plain}, {round, cut}} {
				before := b.dev.packets
				tt.send()
				if got := b.dev.packets - before; got != len(tt.want) {
					t.Fatalf("got %d packets, want %d; drops %v", got, len(tt.want), b.r.db.Entry("P").Counters.In.Load().Drops)
				}
				for i, p := range b.dev.last[:len(tt.want)] {
					if !bytes.Equal(p, tt.want[i]) {
						t.Fatalf("packet %d: got % x, want % x", i, p, tt.want[i])
					}
				}
			}
			if n := testing.AllocsPerRun(100, round); n != 0 {
				t.Errorf("got %v allocations for a frame to the other side, want 0", n)
			}
			in := b.r.db.Entry("P").Counters.In.Load()
			if want := 40 + 102*45; b.dev.packets != want || in.Packets != uint64(want) || in.DropTotal() != 0 {
				t.Errorf("got %d packets through, %d counted, %d drops; want %d and no drop", b.dev.packets, in.Packets, in.DropTotal(), want)
			}
		})
	}
}

// BenchmarkTunnelFrame takes a frame of 45 segments from one end of a tunnel interface to the other.
func BenchmarkTunnelFrame(b *testing.B) {
	for _, w := range wraps {
		b.Run(w.name, func(b *testing.B) {
			x, y := newTunnelHalves(b, w)
			_, frame := segments(b, 45, 1300)
			b.SetBytes(45 * 1300)
			b.ReportAllocs()
			for b.Loop() {
				x.up.take(1e9, frame)
				x.up.end(1e9)
				deliver(x, y)
			}
			if y.dev.packets != 45*b.N {
				b.Fatalf("%d packets came through, want %d", y.dev.packets, 45*b.N)
			}
		})
	}
}
