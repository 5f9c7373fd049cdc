package session

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"seikan/sadb"
)

// Debug is what an operator has the router tell of as it happens. The zero value is nothing.
type Debug struct {
	IKEv2 DebugIKE
	IPsec bool
	DebugConditions
}

// DebugConditions are what is told of: where there are some of a sort, only what one of them fits. The lists are not modified.
type DebugConditions struct {
	Peers []netip.Addr `json:"peers,omitempty"` // outer addresses
	FVRFs []string     `json:"fvrfs,omitempty"` // front VRFs
	IVRFs []string     `json:"ivrfs,omitempty"` // inside VRFs
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

// MaxDebugConditions is how many conditions there may be of each sort.
const MaxDebugConditions = 32

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

// Any reports whether there is a condition.
func (c DebugConditions) Any() bool { return len(c.Peers)+len(c.FVRFs)+len(c.IVRFs) > 0 }

// Wants reports whether a peer is one of those that are told of, as far as its outer address says.
func (c DebugConditions) Wants(peer sadb.Host) bool {
	return (len(c.Peers) == 0 || slices.Contains(c.Peers, peer.Addr.Unmap().WithZone(""))) && (len(c.FVRFs) == 0 || slices.Contains(c.FVRFs, peer.VRF))
}

// WantsInside is the same of an inside VRF; one that is not known fits no condition.
func (c DebugConditions) WantsInside(vrf string, known bool) bool {
	return len(c.IVRFs) == 0 || known && slices.Contains(c.IVRFs, vrf)
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
	if d.On() && d.Any() {
		b.WriteString("Crypto conditional debugging is on\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// RenderJSON writes the same for programs. Its error is w's.
func (d Debug) RenderJSON(w io.Writer) error {
	return writeObject(w, struct {
		IKEv2 []string `json:"ikev2,omitempty"`
		IPsec bool     `json:"ipsec,omitempty"`
		DebugConditions
	}{d.IKEv2.Words(), d.IPsec, d.DebugConditions})
}

func writeObject(w io.Writer, object any) error {
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return fmt.Errorf("session: json: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// Render writes `show crypto debug-condition`. Its error is w's.
func (c DebugConditions) Render(w io.Writer) error {
	if !c.Any() {
		_, err := io.WriteString(w, "Crypto conditional debug currently is turned OFF\n")
		return err
	}
	b := []byte("Crypto conditional debug currently is turned ON\nIKE debug context unmatched flag: OFF\nIPsec debug context unmatched flag: OFF\n")
	var peers []string
	for _, p := range c.Peers {
		peers = append(peers, addrText(p))
	}
	for _, list := range []struct {
		title  string
		values []string
	}{{"IKE peer IP address filters", peers}, {"FVRF filters", c.FVRFs}, {"IVRF filters", c.IVRFs}} {
		if len(list.values) > 0 {
			b = fmt.Appendf(b, "\n%s:\n%s\n", list.title, strings.Join(list.values, "\n"))
		}
	}
	return write(w, b)
}

// RenderJSON writes the same for programs. Its error is w's.
func (c DebugConditions) RenderJSON(w io.Writer) error { return writeObject(w, c) }
