package config

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
)

// seqNumber is where a line goes in its access list.
type seqNumber uint64

const (
	maxSeq  = 1<<31 - 1
	seqStep = 10 // between lines that name no number
)

// Numbers of protocols that the tables name.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoGRE    = 47
	protoESP    = 50
	protoAH     = 51
	protoICMPv6 = 58
	protoOSPF   = 89
	protoSCTP   = 132
)

var (
	kindListNumber = &kind{parse: func(s string) (any, string) {
		n, err := strconv.Atoi(s)
		if err != nil || strconv.Itoa(n) != s || !(100 <= n && n <= 199 || 2000 <= n && n <= 2699) {
			return nil, ""
		}
		return s, ""
	}}
	kindSeq = &kind{parse: func(s string) (any, string) {
		if n, _ := number(1, maxSeq).parse(s); n != nil {
			return seqNumber(n.(uint64)), ""
		}
		return nil, ""
	}}
	kindProto = &kind{parse: func(s string) (any, string) {
		if n, _ := number(0, 255).parse(s); n != nil && n.(uint64) != protoTCP && n.(uint64) != protoUDP {
			return protocol(n.(uint64)), ""
		}
		return nil, ""
	}}
)

// protocol is the number of an IP protocol, 0 for any.
type protocol uint8

// Parts of a rule in its list of arguments.
type (
	portEq   port
	portLow  port
	portHigh port
)

// ruleNodes are `permit` and `deny`.
func ruleNodes(v6 bool, do action) []node {
	dst := func(ports bool) []node {
		return endpointNodes(v6, ports, "destination", func(n node) node { return n.do(do) })
	}
	src := func(ports bool) []node {
		return endpointNodes(v6, ports, "source", func(n node) node {
			n.next = append(n.next, dst(ports)...)
			return n
		})
	}
	ip, icmp := "ip", protocol(protoICMP)
	if v6 {
		ip, icmp = "ipv6", protoICMPv6
	}
	plain, ports := src(false), src(true)
	protocols := []node{
		choice(ip, "all protocols", protocol(0), plain...),
		choice("tcp", "TCP", protocol(protoTCP), ports...),
		choice("udp", "UDP", protocol(protoUDP), ports...),
		choice("icmp", "ICMP of this version of IP", icmp, plain...),
		choice("gre", "GRE", protocol(protoGRE), plain...),
		choice("esp", "ESP", protocol(protoESP), plain...),
		choice("ahp", "AH", protocol(protoAH), plain...),
		choice("ospf", "OSPF", protocol(protoOSPF), plain...),
		choice("sctp", "SCTP", protocol(protoSCTP), plain...),
		choice("6", "TCP", protocol(protoTCP), ports...),
		choice("17", "UDP", protocol(protoUDP), ports...),
		arg(kindProto, "number of a protocol (0-255)", plain...),
	}
	return []node{
		choice("permit", "protect these packets", true, protocols...),
		choice("deny", "do not protect these packets, unless a later entry of the crypto map does: they leave in the clear", false, protocols...),
	}
}

// endpointNodes are the ways to write one side of a rule; then gives the last node of each what follows.
func endpointNodes(v6, ports bool, side string, then func(node) node) []node {
	last := func(n node) node {
		n = then(n)
		if !ports {
			return n
		}
		p := arg(kindPort, side+" port (0-65535)")
		high := arg(kindPort, "last "+side+" port (0-65535)")
		p.kind, high.kind = as(kindPort, func(v port) any { return portEq(v) }), as(kindPort, func(v port) any { return portHigh(v) })
		low := arg(as(kindPort, func(v port) any { return portLow(v) }), "first "+side+" port (0-65535)", then(high))
		n.next = append(slices.Clip(n.next), kw("eq", "one port", then(p)), kw("range", "ports from one to another", low))
		return n
	}
	if v6 {
		return []node{
			kw("host", "one address", last(arg(kindOne6, side+" address (IPv6)"))),
			last(choice("any", "all addresses", netip.PrefixFrom(netip.IPv6Unspecified(), 0))),
			last(arg(kindPrefix6, side+" prefix (IPv6) such as 2001:db8::/32")),
		}
	}
	return []node{
		kw("host", "one address", last(arg(kindOne4, side+" address (IPv4)"))),
		last(choice("any", "all addresses", netip.PrefixFrom(netip.IPv4Unspecified(), 0))),
		arg(kindAddr4, side+" address (IPv4)", last(arg(kindWild, "wildcard mask that is contiguous such as 0.0.0.255"))),
	}
}

// as is a kind whose values have another type.
func as[T any](k *kind, convert func(T) any) *kind {
	return &kind{rest: k.rest, parse: func(s string) (any, string) {
		v, instead := k.parse(s)
		if v != nil {
			v = convert(v.(T))
		}
		return v, instead
	}}
}

func (p *parser) enterList4(a args) { p.enterList(a, false, &list4Mode) }
func (p *parser) enterList6(a args) { p.enterList(a, true, &list6Mode) }

func (p *parser) enterList(a args, v6 bool, m *mode) {
	if p.list = p.findList(a, v6); p.list != nil {
		p.enter(m, p.list)
	}
}

// findList finds or makes the access list that argument 0 names. Nil: there is one of the other version.
func (p *parser) findList(a args, v6 bool) *accessList {
	name := valueOf[string](a, 0)
	l := p.m.lists.define(p, name, accessList{named: named{name, a.at(0)}, v6: v6})
	if p.change != nil {
		l.tail = slices.Clip(l.tail) // other Models may have it
	}
	if l.v6 != v6 {
		p.fail(a.at(0), "a name that no access list of the other version of IP has")
		return nil
	}
	return l
}

// list4Mode is `ip access-list extended`, list6Mode `ipv6 access-list`.
var (
	list4Mode = listMode(false)
	list6Mode = listMode(true)
)

func listMode(v6 bool) mode {
	rules := ruleNodes(v6, (*parser).listRule)
	commands := append(slices.Clip(rules),
		arg(kindSeq, "sequence number of the line (1-2147483647)", rules...),
		kw("remark", "comment", arg(kindText, "a comment of at most 200 characters").do(func(p *parser, a args) {
			p.addRemark(p.list, valueOf[string](a, 0))
		})))
	if v6 {
		commands = append(commands, kw("sequence", "where the line goes",
			arg(kindSeq, "sequence number of the line (1-2147483647)", rules...)))
	}
	prompt := "config-ext-nacl"
	if v6 {
		prompt = "config-ipv6-acl"
	}
	return mode{prompt: prompt, commands: commands}
}

// addRemark puts a remark behind the last line. An operator may give the one that is there once more.
func (p *parser) addRemark(l *accessList, text string) {
	if n := len(l.tail); p.change != nil && n > 0 && l.tail[n-1] == text {
		return
	}
	l.tail = append(l.tail, text)
	p.made()
}

func (p *parser) listRule(a args) { p.addRule(p.list, a) }

func (p *parser) numberedRule(a args) {
	if l := p.findList(a, false); l != nil {
		a.values = a.values[1:]
		p.addRule(l, a)
	}
}

func (p *parser) numberedRemark(a args) {
	if l := p.findList(a, false); l != nil {
		p.addRemark(l, valueOf[string](a, 1))
	}
}

// addRule makes a rule of the arguments and puts it into the list.
func (p *parser) addRule(l *accessList, a args) {
	r := rule{seq: l.last() + seqStep}
	ends := []*endpoint{&r.src, &r.dst}
	var end *endpoint
	next := func(prefix netip.Prefix) {
		end, ends = ends[0], ends[1:]
		*end = endpoint{prefix.Masked(), 0, 65535}
	}
	var addr netip.Addr
	numbered := -1 // the argument that is its number
	for i, v := range a.values {
		switch v := v.value.(type) {
		case seqNumber:
			r.seq, numbered = uint64(v), i
		case bool:
			r.permit = v
		case protocol:
			r.proto = uint8(v)
		case netip.Prefix:
			next(v)
		case netip.Addr:
			addr = v
		case maskBits:
			next(netip.PrefixFrom(addr, int(v)))
		case portEq:
			end.lo, end.hi = port(v), port(v)
		case portLow:
			end.lo = port(v)
		case portHigh:
			if end.hi = port(v); end.hi < end.lo {
				p.fail(a.at(i), "a port not less than %d", end.lo)
				return
			}
		}
	}
	if r.seq > maxSeq {
		p.fail(a.line.at(0), "a sequence number, as there is none left behind the last line")
		return
	}
	if p.change != nil && l.hasAlready(r, numbered >= 0) {
		return
	}
	if numbered >= 0 && l.rules.get(r.number()) != nil {
		p.fail(a.at(numbered), "a sequence number that no line of the list has")
		return
	}
	r.remarks, l.tail = l.tail, nil
	l.rules.add(p, r.number(), r)
	l.rules.sink(func(a, b *rule) int { return cmp.Compare(a.seq, b.seq) })
}

// number is the rule's name in the table of its list.
func (r *rule) number() string { return strconv.FormatUint(r.seq, 10) }

// last is the greatest sequence number of a list.
func (l *accessList) last() uint64 {
	if n := len(l.rules.list); n > 0 {
		return l.rules.list[n-1].seq
	}
	return 0
}

// hasAlready reports whether the list has a line that says what r says, with its number where it is numbered: an operator may give a configuration
// once more. Remarks that come again before it are forgotten.
func (l *accessList) hasAlready(r rule, numbered bool) bool {
	i := slices.IndexFunc(l.rules.list, func(o *rule) bool {
		return r.dst == o.dst && r.src == o.src && r.proto == o.proto && r.permit == o.permit && (!numbered || r.seq == o.seq)
	})
	if i < 0 {
		return false
	}
	l.tail = l.tail[:len(l.tail)-repeated(l.tail, l.rules.list[i].remarks)]
	return true
}

// repeated is how many remarks at the end of a list those of a line are that comes again: all of them, or none.
func repeated(list, remarks []string) int {
	if n := len(list) - len(remarks); n >= 0 && slices.Equal(list[n:], remarks) {
		return len(remarks)
	}
	return 0
}
