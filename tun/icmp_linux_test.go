package tun

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"
)

// A message comes to its receiver from an address of the host, as it was given; of ICMPv6 with a checksum. Who has no address here, or
// whom the host cannot reach, hears nothing, and nobody waits.
func TestICMP(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{Name: "ticmp0"})
		send := h.ICMP()
		if send == nil {
			t.Fatal("root may use raw sockets")
		}
		for _, tt := range []struct {
			network string
			site    site
			message []byte
		}{
			{"ip4:1", sites[0], []byte{3, 4, 0xf7, 0xe6, 0, 0, 5, 20, 'q'}},
			{"ip6:58", sites[1], []byte{2, 0, 0, 0, 0, 0, 5, 20, 'q'}},
		} {
			conn, err := net.ListenPacket(tt.network, tt.site.local.String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			send(netip.MustParseAddr("192.0.2.77"), tt.message)
			send(netip.MustParseAddr("2001:db8::77"), tt.message)
			send(tt.site.local, tt.message)
			b := make([]byte, 100)
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			for {
				n, from, err := conn.ReadFrom(b)
				if err != nil {
					t.Fatal(err)
				}
				if b[0] != tt.message[0] {
					continue // the kernel's own
				}
				if !bytes.Equal(b[4:n], tt.message[4:]) || bytes.Equal(b[2:4], []byte{0, 0}) || from.String() != tt.site.local.String() {
					t.Errorf("%v: got % x from %v, want % x", tt.site, b[:n], from, tt.message)
				}
				break
			}
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		send(sites[0].local, make([]byte, 8)) // which is too late, and nothing else
	})
}
