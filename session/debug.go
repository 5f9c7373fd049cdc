package session

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// Debug is what an operator has the router tell of as it happens. The zero value is nothing. Its Peers are not modified.
type Debug struct {
	IKEv2 DebugIKE
	IPsec bool
	Peers []netip.Addr // the conditions: only of these; none: of all
}

// DebugIKE is what of IKE is told of.
type DebugIKE uint8

// Parts of IKE.
const (
	DebugPackets  DebugIKE = 1 << iota // messages
	DebugInternal                      // what becomes of SAs
	DebugErrors                        // what is refused, dropped or fails
	DebugDefault                       // all of these

	debugAll = DebugPackets | DebugInternal | DebugErrors | DebugDefault
)

// MaxDebugPeers is how many conditions there may be.
const MaxDebugPeers = 32

var debugIKEWords = [...]struct {
	part DebugIKE
	word string
}{{DebugDefault, "default"}, {DebugPackets, "packet"}, {DebugInternal, "internal"}, {DebugErrors, "error"}}

// Words is the parts as the command line has them.
func (d DebugIKE) Words() (words []string) {
	for _, w := range debugIKEWords {
		if d&w.part != 0 {
			words = append(words, w.word)
		}
	}
	return words
}

// Has reports whether a part is told of.
func (d DebugIKE) Has(part DebugIKE) bool { return d&(part|DebugDefault) != 0 }

// On reports whether anything is told of.
func (d Debug) On() bool { return d.IKEv2 != 0 || d.IPsec }

// Wants reports whether a peer is one of those that are told of.
func (d Debug) Wants(peer netip.Addr) bool {
	return len(d.Peers) == 0 || slices.Contains(d.Peers, peer.Unmap().WithZone(""))
}

// Render writes `show debugging`. Its error is w's.
func (d Debug) Render(w io.Writer) error {
	var b strings.Builder
	if d.IKEv2 != 0 {
		b.WriteString("IKEV2:\n")
		for _, word := range d.IKEv2.Words() {
			fmt.Fprintf(&b, "  IKEv2 %s debugging is on\n", word)
		}
		b.WriteString("\n")
	}
	if d.IPsec {
		b.WriteString("Cryptographic Subsystem:\n  Crypto IPSEC debugging is on\n\n")
	}
	if d.On() && len(d.Peers) > 0 {
		b.WriteString("Crypto conditional debugging is on\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// RenderJSON writes the same for programs. Its error is w's.
func (d Debug) RenderJSON(w io.Writer) error {
	object := struct {
		IKEv2 []string     `json:"ikev2,omitempty"`
		IPsec bool         `json:"ipsec,omitempty"`
		Peers []netip.Addr `json:"peers,omitempty"`
	}{d.IKEv2.Words(), d.IPsec, d.Peers}
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return fmt.Errorf("session: json: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// RenderConditions writes `show crypto debug-condition`. Its error is w's.
func (d Debug) RenderConditions(w io.Writer) error {
	var b strings.Builder
	state := "OFF"
	if len(d.Peers) > 0 {
		state = "ON"
	}
	fmt.Fprintf(&b, "Crypto conditional debug currently is turned %s\n", state)
	if len(d.Peers) > 0 {
		fmt.Fprintf(&b, "IKE debug context unmatched flag: OFF\nIPsec debug context unmatched flag: OFF\n\nIKE peer IP address filters:\n")
		for _, p := range d.Peers {
			fmt.Fprintf(&b, "%s\n", addrText(p))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
