package tun

import (
	"net/netip"
	"strings"
	"testing"

	"seikan/internal/netns"
	"seikan/internal/netns/netnstest"
)

// Devices of one name with the same addresses and routes in two namespaces, and none in the one of the process.
func TestNamespaces(t *testing.T) {
	addr, dst := netip.MustParsePrefix("10.77.0.1/24"), netip.MustParsePrefix("10.88.0.0/16")
	for range 2 {
		ns := netnstest.New(t)
		h, err := Open(Config{Name: "Tunnel77", Netns: ns})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		if err := h.SetAddrs([]netip.Prefix{addr}); err != nil {
			t.Error(err)
		}
		if err := h.SetRoutes([]Route{{Dst: dst}}, nil); err != nil {
			t.Error(err)
		}
		if err := h.SetMTU(1333); err != nil {
			t.Error(err)
		}
		got, mtu, err := InterfaceAddrs(ns, "Tunnel77")
		if len(got) != 1 || got[0] != addr.Addr() || mtu != 1333 || err != nil {
			t.Errorf("in %s: got %v, %d, %v, want %v, 1333", ns, got, mtu, err, addr.Addr())
		}
		if a, err := LocalAddr(ns, addr); a != addr.Addr() || err != nil {
			t.Errorf("in %s: got %v, %v, want %v", ns, a, err, addr.Addr())
		}
		if out := netnstest.IP(t, "-n", ns, "route", "get", "10.88.1.2"); !strings.Contains(out, "dev Tunnel77") {
			t.Errorf("in %s: got %s, want Tunnel77", ns, out)
		}
		if n, err := PathMTU(ns, addr.Addr(), netip.MustParseAddr("10.77.0.9")); n != 0 || err != nil {
			t.Errorf("path MTU: got %d, %v, want 0", n, err)
		}
		if _, _, err := InterfaceAddrs("", "Tunnel77"); err == nil {
			t.Error("the device is in the namespace of the process")
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if out := netnstest.IP(t, "-n", ns, "rule"); strings.Contains(out, "4500") {
			t.Errorf("in %s: a rule is left:\n%s", ns, out)
		}
		if err := h.SetMTU(1400); err == nil {
			t.Error("the MTU of a device that is closed was set, wherever that was")
		}
	}
	if _, err := Open(Config{Name: "Tunnel77", Netns: "no-such-namespace"}); err == nil || !strings.Contains(err.Error(), netns.Path("no-such-namespace")) {
		t.Errorf("got %v, want an error that names the namespace", err)
	}
}
