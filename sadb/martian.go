package sadb

import "net/netip"

// Martian reports whether no router may pass the flow's packets on, whatever the policy permits: the source is no one host's address,
// or one end is an address that never leaves its host (RFC 1812 §5.3.7, RFC 4291 §2.5.2, §2.5.3, §2.7). A source in
// ::ffff:0:0/96 counts as one, since behind it an IPv4 address would slip past rules for IPv4.
func (f Flow) Martian() bool {
	everybody := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return f.Src.IsMulticast() || f.Src == everybody || f.Src.Is4In6() || ofOneHost(f.Src) ||
		ofOneHost(f.Dst) || f.Dst.IsInterfaceLocalMulticast()
}

// ofOneHost reports whether an address means something only within the host: loopback, unspecified, and 0.0.0.0/8
// (RFC 1122 §3.2.1.3).
func ofOneHost(a netip.Addr) bool {
	return a.IsLoopback() || a.IsUnspecified() || a.Is4() && a.As4()[0] == 0
}
