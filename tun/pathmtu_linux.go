package tun

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"

	"seikan/internal/netns"
)

// PathMTU is the largest packet that gets from one address to another of a network namespace in one piece, as far as the kernel has been told by routers on the
// way: it takes that only for packets that this host has sent, and forgets it in ten minutes. 0: it knows of no less than the
// interface's. It is asked for packets with Mark.
func PathMTU(ns string, local, remote netip.Addr) (int, error) {
	var routes []netlink.Route
	err := netns.Do(ns, func() (err error) {
		routes, err = netlink.RouteGetWithOptions(remote.AsSlice(), &netlink.RouteGetOptions{SrcAddr: local.AsSlice(), Mark: Mark})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("tun: path MTU to %v: %w", remote, err)
	}
	for _, r := range routes {
		if r.MTU > 0 {
			return r.MTU, nil
		}
	}
	return 0, nil
}
