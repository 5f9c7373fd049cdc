package ping

import (
	"cmp"
	"net"
	"net/netip"
)

// listen opens a raw socket, which gets every ICMP message that comes to this host.
func listen(r Request) (net.PacketConn, error) {
	network, local := "ip4:1", cmp.Or(r.From, netip.IPv4Unspecified())
	if r.To.Is6() {
		network, local = "ip6:58", cmp.Or(r.From, netip.IPv6Unspecified())
	}
	conn, err := net.ListenIP(network, &net.IPAddr{IP: local.AsSlice(), Zone: local.Zone()})
	if err != nil {
		return nil, err
	}
	if err := setFragment(conn, r); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
