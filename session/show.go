package session

import (
	"fmt"
	"io"
	"net/netip"
)

// View is what of a Snapshot is to be shown.
type View struct {
	Detail bool
	Filter Filter
}

// Render writes `show crypto session`, or with v.Detail `show crypto session detail`, session by session as it goes.
// Its error is w's.
func (s Snapshot) Render(w io.Writer, v View) error {
	var b []byte
	if !v.Detail {
		b = append(b, "Crypto session current status\n\n"...)
	}
	first := true
	for i := range s.Sessions {
		if !v.Filter.Match(s.Sessions[i]) {
			continue
		}
		if !first {
			b = append(b, '\n')
		}
		first = false
		b = s.Sessions[i].append(b, v.Detail)
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("session: render: %w", err)
		}
		b = b[:0]
	}
	if _, err := w.Write(b); err != nil { // the title alone where nothing was chosen
		return fmt.Errorf("session: render: %w", err)
	}
	return nil
}

// append writes one session behind b.
func (s *Session) append(b []byte, detail bool) []byte {
	b = fmt.Appendf(b, "Interface: %s\nSession status: %v\n", s.Interface, s.Status)
	if detail {
		b = fmt.Appendf(b, "Peer: %s port %d fvrf: %s ivrf: %s\n", addrText(s.Peer.Addr()), s.Peer.Port(), orNone(s.FVRF), orNone(s.IVRF))
		b = fmt.Appendf(b, "      Desc: %s\n      Phase1_id: %s\n", orNone(s.Description), orNone(identityText(s.Phase1ID)))
	} else {
		b = fmt.Appendf(b, "Peer: %s\n", endText(s.Peer))
	}
	for i := range s.IKE {
		b = s.IKE[i].append(b, detail)
	}
	for i := range s.Flows {
		b = s.Flows[i].append(b, detail)
	}
	return b
}

func (sa *IKESA) append(b []byte, detail bool) []byte {
	state := "Inactive"
	if sa.Active {
		state = "Active"
	}
	gap := " " // the ends of IPv6 do not fit on one line
	if !sa.Local.Addr().Unmap().Is4() {
		gap = "\n          "
	}
	b = fmt.Appendf(b, "  IKE SA: local %s%sremote %s %s\n", endText(sa.Local), gap, endText(sa.Remote), state)
	switch {
	case !detail:
	case !sa.Active:
		b = append(b, "          Capabilities:(none) connid:0 lifetime:0\n"...)
	default:
		b = fmt.Appendf(b, "          Capabilities:%s connid:%d lifetime:%s\n", orNone(sa.Capabilities), sa.ConnID, clockText(sa.SecondsLeft))
	}
	return b
}

func (f *Flow) append(b []byte, detail bool) []byte {
	for _, line := range f.Permit {
		b = fmt.Appendf(b, "  IPSEC FLOW: %s\n", line)
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

// RenderPeers writes `show crypto isakmp peer`. Its error is w's.
func (s Snapshot) RenderPeers(w io.Writer) error {
	var b []byte
	for i, p := range s.Peers {
		if i > 0 {
			b = append(b, '\n')
		}
		b = fmt.Appendf(b, "Peer: %s Port: %d\n", addrText(p.Peer.Addr()), p.Peer.Port())
		if p.Description != "" {
			b = fmt.Appendf(b, " Description: %s\n", p.Description)
		}
		if p.Phase1ID != "" {
			b = fmt.Appendf(b, " Phase1 id: %s\n", identityText(p.Phase1ID))
		}
		if p.Policy {
			b = append(b, " flags: PEER_POLICY\n"...)
		}
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("session: render peers: %w", err)
	}
	return nil
}

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
