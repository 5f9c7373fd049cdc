package udp

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"testing"
)

// Bare ESP goes from one raw socket to another, over either family, in batches and with nothing lost or changed.
func TestListenESP(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("raw sockets need root")
	}
	for _, tt := range []struct{ name, a, b string }{{"IPv4", "127.0.3.1", "127.0.3.2"}, {"IPv6", "::1", "::1"}} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := ListenESP(netip.MustParseAddr(tt.a), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			b := a
			if tt.a != tt.b {
				if b, err = ListenESP(netip.MustParseAddr(tt.b), Options{}); err != nil {
					t.Fatal(err)
				}
				defer b.Close()
			}
			var sent []Message
			for i := range 100 {
				sent = append(sent, Message{Data: bytes.Repeat([]byte{byte(i)}, 20+i*10), Remote: b.LocalAddr()})
			}
			if n, err := a.NewWriter().WriteBatch(sent); n != len(sent) || err != nil {
				t.Fatalf("sent %d of %d: %v", n, len(sent), err)
			}
			r := b.NewReader()
			for got := 0; got < len(sent); {
				ms := make([]Message, 30)
				for i := range ms {
					ms[i].Data = make([]byte, 2000)
				}
				n, err := r.ReadBatch(ms)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range ms[:n] {
					if !bytes.Equal(m.Data, sent[got].Data) || m.Remote != a.LocalAddr() {
						t.Fatalf("packet %d: %d octets from %v, want %d from %v", got, len(m.Data), m.Remote, len(sent[got].Data), a.LocalAddr())
					}
					got++
				}
			}
		})
	}
}

func TestListenESPRefuses(t *testing.T) {
	for _, addr := range []netip.Addr{{}, netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if c, err := ListenESP(addr, Options{}); err == nil {
			c.Close()
			t.Errorf("%v: no error", addr)
		}
	}
	if _, err := ListenESP(netip.IPv4Unspecified(), Options{}); !errors.Is(err, errWildcard) {
		t.Errorf("got %v, want %v", err, errWildcard)
	}
}

func TestWithoutHeader(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		v4   bool
		want int // octets left
	}{
		{"nothing", nil, true, 0},
		{"IPv6", make([]byte, 30), false, 30},
		{"no options", append([]byte{0x45}, make([]byte, 29)...), true, 10},
		{"options", append([]byte{0x46}, make([]byte, 29)...), true, 6},
		{"a header that says too much", append([]byte{0x4f}, make([]byte, 29)...), true, 0},
	} {
		if got := len(withoutHeader(tt.data, tt.v4)); got != tt.want {
			t.Errorf("%s: %d octets left, want %d", tt.name, got, tt.want)
		}
	}
}
