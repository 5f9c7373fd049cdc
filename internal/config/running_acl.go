package config

import (
	"fmt"
	"strconv"
)

func (l *accessList) head() string {
	if l.v6 {
		return "ipv6 access-list " + l.name
	}
	return "ip access-list extended " + l.name
}

func (l *accessList) lines(w *writer) {
	sequence := ""
	if l.v6 {
		sequence = "sequence "
	}
	last := uint64(0)
	for _, r := range l.rules.list {
		for _, s := range r.remarks {
			w.line(" remark %s", s)
		}
		seq := ""
		if w.numbers || r.seq != last+seqStep {
			seq = fmt.Sprintf("%s%d ", sequence, r.seq)
		}
		w.line(" %s%v", seq, r)
		last = r.seq
	}
	for _, s := range l.tail {
		w.line(" remark %s", s)
	}
}

// String is the rule without its sequence number.
func (r *rule) String() string {
	verb := "deny"
	if r.permit {
		verb = "permit"
	}
	return fmt.Sprintf("%s %s %v %v", verb, protoText(r.proto, r.src.prefix.Addr().Is6()), r.src, r.dst)
}

func protoText(proto uint8, v6 bool) string {
	switch {
	case proto == 0 && v6:
		return "ipv6"
	case proto == 0:
		return "ip"
	case proto == protoTCP:
		return "tcp"
	case proto == protoUDP:
		return "udp"
	case proto == protoGRE:
		return "gre"
	case proto == protoICMP && !v6, proto == protoICMPv6 && v6:
		return "icmp"
	}
	return strconv.Itoa(int(proto))
}

func (e endpoint) String() string {
	var s string
	switch p := e.prefix; {
	case p.Bits() == 0:
		s = "any"
	case p.IsSingleIP():
		s = "host " + p.Addr().String()
	case p.Addr().Is4():
		s = p.Addr().String() + " " + maskText(p.Bits(), true)
	default:
		s = p.String()
	}
	switch {
	case e.lo == 0 && e.hi == 65535:
		return s
	case e.lo == e.hi:
		return fmt.Sprintf("%s eq %d", s, e.lo)
	}
	return fmt.Sprintf("%s range %d %d", s, e.lo, e.hi)
}
