package config

import (
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
)

// maxProposals is how many proposals an SA payload has numbers for (RFC 7296 §3.3.1).
const maxProposals = 255

// peer makes the peer of an entry, without name and flows.
func (b *builder) peer(e *entry, prof *profile, at sadb.Host) (ike.Peer, bool) {
	p := ike.Peer{FVRF: at.VRF, Local: at.Addr, Remote: e.peer, Lifetime: time.Duration(prof.lifetime) * time.Second,
		Port: e.ports.ike, NATTPort: e.ports.natt, StartNATT: e.ports.natt != 0 && e.ports.ike == 0,
		Reauth: time.Duration(prof.reauth) * time.Second, Unique: prof.unique, Childless: prof.childless}
	if prof.bare {
		p.Encap = ike.EncapAuto
	}
	if prof.local != nil {
		p.LocalID = prof.local.identity()
	}
	for _, id := range prof.remote.list {
		p.RemoteIDs = append(p.RemoteIDs, ike.Match{Kind: id.kind, Prefix: id.prefix, Data: id.data, Domain: id.domain})
	}
	d := prof.dpd
	if d == nil {
		d = b.m.dpd
	}
	if d != nil {
		p.DPD = ike.DPD{Interval: time.Duration(d.interval) * time.Second, Retry: time.Duration(d.retry) * time.Second, OnDemand: d.onDemand}
	}
	var ok bool
	if p.LocalKey, p.RemoteKey, ok = b.keys(e, prof); !ok {
		return p, false
	}
	if k := b.keyPeer(e, prof); k != nil {
		p.PPK = ike.PPK{ID: k.ppk.id, Key: b.secret(k.ppk.key), Required: k.ppk.required}
	}
	p.Proposals, ok = b.proposals(at)
	return p, ok
}

// keyPeer is the peer of the profile's keyring with the longest prefix that has the entry's peer; nil: there is none.
func (b *builder) keyPeer(e *entry, prof *profile) (best *keyPeer) {
	if prof.keyring.name == "" {
		return nil
	}
	for _, v := range b.m.keyrings.get(prof.keyring.name).peers.list {
		if v.prefix.Contains(e.peer) && (best == nil || v.prefix.Bits() > best.prefix.Bits()) {
			best = v
		}
	}
	return best
}

func (id *identity) identity() ike.Identity {
	if id.prefix.IsValid() {
		return ike.AddrIdentity(id.prefix.Addr())
	}
	return ike.Identity{Kind: id.kind, Data: id.data}
}

// keys finds the keys for an entry's peer: the profile's own, else those of its keyring.
func (b *builder) keys(e *entry, prof *profile) (local, remote esp.Secret, ok bool) {
	own, peers := prof.authLocal.key, prof.authRemote.key
	if own.given() && peers.given() {
		return b.secret(own), b.secret(peers), true
	}
	if prof.keyring.name == "" {
		b.fail(prof.at, "a profile with keyring local, or with keys in authentication")
		return nil, nil, false
	}
	best := b.keyPeer(e, prof)
	if best == nil {
		b.fail(prof.keyring.at, "a keyring with a peer whose address is %v", e.peer)
		return nil, nil, false
	}
	if !own.given() {
		own = best.local
	}
	if !peers.given() {
		peers = best.remote
	}
	switch {
	case !own.given():
		b.fail(best.at, "a peer with pre-shared-key local")
		return nil, nil, false
	case !peers.given():
		b.fail(best.at, "a peer with pre-shared-key remote")
		return nil, nil, false
	}
	return b.secret(own), b.secret(peers), true
}

// proposals are those of the policy for a local address, else of the first policy for all in its front VRF, else the default.
func (b *builder) proposals(at sadb.Host) ([]ike.Proposal, bool) {
	var chosen *policy
	for _, v := range b.m.policies.list {
		if !v.fvrf.has(at.VRF) {
			continue
		}
		if v.locals.get(at.Addr.String()) != nil {
			chosen = v
			break
		}
		if len(v.locals.list) == 0 && chosen == nil {
			chosen = v
		}
	}
	if chosen == nil {
		return defaultProposals(), true
	}
	var list []ike.Proposal
	for _, n := range chosen.proposals.list {
		list = append(list, b.m.proposals.get(n.name).proposals()...)
	}
	if len(list) > maxProposals {
		b.fail(chosen.at, "a policy with at most %d proposals, where each change between combined-mode and other encryption counts as one", maxProposals)
		return nil, false
	}
	return list, true
}

// proposals splits p such that encryption that brings its integrity itself and encryption that does not are in proposals
// of their own (RFC 7296 §3.3), without a change of their order.
func (p *proposal) proposals() []ike.Proposal {
	var list []ike.Proposal
	for i, c := range p.encr {
		if i == 0 || c.aead != p.encr[i-1].aead {
			q := ike.Proposal{PRF: p.functions(), Groups: slices.Clone(p.groups)}
			if !c.aead {
				q.Integ = integrity(p.integ)
			}
			list = append(list, q)
		}
		last := &list[len(list)-1]
		last.Encr = append(last.Encr, c.Encr)
	}
	kems := slices.DeleteFunc(slices.Clone(p.addKE), func(g wire.GroupID) bool { return g == wire.NONE })
	if len(kems) == 0 {
		return list
	}
	var with []ike.Proposal
	for _, q := range list {
		q.AddKE = kems
		with = append(with, q)
	}
	if len(kems) == len(p.addKE) {
		return with
	}
	return append(with, list...) // for peers that know none
}

// functions are the PRFs: those that were said, else those of the integrity algorithms, else all.
func (p *proposal) functions() []uint16 {
	from := p.prf
	if len(from) == 0 {
		from = p.integ
	}
	if len(from) == 0 {
		return []uint16{wire.PRF_HMAC_SHA2_256, wire.PRF_HMAC_SHA2_384, wire.PRF_HMAC_SHA2_512, wire.PRF_HMAC_SHA1}
	}
	var list []uint16
	for _, h := range from {
		list = append(list, h.prf)
	}
	return list
}

func integrity(from []hash) []uint16 {
	var list []uint16
	for _, h := range from {
		list = append(list, h.integ)
	}
	return list
}

// defaultProposals are what an IKE SA is negotiated with when no policy says so.
func defaultProposals() []ike.Proposal {
	prf := []uint16{wire.PRF_HMAC_SHA2_256, wire.PRF_HMAC_SHA2_384, wire.PRF_HMAC_SHA2_512, wire.PRF_HMAC_SHA1}
	groups := []wire.GroupID{wire.ECP_256, wire.ECP_384, wire.ECP_521, wire.CURVE25519, wire.MODP_2048, wire.MODP_3072, wire.MODP_4096}
	return []ike.Proposal{{
		Encr: []ike.Encr{
			{ID: wire.ENCR_AES_GCM_16, KeyBits: 256}, {ID: wire.ENCR_AES_GCM_16, KeyBits: 128}, {ID: wire.ENCR_CHACHA20_POLY1305},
		},
		PRF: prf, Groups: groups,
	}, {
		Encr: []ike.Encr{
			{ID: wire.ENCR_AES_CBC, KeyBits: 256}, {ID: wire.ENCR_AES_CBC, KeyBits: 192}, {ID: wire.ENCR_AES_CBC, KeyBits: 128},
		},
		Integ: []uint16{
			wire.AUTH_HMAC_SHA2_256_128, wire.AUTH_HMAC_SHA2_384_192, wire.AUTH_HMAC_SHA2_512_256, wire.AUTH_HMAC_SHA1_96,
		},
		PRF: slices.Clone(prf), Groups: slices.Clone(groups),
	}}
}

// proposal is a transform set as a protection uses it.
func (t *transformSet) proposal(e *protection) ike.Proposal {
	p := ike.Proposal{Encr: []ike.Encr{{ID: uint16(t.suite.Encr), KeyBits: uint16(t.suite.KeyBits)}}}
	if t.suite.Integ != esp.AUTH_NONE {
		p.Integ = []uint16{uint16(t.suite.Integ)}
	}
	if e.pfs != 0 {
		p.Groups = []wire.GroupID{e.pfs}
	}
	if e.pfsKE != wire.NONE {
		p.AddKE = []wire.GroupID{e.pfsKE}
	}
	if e.esn {
		p.ESN = []bool{true, false}
	}
	return p
}
