package tun

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"seikan/internal/netns"
)

// LocalAddr finds an address of a network namespace inside of one of the prefixes, of which the first are tried first. It is the zero Addr
// when there is none.
func LocalAddr(ns string, within ...netip.Prefix) (netip.Addr, error) {
	var list []net.Addr
	err := netns.Do(ns, func() (err error) {
		list, err = net.InterfaceAddrs()
		return err
	})
	if err != nil {
		return netip.Addr{}, fmt.Errorf("tun: local address: %w", err)
	}
	addrs := hostAddrs(list)
	for _, p := range within {
		usable := func(a netip.Addr) bool { return p.Contains(a) && !a.IsLinkLocalUnicast() }
		if i := slices.IndexFunc(addrs, usable); i >= 0 {
			return addrs[i], nil
		}
	}
	return netip.Addr{}, nil
}

// InterfaceAddrs finds the addresses of an interface of a network namespace and its MTU. Addresses for use beyond the link come first, and IPv4
// before IPv6; otherwise the order is the system's.
func InterfaceAddrs(ns, name string) ([]netip.Addr, int, error) {
	var ifc *net.Interface
	var list []net.Addr
	err := netns.Do(ns, func() (err error) {
		if ifc, err = net.InterfaceByName(name); err == nil {
			list, err = ifc.Addrs()
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("tun: interface %s: %w", name, err)
	}
	addrs := hostAddrs(list)
	for i, a := range addrs {
		if a.Is6() && a.IsLinkLocalUnicast() {
			addrs[i] = a.WithZone(name)
		}
	}
	return addrs, ifc.MTU, nil
}

// hostAddrs takes the addresses out of what package net lists, those of the widest scope first.
func hostAddrs(list []net.Addr) []netip.Addr {
	var addrs []netip.Addr
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				addrs = append(addrs, addr.Unmap())
			}
		}
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int {
		return cmp.Or(cmp.Compare(scope(a), scope(b)), cmp.Compare(a.BitLen(), b.BitLen()))
	})
	return addrs
}

// scope orders addresses by how far they reach: 0 the world, or a private network; 1 the link; 2 this host.
func scope(a netip.Addr) int {
	switch {
	case a.IsLoopback():
		return 2
	case a.IsLinkLocalUnicast():
		return 1
	}
	return 0
}
