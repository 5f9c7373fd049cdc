package interop

import "testing"

// IPv6 packets in a tunnel between IPv4 addresses, asked for by either end.
func TestIPv6Inside(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := Connection{Children: []PeerChild{{LocalTS: Inner6B + "/128", RemoteTS: Inner6A + "/128"}}}
	r := s.up(t, c, RouterConf{IPv6: true, ACL: []string{"permit ipv6 host " + Inner6A + " host " + Inner6B}})
	s.peer.Initiate(t, "c")
	s.B.Ping(t, Inner6B, Inner6A, 3)
	checkSession(t, r, view{flows: []flowView{{permit: permit6, packets: 3}}})
	s.checkPeer(t, 3)
	r.VTY(t, "clear crypto session")
	s.peer.WaitGone(t)
	s.A.Ping(t, Inner6A, Inner6B, 4)
	checkSession(t, r, view{flows: []flowView{{permit: permit6, packets: 7}}})
	s.checkPeer(t, 4)
	s.A.TransferTCP(t, s.B, Inner6A, Inner6B, false)
	s.A.TransferTCP(t, s.B, Inner6A, Inner6B, true)
}

// A tunnel between IPv6 addresses, for packets of either family.
func TestIPv6Outside(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const local, peer = "2001:DB8::1", "2001:DB8::2"
	t.Run("IPv4 inside", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		r := s.up(t, Connection{Local: Outer6B, Remote: Outer6A}, RouterConf{Peer: Outer6B})
		s.peer.Initiate(t, "c")
		s.B.Ping(t, InnerB, InnerA, 2)
		r.VTY(t, "clear crypto session")
		s.peer.WaitGone(t)
		s.A.Ping(t, InnerA, InnerB, 3)
		checkSession(t, r, view{local: local, peer: peer, flows: []flowView{{packets: 5}}})
		s.checkPeer(t, 3)
		s.A.TransferTCP(t, s.B, InnerA, InnerB, false)
		r.Stop(t)
		s.peer.WaitGone(t)
	})
	t.Run("IPv6 inside", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		c := Connection{Local: Outer6B, Remote: Outer6A, Children: []PeerChild{{LocalTS: Inner6B + "/128", RemoteTS: Inner6A + "/128"}}}
		r := s.up(t, c, RouterConf{Peer: Outer6B, IPv6: true, ACL: []string{"permit ipv6 host " + Inner6A + " host " + Inner6B}})
		s.peer.Initiate(t, "c")
		s.B.Ping(t, Inner6B, Inner6A, 2)
		r.VTY(t, "clear crypto session")
		s.peer.WaitGone(t)
		s.A.Ping(t, Inner6A, Inner6B, 3)
		checkSession(t, r, view{local: local, peer: peer, flows: []flowView{{permit: permit6, packets: 5}}})
		s.checkPeer(t, 3)
		s.A.TransferTCP(t, s.B, Inner6A, Inner6B, true)
		r.Stop(t)
		s.peer.WaitGone(t)
	})
}
