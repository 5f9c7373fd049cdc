package session

import (
	"fmt"
	"io"
	"net/netip"
)

// sessionReport is `show crypto session`, or with detail `show crypto session detail`.
type sessionReport struct {
	detail bool
	format Format
	n      int
}

const sessionTitle = "Crypto session current status\n\n"

// legend is of the capabilities. The blanks at the ends of lines are real.
const legend = "Code: C - IKE Configuration mode, D - Dead Peer Detection     \n" +
	"K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     \n" +
	"X - IKE Extended Authentication, F - IKE Fragmentation\n" +
	"R - IKE Auto Reconnect, U - IKE Dynamic Route Update\n" +
	"S - SIP VPN\n\n"

func (r *sessionReport) begin(b []byte) []byte {
	if !r.detail || r.format == XE { // the first systems had no title in the detailed listing
		b = append(b, sessionTitle...)
	}
	if r.detail && r.format == XE {
		b = append(b, legend...)
	}
	return b
}

func (r *sessionReport) end(b []byte) []byte { return b }

func (r *sessionReport) session(b []byte, s *Session) []byte {
	if r.n > 0 {
		b = append(b, '\n')
	}
	r.n++
	if r.format == XE {
		b = s.appendXE(b, r.detail)
	} else {
		b = s.appendClassic(b, r.detail)
	}
	for i := range s.IKE {
		if r.format == XE {
			b = s.IKE[i].appendXE(b, s.Number, r.detail)
		} else {
			b = s.IKE[i].append(b, "IKE SA", "", r.detail)
		}
	}
	for i := range s.Flows {
		b = s.Flows[i].append(b, r.format, r.detail)
	}
	return b
}

// appendClassic writes what is above the SAs of a session behind b.
func (s *Session) appendClassic(b []byte, detail bool) []byte {
	b = fmt.Appendf(b, "Interface: %s\nSession status: %v\n", s.Interface, s.Status)
	if !detail {
		return fmt.Appendf(b, "Peer: %s\n", endText(s.Peer))
	}
	b = s.appendPeer(b)
	return fmt.Appendf(b, "      Desc: %s\n      Phase1_id: %s\n", orNone(s.Description), orNone(identityText(s.Phase1ID)))
}

func (s *Session) appendPeer(b []byte) []byte {
	return fmt.Appendf(b, "Peer: %s port %d fvrf: %s ivrf: %s\n", addrText(s.Peer.Addr()), s.Peer.Port(), orNone(s.FVRF), orNone(s.IVRF))
}

// appendXE is the same in the later style.
func (s *Session) appendXE(b []byte, detail bool) []byte {
	b = fmt.Appendf(b, "Interface: %s\n", s.Interface)
	assigned := ""
	if s.Assigned.IsValid() {
		assigned = addrText(s.Assigned)
	}
	for _, f := range [...]struct{ label, value string }{
		{"Username", s.Username}, {"Profile", s.Profile}, {"Group", s.Group}, {"Assigned address", assigned},
	} {
		if f.value != "" {
			b = fmt.Appendf(b, "%s: %s\n", f.label, f.value)
		}
	}
	up := s.Status != Down && s.Status != DownNegotiating
	if up && detail {
		b = fmt.Appendf(b, "Uptime: %s\n", uptimeText(s.UptimeSeconds))
	}
	b = fmt.Appendf(b, "Session status: %v", s.Status)
	if s.Status == UpActive {
		b = append(b, "     "...)
	}
	b = append(b, '\n')
	if !detail {
		return fmt.Appendf(b, "Peer: %s port %d \n", addrText(s.Peer.Addr()), s.Peer.Port())
	}
	b = s.appendPeer(b)
	if up {
		return fmt.Appendf(b, "      Phase1_id: %s\n      Desc: %s\n", orNone(identityText(s.Phase1ID)), orNone(s.Description))
	}
	return fmt.Appendf(b, "      Desc: %s\n      Phase1_id: %s\n", orNone(s.Description), orNone(identityText(s.Phase1ID)))
}

func (sa *IKESA) appendXE(b []byte, number uint32, detail bool) []byte {
	b = fmt.Appendf(b, "  Session ID: %d  \n", number)
	return sa.append(b, fmt.Sprintf("IKEv%d SA", sa.Version), " ", detail)
}

// append writes an IKE SA behind b; trail is what its line ends in.
func (sa *IKESA) append(b []byte, label, trail string, detail bool) []byte {
	state := "Inactive"
	if sa.Active {
		state = "Active"
	}
	gap := " " // the ends of IPv6 do not fit on one line
	if !sa.Local.Addr().Unmap().Is4() {
		gap = "\n          "
	}
	b = fmt.Appendf(b, "  %s: local %s%sremote %s %s%s\n", label, endText(sa.Local), gap, endText(sa.Remote), state, trail)
	switch {
	case !detail:
	case !sa.Active:
		b = append(b, "          Capabilities:(none) connid:0 lifetime:0\n"...)
	default:
		b = fmt.Appendf(b, "          Capabilities:%s connid:%d lifetime:%s\n", orNone(sa.Capabilities), sa.ConnID, clockText(sa.SecondsLeft))
	}
	return b
}

func (f *Flow) append(b []byte, format Format, detail bool) []byte {
	trail := ""
	if format == XE {
		trail = " "
	}
	for _, line := range f.Permit {
		b = fmt.Appendf(b, "  IPSEC FLOW: %s%s\n", line, trail)
	}
	b = fmt.Appendf(b, "        Active SAs: %d, origin: %s\n", f.ActiveSAs, f.Origin)
	if detail {
		b = f.In.append(b, "Inbound:  #pkts dec'ed")
		b = f.Out.append(b, "Outbound: #pkts enc'ed")
	}
	return b
}

func (d *Direction) append(b []byte, label string) []byte {
	b = fmt.Appendf(b, "        %s %d drop %d life (KB/Sec) ", label, d.Packets, d.Dropped)
	if d.NoVolumeLimit {
		return fmt.Appendf(b, "KB Vol Rekey Disabled/%d\n", d.SecondsLeft)
	}
	return fmt.Appendf(b, "%d/%d\n", d.KilobytesLeft, d.SecondsLeft)
}

// RenderPeers is Tables.RenderPeers.
func (s Snapshot) RenderPeers(w io.Writer) error { return Tables{Peers: s.Peers}.RenderPeers(w) }

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// endText is an address and port as `A/P`.
func endText(e netip.AddrPort) string {
	return fmt.Sprintf("%s/%d", addrText(e.Addr().Unmap()), e.Port())
}

// clockText is HH:MM:SS; the hours go on above 99.
func clockText(seconds uint64) string {
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

// uptimeText is HH:MM:SS below a day, then days and hours, weeks and days, years and weeks.
func uptimeText(seconds uint64) string {
	const hour, day, week, year = 3600, 86400, 7 * 86400, 365 * 86400
	switch {
	case seconds < day:
		return clockText(seconds)
	case seconds < week:
		return fmt.Sprintf("%dd%dh", seconds/day, seconds%day/hour)
	case seconds < year:
		return fmt.Sprintf("%dw%dd", seconds/week, seconds%week/day)
	}
	return fmt.Sprintf("%dy%dw", seconds/year, seconds%year/week)
}
