package seikan

import (
	"encoding/binary"
	"net/netip"
	"time"

	"seikan/sadb"
)

// How senders are told what fits, by the lanes. Elsewhere the host does that (mtu.go).

// Numbers of ICMP.
const (
	protoICMP   = 1
	protoICMPv6 = 58

	icmpUnreachable = 3   // RFC 792, with
	icmpNeedsSplit  = 4   // fragmentation needed and DF set, and the MTU of RFC 1191 §4
	icmp6TooBig     = 2   // RFC 4443 §3.2
	icmp6Errors     = 128 // the types below are errors

	icmpHeader = 8
)

// appendTooBig appends the ICMP message for the sender of a packet of which only mtu octets fit, as long as fits everywhere (RFC 1812 §4.3.2.3, RFC
// 4443 §3.2). The checksum of ICMPv6, which takes in the addresses, is left 0.
func appendTooBig(b, packet []byte, mtu int) []byte {
	at := len(b)
	if packet[0]>>4 == 6 {
		b = append(b, icmp6TooBig, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, uint32(max(mtu, minIPv6MTU)))
		return append(b, packet[:min(len(packet), minIPv6MTU-ipv6Header-icmpHeader)]...)
	}
	b = append(b, icmpUnreachable, icmpNeedsSplit, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(mtu))
	b = append(b, packet[:min(len(packet), minPathMTU4-ipv4Header-icmpHeader)]...)
	binary.BigEndian.PutUint16(b[at+2:], ^internetSum(b[at:]))
	return b
}

// mayTell reports whether an ICMP error may answer a packet: not one to several hosts, not a later fragment, and not another error (RFC 1122
// §3.2.2, RFC 4443 §2.4).
func mayTell(f sadb.Flow) bool {
	switch kind := uint8(f.SrcPort >> 8); {
	case f.Martian(), f.Fragment, f.Dst.Is4() && f.Dst.IsMulticast():
		return false
	case f.Proto == protoICMP:
		return kind == 0 || kind == 8 || kind >= 13 // echo, timestamps and the like
	case f.Proto == protoICMPv6:
		return kind >= icmp6Errors
	}
	return true
}

// tellEvery is how often a sender is told at most (RFC 1812 §4.3.2.8): it has several packets on their way when it is told first.
const tellEvery = 50 * time.Millisecond

// toldSenders is when senders were told last. Those that share a place by chance wait for each other. The zero value is ready.
type toldSenders [64]int64

// allow reports whether a sender may be told now, and takes it that it is.
func (t *toldSenders) allow(now int64, sender netip.Addr) bool {
	const odd = 0x9e3779b97f4a7c15 // of the golden ratio: spreads what differs in few bits
	a := sender.As16()
	last := &t[(binary.BigEndian.Uint64(a[:])*odd^binary.BigEndian.Uint64(a[8:]))*odd>>58]
	if now >= *last && now-*last < int64(tellEvery) {
		return false
	}
	*last = now
	return true
}

// sendICMP is how senders of what the uplink takes are told. Nil: they are not.
func (u *uplink) sendICMP() func(netip.Addr, []byte) {
	if u.via == "" {
		return u.r.cfg.SendICMP
	}
	if t := (*u.r.tunnels.Load())[u.via]; t != nil {
		return t.SendICMP
	}
	return nil
}
