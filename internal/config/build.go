package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"seikan/ike"
	"seikan/internal/logging"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// maxPolicies is how many lines of access lists all crypto maps may have together.
const maxPolicies = 1 << 16

// Env is what Build asks the system.
type Env struct {
	// Namespace reports that there is no network namespace of a name: netns.Check. Nil: there is none of any.
	Namespace func(name string) error

	// InterfaceAddrs finds the addresses of an interface of a network namespace, those to be preferred first, and its MTU:
	// tun.InterfaceAddrs. Nil: an interface needs an address in the configuration.
	InterfaceAddrs func(netns, name string) ([]netip.Addr, int, error)

	// LocalAddr finds an address of a network namespace inside of one of the prefixes, the zero Addr if there is none: tun.LocalAddr.
	// Nil: routes name no source address.
	LocalAddr func(netns string, within ...netip.Prefix) (netip.Addr, error)

	// Keys reads a key file. It is asked at each Build, so that keys that have changed there count. What it gives is cleared afterwards.
	// Nil: there are no key files.
	Keys func(file string) (Keys, error)
}

// Built is what a configuration means to the rest of the router.
type Built struct {
	Hostname string
	IKE      ike.Config
	Policies []sadb.Policy // the SPD: by interface, entry of the crypto map, line of the access list
	Session  session.Config
	Locals   []LocalEndpoint // each address once
	Routes   []tun.Route     // to the remote networks of the crypto maps of the global VRF, each once
	Lines    []tun.Line      // of their access lists, in the order of Policies, where one of them denies
	Tunnels  []Tunnel        // the tunnel interfaces, and the devices of crypto maps in other VRFs
	Monitor  *Monitor        // nil: there is none
	Offloads Offloads
	Lanes    int      // goroutines for each direction of the data plane; 0: as many as fit the machine
	Terminal Terminal // of SSH
	LogIKE   bool     // as seikan.Config.LogIKE
	Logging  logging.Config
}

// LocalEndpoint is an address that peers talk to, on ports 500 and 4500.
type LocalEndpoint struct {
	Addr      netip.Addr
	MTU       int  // of the interface; 0: not known
	ESP       bool // peers there may send ESP that is not in UDP
	Alternate bool // it need not be there from the start: SAs may move to it when it is

	VRF   string // the front VRF; "": the global one
	Netns string // its network namespace
}

// Build makes the parts of the router's configuration of the model, of the crypto maps that are on an interface. An error
// joins up to 20 *Error, and Built is not to be used then.
func (m *Model) Build(env Env) (Built, error) {
	b := &builder{
		m: m, env: env, errs: errorList{file: m.file},
		used: make(map[string]bool), peers: make(map[peerKey][]*site), locals: make(map[sadb.Host]string),
		inside: make(map[string]*inside), listens: make(map[sadb.Host]int), permits: make(map[*rule][]sadb.PolicyID),
	}
	if !b.namespaces() {
		return Built{}, b.errs.err()
	}
	b.out.Hostname, b.out.Offloads, b.out.Lanes = m.hostname, m.offloads, m.lanes
	b.out.Monitor, b.out.Terminal = m.monitor.built(), m.builtTerminal()
	b.out.Session.Logging, b.out.LogIKE, b.out.Logging = !m.noLog, m.logIKE, m.log
	b.out.Session.LogGroups = m.logGroup
	b.out.IKE.Port, b.out.IKE.NATTPort, b.out.Session.NATTPort = m.ports.ike, m.ports.natt, m.ports.natt
	b.out.IKE.MaxHalfOpen, b.out.IKE.FragmentMTU = int(m.halfOpen), m.fragment
	if m.cookie != nil {
		if b.out.IKE.CookieChallenge = int(*m.cookie); *m.cookie == 0 {
			b.out.IKE.CookieChallenge = -1 // always
		}
	}
	b.out.Session.Descriptions = make(map[session.DescriptionKey]string, len(m.descs.list))
	for _, d := range m.descs.list {
		b.out.Session.Descriptions[session.DescriptionKey{Peer: d.addr, FVRF: d.vrf.name}] = d.description
	}
	defer func() { b.keyFile.Clear() }()
	if !b.readKeys() {
		return Built{}, b.errs.err()
	}
	for _, f := range m.interfaces.list {
		if f.cryptoMap.name != "" {
			b.iface(f, m.maps.get(f.cryptoMap.name))
		}
	}
	for _, f := range m.interfaces.list {
		if f.tunnel != nil {
			b.tunnel(f)
		}
	}
	for _, in := range b.insides {
		b.checkLines(in)
	}
	if err := b.errs.err(); err != nil {
		return Built{}, err
	}
	b.insideDevices()
	b.shown()
	for _, s := range b.sites {
		b.out.IKE.Peers = append(b.out.IKE.Peers, s.peer)
		b.out.Session.Sessions = append(b.out.Session.Sessions, s.session)
	}
	return b.out, nil
}

// builder is the state of Build.
type builder struct {
	m    *Model
	env  Env
	errs errorList
	out  Built

	keyFile Keys // what is in it

	used    map[string]bool     // crypto maps that are on an interface already
	peers   map[peerKey][]*site // more than one only where the peer's identity tells which it is
	sites   []*site
	locals  map[sadb.Host]string // the interface that has the address
	listens map[sadb.Host]int    // index in out.Locals
	inside  map[string]*inside   // by VRF: what its crypto maps protect
	insides []*inside            // in order

	permits map[*rule][]sadb.PolicyID // the policies that are made of a line of an access list
}

// peerKey is the two ends of a peer. Behind one NAT there may be several peers, which their identities tell apart.
type peerKey struct {
	vrf           string // front VRF
	local, remote netip.Addr
}

// site is a peer and its session.
type site struct {
	profile *profile
	entry   *entry // the first one
	peer    ike.Peer
	session session.Configured
	tunnels []*iface // of a tunnel, and those that share its SAs
}

func (b *builder) fail(at pos, format string, args ...any) { b.errs.add(at, format, args...) }

// iface adds the crypto map that is on an interface.
func (b *builder) iface(f *iface, m *cryptoMap) {
	addrs, mtu, ok := b.addresses(f, f.vrf.name)
	if !ok {
		return
	}
	suffix := "" // of names, where the map is on several interfaces
	if b.used[m.name] {
		suffix = " " + f.name
	}
	b.used[m.name] = true
	for _, e := range m.entries.list {
		if b.errs.full() {
			return
		}
		if !b.completeEntry(e) {
			continue
		}
		local, ok := b.local(f, addrs, e)
		if !ok || !b.profileIn(f.vrf.name, e.profile) {
			continue
		}
		b.listen(LocalEndpoint{VRF: f.vrf.name, Addr: local, MTU: mtu, ESP: b.m.profiles.get(e.profile.name).bare})
		b.entry(f, e, local, suffix)
	}
}

// addresses finds the addresses of an interface in a VRF.
func (b *builder) addresses(f *iface, vrf string) ([]netip.Addr, int, bool) {
	var addrs []netip.Addr
	for _, p := range []netip.Prefix{f.addr4, f.addr6} {
		if p.IsValid() {
			addrs = append(addrs, p.Addr())
		}
	}
	if len(addrs) > 0 {
		mtu := 0
		if b.env.InterfaceAddrs != nil { // the name may be one of the system's all the same
			if _, n, err := b.env.InterfaceAddrs(b.netns(vrf), f.name); err == nil {
				mtu = n
			}
		}
		return addrs, mtu, true
	}
	if b.env.InterfaceAddrs == nil {
		b.fail(f.at, "an interface with an address, as the system's are not known")
		return nil, 0, false
	}
	addrs, mtu, err := b.env.InterfaceAddrs(b.netns(vrf), f.name)
	if err != nil {
		b.fail(f.at, "an interface of this system%s, or one with an address here (%v)", inVRF(vrf), err)
		return nil, 0, false
	}
	return addrs, mtu, true
}

// completeEntry complains about what an entry needs and does not have.
func (b *builder) completeEntry(e *entry) bool {
	for _, part := range []struct {
		missing bool
		what    string
	}{
		{!e.peer.IsValid(), "set peer"},
		{len(e.transforms) == 0, "set transform-set"},
		{e.profile.name == "", "set ikev2-profile"},
		{e.list.name == "", "match address"},
	} {
		if part.missing {
			b.fail(e.at, "an entry with %s", part.what)
			return false
		}
	}
	list := b.m.lists.get(e.list.name)
	if !slices.ContainsFunc(list.rules.list, func(r *rule) bool { return r.permit }) {
		b.fail(e.list.at, "an access list that permits something")
		return false
	}
	return true
}

// local chooses the address of the interface that the entry's peer talks to: one of its family.
func (b *builder) local(f *iface, addrs []netip.Addr, e *entry) (netip.Addr, bool) {
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() != e.peer.Is4() || a.Zone() != "" {
			continue
		}
		at := sadb.Host{Addr: a, VRF: f.vrf.name}
		if owner := b.locals[at]; owner != "" && owner != f.name {
			b.fail(f.at, "an interface with an address that is not that of %s (%v)", owner, a)
			return a, false
		}
		b.locals[at] = f.name
		return a, true
	}
	family := "IPv4"
	if e.peer.Is6() {
		family = "IPv6"
	}
	b.fail(e.peerAt, "a peer that interface %s can reach; it has no %s address", f.name, family)
	return netip.Addr{}, false
}

// entry adds what one entry of a crypto map protects, to the peer that it shares with others or to a new one.
func (b *builder) entry(f *iface, e *entry, local netip.Addr, suffix string) {
	prof := b.m.profiles.get(e.profile.name)
	key := peerKey{f.vrf.name, local, e.peer}
	i := slices.IndexFunc(b.peers[key], func(s *site) bool { return s.profile == prof && s.tunnels == nil })
	var s *site
	if i >= 0 {
		s = b.peers[key][i]
	} else {
		name := fmt.Sprintf("%s %d%s", e.name, e.seq, suffix)
		peer, ok := b.peer(e, prof, sadb.Host{Addr: local, VRF: f.vrf.name})
		if !ok {
			return
		}
		peer.Name, peer.Interface = name, f.name
		s = &site{profile: prof, entry: e, peer: peer, session: session.Configured{
			Interface: f.name, Local: local, Peer: netip.AddrPortFrom(e.peer, cmp.Or(e.ports.ike, e.ports.natt, 500)), PeerName: name, Origin: "crypto map",
			Map: e.name, Profile: prof.name, Connect: e.connect, FVRF: f.vrf.name, IVRF: prof.inside(f.vrf.name),
		}}
		if !b.addSite(s, e.profile.at) {
			return
		}
	}
	b.alternates(s, e)
	in := b.insideOf(s.session.IVRF)
	flow := b.protection(&e.protection, e.connect)
	for _, r := range b.m.lists.get(e.list.name).rules.list {
		if len(b.out.Policies) >= maxPolicies {
			b.fail(e.list.at, "at most %d lines in the access lists of all crypto maps", maxPolicies)
			return
		}
		p := sadb.Policy{
			ID:    sadb.PolicyID(fmt.Sprintf("%s %d %s %d%s", e.name, e.seq, e.list.name, r.seq, suffix)),
			Group: fmt.Sprintf("%s %d%s", e.name, e.seq, suffix), Action: sadb.Skip, MSS: f.mss, DF: b.m.df(f), FragmentAfter: b.m.fragmentsAfter(f), Interface: in.device,
			Local: []sadb.Selector{r.src.selector(r.proto)}, Remote: []sadb.Selector{r.dst.selector(r.proto)},
		}
		if r.permit {
			p.Action = sadb.Protect
			flow.ID, flow.Local, flow.Remote = p.ID, p.Local, p.Remote
			s.peer.Flows = append(s.peer.Flows, flow)
			s.session.Policies = append(s.session.Policies, p)
			b.permits[r] = append(b.permits[r], p.ID)
			b.route(in, e, r)
		}
		b.out.Policies = append(b.out.Policies, p)
		in.line(e, r, p.Group)
	}
}

// alternates adds the other addresses of an entry to its peer, and opens them to peers.
func (b *builder) alternates(s *site, e *entry) {
	for _, a := range e.alternates {
		if a = a.Unmap(); a == s.peer.Local || slices.Contains(s.peer.Alternates, a) {
			continue
		}
		if len(s.peer.Alternates) == ike.MaxAlternates {
			b.fail(e.alternatesAt, "at most %d other addresses for peer %v", ike.MaxAlternates, e.peer)
			return
		}
		s.peer.Alternates = append(s.peer.Alternates, a)
		b.listen(LocalEndpoint{VRF: s.peer.FVRF, Addr: a, Alternate: true, ESP: s.profile.bare})
	}
}

// listen adds an address to those that peers talk to, once.
func (b *builder) listen(l LocalEndpoint) {
	l.Netns = b.netns(l.VRF)
	at := sadb.Host{Addr: l.Addr, VRF: l.VRF}
	i, known := b.listens[at]
	switch {
	case !known:
		b.listens[at] = len(b.out.Locals)
		b.out.Locals = append(b.out.Locals, l)
	case b.out.Locals[i].Alternate:
		l.ESP = l.ESP || b.out.Locals[i].ESP
		b.out.Locals[i] = l
	default:
		b.out.Locals[i].ESP = b.out.Locals[i].ESP || l.ESP
	}
}

// selector is one side of a traffic selector.
func (e endpoint) selector(proto uint8) sadb.Selector {
	s := sadb.SelectorFromPrefix(e.prefix, proto)
	s.LoPort, s.HiPort = uint16(e.lo), uint16(e.hi)
	return s
}

func (e endpoint) ports() tun.Ports { return tun.Ports{Lo: uint16(e.lo), Hi: uint16(e.hi)} }

// protection is how traffic is protected: a flow without selectors.
func (b *builder) protection(e *protection, connect ike.Connect) ike.Flow {
	f := ike.Flow{Kilobytes: b.m.life.kilobytes, Window: b.m.replay}
	seconds := b.m.life.seconds
	if e.life.seconds != 0 {
		seconds = e.life.seconds
	}
	f.Lifetime, f.Connect = time.Duration(seconds)*time.Second, connect
	if f.Packets = b.m.life.packets; e.life.packets != 0 {
		f.Packets = e.life.packets
	}
	switch {
	case e.life.unlimited, e.life.kilobytes == 0 && b.m.life.unlimited:
		f.Kilobytes = ike.NoLimit
	case e.life.kilobytes != 0:
		f.Kilobytes = e.life.kilobytes
	}
	if e.replay != 0 {
		f.Window = e.replay
	}
	for _, n := range e.transforms {
		t := b.m.transforms.get(n.name)
		f.Proposals, f.Transport = append(f.Proposals, t.proposal(e)), t.transport
	}
	return f
}
