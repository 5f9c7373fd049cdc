package config

import (
	"net/netip"

	"seikan"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// Tunnel is a tunnel interface that is in use, or another device beside the one for all.
type Tunnel struct {
	Name   string
	Shares string // the tunnel whose SAs it uses; "": it has its own
	VRF    string // the inside VRF; "": the global one
	Netns  string // its network namespace
	Maps   bool   // it is no tunnel interface but the device of the crypto maps of its VRF
	Addrs  []netip.Prefix
	MTU    int         // of `ip mtu`; 0: what fits
	GRE    *seikan.GRE // nil: none
	Routes []tun.Route
	Lines  []tun.Line // with Maps: as Built.Lines
}

// tunnel adds a tunnel interface, if it has all that it needs. A classic router says nothing of one that has not: it is down. The router
// listens for it all the same, as far as it is known where, so that it can come up later.
func (b *builder) tunnel(f *iface) {
	t := f.tunnel
	if !t.destination.IsValid() || !t.source.IsValid() && t.sourceOf.name == "" {
		return
	}
	local, mtu, ok := b.tunnelSource(f)
	if !ok {
		return
	}
	b.listen(LocalEndpoint{VRF: t.vrf.name, Addr: local, MTU: mtu, ESP: b.bare(t)})
	if t.shutdown || t.protection.name == "" {
		return
	}
	v := b.m.ipsec.get(t.protection.name)
	switch {
	case v.profile.name == "":
		b.fail(v.at, "an IPsec profile with set ikev2-profile")
		return
	case len(v.transforms) == 0:
		b.fail(v.at, "an IPsec profile with set transform-set")
		return
	case t.mode == tunnelGRE && !t.destination.Is4():
		b.fail(f.at, "a tunnel over IPv4: tunnel mode gre ip has no other")
		return
	}
	e := &entry{name: f.name + "-head-0", seq: 65537, at: f.at, peer: t.destination, peerAt: f.at, protection: v.protection, connect: ike.Always}
	if b.share(f, local) {
		return
	}
	prof := b.m.profiles.get(v.profile.name)
	if !b.profileIn(t.vrf.name, v.profile) {
		return
	}
	if (prof.ivrf.name != "" || prof.ivrfGlobal) && prof.inside("") != f.vrf.name {
		b.fail(v.profile.at, "a profile without ivrf: a tunnel interface is in the VRF that its vrf forwarding says")
		return
	}
	peer, ok := b.peer(e, prof, sadb.Host{Addr: local, VRF: t.vrf.name})
	if !ok {
		return
	}
	flow := b.protection(&e.protection, e.connect)
	p := sadb.Policy{ID: sadb.PolicyID(f.name), Action: sadb.Protect, Interface: f.name, MSS: f.mss, DF: b.m.df(f), FragmentAfter: b.m.fragmentsAfter(f)}
	p.Local, p.Remote = t.selectors(local)
	flow.ID, flow.Local, flow.Remote = p.ID, p.Local, p.Remote
	peer.Name, peer.Interface, peer.Flows = e.name, f.name, []ike.Flow{flow}
	s := &site{profile: prof, entry: e, peer: peer, session: session.Configured{
		Interface: f.name, Outside: t.sourceOf.name, Local: local, Peer: netip.AddrPortFrom(e.peer, 500), PeerName: e.name, Origin: "crypto map", Map: e.name, Profile: prof.name,
		Connect: e.connect, Policies: []sadb.Policy{p}, FVRF: t.vrf.name, IVRF: f.vrf.name,
	}}
	s.tunnels = []*iface{f}
	if !b.addSite(s, f.at) {
		return
	}
	b.out.Policies = append(b.out.Policies, p)
	b.out.Tunnels = append(b.out.Tunnels, b.builtTunnel(f, local))
}

// bare reports whether ESP of a tunnel may come that is not in UDP.
func (b *builder) bare(t *tunnel) bool {
	v := b.m.ipsec.get(t.protection.name)
	return v != nil && v.profile.name != "" && b.m.profiles.get(v.profile.name).bare
}

// selectors are what the SAs of a tunnel are for.
func (t *tunnel) selectors(local netip.Addr) (here, there []sadb.Selector) {
	of := func(p netip.Prefix, proto uint8) []sadb.Selector {
		return []sadb.Selector{sadb.SelectorFromPrefix(p, proto)}
	}
	switch t.mode {
	case tunnelIPsecIPv4:
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		return of(all, 0), of(all, 0)
	case tunnelIPsecIPv6:
		all := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		return of(all, 0), of(all, 0)
	}
	return of(netip.PrefixFrom(local, 32), protoGRE), of(netip.PrefixFrom(t.destination, 32), protoGRE)
}

// tunnelSource finds this end of a tunnel, and the MTU behind it, 0 where it is not known.
func (b *builder) tunnelSource(f *iface) (netip.Addr, int, bool) {
	t := f.tunnel
	if t.source.IsValid() {
		if t.source.Is4() != t.destination.Is4() {
			b.fail(f.at, "a tunnel between two addresses of one family: %v, %v", t.source, t.destination)
			return netip.Addr{}, 0, false
		}
		return t.source, 0, true
	}
	of := b.m.interfaces.get(t.sourceOf.name)
	if of == nil {
		of = &iface{named: t.sourceOf, vrf: t.vrf} // one that only the system has
	}
	if of.vrf.name != t.vrf.name {
		b.fail(t.sourceOf.at, "an interface in %s, as tunnel vrf says; %s is in %s", vrfOrGlobal(t.vrf.name), of.name, vrfOrGlobal(of.vrf.name))
		return netip.Addr{}, 0, false
	}
	addrs, mtu, ok := b.addresses(of, of.vrf.name)
	if !ok {
		return netip.Addr{}, 0, false
	}
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() == t.destination.Is4() && a.Zone() == "" {
			return a, mtu, true
		}
	}
	b.fail(t.sourceOf.at, "an interface with an address that %v can be reached from", t.destination)
	return netip.Addr{}, 0, false
}

func (b *builder) builtTunnel(f *iface, local netip.Addr) Tunnel {
	t := Tunnel{Name: f.name, VRF: f.vrf.name, Netns: b.netns(f.vrf.name), MTU: int(f.mtu)}
	for _, p := range []netip.Prefix{f.addr4, f.addr6} {
		if p.IsValid() {
			t.Addrs = append(t.Addrs, p)
		}
	}
	if f.tunnel.mode == tunnelGRE {
		t.GRE = &seikan.GRE{Local: local, Remote: f.tunnel.destination, TTL: f.tunnel.ttl}
		if k := f.tunnel.key; k != nil {
			t.GRE.Keyed, t.GRE.Key = true, *k
		}
	}
	for _, r := range b.m.routes.list {
		if r.via.name == f.name { // in the same VRF, as was checked
			t.Routes = append(t.Routes, tun.Route{Dst: r.dst})
		}
	}
	return t
}
