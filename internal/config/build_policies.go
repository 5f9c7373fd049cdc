package config

import (
	"cmp"
	"slices"

	"seikan/ike"
	"seikan/ike/wire"
	"seikan/session"
)

const (
	defaultName     = "default" // of what is in force where nothing is configured
	defaultLifetime = 86400     // of an IKE SA, in seconds: that of ike.Peer
)

// shownPolicies is what listings have of how peers are authenticated and traffic protected. The default policy is the last: it is for what no
// other is for.
func (b *builder) shownPolicies() (s session.Policies) {
	for _, p := range b.m.proposals.list {
		s.Proposals = append(s.Proposals, shownProposal(p.name, p.proposals(), p.addKE))
	}
	s.Proposals = append(s.Proposals, shownProposal(defaultName, defaultProposals(), nil))
	for _, p := range b.m.policies.list {
		s.Policies = append(s.Policies, session.IKEPolicy{Name: p.name, FVRF: p.fvrf.String(), Locals: values(p.locals), Proposals: names(values(p.proposals))})
	}
	s.Policies = append(s.Policies, session.IKEPolicy{Name: defaultName, FVRF: fvrfMatch{any: true}.String(), Proposals: []string{defaultName}})
	for _, p := range b.m.profiles.list {
		s.Profiles = append(s.Profiles, b.shownProfile(p))
	}
	for _, k := range b.m.keyrings.list {
		for _, p := range k.peers.list {
			s.Keys = append(s.Keys, shownKey(k.name, p))
		}
	}
	for _, p := range b.m.ipsec.list {
		s.IPsec = append(s.IPsec, session.IPsecProfile{Name: p.name, Description: p.description, Profile: p.profile.name, Protection: b.shownProtection(&p.protection)})
	}
	return s
}

// shownProposal joins what one proposal of the configuration is to IKE.
func shownProposal(name string, parts []ike.Proposal, addKE []wire.GroupID) session.IKEProposal {
	var all ike.Proposal
	for _, p := range parts {
		all.PRF, all.Groups = p.PRF, p.Groups
		for _, e := range p.Encr {
			if !slices.Contains(all.Encr, e) {
				all.Encr = append(all.Encr, e)
			}
		}
		if len(p.Integ) > 0 {
			all.Integ = p.Integ
		}
	}
	all.AddKE = addKE
	return session.NewIKEProposal(name, all)
}

// String is what is matched, in one word.
func (m fvrfMatch) String() string {
	if m.any {
		return "any"
	}
	return cmp.Or(m.of.name, globalVRF)
}

func names(list []named) []string {
	words := []string{}
	for _, n := range list {
		words = append(words, n.name)
	}
	return words
}

func (b *builder) shownProfile(p *profile) session.IKEProfile {
	v := session.IKEProfile{
		Name: p.name, Description: p.description, FVRF: p.fvrf.String(), IVRF: p.ivrf.name, RemoteIDs: []string{}, Keyring: p.keyring.name, Lifetime: cmp.Or(p.lifetime, defaultLifetime),
		Reauth: p.reauth, Unique: uniqueText[p.unique], Childless: childlessText[p.childless], Encap: !p.bare,
	}
	for _, id := range p.remote.list {
		v.RemoteIDs = append(v.RemoteIDs, id.String())
	}
	if p.ivrfGlobal {
		v.IVRF = globalVRF
	}
	if p.local != nil {
		v.LocalID = p.local.String()
	}
	if d := cmp.Or(p.dpd, b.m.dpd); d != nil {
		v.DPD = &session.DPD{Seconds: d.interval, Retry: d.retry, OnDemand: d.onDemand}
	}
	return v
}

// shownKey tells where the keys of a peer are, and no more.
func shownKey(keyring string, p *keyPeer) session.KeyringPeer {
	v := session.KeyringPeer{Keyring: keyring, Peer: p.name, Address: prefixText(p.prefix)}
	where := func(k presharedKey) string {
		switch {
		case k.file.name != "":
			return "file " + k.file.name
		case k.given():
			return hidden
		}
		return "none"
	}
	if v.Key = where(p.local); !p.local.equal(p.remote) {
		v.Key = "local " + where(p.local) + ", remote " + where(p.remote)
	}
	return v
}
