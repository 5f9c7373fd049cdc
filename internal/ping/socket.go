package ping

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// listen opens a raw socket, which gets every ICMP message that comes to the namespace of the thread. The request comes back with zones
// that mean the same elsewhere.
func listen(r Request) (net.PacketConn, Request, error) {
	for _, a := range []*netip.Addr{&r.To, &r.From} {
		zone, err := zoneIndex(a.Zone())
		if err != nil {
			return nil, r, err
		}
		*a = a.WithZone(zone)
	}
	network, local := "ip4:1", cmp.Or(r.From, netip.IPv4Unspecified())
	if r.To.Is6() {
		network, local = "ip6:58", cmp.Or(r.From, netip.IPv6Unspecified())
	}
	conn, err := net.ListenIP(network, &net.IPAddr{IP: local.AsSlice(), Zone: local.Zone()})
	if err != nil {
		return nil, r, err
	}
	if err := setFragment(conn, r); err != nil {
		conn.Close()
		return nil, r, err
	}
	return conn, r, nil
}

// zoneIndex is a zone as the index of its interface: a name is looked up in the namespace of whoever sends, and late.
func zoneIndex(zone string) (string, error) {
	if _, err := strconv.Atoi(zone); err == nil || zone == "" {
		return zone, nil
	}
	f, err := net.InterfaceByName(zone)
	if err != nil {
		return "", fmt.Errorf("zone %s: %w", zone, err)
	}
	return strconv.Itoa(f.Index), nil
}
