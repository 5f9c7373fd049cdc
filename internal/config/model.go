package config

import (
	"fmt"
	"io"
	"net/netip"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/internal/logging"
	"seikan/sadb"
	"seikan/session"
)

// Model is a configuration that was understood. It is not modified after Parse or Edit, and any goroutine may use it. Printed by
// package fmt it is its RunningConfig, which shows no key.
type Model struct {
	file   string
	edited bool // since Parse: it need not be whole, and what is in it does not know on which line it is
	settings
	tables
}

// settings are what the lines say that are about the router as a whole.
type settings struct {
	hostname string
	keyFile  named            // key file; "": none
	noLog    bool             // no crypto logging session
	xe       bool             // crypto session format xe
	logIKE   bool             // crypto logging ikev2
	logGroup session.GroupLog // crypto logging ezvpn
	log      logging.Config
	dpd      *dpd
	fragment int     // as ike.Config.FragmentMTU
	cookie   *uint64 // crypto ikev2 cookie-challenge
	halfOpen uint64  // crypto ikev2 limit max-in-negotation-sa; 0: the default
	ports    ports   // of this router
	life     lifetime
	replay   int // as entry.replay
	dfBit    sadb.DF
	after    bool // crypto ipsec fragmentation after-encryption

	offloads Offloads
	lanes    int // platform lanes; 0: the default
	monitor  monitor
	terminal terminal
}

// tables are what the other lines define.
type tables struct {
	vrfs       table[vrf]
	proposals  table[proposal]
	policies   table[policy]
	keyrings   table[keyring]
	profiles   table[profile]
	transforms table[transformSet]
	ipsec      table[ipsecProfile]
	descs      table[isakmpPeer]
	maps       table[cryptoMap]
	interfaces table[iface]
	lists      table[accessList]
	routes     table[route]
	users      table[user]
}

// Format implements fmt.Formatter for all verbs and flags.
func (m Model) Format(f fmt.State, _ rune) { io.WriteString(f, m.RunningConfig()) }

// named is the name of something and where it was given: where it is defined, or where it is referred to.
type named struct {
	name string
	at   pos
}

// proposal is a `crypto ikev2 proposal`.
type proposal struct {
	named
	encr    []cipher
	integ   []hash
	integAt pos
	prf     []hash
	groups  []wire.GroupID
	addKE   []wire.GroupID // NONE in it: peers without are taken, too
}

// cipher is an encryption algorithm of the IKE SA.
type cipher struct {
	word string
	ike.Encr
	aead bool
}

// hash is a hash function in its two roles for the IKE SA.
type hash struct {
	word       string
	prf, integ uint16
}

// policy is a `crypto ikev2 policy`.
type policy struct {
	named
	fvrf      fvrfMatch
	locals    table[netip.Addr]
	proposals table[named]
}

type keyring struct {
	named
	peers table[keyPeer]
}

type keyPeer struct {
	named
	description   string
	prefix        netip.Prefix
	prefixAt      pos
	local, remote presharedKey
	ppk           ppk
}

// ppk is a postquantum preshared key; without an id there is none.
type ppk struct {
	id       string
	key      presharedKey
	required bool
}

// profile is a `crypto ikev2 profile`.
type profile struct {
	named
	description string
	fvrf        fvrfMatch
	ivrf        named // of crypto maps; none: the front VRF
	ivrfGlobal  bool  // ivrf global
	remote      table[identity]
	local       *identity
	authRemote  *authentication
	authLocal   *authentication
	keyring     named
	lifetime    uint64 // in seconds; 0 for the default
	reauth      uint64 // in seconds; 0: never
	unique      ike.Unique
	childless   ike.Childless
	bare        bool // ESP is in UDP only where there is a NAT
	dpd         *dpd
}

// identity is an identity, or a pattern of them.
type identity struct {
	kind   wire.IDKind
	prefix netip.Prefix // of the kinds that are addresses
	data   string
	domain bool
}

// authentication is by a pre-shared key: this one, or that of the keyring.
type authentication struct{ key presharedKey }

type dpd struct {
	interval, retry uint64 // in seconds
	onDemand        bool
}

// ports are those of IKE at one end. Zeros are not set.
type ports struct{ ike, natt uint16 }

// lifetime is of Child SAs. Zeros are not set.
type lifetime struct {
	seconds, kilobytes, packets uint64
	unlimited                   bool // kilobytes disable
}

type transformSet struct {
	named
	suite     esp.Suite
	transport bool // mode transport
}

// protection is how traffic is protected, and the peer authenticated.
type protection struct {
	transforms []named
	profile    named
	pfs        wire.GroupID // 0: none
	pfsKE      wire.GroupID // on top; NONE: none
	esn        bool
	life       lifetime
	replay     int // 0: not set; negative: disabled
}

// ipsecProfile is a `crypto ipsec profile`: how a tunnel interface is protected.
type ipsecProfile struct {
	named
	description string
	protection
}

// isakmpPeer is a `crypto isakmp peer`.
type isakmpPeer struct {
	addr        netip.Addr
	vrf         named
	description string
}

type cryptoMap struct {
	named
	entries table[entry] // by sequence number
}

// entry is one of a crypto map's.
type entry struct {
	name        string // of the map
	seq         uint64
	at          pos
	description string
	peer        netip.Addr
	peerAt      pos
	protection
	list    named
	connect ike.Connect
	ports   ports // of the peer

	alternates   []netip.Addr // of this router
	alternatesAt pos
}

// iface is an `interface`.
type iface struct {
	named
	description  string
	vrf          named // vrf forwarding: the front VRF of its crypto map, the inside VRF of a tunnel
	addr4, addr6 netip.Prefix
	mss          uint16   // ip tcp adjust-mss; 0: none
	mtu          uint16   // ip mtu; 0: what fits
	df           *sadb.DF // nil: as Model.dfBit
	after        *bool    // nil: as Model.after
	cryptoMap    named
	tunnel       *tunnel // of a tunnel interface
}

// tunnel is what a tunnel interface has besides. It is in use once it has both ends and a protection.
type tunnel struct {
	source      netip.Addr // of this router, or
	sourceOf    named      // that of an interface
	destination netip.Addr
	vrf         named // tunnel vrf: of the two ends
	mode        tunnelMode
	key         *uint32 // of GRE
	ttl         uint8   // of the header that GRE is in; 0: not set
	protection  named   // a crypto ipsec profile
	shared      bool    // with the SAs of other tunnels of this profile between the same ends
	shutdown    bool
}

// tunnelMode is how a tunnel wraps packets.
type tunnelMode uint8

const (
	tunnelGRE       tunnelMode = iota // RFC 2784, over IPv4
	tunnelIPsecIPv4                   // IPv4 packets, as they are
	tunnelIPsecIPv6                   // IPv6 packets, as they are
)

var tunnelModeText = [...]string{tunnelGRE: "gre ip", tunnelIPsecIPv4: "ipsec ipv4", tunnelIPsecIPv6: "ipsec ipv6"}

// route is an `ip route` or `ipv6 route` into a tunnel interface.
type route struct {
	vrf named
	dst netip.Prefix
	via named
}

type accessList struct {
	named
	v6    bool
	rules table[rule] // by sequence number
	tail  []string    // remarks behind the last rule
}

// rule is a line of an access list.
type rule struct {
	seq      uint64
	permit   bool
	proto    uint8 // 0: any
	src, dst endpoint
	remarks  []string // before it
}

// endpoint is one side of a rule.
type endpoint struct {
	prefix netip.Prefix
	lo, hi port // 0 to 65535: any
}
