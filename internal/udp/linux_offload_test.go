//go:build linux

package udp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestTogether(t *testing.T) {
	a, b := netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")
	m := func(n int, to netip.AddrPort) Message { return Message{Data: make([]byte, n), Remote: to} }
	many := func(n, size int) (ms []Message) {
		for range n {
			ms = append(ms, m(size, a))
		}
		return ms
	}
	for _, tt := range []struct {
		name string
		ms   []Message
		want int
	}{
		{"one", many(1, 100), 1},
		{"equal", many(3, 100), 3},
		{"the last is shorter", append(many(3, 100), m(50, a)), 4},
		{"shorter ends it", append(many(3, 100), m(50, a), m(50, a)), 4},
		{"longer is another", append(many(3, 100), m(101, a)), 3},
		{"another peer", append(many(3, 100), m(100, b)), 3},
		{"empty is by itself", append([]Message{m(0, a)}, many(2, 100)...), 1},
		{"not with an empty one", append(many(2, 100), m(0, a)), 2},
		{"at most 64", many(100, 100), maxSegments},
		{"at most a datagram's length", many(64, 1500), maxTogether / 1500},
		{"none fits with it", many(2, 40000), 1},
	} {
		if got := together(tt.ms); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Batches of all sizes to two peers arrive whole and in order at each, with and without offload, and however few are read at once.
func TestOffloadKeepsDatagrams(t *testing.T) {
	for _, off := range []bool{false, true} {
		r := rand.New(rand.NewPCG(1, 2))
		o := Options{NoSegmentation: off, NoCoalescing: off}
		from := open(t, "127.0.0.1", o)
		peers := []Conn{open(t, "127.0.0.1", o), open(t, "127.0.0.1", o)}
		if got := from.(*linuxConn).noGSO.Load(); off && !got {
			t.Error("datagrams go together")
		}
		w := from.NewWriter()
		readers := []Reader{peers[0].NewReader(), peers[1].NewReader()}
		for round := range 60 {
			var ms []Message
			want := make([][][]byte, 2)
			size := 1 + r.IntN(3000)
			for i := range 1 + r.IntN(150) {
				if r.IntN(8) == 0 {
					size = r.IntN(3000)
				}
				to := 0
				if r.IntN(6) == 0 {
					to = 1
				}
				data := make([]byte, size)
				if size >= 4 {
					binary.BigEndian.PutUint32(data, uint32(round<<16|i))
				}
				ms = append(ms, Message{Data: data, Remote: peers[to].LocalAddr()})
				want[to] = append(want[to], data)
			}
			if n, err := w.WriteBatch(ms); n != len(ms) || err != nil {
				t.Fatalf("offload off %v: sent %d of %d, %v", off, n, len(ms), err)
			}
			for i, reader := range readers {
				for k := 0; k < len(want[i]); {
					in := make([]Message, 1+r.IntN(70))
					n, err := reader.ReadBatch(in)
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range in[:n] {
						if !bytes.Equal(m.Data, want[i][k]) || m.Remote != from.LocalAddr() {
							t.Fatalf("offload off %v, round %d, datagram %d of %d: got %d octets from %v, want %d", off, round, k, len(want[i]), len(m.Data), m.Remote, len(want[i][k]))
						}
						k++
					}
				}
			}
		}
	}
}

// A batch in which some cannot be sent loses only those.
func TestOffloadErrors(t *testing.T) {
	from, to := open(t, "127.0.0.1", Options{}), open(t, "127.0.0.1", Options{})
	good := func() Message { return Message{Data: make([]byte, 500), Remote: to.LocalAddr()} }
	bad := Message{Data: make([]byte, 500), Remote: netip.MustParseAddrPort("[::1]:9")} // not of the socket's family
	ms := []Message{good(), good(), bad, bad, good(), bad, good(), good()}
	n, err := from.NewWriter().WriteBatch(ms)
	if n != 5 || err == nil {
		t.Errorf("sent %d, %v; want 5 and an error", n, err)
	}
	in, reader := make([]Message, 10), to.NewReader()
	for got := 0; got < 5; {
		n, err := reader.ReadBatch(in[got:])
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
}
