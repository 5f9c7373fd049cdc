package interop

import (
	"slices"
	"testing"
)

// strongSwan deletes the Child SA, and then the IKE SA. Each time traffic brings the tunnel back.
func TestPeerDeletes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.peer.Initiate(t, "c")
	s.A.Ping(t, InnerA, InnerB, 2)

	s.peer.Terminate(t, "--child", "c")
	r.WaitStatus(t, "UP-IDLE")
	checkSession(t, r, view{status: "UP-IDLE", flows: []flowView{{packets: 2, sas: -1}}})
	s.A.Ping(t, InnerA, InnerB, 2)
	checkSession(t, r, up(4))

	s.peer.Terminate(t, "--ike", ConnectionName)
	r.WaitStatus(t, "DOWN")
	checkSession(t, r, down(4))
	r.WaitLog(t, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN. Peer "+OuterB)
	r.WaitLog(t, "deleted by peer")
	s.A.Ping(t, InnerA, InnerB, 3)
	checkSession(t, r, up(7))
	s.checkPeer(t, 3)
}

// `clear crypto session` brings the tunnel down at both ends, with and without filters; traffic from either end brings it back.
func TestClear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	n := 0
	for _, filter := range []string{"", " remote " + OuterB, " local " + OuterA, " local " + OuterA + " port 4500 remote " + OuterB + " port 4500"} {
		s.A.Ping(t, InnerA, InnerB, 2)
		n += 2
		checkSession(t, r, up(n))
		for _, other := range []string{" remote 192.0.2.77", " local 192.0.2.77", " remote " + OuterB + " port 1"} {
			r.VTY(t, "clear crypto session"+other)
			checkSession(t, r, up(n))
		}
		if out := r.VTY(t, "clear crypto session"+filter); out != "" {
			t.Errorf("clear crypto session%s printed %q", filter, out)
		}
		r.WaitStatus(t, "DOWN")
		checkSession(t, r, down(n))
		s.peer.WaitGone(t)
	}
	r.WaitLog(t, "cleared by operator")
	s.peer.Initiate(t, "c")
	s.B.Ping(t, InnerB, InnerA, 3)
	checkSession(t, r, up(n+3))
}

// Another key than the peer's: both ends say so, whoever asked, and nothing is up.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	t.Run("strongSwan initiates", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		mark := s.peer.Mark(t)
		r := s.up(t, Connection{Secret: "another-key"}, RouterConf{})
		if out, err := s.peer.TryInitiate("c"); err == nil {
			t.Errorf("strongSwan came up:\n%s", out)
		}
		s.peer.WaitLog(t, mark, "received AUTHENTICATION_FAILED notify error")
		r.WaitLog(t, "authentication failed")
		s.peer.WaitGone(t)
		r.WaitStatus(t, "DOWN")
		checkSession(t, r, down(0))
		r.Stop(t)
	})
	t.Run("we initiate", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		mark := s.peer.Mark(t)
		r := s.up(t, Connection{}, RouterConf{Secret: "another-key"})
		if sent, received, out := s.A.TryPing(t, InnerA, InnerB, 1); received != 0 || sent != 1 {
			t.Errorf("ping was answered:\n%s", out)
		}
		s.peer.WaitLog(t, mark, "MAC mismatched")
		s.peer.WaitLog(t, mark, "N(AUTH_FAILED)")
		r.WaitLog(t, "authentication failed")
		s.peer.WaitGone(t)
		r.WaitStatus(t, "DOWN")
		f := r.Session(t).Flows[0]
		if f.ActiveSAs != 0 || f.Out.Packets != 0 || f.Out.Dropped != 1 || f.In.Packets != 0 {
			t.Errorf("got %+v, want nothing but one packet dropped", f)
		}
		r.Stop(t)
	})
}

// SIGTERM deletes the SAs at the peer, and takes device, routes and rules away.
func TestTerminate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	devices, routes := s.A.Devices(t), s.A.Routes(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.A.Ping(t, InnerA, InnerB, 2)
	checkSession(t, r, up(2))
	if len(s.A.Devices(t)) != len(devices)+1 || s.A.Routes(t) == routes {
		t.Errorf("while it runs: devices %v, routes and rules\n%s", s.A.Devices(t), s.A.Routes(t))
	}
	mark := s.peer.Mark(t)
	r.Stop(t)
	s.peer.WaitGone(t)
	s.peer.WaitLog(t, mark, "received DELETE for IKE_SA")
	if got := s.A.Devices(t); !slices.Equal(got, devices) {
		t.Errorf("devices: got %v, want %v", got, devices)
	}
	if got := s.A.Routes(t); got != routes {
		t.Errorf("routes and rules: got\n%s\nwant\n%s", got, routes)
	}
	if _, err := r.vty("show version"); err == nil {
		t.Error("something still answers commands")
	}
}
