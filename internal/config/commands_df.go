package config

import "seikan/sadb"

// dfNode is `crypto ipsec df-bit`, or of an interface, behind `crypto`.
func dfNode(set func(p *parser, df sadb.DF)) node {
	do := func(p *parser, a args) { set(p, valueOf[sadb.DF](a, 0)) }
	return kw("df-bit", "flag DF of the outer packet, where both are IPv4",
		choice("clear", "not set: what is too large is fragmented, after encryption", sadb.DFClear).do(do),
		choice("copy", "that of the inner packet", sadb.DFCopy).do(do),
		choice("set", "set", sadb.DFSet).do(do))
}

// interfaceDFNode is `crypto ipsec` of an interface.
func interfaceDFNode() node {
	return kw("ipsec", "IPsec of the traffic", dfNode(func(p *parser, df sadb.DF) { p.iface.df = &df }))
}

// df is what an interface has, or else all.
func (m *Model) df(f *iface) sadb.DF {
	if f.df != nil {
		return *f.df
	}
	return m.dfBit
}

var dfText = [...]string{sadb.DFCopy: "copy", sadb.DFClear: "clear", sadb.DFSet: "set"}
