package config

import (
	"net/netip"
	"slices"
	"strings"
)

const (
	maxSets  = 32 // transform sets of an entry
	maxNamed = 8  // names that an error lists
)

// check looks for what only the whole text can tell.
func (p *parser) check() {
	understood := len(p.errs.list) == 0
	p.checkReferences()
	p.checkVRFs()
	p.checkMonitor()
	p.checkTerminal()
	if !understood {
		return // what is missing may be on the lines that are wrong
	}
	p.checkKeys()
	for _, v := range p.m.proposals.list {
		p.checkProposal(v)
	}
	for _, v := range p.m.policies.list {
		if len(v.proposals.list) == 0 {
			p.fail(v.at, "a policy with a proposal")
		}
	}
	for _, v := range p.m.keyrings.list {
		p.checkKeyring(v)
	}
	for _, v := range p.m.profiles.list {
		switch {
		case v.authRemote == nil:
			p.fail(v.at, "a profile with authentication remote")
		case v.authLocal == nil:
			p.fail(v.at, "a profile with authentication local")
		}
	}
}

// checkReferences looks for names of what is not there.
func (p *parser) checkReferences() {
	m := p.m
	for _, v := range m.policies.list {
		for _, n := range v.proposals.list {
			refer(p, &m.proposals, *n, "a proposal")
		}
	}
	for _, v := range m.profiles.list {
		refer(p, &m.keyrings, v.keyring, "a keyring")
	}
	for _, v := range m.maps.list {
		for _, e := range v.entries.list {
			p.checkProtection(&e.protection)
			refer(p, &m.lists, e.list, "an access list")
		}
	}
	for _, v := range m.ipsec.list {
		p.checkProtection(&v.protection)
	}
	for _, v := range m.interfaces.list {
		refer(p, &m.maps, v.cryptoMap, "a crypto map")
		if v.tunnel != nil {
			refer(p, &m.ipsec, v.tunnel.protection, "an IPsec profile")
		}
	}
	for _, v := range m.routes.list {
		refer(p, &m.interfaces, v.via, "an interface")
	}
}

// checkProtection looks for names of what is not there, and for transform sets that cannot be offered together.
func (p *parser) checkProtection(v *protection) {
	refer(p, &p.m.profiles, v.profile, "an IKEv2 profile")
	if len(v.transforms) > maxSets {
		p.fail(v.transforms[maxSets].at, "at most %d transform sets", maxSets)
	}
	for _, n := range v.transforms {
		refer(p, &p.m.transforms, n, "a transform set")
		first, t := p.m.transforms.get(v.transforms[0].name), p.m.transforms.get(n.name)
		if first != nil && t != nil && first.transport != t.transport {
			p.fail(n.at, "transform sets of one mode: it is offered for all of them")
		}
	}
}

// refer complains if a name is not in the table. The zero value refers to nothing.
func refer[T any](p *parser, t *table[T], n named, what string) {
	if n.name == "" || t.get(n.name) != nil || p.doubtful[n.name] || p.errs.full() {
		return
	}
	names := slices.Sorted(slices.Values(t.names))
	switch {
	case len(names) == 0:
		p.fail(n.at, "name of %s that is defined; none is", what)
	case len(names) > maxNamed:
		p.fail(n.at, "name of %s that is defined: %s, ...", what, strings.Join(names[:maxNamed], ", "))
	default:
		p.fail(n.at, "name of %s that is defined: %s", what, strings.Join(names, ", "))
	}
}

func (p *parser) checkProposal(v *proposal) {
	aead := func(c cipher) bool { return c.aead }
	combined := slices.ContainsFunc(v.encr, aead)
	classic := slices.ContainsFunc(v.encr, func(c cipher) bool { return !c.aead })
	switch {
	case len(v.encr) == 0:
		p.fail(v.at, "a proposal with encryption")
	case classic && len(v.integ) == 0:
		p.fail(v.at, "a proposal with integrity, which aes-cbc does not bring itself")
	case combined && !classic && len(v.integ) > 0 && len(v.prf) > 0:
		p.fail(v.integAt, "no integrity in a proposal whose encryption brings it itself")
	case len(v.groups) == 0:
		p.fail(v.at, "a proposal with group")
	}
}

func (p *parser) checkKeyring(k *keyring) {
	owner := make(map[netip.Prefix]string)
	for _, v := range k.peers.list {
		switch other, taken := owner[v.prefix]; {
		case !v.prefix.IsValid():
			p.fail(v.at, "a peer with an address")
		case taken:
			p.fail(v.prefixAt, "an address that is not that of peer %s", other)
		default:
			owner[v.prefix] = v.name
		}
	}
}
