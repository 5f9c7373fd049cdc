package ike

import (
	"encoding/hex"
	"net/netip"
	"strings"

	"seikan/ike/wire"
)

// AddrIdentity is the identity of an address: ID_IPV4_ADDR or ID_IPV6_ADDR.
func AddrIdentity(a netip.Addr) Identity {
	a = a.Unmap()
	if a.Is4() {
		return Identity{wire.ID_IPV4_ADDR, string(a.AsSlice())}
	}
	return Identity{wire.ID_IPV6_ADDR, string(a.AsSlice())}
}

// IsZero reports whether i names nobody.
func (i Identity) IsZero() bool { return i == Identity{} }

// Addr is the address of an address identity, the zero Addr for the other kinds.
func (i Identity) Addr() netip.Addr {
	a, ok := netip.AddrFromSlice([]byte(i.Data))
	if !ok || (i.Kind == wire.ID_IPV4_ADDR) != a.Is4() || (i.Kind == wire.ID_IPV6_ADDR) != a.Is6() {
		return netip.Addr{}
	}
	return a
}

// String is the identity as an operator writes it: an address, a name, or octets in hexadecimal where they are not
// printable text. "" for the zero Identity.
func (i Identity) String() string {
	if a := i.Addr(); a.IsValid() {
		return a.String()
	}
	for _, c := range []byte(i.Data) {
		if c < 0x20 || c > 0x7e {
			return "0x" + hex.EncodeToString([]byte(i.Data))
		}
	}
	return i.Data
}

// KeyID is a key ID (ID_KEY_ID) as String writes it, "" for the other kinds. Clients of a gateway name their group by it.
func (i Identity) KeyID() string {
	if i.Kind != wire.ID_KEY_ID {
		return ""
	}
	return i.String()
}

// maxIdentity is the longest identity that is taken from a peer, in octets. A distinguished name fits.
const maxIdentity = 1024

// identityOf reads an ID payload (RFC 7296 §3.5).
func identityOf(p *wire.ID) (Identity, bool) {
	id := Identity{p.Kind, string(p.Data)}
	switch p.Kind {
	case wire.ID_IPV4_ADDR, wire.ID_IPV6_ADDR:
		return id, id.Addr().IsValid()
	default:
		return id, len(p.Data) > 0 && len(p.Data) <= maxIdentity
	}
}

func (i Identity) payload(initiator bool) *wire.ID {
	return &wire.ID{Initiator: initiator, Kind: i.Kind, Data: []byte(i.Data)}
}

// Matches reports whether the peer identity id fits the pattern.
func (m Match) Matches(id Identity) bool {
	switch {
	case m.Kind != id.Kind:
		return false
	case m.Prefix.IsValid():
		a := id.Addr()
		return a.IsValid() && m.Prefix.Contains(a)
	case m.Kind == wire.ID_FQDN || m.Kind == wire.ID_RFC822_ADDR:
		if m.Domain {
			return inDomain(id.Data, m.Data)
		}
		return strings.EqualFold(id.Data, m.Data)
	default:
		return id.Data == m.Data
	}
}

// inDomain reports whether name is below the domain, or an address in it.
func inDomain(name, domain string) bool {
	n := len(name) - len(domain)
	return n > 1 && (name[n-1] == '.' || name[n-1] == '@') && strings.EqualFold(name[n:], domain)
}
