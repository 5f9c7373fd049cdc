package config

import (
	"net/netip"

	"seikan/sadb"
)

// globalMode is the commands that are always there.
var globalMode = mode{prompt: "config", commands: []node{
	kw("hostname", "set the name of this router",
		arg(kindName, "name of this router").do(func(p *parser, a args) { p.m.hostname = valueOf[string](a, 0) })),
	kw("crypto", "encryption", cryptoCommands...),
	kw("key", "pre-shared keys",
		kw("file", "that are in a file of their own",
			arg(kindPath, "path of the file").do(func(p *parser, a args) { p.m.keyFile = named{valueOf[string](a, 0), a.at(0)} }))),
	enableNode(),
	userNode(),
	bannerNode(),
	lineNode(),
	vrfNode(),
	kw("ip", "IPv4",
		sshNode(),
		route4Node(),
		oldVRFNode(),
		kw("access-list", "add an access list",
			kw("extended", "with source and destination",
				arg(kindName, "name of an access list").do((*parser).enterList4)))),
	kw("ipv6", "IPv6",
		route6Node(),
		kw("access-list", "add an access list",
			arg(kindName, "name of an access list").do((*parser).enterList6))),
	kw("access-list", "add a line to a numbered access list",
		arg(kindListNumber, "number of an extended access list (100-199 or 2000-2699)",
			append(ruleNodes(false, (*parser).numberedRule),
				kw("remark", "comment", arg(kindText, "comment of at most 200 characters").do((*parser).numberedRemark)))...)),
	kw("interface", "configure an interface",
		arg(kindName, "name of an interface in full, of this system or such as Tunnel0").do((*parser).enterInterface)),
	monitorNode(),
	platformNode(),
	kw("no", "switch off",
		offloadNode(true),
		noMonitorNode(),
		kw("crypto", "encryption",
			kw("ikev2", "Internet Key Exchange version 2",
				kw("fragmentation", "neither send nor take fragments").
					do(func(p *parser, _ args) { p.m.fragment = -1 })),
			kw("logging", "events", cryptoLoggingCommands(false)...)),
		kw("logging", "messages", noLoggingCommands...),
		kw("service", "services", noServiceCommands...)),
	kw("logging", "messages", loggingCommands...),
	kw("service", "services", serviceCommands...),
}}

// cryptoCommands are what follows `crypto`.
var cryptoCommands = []node{
	kw("ikev2", "Internet Key Exchange version 2",
		kw("proposal", "algorithms for the IKE SA",
			arg(kindName, "name of a proposal").do((*parser).enterProposal)),
		kw("policy", "which proposals are used",
			arg(kindName, "name of a policy").do((*parser).enterPolicy)),
		kw("keyring", "pre-shared keys",
			arg(kindName, "name of a keyring").do((*parser).enterKeyring)),
		kw("profile", "identities, authentication and lifetime",
			arg(kindName, "name of a profile").do((*parser).enterProfile)),
		dpdNode(func(p *parser, d *dpd) { p.m.dpd = d }),
		kw("cookie-challenge", "ask for a cookie while many IKE SAs are being set up",
			arg(number(0, 1000), "IKE SAs being set up from which on a cookie is asked for (0-1000)").
				do(func(p *parser, a args) { p.m.cookie = ptr(valueOf[uint64](a, 0)) })),
		kw("port", "other ports than 500 and 4500, of this router", portNodes((*parser).setPorts)...),
		kw("fragmentation", "send large messages in fragments",
			kw("mtu", "largest IP packet that a message goes out in whole",
				arg(number(576, 1500), "octets (576-1500)").
					do(func(p *parser, a args) { p.m.fragment = int(valueOf[uint64](a, 0)) }))).
			do(func(p *parser, _ args) { p.m.fragment = 0 }),
		kw("limit", "limits on IKE SAs",
			kw("max-in-negotation-sa", "IKE SAs being set up by peers",
				arg(number(1, 100000), "how many (1-100000)").
					do(func(p *parser, a args) { p.m.halfOpen = valueOf[uint64](a, 0) })))),
	kw("isakmp", "peers",
		kw("peer", "describe a peer",
			append([]node{
				kw("address", "by its address",
					append([]node{kw("ipv6", "of IPv6", peerVRF(arg(kindHost6, "IPv6 address of the peer")))},
						peerVRF(arg(kindHost, "address of the peer")))...),
				kw("ip-address", "by its address", peerVRF(arg(kindHost, "address of the peer"))),
			}, peerVRF(arg(kindHost, "address of the peer")))...)),
	kw("ipsec", "IPsec",
		kw("transform-set", "algorithms for ESP",
			arg(kindName, "name of a transform set", transformNodes()...)),
		kw("profile", "how tunnel interfaces are protected",
			arg(kindName, "name of an IPsec profile").do((*parser).enterIPsecProfile)),
		kw("security-association", "defaults for the SAs of all crypto maps",
			lifetimeNode(func(p *parser) *lifetime { return &p.m.life }),
			replayNode(func(p *parser) *int { return &p.m.replay })),
		dfNode(func(p *parser, df sadb.DF) { p.m.dfBit = df }),
		fragmentationNode(func(p *parser, after bool) { p.m.after = after })),
	kw("map", "what is protected, how and with whom",
		arg(kindName, "name of a crypto map",
			arg(number(1, 65535), "sequence number of the entry (1-65535)",
				kw("ipsec-isakmp", "with SAs that IKE sets up").do((*parser).enterEntry)).do((*parser).enterKnownEntry))),
	kw("session", "listings of sessions",
		kw("format", "style of the listings",
			kw("classic", "as the first systems had it").do(func(p *parser, _ args) { p.m.xe = false }),
			kw("xe", "with title, legend, session IDs and uptimes").do(func(p *parser, _ args) { p.m.xe = true }))),
	kw("logging", "events", cryptoLoggingCommands(true)...),
}

// portNodes are a port for bare IKE, and one for IKE and ESP where there may be a NAT.
func portNodes(do action) []node {
	return []node{arg(number(1, 65535), "port for bare IKE (1-65535)",
		kw("nat-t", "and one for IKE and ESP where there may be a NAT",
			arg(number(1, 65535), "port (1-65535)").do(do)))}
}

// portsOf is what portNodes read.
func portsOf(p *parser, a args) (ports, bool) {
	q := ports{uint16(valueOf[uint64](a, 0)), uint16(valueOf[uint64](a, 1))}
	if q.ike == q.natt {
		p.fail(a.at(1), "another port than that for bare IKE")
		return q, false
	}
	return q, true
}

func (p *parser) setPorts(a args) {
	if q, ok := portsOf(p, a); ok {
		p.m.ports = q
	}
}

func ptr[T any](v T) *T { return &v }

// peerVRF is an address with what may follow it in `crypto isakmp peer`.
func peerVRF(n node) node {
	n.next = []node{kw("vrf", "front door VRF of the peer", vrfArg().do((*parser).enterIsakmpPeer))}
	return n.do((*parser).enterIsakmpPeer)
}

func (p *parser) enterIsakmpPeer(a args) {
	d := isakmpPeer{addr: valueOf[netip.Addr](a, 0)}
	if len(a.values) > 1 {
		d.vrf = named{valueOf[string](a, 1), a.at(1)}
	}
	p.isakmp = p.m.descs.define(p, d.addr.String()+" "+d.vrf.name, d)
	p.enter(&isakmpPeerMode, p.isakmp)
}

// isakmpPeerMode is `crypto isakmp peer`.
var isakmpPeerMode = mode{prompt: "config-isakmp-peer", commands: []node{
	kw("description", "describe the peer in listings and logs",
		arg(kindDesc, "a description of at most 80 characters").
			do(func(p *parser, a args) { p.isakmp.description = valueOf[string](a, 0) })),
}}

func (p *parser) enterInterface(a args) {
	name, isTunnel := tunnelName(valueOf[string](a, 0))
	p.iface = p.m.interfaces.define(p, name, iface{named: named{name, a.at(0)}})
	if !isTunnel {
		p.enter(&interfaceMode, p.iface)
		return
	}
	t := tunnel{}
	if p.iface.tunnel != nil {
		t = *p.iface.tunnel // which other Models may have
	}
	p.iface.tunnel = &t
	p.enter(&tunnelIfMode, p.iface)
}

// interfaceMode is `interface`.
var interfaceMode = mode{prompt: "config-if", commands: []node{
	kw("description", "describe the interface",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.iface.description = valueOf[string](a, 0) })),
	forwardingNode("the front door VRF: where the peers of the crypto map are"),
	kw("ip", "IPv4",
		forwardingNode("the front door VRF: where the peers of the crypto map are"),
		adjustMSSNode("TCP of the traffic that the crypto map protects"),
		address4Node("the address that peers see")),
	kw("ipv6", "IPv6", address6Node("the address that peers see")),
	kw("crypto", "encryption",
		kw("map", "protect what leaves here",
			arg(kindName, "name of a crypto map").do(func(p *parser, a args) {
				p.iface.cryptoMap = named{valueOf[string](a, 0), a.at(0)}
			})),
		interfaceIPsecNode()),
	kw("no", "switch off",
		noForwardingNode(),
		kw("ip", "IPv4", noForwardingNode()),
		kw("shutdown", "use the interface, as always").do(func(*parser, args) {})),
}}

// adjustMSSNode is `ip tcp adjust-mss`.
func adjustMSSNode(what string) node {
	return kw("tcp", what,
		kw("adjust-mss", "lower the maximum segment size that its ends announce, of IPv6 as well",
			arg(number(500, 9000), "octets (500-9000)").do(func(p *parser, a args) { p.iface.mss = uint16(valueOf[uint64](a, 0)) })))
}

// address4Node is `ip address`.
func address4Node(what string) node {
	return kw("address", what,
		arg(kindHost4, "IPv4 address of this router",
			arg(kindMask, "network mask such as 255.255.255.0").do(func(p *parser, a args) {
				p.iface.addr4 = netip.PrefixFrom(valueOf[netip.Addr](a, 0), int(valueOf[maskBits](a, 1)))
			})))
}

// address6Node is `ipv6 address`.
func address6Node(what string) node {
	return kw("address", what,
		arg(kindIfAddr6, "IPv6 address of this router with the length of its prefix, A/64").do(func(p *parser, a args) {
			p.iface.addr6 = valueOf[netip.Prefix](a, 0)
		}))
}
