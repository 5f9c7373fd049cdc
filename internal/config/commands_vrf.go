package config

import "strings"

// vrf is a `vrf definition`: a network namespace of this system.
type vrf struct {
	named
	description string
	netns       string // the name of the namespace; "": that of the VRF
}

// namespace is the name of the VRF's network namespace.
func (v *vrf) namespace() string {
	if v.netns != "" {
		return v.netns
	}
	return v.name
}

// fvrfMatch is `match fvrf`: which front VRFs something is for. The zero value is for the global one alone.
type fvrfMatch struct {
	any bool
	of  named
}

func (m fvrfMatch) has(vrf string) bool { return m.any || m.of.name == vrf }

// globalVRF is what the VRF of all that is in none is called, where it must be.
const globalVRF = "global"

// maxVRF is how many octets the name of a VRF may have.
const maxVRF = 32

var (
	kindVRF   = &kind{parse: func(s string) (any, string) { return parseVRF(s, maxVRF) }}
	kindNetns = &kind{parse: func(s string) (any, string) { return parseVRF(s, 255) }}
)

// parseVRF reads a name that can be that of a file, too.
func parseVRF(s string, most int) (any, string) {
	switch {
	case strings.EqualFold(s, globalVRF):
		return nil, "another name than " + globalVRF + ", which stands for what is in no VRF"
	case len(s) > most, s == ".", s == "..", strings.ContainsRune(s, '/'):
		return nil, ""
	}
	return s, ""
}

// vrfArg is the name of a VRF, with what may follow.
func vrfArg(next ...node) node { return arg(kindVRF, "name of a VRF", next...) }

// vrfNode is `vrf definition`.
func vrfNode() node {
	return kw("vrf", "VRFs",
		kw("definition", "a VRF, which is a network namespace of this system", vrfArg().do((*parser).enterVRF)))
}

// oldVRFNode is `ip vrf`.
func oldVRFNode() node {
	return kw("vrf", "a VRF, which is a network namespace of this system, for IPv4 and IPv6", vrfArg().do((*parser).enterVRF))
}

func (p *parser) enterVRF(a args) {
	name := valueOf[string](a, 0)
	p.vrf = p.m.vrfs.define(p, name, vrf{named: named{name, a.at(0)}})
	p.enter(&vrfMode, p.vrf)
}

// vrfMode is `vrf definition`.
var vrfMode = mode{prompt: "config-vrf", commands: []node{
	kw("description", "describe the VRF",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.vrf.description = valueOf[string](a, 0) })),
	kw("netns", "its network namespace, unless that has the name of the VRF",
		arg(kindNetns, "name of a network namespace, as in /run/netns").
			do(func(p *parser, a args) { p.vrf.netns = valueOf[string](a, 0) })),
}}

// forwardingNode is `vrf forwarding` of an interface, and behind `ip` its older spelling.
func forwardingNode(what string) node {
	return kw("vrf", "VRF of the interface",
		kw("forwarding", what, vrfArg().do(func(p *parser, a args) { p.iface.vrf = named{valueOf[string](a, 0), a.at(0)} })))
}

// noForwardingNode is what takes both away.
func noForwardingNode() node {
	clear := func(p *parser, _ args) { p.iface.vrf = named{} }
	return kw("vrf", "VRF of the interface",
		kw("forwarding", "the interface is in no VRF", vrfArg().do(clear)).do(clear))
}

// fvrfNode is `match fvrf`.
func fvrfNode(of func(p *parser) *fvrfMatch) node {
	return kw("fvrf", "front door VRF",
		kw("any", "all of them").do(func(p *parser, _ args) { *of(p) = fvrfMatch{any: true} }),
		vrfArg().do(func(p *parser, a args) { *of(p) = fvrfMatch{of: named{valueOf[string](a, 0), a.at(0)}} }))
}

// ivrfNode is `ivrf`.
func ivrfNode() node {
	return kw("ivrf", "inside VRF of what crypto maps protect, unless it is the front door VRF",
		kw(globalVRF, "none").do(func(p *parser, _ args) { p.profile.ivrf, p.profile.ivrfGlobal = named{}, true }),
		vrfArg().do(func(p *parser, a args) {
			p.profile.ivrf, p.profile.ivrfGlobal = named{valueOf[string](a, 0), a.at(0)}, false
		}))
}

// checkVRFs looks for names of VRFs that are not there, and for what is in two at once.
func (p *parser) checkVRFs() {
	m := p.m
	use := func(n named) { refer(p, &m.vrfs, n, "a VRF") }
	for _, v := range m.policies.list {
		use(v.fvrf.of)
	}
	for _, v := range m.profiles.list {
		use(v.fvrf.of)
		use(v.ivrf)
	}
	for _, v := range m.descs.list {
		use(v.vrf)
	}
	for _, v := range m.interfaces.list {
		use(v.vrf)
		if v.tunnel != nil {
			use(v.tunnel.vrf)
		}
	}
	owner := make(map[string]string)
	for _, v := range m.vrfs.list {
		if other, taken := owner[v.namespace()]; taken {
			p.fail(v.at, "a VRF with a network namespace that is not that of VRF %s (%s)", other, v.namespace())
		}
		owner[v.namespace()] = v.name
	}
	for _, r := range m.routes.list {
		use(r.vrf)
		if f := m.interfaces.get(r.via.name); f != nil && f.vrf.name != r.vrf.name {
			p.fail(r.via.at, "a tunnel in %s, as the route is; %s is in %s", vrfOrGlobal(r.vrf.name), f.name, vrfOrGlobal(f.vrf.name))
		}
	}
}

// vrfOrGlobal is a VRF in errors.
func vrfOrGlobal(name string) string {
	if name == "" {
		return "the global VRF"
	}
	return "VRF " + name
}
