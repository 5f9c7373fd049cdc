package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
)

// transformNodes are the algorithms of a transform set.
func transformNodes() []node {
	do := (*parser).enterTransformSet
	bits := func(n node, next ...node) node {
		for _, b := range []struct {
			word string
			bits keyBits
		}{{"128", 128}, {"192", 192}, {"256", 256}} {
			length := choice(b.word, "bits of the key", b.bits, next...)
			if len(next) == 0 {
				length = length.do(do)
			}
			n.next = append(n.next, length)
		}
		return n
	}
	hmacs := []node{
		choice("esp-sha-hmac", "HMAC-SHA-1", esp.AUTH_HMAC_SHA1_96).do(do),
		choice("esp-sha256-hmac", "HMAC-SHA-256", esp.AUTH_HMAC_SHA2_256_128).do(do),
		choice("esp-sha384-hmac", "HMAC-SHA-384", esp.AUTH_HMAC_SHA2_384_192).do(do),
		choice("esp-sha512-hmac", "HMAC-SHA-512", esp.AUTH_HMAC_SHA2_512_256).do(do),
	}
	return []node{
		bits(choice("esp-gcm", "AES-GCM", esp.ENCR_AES_GCM_16)),
		choice("esp-chacha20-poly1305", "ChaCha20-Poly1305", esp.ENCR_CHACHA20_POLY1305).do(do),
		bits(choice("esp-aes", "AES-CBC, with 128 bits if nothing else is said", esp.ENCR_AES_CBC, hmacs...), hmacs...),
		bits(choice("esp-aes-ctr", "AES-CTR, with 128 bits if nothing else is said", esp.ENCR_AES_CTR, hmacs...), hmacs...),
		choice("esp-null", "no encryption, only integrity", esp.ENCR_NULL, hmacs...),
	}
}

// keyBits is the length of a key.
type keyBits int

func (p *parser) enterTransformSet(a args) {
	name := valueOf[string](a, 0)
	var s esp.Suite
	for _, v := range a.values[1:] {
		switch v := v.value.(type) {
		case esp.Encr:
			s.Encr = v
		case keyBits:
			s.KeyBits = int(v)
		case esp.Integ:
			s.Integ = v
		}
	}
	if s.KeyBits == 0 && (s.Encr == esp.ENCR_AES_CBC || s.Encr == esp.ENCR_AES_CTR) {
		s.KeyBits = 128
	}
	t := p.m.transforms.define(p, name, transformSet{named: named{name, a.at(0)}})
	t.suite = s
	p.set = t
	p.enter(&transformMode, t)
}

// transformMode is `crypto ipsec transform-set`.
var transformMode = mode{prompt: "cfg-crypto-trans", commands: []node{
	kw("mode", "what ESP contains",
		kw("tunnel", "whole packets").do(func(p *parser, _ args) { p.set.transport = false }),
		kw("transport", "what is behind the IP header, where the two ends talk for themselves; else whole packets").
			do(func(p *parser, _ args) { p.set.transport = true })),
}}

// lifetimeNode is `lifetime` of Child SAs.
func lifetimeNode(of func(*parser) *lifetime) node {
	return kw("lifetime", "how long SAs live",
		kw("seconds", "in time",
			arg(number(120, 2592000), "seconds (120-2592000)").
				do(func(p *parser, a args) { of(p).seconds = valueOf[uint64](a, 0) })),
		kw("kilobytes", "in traffic",
			kw("disable", "without a limit").
				do(func(p *parser, a args) { l := of(p); l.kilobytes, l.unlimited = 0, true }),
			arg(number(2560, 4294967295), "kilobytes (2560-4294967295)").
				do(func(p *parser, a args) { l := of(p); l.kilobytes, l.unlimited = valueOf[uint64](a, 0), false })),
		kw("packets", "in packets",
			arg(number(1000, 4294967295), "packets (1000-4294967295)").
				do(func(p *parser, a args) { of(p).packets = valueOf[uint64](a, 0) })))
}

// replayNode is `replay`.
func replayNode(of func(*parser) *int) node {
	return kw("replay", "protection from packets that were sent before",
		kw("window-size", "how far packets may be out of order",
			arg(kindWindow, "packets (64-8192 and a multiple of 64)").
				do(func(p *parser, a args) { *of(p) = int(valueOf[uint64](a, 0)) })),
		kw("disable", "none").do(func(p *parser, a args) { *of(p) = -1 }))
}

var kindWindow = &kind{parse: func(s string) (any, string) {
	n, _ := number(64, 8192).parse(s)
	if n == nil || n.(uint64)%64 != 0 {
		return nil, ""
	}
	return n, ""
}}

// enterKnownEntry enters an entry that is there, which need not be told again how its SAs are set up.
func (p *parser) enterKnownEntry(a args) {
	m := p.m.maps.get(valueOf[string](a, 0))
	if m == nil || m.entries.get(strconv.FormatUint(valueOf[uint64](a, 1), 10)) == nil {
		p.fail(a.line.at(len(a.line.words)), "ipsec-isakmp, as there is no such entry yet")
		return
	}
	p.enterEntry(a)
	p.inFull = fmt.Sprintf("crypto map %s %d ipsec-isakmp", p.entry.name, p.entry.seq)
}

// newEntry is what a classic router says of one.
const newEntry = "NOTE: This new crypto map will remain disabled until a peer\n\tand a valid access list have been configured."

func (p *parser) enterEntry(a args) {
	name, seq := valueOf[string](a, 0), valueOf[uint64](a, 1)
	m := p.m.maps.define(p, name, cryptoMap{named: named{name, a.at(0)}})
	number := strconv.FormatUint(seq, 10)
	if m.entries.get(number) == nil {
		p.note = newEntry
	}
	p.entry = m.entries.define(p, number, entry{name: name, seq: seq, at: a.at(1)})
	m.entries.sink(func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	p.protect = &p.entry.protection
	p.enter(&entryMode, p.entry)
}

// protectionNodes are what follows `set` in a crypto map and in an IPsec profile.
func protectionNodes() []node {
	return []node{
		kw("transform-set", "algorithms, in order of preference", each(func(p *parser, a args) {
			p.protect.transforms = refs(a)
		}, arg(kindName, "name of a transform set"))...),
		kw("ikev2-profile", "how IKE is done", arg(kindName, "name of a profile").do(func(p *parser, a args) {
			p.protect.profile = named{valueOf[string](a, 0), a.at(0)}
		})),
		pfsNode(),
		kw("security-association", "SAs",
			lifetimeNode(func(p *parser) *lifetime { return &p.protect.life }),
			replayNode(func(p *parser) *int { return &p.protect.replay }),
			kw("esn", "prefer sequence numbers of 64 bits").do(func(p *parser, _ args) { p.protect.esn = true })),
	}
}

// noProtectionNode is `no set` in both.
func noProtectionNode() node {
	return kw("set", "how it is protected",
		kw("pfs", "perfect forward secrecy").do(func(p *parser, _ args) { p.protect.pfs, p.protect.pfsKE = 0, wire.NONE }),
		kw("security-association", "SAs",
			kw("esn", "sequence numbers of 64 bits").do(func(p *parser, _ args) { p.protect.esn = false })))
}

// entryMode is `crypto map`.
var entryMode = mode{prompt: "config-crypto-map", commands: []node{
	kw("description", "describe the entry",
		arg(kindText, "a description of at most 200 characters").
			do(func(p *parser, a args) { p.entry.description = valueOf[string](a, 0) })),
	kw("set", "how it is protected, and with whom", append([]node{
		kw("peer", "the other end", arg(kindHost, "address of the peer").do((*parser).setPeer)),
		kw("peer-port", "other ports than 500 and 4500, of the peer", append(portNodes(func(p *parser, a args) {
			if q, ok := portsOf(p, a); ok {
				p.entry.ports = q
			}
		}), kw("nat-t", "only one for IKE and ESP, as if there were a NAT from the start",
			arg(number(1, 65535), "port (1-65535)").do(func(p *parser, a args) {
				p.entry.ports = ports{natt: uint16(valueOf[uint64](a, 0))}
			})))...),
		kw("connect", "when SAs are set up",
			choice("on-traffic", "when there is something to send", ike.OnTraffic).do((*parser).setConnect),
			choice("at-start", "when the router starts", ike.AtStart).do((*parser).setConnect),
			choice("always", "whenever there are none", ike.Always).do((*parser).setConnect)),
		kw("alternate-address", "other addresses of this router that SAs may move to (MOBIKE)", each(
			func(p *parser, a args) { p.entry.alternates, p.entry.alternatesAt = all[netip.Addr](a, 0), a.at(0) },
			arg(kindHost, "address of this router"))...),
	}, protectionNodes()...)...),
	kw("match", "what is protected",
		kw("address", "what an access list permits", arg(kindName, "name of an access list").do(func(p *parser, a args) {
			p.entry.list = named{valueOf[string](a, 0), a.at(0)}
		}))),
	kw("no", "switch off", noProtectionNode()),
}}

func (p *parser) setConnect(a args) { p.entry.connect = valueOf[ike.Connect](a, 0) }

func (p *parser) setPeer(a args) {
	addr := valueOf[netip.Addr](a, 0)
	if p.entry.peer.IsValid() && p.entry.peer != addr {
		p.fail(a.at(0), "no second peer; the entry has %v", p.entry.peer)
		return
	}
	p.entry.peer, p.entry.peerAt = addr, a.at(0)
}

// pfsNode is `pfs [GROUP]`.
func pfsNode() node {
	groups := groupNodes("group")
	for i := range groups {
		groups[i].run = (*parser).setPFS
		groups[i].next = []node{kw("addke", "KEM that is used on top (RFC 9370)",
			choice("ml-kem-768", "ML-KEM-768", wire.ML_KEM_768).do((*parser).setPFS),
			choice("ml-kem-1024", "ML-KEM-1024", wire.ML_KEM_1024).do((*parser).setPFS))}
	}
	return kw("pfs", "perfect forward secrecy, with group14 if nothing else is said", groups...).do((*parser).setPFS)
}

func (p *parser) setPFS(a args) {
	p.protect.pfs, p.protect.pfsKE = wire.MODP_2048, wire.NONE
	if len(a.values) > 0 {
		p.protect.pfs = valueOf[wire.GroupID](a, 0)
	}
	if len(a.values) > 1 {
		p.protect.pfsKE = valueOf[wire.GroupID](a, 1)
	}
}
