package config

import "seikan/sadb"

// dfNode is `crypto ipsec df-bit`, or of an interface, behind `crypto`.
func dfNode(set func(p *parser, df sadb.DF)) node {
	do := func(p *parser, a args) { set(p, valueOf[sadb.DF](a, 0)) }
	return kw("df-bit", "flag DF of the outer packet, where both are IPv4",
		choice("clear", "not set, and not heeded: what is too large is fragmented", sadb.DFClear).do(do),
		choice("copy", "that of the inner packet", sadb.DFCopy).do(do),
		choice("set", "set", sadb.DFSet).do(do))
}

// fragmentationNode is `crypto ipsec fragmentation`, or of an interface, behind `crypto`.
func fragmentationNode(set func(p *parser, after bool)) node {
	do := func(p *parser, a args) { set(p, valueOf[bool](a, 0)) }
	return kw("fragmentation", "when packets are fragmented that are too large for the path",
		choice("after-encryption", "the outer ones are, and the peer puts them together", true).do(do),
		choice("before-encryption", "the inner ones are, and their receiver puts them together", false).do(do))
}

// interfaceIPsecNode is `crypto ipsec` of an interface.
func interfaceIPsecNode() node {
	return kw("ipsec", "IPsec of the traffic",
		dfNode(func(p *parser, df sadb.DF) { p.iface.df = &df }),
		fragmentationNode(func(p *parser, after bool) { p.iface.after = &after }))
}

// df is what an interface has, or else all.
func (m *Model) df(f *iface) sadb.DF {
	if f.df != nil {
		return *f.df
	}
	return m.dfBit
}

// fragmentsAfter reports whether packets of an interface are fragmented after encryption.
func (m *Model) fragmentsAfter(f *iface) bool {
	if f.after != nil {
		return *f.after
	}
	return m.after
}

var dfText = [...]string{sadb.DFCopy: "copy", sadb.DFClear: "clear", sadb.DFSet: "set"}

func fragmentationText(after bool) string {
	if after {
		return "after-encryption"
	}
	return "before-encryption"
}
