package config

import (
	"cmp"
	"fmt"
	"net/netip"

	"seikan/session"
)

// Defaults that listings show where the configuration says nothing: those of ike.Flow.
const (
	defaultSeconds   = 3600
	defaultKilobytes = 4608000
)

// shown adds what only listings of the configuration need.
func (b *builder) shown() {
	s := &b.out.Session
	if b.m.xe {
		s.Format = session.XE
	}
	for _, t := range b.m.transforms.list {
		s.TransformSets = append(s.TransformSets, session.TransformSet{Name: t.name, Transforms: t.suite.String(), Transport: t.transport})
	}
	s.VRFs = b.shownVRFs()
	on := make(map[string][]string) // interfaces by crypto map
	for _, f := range b.m.interfaces.list {
		s.Interfaces = append(s.Interfaces, b.shownInterface(f))
		if n := f.cryptoMap.name; n != "" {
			on[n] = append(on[n], f.name)
		}
	}
	s.Policies = b.shownPolicies()
	rules := make(map[string][]string) // of access lists: many entries may share one
	for _, l := range b.m.lists.list {
		texts := make([]string, len(l.rules.list))
		for i, r := range l.rules.list {
			texts[i] = r.String()
		}
		rules[l.name] = texts
		s.Lists = append(s.Lists, b.shownList(l, texts))
	}
	for _, m := range b.m.maps.list {
		for _, e := range m.entries.list {
			s.Maps = append(s.Maps, b.shownEntry(e, on[m.name], rules[e.list.name]))
		}
	}
}

func (b *builder) shownInterface(f *iface) session.Interface {
	v := session.Interface{Name: f.name, Description: f.description, Addresses: []string{}, Map: f.cryptoMap.name, VRF: f.vrf.name}
	if v.Tunnel = f.tunnel != nil; v.Tunnel {
		v.MTU, v.TunnelVRF = int(f.mtu), f.tunnel.vrf.name
	}
	for _, p := range []netip.Prefix{f.addr4, f.addr6} {
		if p.IsValid() {
			v.Addresses = append(v.Addresses, p.String())
		}
	}
	if b.env.InterfaceAddrs == nil || v.Tunnel {
		return v
	}
	addrs, mtu, err := b.env.InterfaceAddrs(b.netns(f.vrf.name), f.name)
	if err != nil {
		return v // a name that only the configuration has
	}
	v.MTU = mtu
	if len(v.Addresses) == 0 {
		for _, a := range addrs {
			v.Addresses = append(v.Addresses, a.WithZone("").String())
		}
	}
	return v
}

func (b *builder) shownEntry(e *entry, on, rules []string) session.CryptoMap {
	v := session.CryptoMap{
		Name: e.name, Sequence: e.seq, Description: e.description, Peer: e.peer, Profile: e.profile.name, List: e.list.name, Rules: []string{},
		Protection: b.shownProtection(&e.protection), Interfaces: on,
	}
	if len(rules) > 0 {
		v.Rules = rules
	}
	return v
}

func (b *builder) shownProtection(p *protection) session.Protection {
	v := session.Protection{
		Seconds: cmp.Or(p.life.seconds, b.m.life.seconds, defaultSeconds), Kilobytes: cmp.Or(p.life.kilobytes, b.m.life.kilobytes, defaultKilobytes),
		Transforms: []session.NamedSet{},
	}
	if v.Unlimited = p.life.unlimited || p.life.kilobytes == 0 && b.m.life.unlimited; v.Unlimited {
		v.Kilobytes = 0
	}
	if p.pfs != 0 {
		v.PFS = fmt.Sprintf("group%d", uint16(p.pfs))
	}
	for _, n := range p.transforms {
		if t := b.m.transforms.get(n.name); t != nil {
			v.Transforms = append(v.Transforms, session.NamedSet{Name: t.name, Transforms: t.suite.String()})
		}
	}
	return v
}

func (b *builder) shownList(l *accessList, texts []string) session.AccessList {
	v := session.AccessList{Name: l.name, V6: l.v6, Rules: []session.AccessRule{}}
	for i, r := range l.rules.list {
		v.Rules = append(v.Rules, session.AccessRule{Sequence: r.seq, Rule: texts[i], Policies: b.permits[r]})
	}
	return v
}
