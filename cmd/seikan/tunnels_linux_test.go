package main

import (
	"testing"

	"seikan/internal/config"
	"seikan/internal/netns/netnstest"
	"seikan/tun"
)

// A device stays where it is, but for a network namespace that has been made anew: the one that had the name is nobody's any more.
func TestTunnelsFollowNamespace(t *testing.T) {
	name := netnstest.New(t)
	ts := tunnels{name: "seikan-vrf%d"}
	var devices []tun.Device
	prepare := func() {
		t.Helper()
		list, taken, err := ts.prepare([]config.Tunnel{{Name: "vrf RED", VRF: "RED", Netns: name, Maps: true}})
		if err != nil {
			t.Fatal(err)
		}
		if err := taken(true); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { list[0].Device.Close() })
		devices = append(devices, list[0].Device)
	}
	prepare()
	prepare()
	netnstest.IP(t, "netns", "delete", name)
	netnstest.IP(t, "netns", "add", name)
	prepare()
	if devices[0] != devices[1] || devices[1] == devices[2] {
		t.Errorf("got %p, want two times one and then another", devices)
	}
}
