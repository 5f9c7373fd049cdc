package udp

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"seikan/internal/netns"
	"seikan/internal/netns/netnstest"
)

// The kernel learns a path MTU from what ICMP says of bare ESP, of either family, and the socket goes on sending and receiving as if nothing had
// been said.
func TestESPPathMTU(t *testing.T) {
	ns := netnstest.New(t)
	netnstest.IP(t, "-n", ns, "link", "add", "d0", "type", "veth", "peer", "name", "d1")
	netnstest.IP(t, "-n", ns, "link", "set", "d0", "up")
	netnstest.IP(t, "-n", ns, "link", "set", "d1", "up")
	for _, tt := range []struct {
		network, local, peer string
		message              []byte // that 1300 octets fit; the checksum of ICMPv6 is the kernel's
	}{
		{"ip4:1", "192.0.2.1", "192.0.2.2", []byte{3, 4, 0xf3, 0xe9, 0, 0, 5, 20, 0x45, 0, 5, 0xdc, 0, 0, 0x40, 0, 64, 50, 0, 0}},
		{"ip6:58", "2001:db8::1", "2001:db8::2", []byte{2, 0, 0, 0, 0, 0, 5, 20, 0x60, 0, 0, 0, 5, 0xb4, 50, 64}},
	} {
		t.Run(tt.network, func(t *testing.T) {
			local, peer := netip.MustParseAddr(tt.local), netip.MustParseAddr(tt.peer)
			prefix := netip.PrefixFrom(local, local.BitLen()-8)
			netnstest.IP(t, append([]string{"-n", ns, "address", "add", prefix.String(), "dev", "d0"}, map[bool][]string{true: {"nodad"}}[local.Is6()]...)...)
			c, err := ListenESP(local, Options{Netns: ns})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			quoted := append(append(tt.message, local.AsSlice()...), peer.AsSlice()...)
			quoted = append(quoted, 0, 0, 0x10, 1, 0, 0, 0, 1) // SPI and sequence number
			if local.Is4() {
				sum := checksum(quoted[:2], quoted[4:])
				quoted[2], quoted[3] = byte(sum>>8), byte(sum)
			}
			tell := func() error {
				icmp, err := net.ListenPacket(tt.network, tt.local)
				if err != nil {
					return err
				}
				defer icmp.Close()
				_, err = icmp.WriteTo(quoted, &net.IPAddr{IP: local.AsSlice()})
				return err
			}
			out := ""
			for began := time.Now(); !strings.Contains(out, "mtu 1300"); time.Sleep(20 * time.Millisecond) {
				if err := netns.Do(ns, tell); err != nil { // again, as it is heeded only when the link is up in all respects
					t.Fatal(err)
				}
				if out = netnstest.IP(t, "-n", ns, "route", "get", tt.peer); time.Since(began) > 10*time.Second {
					t.Fatalf("want 1300 learnt: %s", out)
				}
			}
			ms := []Message{{Data: make([]byte, 40), Remote: c.LocalAddr()}, {Data: []byte(fmt.Sprintf("%40s", tt.local)), Remote: c.LocalAddr()}}
			if n, err := c.NewWriter().WriteBatch(ms); n != 2 || err != nil {
				t.Errorf("sent %d, %v", n, err)
			}
			wantMessages(t, receive(t, c, 2), ms, c)
		})
	}
}

// checksum is that of RFC 1071 of two pieces of even length.
func checksum(pieces ...[]byte) uint16 {
	sum := uint32(0)
	for _, b := range pieces {
		for ; len(b) > 1; b = b[2:] {
			sum += uint32(b[0])<<8 | uint32(b[1])
		}
	}
	sum = sum&0xffff + sum>>16
	return ^uint16(sum&0xffff + sum>>16)
}
