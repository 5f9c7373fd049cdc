package seikan

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/internal/udp"
	"seikan/sadb"
)

// The peer sends by the new SA while its answer, which would let us install it, is lost: the packets wait for the answer's repetition.
func TestPacketsBeforeTheirSA(t *testing.T) {
	tests := []struct {
		name     string
		begin    func(g *rig)
		exchange wire.ExchangeType // whose first answer is lost
		want     []uint16          // that a gets
	}{
		{"first", func(g *rig) { g.a.send(0, 0) }, wire.IKE_AUTH, sequence(100, 119)},
		{"rekey", func(g *rig) {
			g.up()
			for c := range g.a.router.db.Children() {
				g.a.router.tell(note{kind: noteSoft, in: c.In.SPI()})
			}
		}, wire.CREATE_CHILD_SA, sequence(100, 119)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			engine(t, nil, func(t *testing.T, g *rig) {
				var lost atomic.Int32
				g.net.SetFilter(func(from, _ netip.AddrPort, data []byte) bool {
					const exchange, flags, isResponse = 18, 19, 0x20
					if from.Port() == 4500 && binary.BigEndian.Uint32(data) == 0 {
						data = data[markerLen:]
					}
					answer := from.Addr() == outerB && len(data) > 28 && wire.ExchangeType(data[exchange]) == tt.exchange && data[flags]&isResponse != 0
					return !answer || lost.Add(1) > 1
				})
				tt.begin(g)
				time.Sleep(10 * time.Millisecond)
				if lost.Load() != 1 {
					t.Fatalf("%d answers were lost, want 1", lost.Load())
				}
				g.b.send(100, 119)
				time.Sleep(5 * time.Second)
				if got := g.a.received(); !slices.Equal(got, tt.want) {
					t.Errorf("got %v, want %v; log:\n%s", got, tt.want, g.a.log)
				}
				if n := g.a.router.drops.Load().DropTotal(); n != 0 {
					t.Errorf("%d packets were dropped, want 0", n)
				}
				if f := g.a.flow().In.Load(); f.Packets != 20 || f.DropTotal() != 0 {
					t.Errorf("counted %+v, want 20 packets and no drop", f)
				}
			})
		})
	}
}

// Packets of an SA that never comes are bounded in number and time, and every one is counted.
func TestEarlyPacketsAreBounded(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		r := g.a.router
		drops := func() uint64 { return r.drops.Load().Drops[sadb.DropUnknownSPI] }
		r.db.Offer(0x1001)
		c := g.net.Listen(netip.AddrPortFrom(outerB, 9999))
		defer c.Close()
		to := netip.AddrPortFrom(outerA, 4500)
		send := func(spi uint32) {
			m := udp.Message{Data: binary.BigEndian.AppendUint32(nil, spi), Remote: to}
			if _, err := c.NewWriter().WriteBatch([]udp.Message{m}); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			send(0x2002) // nobody was offered that
		}
		time.Sleep(time.Millisecond)
		if n := drops(); n != 10 {
			t.Errorf("%d packets of an SPI that nobody was offered were dropped at once, want 10", n)
		}
		const sent = 300
		for range sent {
			send(0x1001)
			time.Sleep(time.Millisecond)
		}
		if n := drops(); n != 10+sent-earlyQueue {
			t.Errorf("%d packets were dropped at once, want %d", n, 10+sent-earlyQueue)
		}
		time.Sleep(earlyTime)
		if n := drops(); n != 10+sent {
			t.Errorf("%d packets were dropped in the end, want %d", n, 10+sent)
		}
	})
}
