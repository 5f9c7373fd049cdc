package session

import (
	"net/netip"
	"slices"

	"seikan/ike"
	"seikan/sadb"
)

// Config is what a Tracker works from. It is not modified after New.
type Config struct {
	Sessions     []Configured              // in the order of the configuration
	Descriptions map[DescriptionKey]string // the `crypto isakmp peer` entries; "" for one without a description
	Logging      bool                      // whether the router is to log the Transitions; the Tracker gives them always
	LogGroups    GroupLog                  // of which groups the router is to log the Transitions as those of clients
	NATTPort     uint16                    // our port for IKE with the non-ESP marker; default 4500
	MTUs         map[sadb.Host]int         // of the interfaces behind our outer addresses; those that are missing are not known
	Format       Format                    // of listings, unless a terminal wants another one

	// What the configuration says and no session shows, for listings of it.
	Maps          []CryptoMap
	TransformSets []TransformSet
	Interfaces    []Interface
	VRFs          []VRF
	Policies      Policies
	Lists         []AccessList // without Matches
}

// Configured is a session that the configuration names: a crypto map entry on an interface.
type Configured struct {
	Interface  string
	Outside    string // the interface that packets leave by, where Interface is a tunnel's and that is known; else ""
	Local      netip.Addr
	Peer       netip.AddrPort // with the port for bare IKE, 500
	PeerName   string         // ike.Peer.Name of the peer whose session it is
	FVRF, IVRF string         // front door and inside VRF; "" for the global one
	Policies   []sadb.Policy  // each is a flow of the session, in this order
	Origin     string         // of the flows, as listed; default "crypto map"
	Map        string         // name of the crypto map; "" for none
	Profile    string         // name of the IKEv2 profile; "" for none
	Connect    ike.Connect    // when the session is set up
}

// GroupLog is a choice of groups of clients: all, or those that are named.
type GroupLog struct {
	All   bool
	Names []string // not modified
}

// Has reports whether a group is chosen. "" is none.
func (g GroupLog) Has(name string) bool {
	return name != "" && (g.All || slices.Contains(g.Names, name))
}

// DescriptionKey is what a peer's description belongs to. It has no port: peers behind one NAT share a description.
type DescriptionKey struct {
	Peer netip.Addr
	FVRF string
}

const (
	defaultOrigin   = "crypto map"
	defaultNATTPort = 4500
	ikePort         = 500
)
