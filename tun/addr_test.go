package tun

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestHostAddrs(t *testing.T) {
	var list []net.Addr
	for _, s := range []string{"127.0.0.1/8", "::1/128", "fe80::1/64", "2001:db8::1/64", "169.254.1.1/16", "192.0.2.7/24", "10.1.2.3/8", "fd00::1/48"} {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, &net.IPNet{IP: ip, Mask: n.Mask})
	}
	list = append(list, &net.UnixAddr{Name: "no address of a host"})
	var want []netip.Addr
	for _, s := range []string{"192.0.2.7", "10.1.2.3", "2001:db8::1", "fd00::1", "169.254.1.1", "fe80::1", "127.0.0.1", "::1"} {
		want = append(want, netip.MustParseAddr(s))
	}
	if got := hostAddrs(list); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLocalAddr(t *testing.T) {
	for _, test := range []struct {
		name   string
		within []string
		want   string
	}{
		{"loopback", []string{"127.0.0.0/8"}, "127.0.0.1"},
		{"second prefix", []string{"233.252.0.0/24", "127.0.0.0/8"}, "127.0.0.1"},
		{"not here", []string{"233.252.0.0/24"}, ""},
		{"none asked", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want netip.Addr
			if test.want != "" {
				want = netip.MustParseAddr(test.want)
			}
			var within []netip.Prefix
			for _, p := range test.within {
				within = append(within, netip.MustParsePrefix(p))
			}
			if got, err := LocalAddr("", within...); got != want || err != nil {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}

func TestInterfaceAddrs(t *testing.T) {
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifc := range list {
		if ifc.Flags&net.FlagLoopback == 0 || ifc.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, mtu, err := InterfaceAddrs("", ifc.Name)
		if err != nil || mtu != ifc.MTU || !slices.Contains(addrs, netip.MustParseAddr("127.0.0.1")) {
			t.Errorf("%s: got %v, MTU %d, %v; want 127.0.0.1 among them and MTU %d", ifc.Name, addrs, mtu, err, ifc.MTU)
		}
	}
	if _, _, err := InterfaceAddrs("", "no-such-if"); err == nil {
		t.Error("got no error for an interface that is not there")
	}
}
