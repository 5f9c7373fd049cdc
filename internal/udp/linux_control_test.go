//go:build linux

package udp

import (
	"net/netip"
	"os"
	"testing"
)

// The class of service of each datagram arrives with it, also where datagrams of several classes are in one batch, and those of one go
// together.
func TestTOS(t *testing.T) {
	classes := []uint8{0, 0, 0xb8, 0xb8, 0xb8, 0x02, 0x03, 0x01, 0xff, 0, 0x02, 0x02}
	check := func(t *testing.T, from, to Conn) {
		t.Helper()
		var sent []Message
		for i := range 120 {
			sent = append(sent, Message{Data: make([]byte, 200), Remote: to.LocalAddr(), TOS: classes[i/5%len(classes)]})
			sent[i].Data[0] = byte(i)
		}
		if n, err := from.NewWriter().WriteBatch(sent); n != len(sent) || err != nil {
			t.Fatalf("sent %d of %d, %v", n, len(sent), err)
		}
		wantMessages(t, receive(t, to, len(sent)), sent, from)
	}
	for _, lo := range loopbacks {
		for _, off := range []bool{false, true} {
			o := Options{NoSegmentation: off, NoCoalescing: off}
			t.Run(lo.name, func(t *testing.T) { check(t, open(t, lo.addr, o), open(t, lo.addr, o)) })
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("raw sockets need root")
	}
	for name, addr := range map[string]string{"bare IPv4": "127.0.3.3", "bare IPv6": "::1"} {
		t.Run(name, func(t *testing.T) {
			c, err := ListenESP(netip.MustParseAddr(addr), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			check(t, c, c)
		})
	}
}

// What the kernel says is read as far as it goes: whatever is there, nothing beyond it is.
func FuzzControl(f *testing.F) {
	var c control
	n := c.write(2, &Message{Data: make([]byte, 1400), TOS: 0xb8}, true)
	f.Add(c[:n])
	f.Fuzz(func(t *testing.T, b []byte) {
		var c control
		c.read(copy(c[:], b))
	})
}
