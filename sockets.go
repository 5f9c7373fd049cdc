package seikan

import (
	"net/netip"

	"seikan/internal/udp"
	"seikan/sadb"
)

// outlet is the sending side of one socket, as one goroutine holds it.
type outlet struct {
	local  netip.AddrPort
	vrf    string
	natt   bool
	writer udp.Writer
}

// outlets are all the sockets, one of each group. There are few: they are searched from the front.
type outlets []outlet

// newOutlets takes of each group of sockets the one for a lane, so that lanes do not meet there.
func newOutlets(sockets []Socket, lane int) outlets {
	var os outlets
	for _, s := range sockets {
		os = append(os, outlet{local: s.Conn.LocalAddr(), vrf: s.VRF, natt: s.NATT, writer: s.of(lane).NewWriter()})
	}
	return os
}

// of is the socket of the group that a lane takes.
func (s Socket) of(lane int) udp.Conn {
	if i := lane % (1 + len(s.More)); i > 0 {
		return s.More[i-1]
	}
	return s.Conn
}

// host is the address of the socket in its VRF.
func (s Socket) host() sadb.Host { return sadb.Host{Addr: s.Conn.LocalAddr().Addr(), VRF: s.VRF} }

// inVRF is how errors name a VRF behind an address.
func inVRF(name string) string {
	if name == "" {
		return ""
	}
	return " in VRF " + name
}

// prompt makes all of them give up what they would have to wait for.
func (os outlets) prompt() outlets {
	for i := range os {
		os[i].writer = udp.Prompt(os[i].writer)
	}
	return os
}

// find is the outlet at the near end of a path. Nil for none.
func (os outlets) find(p *sadb.Path) *outlet {
	for i := range os {
		if os[i].local == p.Local && os[i].vrf == p.VRF {
			return &os[i]
		}
	}
	return nil
}

// maxDatagram is the most octets of UDP over IPv4.
const maxDatagram = 65535 - 20 - 8
