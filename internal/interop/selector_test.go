package interop

import "testing"

// One Child SA for several addresses at both ends: strongSwan names them one by one, in the range of our access list.
func TestSeveralSelectors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const moreA, moreB = "10.10.11.1", "10.30.31.1"
	s.A.AddAddress(t, moreA+"/32")
	s.B.AddAddress(t, moreB+"/32")
	c := Connection{Children: []PeerChild{{LocalTS: InnerB + "/32," + moreB + "/32", RemoteTS: InnerA + "/32," + moreA + "/32"}}}
	r := s.up(t, c, RouterConf{ACL: []string{"permit ip 10.10.10.0 0.0.1.255 10.30.30.0 0.0.1.255"}})
	s.peer.Initiate(t, "c")
	n := 0
	for _, a := range []string{InnerA, moreA} {
		for _, b := range []string{InnerB, moreB} {
			s.A.Ping(t, a, b, 2)
			s.B.Ping(t, b, a, 1)
			n += 3
		}
	}
	checkSession(t, r, view{flows: []flowView{{permit: "permit ip 10.10.10.0/255.255.254.0 10.30.30.0/255.255.254.0", packets: uint64(n)}}})
	s.checkPeer(t, n)
	if _, child := s.peerSA(t); child.Local != InnerB+"/32 "+moreB+"/32" || child.Remote != InnerA+"/32 "+moreA+"/32" {
		t.Errorf("strongSwan protects %q - %q", child.Local, child.Remote)
	}
}

// Several lines of the access list are several Child SAs of one IKE SA, each with counters of its own. Either end adds to what the
// other began.
func TestSeveralFlows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const moreA, moreB = "10.10.11.1", "10.30.31.1"
	s.A.AddAddress(t, moreA+"/32")
	s.B.AddAddress(t, moreB+"/32")
	c := Connection{Children: []PeerChild{{}, {LocalTS: moreB + "/32", RemoteTS: moreA + "/32"}, {LocalTS: moreB + "/32", RemoteTS: InnerA + "/32"}}}
	r := s.up(t, c, RouterConf{ACL: []string{
		"permit ip host " + InnerA + " host " + InnerB,
		"permit ip host " + moreA + " host " + moreB,
		"permit ip host " + InnerA + " host " + moreB,
	}})
	want := view{flows: []flowView{
		{sas: -1},
		{permit: "permit ip host " + moreA + " host " + moreB, sas: -1},
		{permit: "permit ip host " + InnerA + " host " + moreB, sas: -1},
	}}
	s.peer.Initiate(t, "c")
	want.flows[0].sas = 2
	checkSession(t, r, want)
	s.A.Ping(t, moreA, moreB, 2) // asks for the second one
	want.flows[1].sas, want.flows[1].packets = 2, 2
	checkSession(t, r, want)
	s.peer.Initiate(t, "c2")
	s.B.Ping(t, moreB, InnerA, 3)
	want.flows[2].sas, want.flows[2].packets = 2, 3
	checkSession(t, r, want)
	s.A.Ping(t, InnerA, InnerB, 4)
	want.flows[0].packets = 4
	checkSession(t, r, want)
	if sas := s.peer.SAs(t); len(sas) != 1 || len(sas[0].Children) != 3 {
		t.Errorf("strongSwan has %+v, want one IKE SA with three children", sas)
	}
	r.VTY(t, "clear crypto session")
	s.peer.WaitGone(t)
}
