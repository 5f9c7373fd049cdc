package interop

import (
	"fmt"
	"strings"
)

// Description is the peer's description in RouterConf.
const Description = "connection from site A"

// RouterConf is the router's configuration: one peer, one crypto map. The zero value is that of the README: A to B over IPv4, one
// flow between the inner IPv4 addresses, the router's own choice of algorithms for the IKE SA. The log tells of each SA.
type RouterConf struct {
	Peer         string   // outer address of the peer; default: B's IPv4 address
	Secret       string   // default: PSK
	Proposal     []string // lines of `crypto ikev2 proposal`; none: the router's default
	TransformSet string   // default: esp-gcm 128
	PFS          string   // `set pfs`; default: none
	ACL          []string // lines of the access list; default: the two inner IPv4 addresses
	IPv6         bool     // the access list is an IPv6 one
	Global       []string // further lines at the beginning
	KeyPeer      []string // further lines of the keyring's peer
	Profile      []string // further lines of the IKEv2 profile
	Map          []string // further lines of the crypto map
}

// String is the text of the configuration.
func (c RouterConf) String() string {
	var b strings.Builder
	peer, description, identity := or(c.Peer, OuterB), or(c.Peer, OuterB), or(c.Peer, OuterB)+" 255.255.255.255"
	if strings.Contains(peer, ":") {
		description, identity = "ipv6 "+peer, peer+"/128"
	}
	b.WriteString("hostname gwA\ncrypto logging ikev2\n")
	for _, l := range c.Global {
		b.WriteString(l + "\n")
	}
	if len(c.Proposal) > 0 {
		b.WriteString("crypto ikev2 proposal P1\n" + lines(c.Proposal))
		b.WriteString("crypto ikev2 policy POL\n match fvrf any\n proposal P1\n")
	}
	fmt.Fprintf(&b, "crypto ikev2 keyring KR\n peer siteB\n  address %s\n  pre-shared-key %s\n", peer, or(c.Secret, PSK))
	b.WriteString(lines(c.KeyPeer))
	fmt.Fprintf(&b, "crypto ikev2 profile PROF\n match identity remote address %s\n authentication remote pre-share\n authentication local pre-share\n keyring local KR\n%s",
		identity, lines(c.Profile))
	fmt.Fprintf(&b, "crypto ipsec transform-set TS %s\n mode tunnel\n", or(c.TransformSet, "esp-gcm 128"))
	acl := c.ACL
	switch {
	case c.IPv6:
		b.WriteString("ipv6 access-list TO-B\n")
	default:
		b.WriteString("ip access-list extended TO-B\n")
		if len(acl) == 0 {
			acl = []string{"permit ip host " + InnerA + " host " + InnerB}
		}
	}
	b.WriteString(lines(acl))
	fmt.Fprintf(&b, "crypto isakmp peer address %s\n description %s\n", description, Description)
	fmt.Fprintf(&b, "crypto map CM 10 ipsec-isakmp\n set peer %s\n set transform-set TS\n", peer)
	if c.PFS != "" {
		fmt.Fprintf(&b, " set pfs %s\n", c.PFS)
	}
	fmt.Fprintf(&b, " set ikev2-profile PROF\n%s match address TO-B\ninterface %s\n crypto map CM\n", lines(c.Map), DeviceA)
	return b.String()
}

// Mirror is the configuration of a router at B for one at A: the addresses change places.
func Mirror(conf string) string {
	return strings.NewReplacer(
		"gwA", "gwB", "siteB", "siteA", "TO-B", "TO-A", "interface "+DeviceA, "interface "+DeviceB,
		OuterB, OuterA, OuterA, OuterB, InnerA, InnerB, InnerB, InnerA,
	).Replace(conf)
}

// lines puts a blank in front of each line and a line's end behind.
func lines(ls []string) string {
	var b strings.Builder
	for _, l := range ls {
		b.WriteString(" " + l + "\n")
	}
	return b.String()
}
