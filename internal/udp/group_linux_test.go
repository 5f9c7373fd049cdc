package udp

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// Datagrams come to the socket of a group that their first four octets say, those of one in order, over either family and with datagrams
// that go together; each socket of the group sends from the address.
func TestListenGroup(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			const n, each = 3, 40
			group, err := ListenGroup(netip.AddrPortFrom(netip.MustParseAddr(lo.addr), 0), n, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range group {
				t.Cleanup(func() { c.Close() })
			}
			if len(group) != n {
				t.Fatalf("%d sockets, want %d", len(group), n)
			}
			from := open(t, lo.addr, Options{})
			want := make([][]Message, n)
			w := from.NewWriter()
			send := func(ms ...Message) {
				t.Helper()
				if n, err := w.WriteBatch(ms); n != len(ms) || err != nil {
					t.Fatalf("sent %d of %d, %v", n, len(ms), err)
				}
			}
			for spi := range uint32(12) {
				var ms []Message
				for i := range each {
					data := binary.BigEndian.AppendUint32(nil, spi)
					data = append(data, byte(i), 1, 2, 3, 4, 5, 6, 7)
					m := Message{Data: data, Remote: group[0].LocalAddr()}
					ms, want[spi%n] = append(ms, m), append(want[spi%n], m)
				}
				send(ms...)
			}
			short := Message{Data: []byte{0xff}, Remote: group[0].LocalAddr()}
			send(short)
			want[0] = append(want[0], short)
			for i, c := range group {
				wantMessages(t, receive(t, c, len(want[i])), want[i], from)
				back := []Message{{Data: []byte{byte(i)}, Remote: from.LocalAddr()}}
				if _, err := c.NewWriter().WriteBatch(back); err != nil {
					t.Fatal(err)
				}
				wantMessages(t, receive(t, from, 1), back, group[0])
			}
		})
	}
}

// An address that somebody has is not shared, neither with a group nor with a single socket.
func TestListenGroupIsAlone(t *testing.T) {
	group, err := ListenGroup(loopback4, 2, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, c := range group {
			c.Close()
		}
	}()
	for _, n := range []int{1, 2} {
		if g, err := ListenGroup(group[0].LocalAddr(), n, Options{}); err == nil {
			t.Errorf("a group of %d got the address of another one", n)
			for _, c := range g {
				c.Close()
			}
		}
	}
	single := open(t, "127.0.0.1", Options{})
	if _, err := ListenGroup(single.LocalAddr(), 2, Options{}); err == nil {
		t.Error("a group got the address of a socket")
	}
}

// Where there is nothing to share there is one socket.
func TestListenGroupPortable(t *testing.T) {
	group, err := ListenGroup(loopback4, 4, Options{Portable: true})
	if err != nil || len(group) != 1 {
		t.Fatalf("%d sockets, %v; want one", len(group), err)
	}
	time.AfterFunc(time.Millisecond, func() { group[0].Close() })
	if _, err := group[0].NewReader().ReadBatch(make([]Message, 1)); err == nil {
		t.Error("a closed socket was read from")
	}
}
