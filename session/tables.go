package session

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// CryptoMap is an entry of a crypto map, as the configuration has it.
type CryptoMap struct {
	Name        string     `json:"name"`
	Sequence    uint64     `json:"sequence"`
	Description string     `json:"description,omitempty"`
	Peer        netip.Addr `json:"peer,omitzero"`
	Profile     string     `json:"profile,omitempty"` // of IKEv2
	List        string     `json:"accessList,omitempty"`
	Rules       []string   `json:"rules"` // of the access list, as configured
	Protection
	Interfaces []string `json:"interfaces"` // that it is on
}

// NamedSet is the name of a transform set, and what is in it.
type NamedSet struct {
	Name       string `json:"name"`
	Transforms string `json:"transforms"`
	Transport  bool   `json:"transport,omitempty"` // mode transport
}

// TransformSet is a transform set, as the configuration has it.
type TransformSet = NamedSet

// Interface is an interface that sessions run over, or the device that inner packets come from and go to.
type Interface struct {
	Name        string   `json:"name"`
	Tunnel      bool     `json:"tunnel"` // a device of inner packets: a tunnel interface, or the one for all crypto maps
	Up          bool     `json:"up"`     // it has an address of this host; the device: the router runs
	Description string   `json:"description,omitempty"`
	Addresses   []string `json:"addresses"` // with the length of the prefix where it is known
	MTU         int      `json:"mtu"`       // 0: not known
	Map         string   `json:"cryptoMap,omitempty"`
	VRF         string   `json:"vrf,omitempty"`       // that it is in; "" for the global one
	TunnelVRF   string   `json:"tunnelVrf,omitempty"` // of a tunnel interface: the front VRF
	Traffic     *Traffic `json:"traffic,omitempty"`   // of the device; nil: not counted here
}

// Traffic is what all sessions together have carried.
type Traffic struct {
	InPackets  uint64 `json:"inPackets"` // from the peers to the host
	InBytes    uint64 `json:"inBytes"`
	InDropped  uint64 `json:"inDropped"`
	OutPackets uint64 `json:"outPackets"` // from the host to the peers
	OutBytes   uint64 `json:"outBytes"`
	OutDropped uint64 `json:"outDropped"`
}

// Route is a route of the host that leads into the device, or past it.
type Route struct {
	Dst    netip.Prefix `json:"destination"`
	Source netip.Addr   `json:"source,omitzero"`
	Device string       `json:"device"`
	VRF    string       `json:"vrf,omitempty"` // "" for the global one
	Pass   bool         `json:"pass"`          // the main table decides: a network on this side
}

// Tables is what is listed beside sessions: what the configuration says and no session shows, with what the router knows of it now. It
// belongs to its receiver.
type Tables struct {
	Peers         []PeerInfo
	Maps          []CryptoMap
	TransformSets []TransformSet
	Interfaces    []Interface
	Routes        []Route
	VRFs          []VRF
	Policies
}

// RenderPeers writes `show crypto isakmp peer`. Its error is w's.
func (t Tables) RenderPeers(w io.Writer) error {
	var b []byte
	for i, p := range t.Peers {
		if i > 0 {
			b = append(b, '\n')
		}
		b = fmt.Appendf(b, "Peer: %s Port: %d\n", addrText(p.Peer.Addr()), p.Peer.Port())
		if p.FVRF != "" {
			b = fmt.Appendf(b, " fvrf: %s\n", p.FVRF)
		}
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
	return write(w, b)
}

// RenderMaps writes `show crypto map` of the entries that keep is true of. Its error is w's.
func (t Tables) RenderMaps(w io.Writer, keep func(CryptoMap) bool) error {
	var b []byte
	for i, m := range t.Maps {
		if !keep(m) {
			continue
		}
		if len(b) > 0 {
			b = append(b, '\n')
		}
		b = m.append(b)
		if i+1 == len(t.Maps) || t.Maps[i+1].Name != m.Name {
			b = fmt.Appendf(b, "\tInterfaces using crypto map %s:\n", m.Name)
			for _, name := range m.Interfaces {
				b = fmt.Appendf(b, "\t\t%s\n", name)
			}
		}
	}
	return write(w, b)
}

func (m *CryptoMap) append(b []byte) []byte {
	b = fmt.Appendf(b, "Crypto Map \"%s\" %d ipsec-isakmp\n", m.Name, m.Sequence)
	if !m.Peer.IsValid() || m.List == "" || len(m.Transforms) == 0 || m.Profile == "" {
		b = append(b, "\tWARNING: This crypto map is in an incomplete state!\n"...)
	}
	if m.Description != "" {
		b = fmt.Appendf(b, "\tDescription: %s\n", m.Description)
	}
	if m.Peer.IsValid() {
		b = fmt.Appendf(b, "\tPeer = %s\n", addrText(m.Peer))
	}
	if m.Profile != "" {
		b = fmt.Appendf(b, "\tIKEv2 Profile: %s\n", m.Profile)
	}
	if m.List != "" {
		b = fmt.Appendf(b, "\tExtended IP access list %s\n", m.List)
		for _, r := range m.Rules {
			b = fmt.Appendf(b, "\t    access-list %s %s\n", m.List, r)
		}
	}
	if m.Peer.IsValid() {
		b = fmt.Appendf(b, "\tCurrent peer: %s\n", addrText(m.Peer))
	}
	return m.Protection.append(b)
}

// RenderTransformSets writes `show crypto ipsec transform-set`. Its error is w's.
func (t Tables) RenderTransformSets(w io.Writer) error {
	var b []byte
	for i, s := range t.TransformSets {
		if i > 0 {
			b = append(b, '\n')
		}
		mode := "Tunnel"
		if s.Transport {
			mode = "Transport"
		}
		b = fmt.Appendf(b, "Transform set %s: { %s  } \n   will negotiate = { %s,  }, \n", s.Name, s.Transforms, mode)
	}
	return write(w, b)
}

// RenderInterfaces writes `show interfaces`. Its error is w's.
func (t Tables) RenderInterfaces(w io.Writer) error {
	var b []byte
	for _, f := range t.Interfaces {
		state := "down"
		if f.Up {
			state = "up"
		}
		b = fmt.Appendf(b, "%s is %s, line protocol is %s\n", f.Name, state, state)
		if f.Tunnel {
			b = append(b, "  Hardware is Tunnel\n"...)
		}
		if f.Description != "" {
			b = fmt.Appendf(b, "  Description: %s\n", f.Description)
		}
		if f.VRF != "" {
			b = fmt.Appendf(b, "  VPN Routing/Forwarding \"%s\"\n", f.VRF)
		}
		if f.TunnelVRF != "" {
			b = fmt.Appendf(b, "  Tunnel VRF \"%s\"\n", f.TunnelVRF)
		}
		for _, a := range f.Addresses {
			b = fmt.Appendf(b, "  Internet address is %s\n", strings.ToUpper(a))
		}
		if f.MTU > 0 {
			b = fmt.Appendf(b, "  MTU %d bytes\n", f.MTU)
		}
		if f.Map != "" {
			b = fmt.Appendf(b, "  Crypto map: %s\n", f.Map)
		}
		if v := f.Traffic; v != nil {
			b = fmt.Appendf(b, "     %d packets input, %d bytes, %d drops\n", v.InPackets, v.InBytes, v.InDropped)
			b = fmt.Appendf(b, "     %d packets output, %d bytes, %d drops\n", v.OutPackets, v.OutBytes, v.OutDropped)
		}
	}
	return write(w, b)
}

// RenderRoutes writes `show ip route`, or with v6 `show ipv6 route`: the routes of one family and VRF, "" for the global one. Its error is w's.
func (t Tables) RenderRoutes(w io.Writer, v6 bool, vrf string) error {
	var b []byte
	if vrf != "" {
		b = fmt.Appendf(b, "\nRouting Table: %s\n", vrf)
	}
	b = append(b, "Codes: S - static, into the tunnel, P - past the tunnel\n\n"...)
	for _, r := range t.Routes {
		if r.Dst.Addr().Is6() != v6 || r.VRF != vrf {
			continue
		}
		dst := fmt.Sprintf("%s/%d", addrText(r.Dst.Addr()), r.Dst.Bits())
		if r.Pass {
			b = fmt.Appendf(b, "P        %s by the main table\n", dst)
			continue
		}
		b = fmt.Appendf(b, "S        %s is directly connected, %s", dst, r.Device)
		if r.Source.IsValid() {
			b = fmt.Appendf(b, ", from %s", addrText(r.Source))
		}
		b = append(b, '\n')
	}
	return write(w, b)
}

// write is w.Write with an error that says where it was.
func write(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("session: render: %w", err)
	}
	return nil
}
