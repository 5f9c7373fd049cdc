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
	Version     int    // of IKE
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
