package sadb

import (
	"net/netip"
	"testing"
)

func TestMartian(t *testing.T) {
	for _, tt := range []struct {
		name, src, dst string
		want           bool
	}{
		{"IPv4", "10.1.0.1", "10.2.0.2", false},
		{"IPv6", "fd01::1", "fd02::2", false},
		{"to a multicast group", "10.1.0.1", "224.0.0.5", false},
		{"to everybody on the link", "10.1.0.1", "255.255.255.255", false},
		{"IPv6 of the link, to a group of the link", "fe80::1", "ff02::5", false},
		{"just above 0/8", "1.0.0.0", "1.0.0.1", false},
		{"just around 127/8", "126.255.255.255", "128.0.0.0", false},
		{"just below 224/4", "223.255.255.255", "10.2.0.2", false},
		{"from loopback", "127.0.0.1", "10.2.0.2", true},
		{"from the end of 127/8", "127.255.255.255", "10.2.0.2", true},
		{"to loopback", "10.1.0.1", "127.1.2.3", true},
		{"from no address", "0.0.0.0", "10.2.0.2", true},
		{"from 0/8", "0.255.255.255", "10.2.0.2", true},
		{"to 0/8", "10.1.0.1", "0.0.0.1", true},
		{"from a multicast group", "224.0.0.1", "10.2.0.2", true},
		{"from the last multicast group", "239.255.255.255", "10.2.0.2", true},
		{"from everybody", "255.255.255.255", "10.2.0.2", true},
		{"IPv6 from loopback", "::1", "fd02::2", true},
		{"IPv6 to loopback", "fd01::1", "::1", true},
		{"IPv6 from no address", "::", "fd02::2", true},
		{"IPv6 to no address", "fd01::1", "::", true},
		{"IPv6 from a multicast group", "ff02::1", "fd02::2", true},
		{"IPv6 to a group within the host", "fd01::1", "ff01::1", true},
		{"IPv4 in IPv6", "::ffff:10.1.0.1", "fd02::2", true},
		{"IPv6 to loopback of IPv4", "fd01::1", "::ffff:127.0.0.1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := Flow{Src: netip.MustParseAddr(tt.src), Dst: netip.MustParseAddr(tt.dst)}
			if got := f.Martian(); got != tt.want {
				t.Errorf("got %v for %v to %v, want %v", got, f.Src, f.Dst, tt.want)
			}
		})
	}
}
