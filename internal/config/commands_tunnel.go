package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// ipsecProfileMode is `crypto ipsec profile`.
var ipsecProfileMode = mode{prompt: "ipsec-profile", commands: []node{
	kw("description", "describe the profile",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.ipsec.description = valueOf[string](a, 0) })),
	kw("set", "how tunnels are protected", protectionNodes()...),
	kw("no", "switch off", noProtectionNode()),
}}

func (p *parser) enterIPsecProfile(a args) {
	name := valueOf[string](a, 0)
	p.ipsec = p.m.ipsec.define(p, name, ipsecProfile{named: named{name, a.at(0)}})
	p.protect = &p.ipsec.protection
	p.enter(&ipsecProfileMode, p.ipsec)
}

// tunnelName is how a tunnel interface is called: "tunnel7" is Tunnel7. False: it is the name of another interface.
func tunnelName(s string) (string, bool) {
	const word = "tunnel"
	if len(s) <= len(word) || !strings.EqualFold(s[:len(word)], word) {
		return s, false
	}
	n, err := strconv.ParseUint(s[len(word):], 10, 31)
	if err != nil {
		return s, false
	}
	return "Tunnel" + strconv.FormatUint(n, 10), true
}

var kindTunnel = &kind{parse: func(s string) (any, string) {
	if name, ok := tunnelName(s); ok {
		return name, ""
	}
	return nil, ""
}}

// tunnelIfMode is `interface TunnelN`.
var tunnelIfMode = mode{prompt: "config-if", commands: []node{
	kw("description", "describe the interface",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.iface.description = valueOf[string](a, 0) })),
	forwardingNode("the inside VRF: where the interface is, with its addresses and routes"),
	kw("ip", "IPv4",
		forwardingNode("the inside VRF: where the interface is, with its addresses and routes"),
		adjustMSSNode("TCP of the traffic through the tunnel"),
		address4Node("the address of this end of the tunnel"),
		kw("mtu", "largest packet",
			arg(number(576, 9000), "octets (576-9000)").do(func(p *parser, a args) { p.iface.mtu = uint16(valueOf[uint64](a, 0)) }))),
	kw("ipv6", "IPv6", address6Node("the address of this end of the tunnel")),
	kw("crypto", "encryption", interfaceIPsecNode()),
	kw("shutdown", "take the tunnel down").do(func(p *parser, _ args) { p.iface.tunnel.shutdown = true }),
	kw("tunnel", "the tunnel",
		kw("source", "this end, as the other one sees it",
			arg(kindHost, "address of this router").do(func(p *parser, a args) {
				p.iface.tunnel.source, p.iface.tunnel.sourceOf = valueOf[netip.Addr](a, 0), named{}
			}),
			arg(kindName, "name of an interface").do(func(p *parser, a args) {
				p.iface.tunnel.source, p.iface.tunnel.sourceOf = netip.Addr{}, named{valueOf[string](a, 0), a.at(0)}
			})),
		kw("destination", "the other end",
			arg(kindHost, "address of the peer").do(func(p *parser, a args) { p.iface.tunnel.destination = valueOf[netip.Addr](a, 0) })),
		kw("vrf", "the front door VRF: where the two ends are", vrfArg().do(func(p *parser, a args) {
			p.iface.tunnel.vrf = named{valueOf[string](a, 0), a.at(0)}
		})),
		kw("mode", "how packets are wrapped",
			kw("gre", "in GRE", choice("ip", "over IPv4", tunnelGRE).do((*parser).setTunnelMode)),
			kw("ipsec", "not at all, only protected",
				choice("ipv4", "packets of IPv4", tunnelIPsecIPv4).do((*parser).setTunnelMode),
				choice("ipv6", "packets of IPv6", tunnelIPsecIPv6).do((*parser).setTunnelMode))),
		kw("key", "key in the GRE header, the same at both ends",
			arg(number(0, 1<<32-1), "key (0-4294967295)").do(func(p *parser, a args) {
				p.iface.tunnel.key = ptr(uint32(valueOf[uint64](a, 0)))
			})),
		kw("ttl", "time to live of the header that GRE is in",
			arg(number(1, 255), "hops (1-255)").do(func(p *parser, a args) { p.iface.tunnel.ttl = uint8(valueOf[uint64](a, 0)) })),
		kw("protection", "encryption",
			kw("ipsec", "IPsec",
				kw("profile", "how it is done",
					arg(kindName, "name of an IPsec profile",
						choice("shared", "by SAs that all tunnels of the profile between the same ends share", true).do((*parser).setProtection)).
						do((*parser).setProtection))))),
	kw("no", "switch off",
		noForwardingNode(),
		kw("ip", "IPv4", noForwardingNode()),
		kw("shutdown", "use the tunnel").do(func(p *parser, _ args) { p.iface.tunnel.shutdown = false })),
}}

func (p *parser) setProtection(a args) {
	p.iface.tunnel.protection, p.iface.tunnel.shared = named{valueOf[string](a, 0), a.at(0)}, len(a.values) > 1
}

func (p *parser) setTunnelMode(a args) { p.iface.tunnel.mode = valueOf[tunnelMode](a, 0) }

// routeNode is `ip route` or `ipv6 route`.
func routeNode(destination func(tunnel node) node) node {
	to := destination(arg(kindTunnel, "name of a tunnel interface, TunnelN").do((*parser).addRoute))
	return kw("route", "lead packets into a tunnel interface", kw("vrf", "in a VRF, which is that of the tunnel", vrfArg(to)), to)
}

func route4Node() node {
	return routeNode(func(tunnel node) node {
		return arg(kindAddr4, "IPv4 address of the network", arg(kindMask, "network mask such as 255.255.255.0", tunnel))
	})
}

func route6Node() node {
	return routeNode(func(tunnel node) node { return arg(kindPrefix6, "IPv6 prefix of the network, A/64", tunnel) })
}

func (p *parser) addRoute(a args) {
	last := len(a.values) - 1
	r := route{via: named{valueOf[string](a, last), a.at(last)}}
	at := 0 // of the destination
	if name, ok := a.values[0].value.(string); ok {
		r.vrf, at = named{name, a.at(0)}, 1
	}
	switch v := a.values[at].value.(type) {
	case netip.Addr:
		r.dst = netip.PrefixFrom(v, int(valueOf[maskBits](a, at+1)))
	case netip.Prefix:
		r.dst = v
	}
	if r.dst != r.dst.Masked() {
		p.fail(a.at(at), "an address without bits behind its mask: %v", r.dst.Masked().Addr())
		return
	}
	to := r.dst.String() + " " + r.vrf.name
	if known := p.m.routes.get(to); known != nil && known.via.name != r.via.name {
		p.fail(a.at(last), "one tunnel for %v, which goes into %s", r.dst, known.via.name)
		return
	}
	p.m.routes.add(p, to, r)
}
