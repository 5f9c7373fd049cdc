package config

import (
	"net/netip"

	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// namespaces looks for the network namespaces of the VRFs.
func (b *builder) namespaces() bool {
	for _, v := range b.m.vrfs.list {
		switch {
		case b.env.Namespace == nil:
			b.fail(v.at, "no VRF, as this system's network namespaces are not known")
		default:
			if err := b.env.Namespace(v.namespace()); err != nil {
				b.fail(v.at, "a VRF whose network namespace is there (%v)", err)
			}
		}
	}
	return len(b.errs.list) == 0
}

// netns is the network namespace of a VRF, "" for the global one.
func (b *builder) netns(vrf string) string {
	if v := b.m.vrfs.get(vrf); v != nil {
		return v.namespace()
	}
	return ""
}

// inVRF is how errors name a VRF behind a place.
func inVRF(name string) string {
	if name == "" {
		return ""
	}
	return " in VRF " + name
}

// profileIn reports whether a profile is for a front VRF, and complains if not.
func (b *builder) profileIn(vrf string, n named) bool {
	if b.m.profiles.get(n.name).fvrf.has(vrf) {
		return true
	}
	switch vrf {
	case "":
		b.fail(n.at, "a profile that is not only for another front VRF than the global one: match fvrf any, or none")
	default:
		b.fail(n.at, "a profile for front VRF %s: with match fvrf %s, or any", vrf, vrf)
	}
	return false
}

// inside is the inside VRF of crypto maps with a front VRF.
func (p *profile) inside(fvrf string) string {
	switch {
	case p.ivrfGlobal:
		return ""
	case p.ivrf.name != "":
		return p.ivrf.name
	}
	return fvrf
}

// inside is what the crypto maps of one inside VRF protect: it has a device, with routes into it.
type inside struct {
	vrf    string
	device string // as policies have it for their Interface
	routes []tun.Route
	at     map[netip.Prefix]int // in routes
	lines  []tun.Line           // of the access lists, in the order of the policies
	denies pos                  // of the list of the first line that does; the zero value: none does
}

// insideOf is that of a VRF.
func (b *builder) insideOf(vrf string) *inside {
	in := b.inside[vrf]
	if in == nil {
		in = &inside{vrf: vrf, at: make(map[netip.Prefix]int)}
		if vrf != "" {
			in.device = "vrf " + vrf // no interface is called so
		}
		b.inside[vrf] = in
		b.insides = append(b.insides, in)
	}
	return in
}

// insideDevices adds the devices of crypto maps, but for that of the global VRF, which is always there.
func (b *builder) insideDevices() {
	for _, in := range b.insides {
		b.pass(in)
		if in.vrf == "" {
			b.out.Routes, b.out.Lines = in.routes, in.lines
			continue
		}
		b.out.Tunnels = append(b.out.Tunnels, Tunnel{Name: in.device, VRF: in.vrf, Netns: b.netns(in.vrf), Maps: true, Routes: in.routes, Lines: in.lines})
	}
}

// line adds a line of an access list to those that the host is to follow.
func (in *inside) line(e *entry, r *rule, group string) {
	if !r.permit && in.denies == (pos{}) {
		in.denies = e.list.at
	}
	in.lines = append(in.lines, tun.Line{
		Pass: !r.permit, Group: group, Proto: r.proto, Src: r.src.prefix, Dst: r.dst.prefix, SrcPorts: r.src.ports(), DstPorts: r.dst.ports(),
	})
}

// checkLines finds out whether the host can follow the lines. It has to only where one denies: all others are routes.
func (b *builder) checkLines(in *inside) {
	if in.denies == (pos{}) {
		in.lines = nil
	}
	if err := tun.CheckLines(in.lines); err != nil {
		b.fail(in.denies, "access lists with fewer lines that deny, or that are before one and overlap it: the system takes %d rules for each version of IP", tun.MaxRules)
	}
}

// pass keeps the networks on this side out of the routes to wider ones on the other side: a branch that sends everything through the
// tunnel must still reach its own hosts.
func (b *builder) pass(in *inside) {
	for _, p := range b.out.Policies {
		if p.Interface != in.device || p.Action != sadb.Protect {
			continue
		}
		for _, l := range p.Local {
			src := l.Prefixes()[0]
			if _, known := in.at[src]; !known && in.around(src) {
				in.at[src] = len(in.routes)
				in.routes = append(in.routes, tun.Route{Dst: src, Pass: true})
			}
		}
	}
}

// around reports whether a route leads to a network around a prefix.
func (in *inside) around(p netip.Prefix) bool {
	for bits := range p.Bits() {
		wider, _ := p.Addr().Prefix(bits)
		if i, ok := in.at[wider]; ok && !in.routes[i].Pass {
			return true
		}
	}
	return false
}

// route leads what a rule permits to the router.
func (b *builder) route(in *inside, e *entry, r *rule) {
	dst := r.dst.prefix
	i, known := in.at[dst]
	if !known {
		i = len(in.routes)
		in.at[dst] = i
		in.routes = append(in.routes, tun.Route{Dst: dst})
	}
	if in.routes[i].Src.IsValid() || b.env.LocalAddr == nil {
		return
	}
	src, err := b.env.LocalAddr(b.netns(in.vrf), r.src.prefix)
	if err != nil {
		b.fail(e.list.at, "an access list whose sources can be looked for in this system (%v)", err)
		return
	}
	in.routes[i].Src = src
}

// shownVRFs are the VRFs for listings.
func (b *builder) shownVRFs() (list []session.VRF) {
	for _, v := range b.m.vrfs.list {
		s := session.VRF{Name: v.name, Namespace: v.namespace(), Description: v.description, Interfaces: []string{}}
		for _, f := range b.m.interfaces.list {
			if f.vrf.name == v.name {
				s.Interfaces = append(s.Interfaces, f.name)
			}
		}
		list = append(list, s)
	}
	return list
}
