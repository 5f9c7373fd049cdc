package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"seikan/internal/logging"
	"seikan/session"
)

// loggingCommands are what follows `logging`.
var loggingCommands = append([]node{
	kw("buffered", "messages that `show logging` has",
		append(levelNodes((*parser).setBuffered),
			arg(number(logging.MinBufferSize, logging.MaxBufferSize), fmt.Sprintf("octets (%d-%d)", logging.MinBufferSize, logging.MaxBufferSize),
				levelNodes((*parser).setBuffered)...).do((*parser).setBuffered))...).do((*parser).setBuffered),
	levelNode("console", "messages on the output of the process", func(c *logging.Config) *logging.Level { return &c.Console }),
	levelNode("monitor", "messages on terminals that ask for them", func(c *logging.Config) *logging.Level { return &c.Monitor }),
	levelNode("trap", "messages to collectors", func(c *logging.Config) *logging.Level { return &c.Trap }),
	kw("facility", "what collectors sort messages by", facilityNodes()...),
	kw("host", "send messages to a collector", hostNode()),
	kw("local", "send messages to the daemon of this machine").
		do(func(p *parser, _ args) { p.m.log.Local = true }),
	kw("rate-limit", "limit on messages",
		arg(number(1, logging.MaxRateLimit), fmt.Sprintf("messages in a second (1-%d)", logging.MaxRateLimit),
			kw("except", "not of these and worse", levelNodes((*parser).setRateLimit)...)).do((*parser).setRateLimit)),
	kw("tls", "certificates for collectors",
		kw("ca-file", "who may have signed those of collectors",
			arg(kindPath, "path of a PEM file").do(func(p *parser, a args) { p.m.log.CAFile = valueOf[string](a, 0) })),
		kw("certificate-file", "what this router shows them",
			arg(kindPath, "path of a PEM file").do(func(p *parser, a args) { p.m.log.CertFile = valueOf[string](a, 0) }))),
}, hostNode())

// noLoggingCommands are what follows `no logging`.
var noLoggingCommands = append([]node{
	kw("buffered", "keep no messages").do(func(p *parser, _ args) { p.m.log.Buffered, p.m.log.BufferSize = logging.Off, 0 }),
	kw("console", "no messages on the output of the process").do(func(p *parser, _ args) { p.m.log.Console = logging.Off }),
	kw("monitor", "no messages on terminals").do(func(p *parser, _ args) { p.m.log.Monitor = logging.Off }),
	kw("trap", "no messages to collectors").do(func(p *parser, _ args) { p.m.log.Trap = logging.Off }),
	kw("facility", "the default facility", facilityNodes()...).do(func(p *parser, _ args) { p.m.log.Facility = 0 }),
	kw("host", "send no messages to a collector", noHostNode()),
	kw("local", "send no messages to the daemon of this machine").do(func(p *parser, _ args) { p.m.log.Local = false }),
	kw("rate-limit", "no limit on messages").do(func(p *parser, _ args) { p.m.log.RateLimit, p.m.log.Except = 0, 0 }),
	kw("tls", "certificates for collectors",
		kw("ca-file", "those that the system trusts").do(func(p *parser, _ args) { p.m.log.CAFile = "" }),
		kw("certificate-file", "show none").do(func(p *parser, _ args) { p.m.log.CertFile = "" })),
}, noHostNode())

// cryptoLoggingCommands are what follows `crypto logging` and `no crypto logging`.
func cryptoLoggingCommands(on bool) []node {
	return []node{
		kw("session", "log sessions that go up and down").do(func(p *parser, _ args) { p.m.noLog = !on }),
		kw("ikev2", "log IKE and Child SAs that go up and down").do(func(p *parser, _ args) { p.m.logIKE = on }),
		kw("ezvpn", "log clients, whose identity is a key ID, that go up and down",
			kw("group", "of one group",
				arg(kindFQDN, "name of a group, which is that key ID").do(func(p *parser, a args) { p.logGroup(on, valueOf[string](a, 0)) }))).
			do(func(p *parser, _ args) {
				if p.m.logGroup.All = on; !on {
					p.m.logGroup = session.GroupLog{}
				}
			}),
	}
}

// logGroup has a group logged, or not.
func (p *parser) logGroup(on bool, name string) {
	g := &p.m.logGroup
	switch i := slices.Index(g.Names, name); {
	case on && i < 0:
		g.Names = append(slices.Clip(g.Names), name)
	case !on && i >= 0:
		g.Names = slices.Concat(g.Names[:i], g.Names[i+1:])
	}
}

var serviceCommands = []node{
	kw("timestamps", "how messages tell the time",
		kw("log", "messages of the log",
			kw("datetime", "date and time", each((*parser).setDateTime,
				choice("localtime", "in the system's zone, not UTC", stampLocal),
				choice("msec", "with milliseconds", stampMsec),
				choice("show-timezone", "with the zone", stampZone),
				choice("year", "with the year", stampYear))...).do((*parser).setDateTime),
			kw("uptime", "time since the start of the router").
				do(func(p *parser, _ args) { p.setStamps(logging.Stamps{Kind: logging.Uptime}) })).
			do(func(p *parser, _ args) { p.setStamps(logging.Stamps{}) })),
	kw("sequence-numbers", "number messages").do(func(p *parser, _ args) { p.m.log.Stamps.Sequence = true }),
}

var noServiceCommands = []node{
	kw("timestamps", "how messages tell the time",
		kw("log", "messages of the log").do(func(p *parser, _ args) { p.setStamps(logging.Stamps{Kind: logging.NoStamp}) })),
	kw("sequence-numbers", "do not number messages").do(func(p *parser, _ args) { p.m.log.Stamps.Sequence = false }),
}

// stampPart is a part of a date and time.
type stampPart uint8

const (
	stampLocal stampPart = iota
	stampMsec
	stampZone
	stampYear
)

func (p *parser) setDateTime(a args) {
	parts := all[stampPart](a, 0)
	has := func(s stampPart) bool { return slices.Contains(parts, s) }
	p.setStamps(logging.Stamps{Plain: !has(stampMsec), LocalTime: has(stampLocal), ShowZone: has(stampZone), Year: has(stampYear)})
}

// setStamps keeps what is set apart: the numbers.
func (p *parser) setStamps(s logging.Stamps) {
	s.Sequence = p.m.log.Stamps.Sequence
	p.m.log.Stamps = s
}

// kindPath is a path of a file.
var kindPath = &kind{parse: func(s string) (any, string) { return limited(s, maxFQDN) }}

// kindLevel is a severity by its number.
var kindLevel = &kind{parse: func(s string) (any, string) {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n > uint64(logging.Debug) || s[0] == '+' {
		return nil, ""
	}
	return logging.LevelOf(logging.Severity(n)), ""
}}

// levelNodes are a level by word or number.
func levelNodes(do action) (nodes []node) {
	for s, word := range logging.SeverityNames() {
		nodes = append(nodes, choice(word, fmt.Sprintf("severity %d and worse", s), logging.LevelOf(logging.Severity(s))).do(do))
	}
	return append(nodes, arg(kindLevel, "severity (0-7)").do(do))
}

// levelNode is a place with a level; alone it has its default.
func levelNode(word, help string, of func(*logging.Config) *logging.Level) node {
	set := func(p *parser, a args) {
		*of(&p.m.log) = logging.Default
		if len(a.values) > 0 {
			*of(&p.m.log) = valueOf[logging.Level](a, 0)
		}
	}
	return kw(word, help, levelNodes(set)...).do(set)
}

func facilityNodes() (nodes []node) {
	for _, word := range logging.FacilityNames() {
		f, _ := logging.ParseFacility(word)
		nodes = append(nodes, choice(word, "facility "+word, f).do(func(p *parser, a args) { p.m.log.Facility = valueOf[logging.Facility](a, 0) }))
	}
	return nodes
}

// setBuffered has `logging buffered [SIZE] [LEVEL]`.
func (p *parser) setBuffered(a args) {
	p.m.log.Buffered, p.m.log.BufferSize = logging.Default, 0
	for _, v := range a.values {
		switch v := v.value.(type) {
		case uint64:
			p.m.log.BufferSize = int(v)
		case logging.Level:
			p.m.log.Buffered = v
		}
	}
}

func (p *parser) setRateLimit(a args) {
	p.m.log.RateLimit, p.m.log.Except = int(valueOf[uint64](a, 0)), logging.Default
	if len(a.values) > 1 {
		p.m.log.Except = valueOf[logging.Level](a, 1)
	}
}

// hostNode is the address of a collector and what is said of it, in any order.
func hostNode() node {
	return arg(kindHost, "address of a collector", hostOptions("transport", "port", "format", "name")...).do((*parser).addHost)
}

// hostOptions are these options, each with the others behind it.
func hostOptions(words ...string) (nodes []node) {
	for _, w := range words {
		rest := hostOptions(slices.DeleteFunc(slices.Clone(words), func(o string) bool { return o == w })...)
		last := func(n node) node {
			n.next = rest
			return n.do((*parser).addHost)
		}
		switch w {
		case "transport":
			nodes = append(nodes, kw(w, "how messages are sent",
				last(choice("udp", "as datagrams, by default to port 514", logging.UDP)),
				last(choice("tcp", "over a connection, by default to port 601", logging.TCP)),
				last(choice("tls", "encrypted, by default to port 6514", logging.TLS))))
		case "port":
			nodes = append(nodes, kw(w, "at which the collector listens", last(arg(number(1, 65535), "port (1-65535)"))))
		case "format":
			nodes = append(nodes, kw(w, "how messages are written",
				last(choice("rfc3164", "time, host, program, message", logging.RFC3164)),
				last(choice("rfc5424", "with structured data", logging.RFC5424)),
				last(choice("classic", "as classic routers send them", logging.Classic))))
		case "name":
			nodes = append(nodes, kw(w, "in the collector's certificate", last(arg(kindFQDN, "name in the certificate"))))
		}
	}
	return nodes
}

func (p *parser) addHost(a args) {
	h := logging.Host{Addr: valueOf[netip.Addr](a, 0)}
	named := 0
	for i, v := range a.values[1:] {
		switch v := v.value.(type) {
		case logging.Transport:
			h.Transport = v
		case logging.Format:
			h.Format = v
		case uint64:
			h.Port = uint16(v)
		case string:
			h.Name, named = v, i+1
		}
	}
	if named > 0 && h.Transport != logging.TLS {
		p.fail(a.at(named), "transport tls, where a certificate is to have a name")
		return
	}
	same := func(o logging.Host) bool { return o.Transport == h.Transport && o.AddrPort() == h.AddrPort() }
	if i := slices.IndexFunc(p.m.log.Hosts, same); i >= 0 {
		p.m.log.Hosts[i] = h
		return
	}
	if len(p.m.log.Hosts) >= logging.MaxHosts {
		p.fail(a.at(0), "at most %d collectors", logging.MaxHosts)
		return
	}
	p.m.log.Hosts = append(p.m.log.Hosts, h)
}

// noHostNode takes an address away, however messages went there.
func noHostNode() node {
	return arg(kindHost, "address of a collector").do(func(p *parser, a args) {
		p.m.log.Hosts = slices.DeleteFunc(p.m.log.Hosts, func(h logging.Host) bool { return h.Addr == valueOf[netip.Addr](a, 0) })
		if len(p.m.log.Hosts) == 0 {
			p.m.log.Hosts = nil
		}
	})
}

// logging writes what is not the default.
func (w *writer) logging(m *Model) {
	if m.logIKE {
		w.line("crypto logging ikev2")
	}
	if m.logGroup.All {
		w.line("crypto logging ezvpn")
	}
	for _, name := range m.logGroup.Names {
		w.line("crypto logging ezvpn group %s", name)
	}
	w.stamps(m.log.Stamps)
	c := m.log
	size := ""
	if c.BufferSize != 0 {
		size = " " + strconv.Itoa(c.BufferSize)
	}
	w.level("buffered", size, c.Buffered)
	w.level("console", "", c.Console)
	w.level("monitor", "", c.Monitor)
	if c.RateLimit != 0 {
		except := ""
		if c.Except != logging.Default {
			except = " except " + c.Except.String()
		}
		w.line("logging rate-limit %d%s", c.RateLimit, except)
	}
	w.level("trap", "", c.Trap)
	if c.Facility != 0 {
		w.line("logging facility %v", c.Facility)
	}
	w.text("logging tls ca-file ", c.CAFile)
	w.text("logging tls certificate-file ", c.CertFile)
	if c.Local {
		w.line("logging local")
	}
	for _, h := range c.Hosts {
		w.line("%s", hostText(h))
	}
}

// level writes the level of a place, with what stands before it.
func (w *writer) level(place, before string, l logging.Level) {
	switch {
	case l == logging.Off:
		w.line("no logging %s", place)
	case l != logging.Default:
		w.line("logging %s%s %v", place, before, l)
	case before != "":
		w.line("logging %s%s", place, before)
	}
}

func (w *writer) stamps(s logging.Stamps) {
	if s.Sequence {
		w.line("service sequence-numbers")
		s.Sequence = false
	}
	switch {
	case s == logging.Stamps{}:
	case s.Kind == logging.NoStamp:
		w.line("no service timestamps log")
	case s.Kind == logging.Uptime:
		w.line("service timestamps log uptime")
	default:
		var b strings.Builder
		for _, o := range [...]struct {
			word string
			on   bool
		}{{" msec", !s.Plain}, {" localtime", s.LocalTime}, {" show-timezone", s.ShowZone}, {" year", s.Year}} {
			if o.on {
				b.WriteString(o.word)
			}
		}
		w.line("service timestamps log datetime%s", b.String())
	}
}

func hostText(h logging.Host) string {
	text := "logging host " + h.Addr.String()
	if h.Transport != logging.UDP {
		text += " transport " + h.Transport.String()
	}
	if h.Port != 0 {
		text += " port " + strconv.Itoa(int(h.Port))
	}
	if h.Format != logging.RFC3164 {
		text += " format " + h.Format.String()
	}
	if h.Name != "" {
		text += " name " + h.Name
	}
	return text
}
