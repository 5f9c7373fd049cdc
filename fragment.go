package seikan

import (
	"encoding/binary"

	"seikan/sadb"
	"seikan/tun"
)

// The host sees to what is too large for the path, before encryption: it knows by the MTUs of its routes what fits, fragments, and tells senders.
// Some packets it must not fragment, or not yet. Those come as large as the outer interface takes, where a policy is wide, and the lanes see to
// them.

// wide reports whether packets of a policy come that may not fit the path. Those of IPv6 always fit: only their sender fragments them.
func wide(e *sadb.Entry) bool {
	return (e.FragmentAfter || e.DF == sadb.DFClear) && e.Remote[0].Lo.Is4()
}

// fate is what becomes of a packet that does not fit the path.
type fate uint8

const (
	sealWhole  fate = iota // the outer packet is fragmented, here or on the way (RFC 4303 §3.3.4)
	sealPieces             // it is fragmented, and the fragments are sealed
	sendBack               // it is dropped, and its sender told what fits (RFC 1191, RFC 8201)
)

// fate decides about a packet of n octets, or a frame of such packets, which is to go to an SA.
func (w *wrapping) fate(to sadb.Routed, f sadb.Flow, packet []byte, n int) fate {
	switch {
	case packet[0]>>4 == 6 && n <= minIPv6MTU: // which every link takes, and so must a tunnel (RFC 2473 §7.1)
		return sealWhole
	case packet[0]>>4 == 6, to.Policy.DF != sadb.DFClear && hasDF(packet):
		return sendBack
	case to.Policy.FragmentAfter, packet[0] != 0x45: // options go into some of the fragments
		return sealWhole
	case w.gre != nil:
		return sealPieces
	case w.cut > 0: // transport mode takes no fragments (RFC 4303 §3.3.4)
		return sealWhole
	}
	f.SrcPort, f.DstPort, f.Ports, f.Fragment = 0, 0, false, true
	if !to.Out.Permits(f) { // nor would the other end let fragments in that show no ports (RFC 4301 §7.1)
		return sealWhole
	}
	return sealPieces
}

// addLarge puts the packets of a frame on the run that do not fit the path, or what becomes of them. fits is what does, with what goes before a
// packet.
func (u *uplink) addLarge(now int64, to sadb.Routed, w *wrapping, f sadb.Flow, frame []byte, fits int) {
	what, send := w.fate(to, f, frame, u.cutter.NextLen()), u.sendICMP()
	switch {
	case what == sealPieces:
		u.addPieces(now, to, w, fits-w.put)
	case what == sendBack && send != nil:
		charge(&to.Out.Counters, &to.Policy.Counters.Out, sadb.DropTooBig, u.cutter.Len())
		if mayTell(f) && u.told.allow(now, f.Src) {
			u.notice = appendTooBig(u.notice[:0], u.nextWhole(), fits-w.put)
			send(f.Src, u.notice)
		}
	default:
		u.addAll(now, to, w)
	}
}

// addPieces puts the fragments of a frame's packets on the run, of at most fits octets each.
func (u *uplink) addPieces(now int64, to sadb.Routed, w *wrapping, fits int) {
	u.pieces = u.pieces[:0]
	for range u.cutter.Len() {
		packet := u.nextWhole()
		if len(packet) <= fits { // the last one of a frame
			u.pieces = append(u.pieces, packet...)
			continue
		}
		if place := binary.BigEndian.Uint16(packet[6:]); place == dontSplit { // the number of others is that of all their fragments
			binary.BigEndian.PutUint16(packet[4:], uint16(u.r.numbers.Add(1)))
		}
		u.pieces = appendFragments(u.pieces, packet, fits)
	}
	for rest := u.pieces; len(rest) > 0; {
		n := binary.BigEndian.Uint16(rest[2:])
		if u.cutter.Begin(tun.Frame{Data: rest[:n]}) == nil { // as it is of a whole packet
			u.add(now, to, w)
		}
		rest = rest[n:]
	}
}

// appendFragments appends the fragments of an IPv4 packet without options, of at most mtu octets each (RFC 791 §3.2). The flag DF is not in them. What
// a fragment has beyond the largest packet that there can be is left out.
func appendFragments(b, packet []byte, mtu int) []byte {
	const more, unit = 0x2000, 8
	place, body := binary.BigEndian.Uint16(packet[6:]), packet[ipv4Header:]
	most := max(1, (mtu-ipv4Header)/unit) * unit
	for at := int(place & fragOffset); at <= fragOffset; at += most / unit {
		n, flag := len(body), place&more
		if n > mtu-ipv4Header {
			n, flag = most, more
		}
		h := len(b)
		b = append(append(b, packet[:ipv4Header]...), body[:n]...)
		binary.BigEndian.PutUint16(b[h+2:], uint16(ipv4Header+n))
		binary.BigEndian.PutUint16(b[h+6:], flag|uint16(at))
		putIPv4Sum(b[h:])
		if body = body[n:]; len(body) == 0 {
			break
		}
	}
	return b
}

// outside is why a flow is dropped that nothing selects: why, or that a fragment shows no port to those who look for one (RFC 4301 §7).
func outside(f sadb.Flow, why sadb.DropReason) sadb.DropReason {
	if f.Fragment {
		return sadb.DropFragment
	}
	return why
}
