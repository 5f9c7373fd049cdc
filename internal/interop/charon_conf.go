package interop

import (
	"fmt"
	"strings"
)

// PSK is the pre-shared key of the bench.
const PSK = "a-test-key"

// ConnectionName names the connection that Connection.Name leaves out; its children are c, c1, c2, ...
const ConnectionName = "site"

// Connection is a connection of strongSwan's swanctl.conf. The zero value is the one of the bench: B to A over IPv4, one child
// between the inner IPv4 addresses.
type Connection struct {
	Name          string // default: ConnectionName
	Local, Remote string // outer addresses; default: B and A
	LocalID       string // default: Local
	RemoteID      string // default: Remote
	Proposals     string // for the IKE SA; default: aes128gcm16-prfsha256-x25519
	Secret        string // default: PSK
	PPK           string // postquantum preshared key, by the name "quantum"; default: none
	Settings      string // further lines of the connection
	Children      []PeerChild
}

// PeerChild is a child of a Connection. The zero value is the one between the inner IPv4 addresses.
type PeerChild struct {
	LocalTS, RemoteTS string // default: the inner addresses of B and A
	Proposals         string // for ESP; default: aes128gcm16
	Settings          string // further lines of the child
}

// or is s, or where that is empty the default.
func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// swanctlConf is the text of swanctl.conf.
func swanctlConf(connections []Connection) string {
	var conns, secrets strings.Builder
	for i, c := range connections {
		local, remote := or(c.Local, OuterB), or(c.Remote, OuterA)
		localID, remoteID := or(c.LocalID, local), or(c.RemoteID, remote)
		fmt.Fprintf(&conns, "  %s {\n    version = 2\n    local_addrs = %s\n    remote_addrs = %s\n    proposals = %s\n    encap = yes\n%s",
			or(c.Name, ConnectionName), local, remote, or(c.Proposals, "aes128gcm16-prfsha256-x25519"), indent(c.Settings, "    "))
		fmt.Fprintf(&conns, "    local {\n      auth = psk\n      id = %s\n    }\n    remote {\n      auth = psk\n      id = %s\n    }\n    children {\n", localID, remoteID)
		children := c.Children
		if len(children) == 0 {
			children = []PeerChild{{}}
		}
		for j, child := range children {
			fmt.Fprintf(&conns, "      %s {\n        local_ts = %s\n        remote_ts = %s\n        esp_proposals = %s\n%s      }\n",
				ChildName(j), or(child.LocalTS, InnerB+"/32"), or(child.RemoteTS, InnerA+"/32"), or(child.Proposals, "aes128gcm16"), indent(child.Settings, "        "))
		}
		conns.WriteString("    }\n  }\n")
		fmt.Fprintf(&secrets, "  ike-%d {\n    id-1 = %s\n    id-2 = %s\n    secret = \"%s\"\n  }\n", i+1, localID, remoteID, or(c.Secret, PSK))
		if c.PPK != "" {
			fmt.Fprintf(&secrets, "  ppk-%d {\n    id = quantum\n    secret = \"%s\"\n  }\n", i+1, c.PPK)
		}
	}
	return "connections {\n" + conns.String() + "}\nsecrets {\n" + secrets.String() + "}\n"
}

// ChildName is the name of a connection's child by its place: c, c1, c2, ...
func ChildName(i int) string {
	if i == 0 {
		return "c"
	}
	return fmt.Sprintf("c%d", i)
}

// indent puts blanks in front of each line and ends the last one.
func indent(s, blanks string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(blanks + strings.TrimSpace(line) + "\n")
	}
	return b.String()
}
