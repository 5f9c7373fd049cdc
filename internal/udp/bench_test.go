package udp

import (
	"fmt"
	"testing"
)

// BenchmarkLoopback sends a batch to a socket and receives it, on one goroutine.
func BenchmarkLoopback(b *testing.B) {
	for _, portable := range []bool{false, true} {
		for _, size := range []int{64, 1400} {
			for _, batch := range []int{1, 64} {
				b.Run(fmt.Sprintf("portable=%v/size=%d/batch=%d", portable, size, batch), func(b *testing.B) {
					benchLoopback(b, portable, size, batch)
				})
			}
		}
	}
}

func benchLoopback(b *testing.B, portable bool, size, batch int) {
	from, to := open(b, "127.0.0.1", Options{Portable: portable}), open(b, "127.0.0.1", Options{Portable: portable})
	w, r := from.NewWriter(), to.NewReader()
	out, in := make([]Message, batch), make([]Message, batch)
	for i := range out {
		out[i] = Message{Data: make([]byte, size), Remote: to.LocalAddr()}
	}
	b.SetBytes(int64(size * batch))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := w.WriteBatch(out); n != batch || err != nil {
			b.Fatalf("sent %d, %v; want %d", n, err, batch)
		}
		for left := batch; left > 0; {
			n, err := r.ReadBatch(in[:left])
			if err != nil {
				b.Fatal(err)
			}
			left -= n
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "pkt/s")
}
