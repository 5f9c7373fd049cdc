package config

import (
	"net/netip"
	"slices"
	"strings"

	"seikan/ike"
	"seikan/ike/wire"
)

// addSite adds a peer. Others may have the same two addresses, where what the peer proves to be tells one from the other.
func (b *builder) addSite(s *site, at pos) bool {
	key := peerKey{s.session.FVRF, s.peer.Local, s.peer.Remote}
	for _, o := range b.peers[key] {
		if !distinct(&o.peer, &s.peer) {
			hint := ""
			if o.tunnels != nil && s.tunnels != nil {
				hint = "; or tunnel protection with shared, and mode gre ip with a tunnel key, in both"
			}
			b.fail(at, "a profile whose match identity remote tells peer %v from that of %s (%s), which has the same two ends%s",
				key.remote, o.session.PeerName, o.profile.name, hint)
			return false
		}
	}
	b.peers[key] = append(b.peers[key], s)
	b.sites = append(b.sites, s)
	return true
}

// distinct reports whether no identity is that of both.
func distinct(p, q *ike.Peer) bool {
	for _, a := range identities(p) {
		if slices.ContainsFunc(identities(q), func(b ike.Match) bool { return meet(a, b) }) {
			return false
		}
	}
	return true
}

// identities are those that a peer may prove to be: its address, where the profile does not say.
func identities(p *ike.Peer) []ike.Match {
	if len(p.RemoteIDs) > 0 {
		return p.RemoteIDs
	}
	return []ike.Match{{Kind: ike.AddrIdentity(p.Remote).Kind, Prefix: netip.PrefixFrom(p.Remote, p.Remote.BitLen())}}
}

// meet reports whether there is an identity that both match.
func meet(a, b ike.Match) bool {
	switch {
	case a.Kind != b.Kind:
		return false
	case a.Prefix.IsValid() && b.Prefix.IsValid():
		return a.Prefix.Overlaps(b.Prefix)
	case a.Domain && b.Domain: // the one is the other, or below it
		long, short := a.Data, b.Data
		if len(long) < len(short) {
			long, short = short, long
		}
		return strings.EqualFold(long, short) || ike.Match{Kind: wire.ID_FQDN, Data: short, Domain: true}.Matches(ike.Identity{Kind: wire.ID_FQDN, Data: long})
	case b.Domain:
		a, b = b, a
	}
	return a.Matches(ike.Identity{Kind: b.Kind, Data: b.Data})
}

// share adds a tunnel to one that is there with the same ends and profile, where both say that they share. False: there is none.
func (b *builder) share(f *iface, local netip.Addr) bool {
	t := f.tunnel
	sites := b.peers[peerKey{t.vrf.name, local, t.destination}]
	i := slices.IndexFunc(sites, func(s *site) bool {
		return t.shared && s.tunnels != nil && s.tunnels[0].tunnel.shared && s.tunnels[0].tunnel.protection.name == t.protection.name
	})
	if i < 0 {
		return false
	}
	s := sites[i]
	for _, o := range s.tunnels {
		switch {
		case t.mode != tunnelGRE || o.tunnel.mode != tunnelGRE:
			b.fail(f.at, "a tunnel of mode gre ip, as it shares SAs with %s", o.name)
			return true
		case f.mss != o.mss:
			b.fail(f.at, "a tunnel with the same ip tcp adjust-mss as %s, which it shares SAs with", o.name)
			return true
		case b.m.df(f) != b.m.df(o) || b.m.fragmentsAfter(f) != b.m.fragmentsAfter(o):
			b.fail(f.at, "a tunnel with the same crypto ipsec df-bit and fragmentation as %s, which it shares SAs with", o.name)
			return true
		case sameKey(t.key, o.tunnel.key):
			b.fail(f.at, "a tunnel with another tunnel key than %s, which it shares SAs with", o.name)
			return true
		}
	}
	n := b.builtTunnel(f, local)
	n.Shares = s.tunnels[0].name
	s.tunnels = append(s.tunnels, f)
	b.out.Tunnels = append(b.out.Tunnels, n)
	return true
}

func sameKey(a, b *uint32) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
