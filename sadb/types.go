package sadb

import (
	"net/netip"
	"time"

	"seikan/esp"
)

// IKEID names an IKE SA on this router: the small number that the operator sees as its connid (tunnel-id).
// It is unique among the live IKE SAs of one endpoint.
type IKEID uint32

// PolicyID names a policy. It is stable across a change of configuration: the counters of a policy that
// keeps its ID go on.
type PolicyID string

// Path is the pair of UDP endpoints that an SA's packets travel between.
type Path struct {
	Local, Remote netip.AddrPort
	VRF           string // the front VRF that both are in; "": the global one
}

// Host is an outer address. The same one in two front VRFs is two hosts.
type Host struct {
	Addr netip.Addr
	VRF  string
}

// LocalHost is our end.
func (p Path) LocalHost() Host { return Host{p.Local.Addr(), p.VRF} }

// RemoteHost is the other end.
func (p Path) RemoteHost() Host { return Host{p.Remote.Addr(), p.VRF} }

// At is the path with other ports, or 0 for bare ESP.
func (p Path) At(local, remote uint16) Path {
	p.Local, p.Remote = netip.AddrPortFrom(p.Local.Addr(), local), netip.AddrPortFrom(p.Remote.Addr(), remote)
	return p
}

// Selector is one side of a traffic selector (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1): a range of addresses of one
// family, a protocol and a range of ports, all inclusive.
type Selector struct {
	Proto          uint8 // 0: any
	Lo, Hi         netip.Addr
	LoPort, HiPort uint16 // 0 to 65535: any; 65535 to 0: OPAQUE (RFC 4301 §4.4.1.1); for ICMP type<<8 | code
}

// Flow is what the policy looks at in one inner packet.
type Flow struct {
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16 // for ICMP both are type<<8 | code
	Ports            bool   // false where the packet shows no ports: a later fragment, or a protocol without any
	Fragment         bool   // it is one, and shows no ports
}

// Action is what a policy does with the packets that it matches (RFC 4301 §4.4.1). The zero value discards.
type Action uint8

// Policy actions.
const (
	Discard Action = iota
	Bypass         // leave it alone: the host is to send it another way. What comes to the device all the same is dropped, and counted apart
	Protect
	Skip // look no further in the policy's Group, but in those behind it, and Bypass where none of them decides: a line that denies
)

// DF is what the flag DF of the outer header becomes, where inner and outer packet are IPv4 (RFC 4301 §8.1).
type DF uint8

// Flags DF of outer headers.
const (
	DFCopy  DF = iota // that of the inner packet
	DFClear           // not set: what is too large for the path is fragmented, whatever the inner packet says
	DFSet
)

// Policy is one entry of the SPD: a line of an access list that a crypto map refers to. Outbound packets whose source
// is in Local and whose destination is in Remote match it; every pair of the two lists is meant.
type Policy struct {
	ID            PolicyID
	Group         string // of an entry of a crypto map, whose policies stand together; only Skip looks at it
	Action        Action
	Local, Remote []Selector
	Interface     string // the device that its packets come from, where others do not look: a tunnel interface, or that of an inside VRF; "": that of all policies without one
	DF            DF     // of the outer packets
	FragmentAfter bool   // what is too large for the path and may be fragmented is fragmented after encryption; else before
	MSS           uint16 // what the maximum segment size of TCP is lowered to in SYN segments of the traffic; 0: nothing
}

// Lifetime is how much an SA may carry. Time limits are the key management's; these are counted by the lanes.
// Zero means no limit.
type Lifetime struct {
	Kilobytes   uint64        // hard limit in units of 1024 octets of inner packets, per direction
	Packets     uint64        // hard limit in packets, per direction
	Seconds     time.Duration // hard limit from Installed; shown, and acted on by the key management
	SoftPercent uint8         // a note asks for a rekey once this share of Kilobytes, Packets or the sequence numbers is used (0: 90)
}

// ChildSpec is a Child SA as the key management hands it to the data plane: the pair of ESP SAs of one negotiation.
type ChildSpec struct {
	IKE           IKEID
	Policies      []PolicyID // the policies whose traffic it may carry; the first one is charged with drops that name no flow
	In, Out       esp.Params // In.SPI is ours, Out.SPI the peer's
	Local, Remote []Selector // as negotiated, after narrowing
	Path          Path
	Life          Lifetime
	Expires       time.Time // hard time limit
	// Standby keeps Route from choosing the outbound SA while another one can carry the packet: the peer of a rekey
	// that it started may not have installed its inbound side yet. DB.Activate, or removal of the others, ends it.
	Standby bool

	// Transport: an ESP packet carries what is behind the IP header, not all of the packet (RFC 4303 §3.1.1). Local and Remote are the
	// addresses of the two ends then, one each.
	Transport bool
}
