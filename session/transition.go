package session

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"seikan/ike"
)

// Transition is a session going up or down. A session goes up when its first Child SA is installed, and down when the last
// of its SAs, of either kind, is gone; IKE SAs that were never authenticated do not count.
type Transition struct {
	Up          bool
	Interface   string
	Peer        netip.AddrPort
	FVRF, IVRF  string // "" for the global one
	Description string // "" for none
	ID          string // that the peer proved; "" when not known
	Group       string // of clients that the peer is of; "" for none
	Local       netip.Addr
	Version     int // of IKE
	Reason      ike.Reason
	Detail      string        // with Reason: why it went down, in plain words
	Duration    time.Duration // how long it was up; 0 when it goes up
}

// Message is the line for the system log. What is not there is left out: VRFs, description, identity.
func (tr Transition) Message() string {
	var b strings.Builder
	word := "DOWN"
	if tr.Up {
		word = "UP"
	}
	fmt.Fprintf(&b, "%%CRYPTO-5-SESSION_STATUS: Crypto tunnel is %s. Peer %s:%d", word, addrText(tr.Peer.Addr()), tr.Peer.Port())
	for _, f := range [...]struct{ label, value string }{
		{" fvrf=", tr.FVRF}, {" ivrf=", tr.IVRF}, {" Description: ", tr.Description}, {" Id: ", identityText(tr.ID)},
	} {
		if f.value != "" {
			b.WriteString(f.label + f.value)
		}
	}
	return b.String()
}

// GroupMessage is the line of a gateway about a client of a group. There are no users, and no addresses that are assigned.
func (tr Transition) GroupMessage() string {
	word := "DOWN"
	if tr.Up {
		word = "UP"
	}
	return fmt.Sprintf("%%CRYPTO-6-EZVPN_CONNECTION_%s: (Server)  User=  Group=%s  Client_public_addr=%s  Server_public_addr=%s",
		word, tr.Group, addrText(tr.Peer.Addr()), addrText(tr.Local))
}
