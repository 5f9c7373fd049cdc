package config

import (
	"net/netip"
	"slices"

	"seikan/ike"
	"seikan/ike/wire"
)

func (p *parser) enterProposal(a args) {
	name := valueOf[string](a, 0)
	p.proposal = p.m.proposals.define(p, name, proposal{named: named{name, a.at(0)}})
	p.enter(&proposalMode, p.proposal)
}

// proposalMode is `crypto ikev2 proposal`. All lists are in order of preference.
var proposalMode = mode{prompt: "config-ikev2-proposal", commands: []node{
	kw("encryption", "encryption algorithms", each(
		func(p *parser, a args) { p.proposal.encr = all[cipher](a, 0) }, cipherNodes()...)...),
	kw("integrity", "integrity algorithms", each(
		func(p *parser, a args) { p.proposal.integ, p.proposal.integAt = all[hash](a, 0), a.at(0) }, hashNodes()...)...),
	kw("prf", "pseudorandom functions", each(
		func(p *parser, a args) { p.proposal.prf = all[hash](a, 0) }, hashNodes()...)...),
	kw("group", "groups of the key exchange", each(
		func(p *parser, a args) { p.proposal.groups = all[wire.GroupID](a, 0) }, groupNodes("")...)...),
	kw("addke", "KEMs of which one is used on top (RFC 9370)", each(
		func(p *parser, a args) { p.proposal.addKE = all[wire.GroupID](a, 0) },
		choice("ml-kem-768", "ML-KEM-768", wire.ML_KEM_768),
		choice("ml-kem-1024", "ML-KEM-1024", wire.ML_KEM_1024),
		choice("none", "none, for peers that do not know any", wire.NONE))...),
}}

func cipherNodes() []node {
	var nodes []node
	add := func(word, help string, encr, bits uint16, aead bool) {
		nodes = append(nodes, choice(word, help, cipher{word, ike.Encr{ID: encr, KeyBits: bits}, aead}))
	}
	add("aes-cbc-128", "AES-CBC with a key of 128 bits", wire.ENCR_AES_CBC, 128, false)
	add("aes-cbc-192", "AES-CBC with a key of 192 bits", wire.ENCR_AES_CBC, 192, false)
	add("aes-cbc-256", "AES-CBC with a key of 256 bits", wire.ENCR_AES_CBC, 256, false)
	add("aes-gcm-128", "AES-GCM with a key of 128 bits", wire.ENCR_AES_GCM_16, 128, true)
	add("aes-gcm-192", "AES-GCM with a key of 192 bits", wire.ENCR_AES_GCM_16, 192, true)
	add("aes-gcm-256", "AES-GCM with a key of 256 bits", wire.ENCR_AES_GCM_16, 256, true)
	add("chacha20-poly1305", "ChaCha20-Poly1305", wire.ENCR_CHACHA20_POLY1305, 0, true)
	return nodes
}

// hashes are the hash functions of the IKE SA.
var hashes = []hash{
	{"sha1", wire.PRF_HMAC_SHA1, wire.AUTH_HMAC_SHA1_96},
	{"sha256", wire.PRF_HMAC_SHA2_256, wire.AUTH_HMAC_SHA2_256_128},
	{"sha384", wire.PRF_HMAC_SHA2_384, wire.AUTH_HMAC_SHA2_384_192},
	{"sha512", wire.PRF_HMAC_SHA2_512, wire.AUTH_HMAC_SHA2_512_256},
}

func hashNodes() []node {
	var nodes []node
	for _, h := range hashes {
		nodes = append(nodes, choice(h.word, "HMAC-"+h.word, h))
	}
	return nodes
}

// groupNodes are the groups, each with prefix before its number.
func groupNodes(prefix string) []node {
	return []node{
		choice(prefix+"14", "MODP of 2048 bits", wire.MODP_2048),
		choice(prefix+"15", "MODP of 3072 bits", wire.MODP_3072),
		choice(prefix+"16", "MODP of 4096 bits", wire.MODP_4096),
		choice(prefix+"19", "NIST P-256", wire.ECP_256),
		choice(prefix+"20", "NIST P-384", wire.ECP_384),
		choice(prefix+"21", "NIST P-521", wire.ECP_521),
		choice(prefix+"31", "Curve25519", wire.CURVE25519),
	}
}

func (p *parser) enterPolicy(a args) {
	name := valueOf[string](a, 0)
	p.policy = p.m.policies.define(p, name, policy{named: named{name, a.at(0)}})
	p.enter(&policyMode, p.policy)
}

// policyMode is `crypto ikev2 policy`.
var policyMode = mode{prompt: "config-ikev2-policy", commands: []node{
	kw("match", "when the policy is used",
		fvrfNode(func(p *parser) *fvrfMatch { return &p.policy.fvrf }),
		kw("address", "address of this router",
			kw("local", "that the peer talks to",
				arg(kindHost, "address of this router").do(func(p *parser, a args) {
					addr := valueOf[netip.Addr](a, 0)
					p.policy.locals.add(p, addr.String(), addr)
				})))),
	kw("proposal", "proposal to use, after those of the lines before", each((*parser).addProposals, arg(kindName, "name of a proposal"))...),
}}

func (p *parser) addProposals(a args) {
	for _, n := range refs(a) {
		p.policy.proposals.add(p, n.name, n)
	}
}

// refs are the names on a line, each once.
func refs(a args) (list []named) {
	for i := range a.values {
		name := valueOf[string](a, i)
		if !slices.ContainsFunc(list, func(n named) bool { return n.name == name }) {
			list = append(list, named{name, a.at(i)})
		}
	}
	return list
}

func (p *parser) enterKeyring(a args) {
	name := valueOf[string](a, 0)
	p.keyring = p.m.keyrings.define(p, name, keyring{named: named{name, a.at(0)}})
	p.enter(&keyringMode, p.keyring)
}

// keyringMode is `crypto ikev2 keyring`.
var keyringMode = mode{prompt: "config-ikev2-keyring", secret: true, commands: []node{
	kw("peer", "add a peer", arg(kindName, "name of the peer").do(func(p *parser, a args) {
		name := valueOf[string](a, 0)
		p.keyPeer = p.keyring.peers.define(p, name, keyPeer{named: named{name, a.at(0)}})
		p.enter(&keyPeerMode, p.keyPeer)
	})),
}}

// keyPeerMode is `peer` of a keyring.
var keyPeerMode = mode{prompt: "config-ikev2-keyring-peer", secret: true, commands: []node{
	kw("description", "describe the peer",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.keyPeer.description = valueOf[string](a, 0) })),
	kw("address", "where the peer is", prefixNodes(func(p *parser, a args) {
		p.keyPeer.prefix, p.keyPeer.prefixAt = prefixOf(a), a.at(0)
	})...),
	kw("pre-shared-key", "key that the two share",
		append(keyNodes(func(p *parser, k presharedKey) { p.keyPeer.local, p.keyPeer.remote = k, k }),
			kw("local", "that proves this router", keyNodes(func(p *parser, k presharedKey) { p.keyPeer.local = k })...),
			kw("remote", "that proves the peer", keyNodes(func(p *parser, k presharedKey) { p.keyPeer.remote = k })...))...).
		hidesArgument(),
	kw("ppk", "postquantum preshared key (RFC 8784)",
		kw("manual", "configured here",
			kw("id", "what the two ends call it",
				arg(kindName, "identity of the key", kw("key", "the key", keyForms(setPPK(false),
					kw("required", "no IKE SA without it").do(setPPK(true)))...).hidesArgument())))),
}}

func setPPK(required bool) action {
	return func(p *parser, a args) {
		p.keyPeer.ppk = ppk{id: valueOf[string](a, 0), key: keyOf(a, 1), required: required}
	}
}

// keyNodes are the ways to write a key that ends its line.
func keyNodes(set func(*parser, presharedKey)) []node {
	return keyForms(func(p *parser, a args) { set(p, keyOf(a, 0)) })
}

// keyForms are the ways to write a key, and what may follow.
func keyForms(do action, next ...node) []node {
	return []node{
		kw("0", "the key follows as it is", arg(kindKey, "a key of at most 128 octets", next...).do(do)),
		kw("file", "the key is in the key file", arg(kindName, "name of a key there", next...).do(do)).showsArgument(),
		kw("hex", "the key follows in hexadecimal", arg(kindHexKey, "a key of at most 128 octets in hexadecimal", next...).do(do)),
		arg(kindKey, "a key of at most 128 octets", next...).do(do),
	}
}

// prefixNodes are the ways to write an address or the addresses of a network.
func prefixNodes(do action) []node {
	return []node{
		arg(kindAddr4, "IPv4 address", arg(kindMask, "network mask such as 255.255.255.0").do(do)).do(do),
		arg(kindOne6, "IPv6 address").do(do),
		arg(kindPrefix, "prefix such as 192.0.2.0/24").do(do),
	}
}

// prefixOf is what prefixNodes read.
func prefixOf(a args) netip.Prefix {
	addr, ok := a.values[0].value.(netip.Addr)
	if !ok {
		return valueOf[netip.Prefix](a, 0)
	}
	n := 32
	if len(a.values) > 1 {
		n = int(valueOf[maskBits](a, 1))
	}
	return netip.PrefixFrom(addr, n).Masked()
}

func (p *parser) enterProfile(a args) {
	name := valueOf[string](a, 0)
	p.profile = p.m.profiles.define(p, name, profile{named: named{name, a.at(0)}})
	p.enter(&profileMode, p.profile)
}

// profileMode is `crypto ikev2 profile`.
var profileMode = mode{prompt: "config-ikev2-profile", commands: []node{
	kw("description", "describe the profile",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.profile.description = valueOf[string](a, 0) })),
	ivrfNode(),
	kw("match", "for which peers the profile is",
		fvrfNode(func(p *parser) *fvrfMatch { return &p.profile.fvrf }),
		kw("identity", "by identity",
			kw("remote", "that the peer claims",
				append(identityNodes(func(p *parser, id identity) { p.profile.remote.add(p, id.String(), id) }, true),
					kw("address", "an address", prefixNodes(func(p *parser, a args) {
						id := addressIdentity(prefixOf(a))
						p.profile.remote.add(p, id.String(), id)
					})...))...))),
	kw("identity", "who this router is",
		kw("local", "to the peer",
			append(identityNodes(func(p *parser, id identity) { p.profile.local = &id }, false),
				kw("address", "an address", arg(kindHost, "address of this router").do(func(p *parser, a args) {
					addr := valueOf[netip.Addr](a, 0)
					id := addressIdentity(netip.PrefixFrom(addr, addr.BitLen()))
					p.profile.local = &id
				})))...)),
	kw("authentication", "how the two ends prove who they are",
		kw("remote", "the peer", authNode(func(p *parser, k presharedKey) { p.profile.authRemote = &authentication{k} })),
		kw("local", "this router", authNode(func(p *parser, k presharedKey) { p.profile.authLocal = &authentication{k} }))),
	kw("keyring", "where the keys are",
		kw("local", "in this configuration",
			arg(kindName, "name of a keyring").do(func(p *parser, a args) {
				p.profile.keyring = named{valueOf[string](a, 0), a.at(0)}
			}))),
	kw("lifetime", "how long an IKE SA lives",
		arg(number(120, 86400), "seconds (120-86400)").
			do(func(p *parser, a args) { p.profile.lifetime = valueOf[uint64](a, 0) })),
	kw("reauthentication", "how long an authentication counts",
		arg(number(60, 604800), "seconds (60-604800)").
			do(func(p *parser, a args) { p.profile.reauth = valueOf[uint64](a, 0) })),
	kw("unique", "what becomes of an IKE SA when its peer sets up another one",
		choice("initial-contact", "it stays, unless the peer says that it has none", ike.UniqueInitialContact).do((*parser).setUnique),
		choice("never", "it stays, whatever the peer says", ike.UniqueNever).do((*parser).setUnique),
		choice("replace", "it is deleted", ike.UniqueReplace).do((*parser).setUnique),
		choice("keep", "it stays, and one from elsewhere is refused", ike.UniqueKeep).do((*parser).setUnique)),
	kw("childless", "IKE SAs that are set up without a Child SA (RFC 6023)",
		choice("accept", "from the peer", ike.ChildlessAccept).do((*parser).setChildless),
		choice("prefer", "from the peer, and to it where it takes them", ike.ChildlessPrefer).do((*parser).setChildless),
		choice("never", "not at all", ike.ChildlessNever).do((*parser).setChildless)),
	kw("nat", "address translation between the two ends",
		kw("force-encap", "have ESP in UDP always; so it is unless switched off").
			do(func(p *parser, _ args) { p.profile.bare = false })),
	kw("no", "switch off",
		kw("nat", "address translation between the two ends",
			kw("force-encap", "have ESP in UDP only where there is a NAT").
				do(func(p *parser, _ args) { p.profile.bare = true }))),
	dpdNode(func(p *parser, d *dpd) { p.profile.dpd = d }),
}}

func (p *parser) setUnique(a args)    { p.profile.unique = valueOf[ike.Unique](a, 0) }
func (p *parser) setChildless(a args) { p.profile.childless = valueOf[ike.Childless](a, 0) }

// identityNodes are the identities that are no addresses.
func identityNodes(set func(*parser, identity), domains bool) []node {
	name := func(word, help string, kind wire.IDKind, domain bool) node {
		return kw(word, help, arg(kindFQDN, "a name of at most 255 octets").do(func(p *parser, a args) {
			set(p, identity{kind: kind, data: valueOf[string](a, 0), domain: domain})
		}))
	}
	fqdn := name("fqdn", "a domain name", wire.ID_FQDN, false)
	email := name("email", "an address of mail", wire.ID_RFC822_ADDR, false)
	if domains {
		fqdn.next = append(fqdn.next, name("domain", "all names in a domain", wire.ID_FQDN, true))
		email.next = append(email.next, name("domain", "all addresses in a domain", wire.ID_RFC822_ADDR, true))
	}
	return []node{fqdn, email, name("key-id", "a key ID", wire.ID_KEY_ID, false)}
}

func addressIdentity(p netip.Prefix) identity {
	if p.Addr().Is4() {
		return identity{kind: wire.ID_IPV4_ADDR, prefix: p}
	}
	return identity{kind: wire.ID_IPV6_ADDR, prefix: p}
}

// authNode is `pre-share [key K]`.
func authNode(set func(*parser, presharedKey)) node {
	return kw("pre-share", "by a pre-shared key",
		kw("key", "this one, not that of the keyring", keyNodes(set)...)).
		hidesArgument().
		do(func(p *parser, _ args) { set(p, presharedKey{}) })
}

// dpdNode is `dpd INTERVAL RETRY on-demand|periodic`.
func dpdNode(set func(*parser, *dpd)) node {
	when := func(word, help string, onDemand bool) node {
		return choice(word, help, onDemand).do(func(p *parser, a args) {
			set(p, &dpd{valueOf[uint64](a, 0), valueOf[uint64](a, 1), valueOf[bool](a, 2)})
		})
	}
	return kw("dpd", "find out whether the peer is alive",
		arg(number(10, 3600), "seconds of silence before a question (10-3600)",
			arg(number(2, 60), "seconds before it is asked again (2-60)",
				when("on-demand", "only when there is something to send", true),
				when("periodic", "always", false))))
}
