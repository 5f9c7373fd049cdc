package gso

import (
	"fmt"
	"testing"

	"seikan/internal/gso/gsotest"
)

func TestAllocs(t *testing.T) {
	ps := gsotest.Stream(gsotest.Spec{Flags: flagACK, TTL: 64}, 100, 1386, 0)
	var c Coalescer
	var s Segmenter
	room := make([]byte, 2048)
	frame := coalesced(&c, ps)[0]
	if n := testing.AllocsPerRun(100, func() {
		for i := range c.Coalesce(ps) {
			c.Frame(i)
			c.Undo(i)
		}
		if s.Begin(frame) != nil {
			t.Fatal("the frame is malformed")
		}
		for range s.Len() {
			s.Put(room, 0)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

var benchSizes = []struct {
	name string
	spec gsotest.Spec
	n    int
	size int
}{
	{"tcp/size=1386", gsotest.Spec{Flags: flagACK, TTL: 64, Options: make([]byte, 12)}, 46, 1386},
	{"udp/size=1200", gsotest.Spec{UDP: true, TTL: 64}, 46, 1200},
	{"udp/size=64", gsotest.Spec{UDP: true, TTL: 64}, 46, 64},
}

// report adds nanoseconds for each packet.
func report(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/pkt")
}

func BenchmarkSegment(b *testing.B) {
	for _, tt := range benchSizes {
		b.Run(tt.name, func(b *testing.B) {
			var c Coalescer
			frame := coalesced(&c, gsotest.Stream(tt.spec, tt.n, tt.size, 0))[0]
			var s Segmenter
			const room = 2048
			rooms := make([]byte, tt.n*room)
			b.SetBytes(int64(len(frame.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Begin(frame); err != nil {
					b.Fatal(err)
				}
				for i := range s.Len() {
					s.Put(rooms[i*room:], 0)
				}
			}
			report(b, tt.n)
		})
	}
}

// BenchmarkCoalesce joins the packets of some flows, which alternate.
func BenchmarkCoalesce(b *testing.B) {
	for _, tt := range benchSizes {
		for _, flows := range []int{1, 4} {
			b.Run(fmt.Sprintf("%s/flows=%d", tt.name, flows), func(b *testing.B) {
				var ps [][]byte
				for i := range tt.n {
					for f := range flows {
						s := tt.spec
						s.Port, s.ID, s.Seq, s.Payload = uint16(f), uint16(i), uint32(i*tt.size), gsotest.Octets(tt.size)
						ps = append(ps, s.Packet())
					}
				}
				var c Coalescer
				b.SetBytes(int64(len(ps) * len(ps[0])))
				b.ReportAllocs()
				for b.Loop() {
					n := c.Coalesce(ps)
					if n != flows {
						b.Fatalf("got %d frames, want %d", n, flows)
					}
					for i := range n {
						c.Frame(i)
						c.Undo(i)
					}
				}
				report(b, len(ps))
			})
		}
	}
}
