package interop

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// strongSwan is behind a NAT that forgets its mapping and gives another port the next time: the router follows, with MOBIKE because
// strongSwan says so, and without because its messages come from there.
func TestPeerBehindNAT(t *testing.T) {
	t.Parallel()
	for _, mobike := range []string{"yes", "no"} {
		t.Run("mobike "+mobike, func(t *testing.T) {
			s, nat := newNATSite(t, "B")
			c := Connection{Local: OuterBehind, LocalID: NATInsideA, Settings: "mobike = " + mobike + "\ndpd_delay = 5s"}
			r := s.up(t, c, RouterConf{Peer: NATInsideA})
			s.peer.Initiate(t, "c")
			s.B.Ping(t, InnerB, InnerA, 3)
			before := r.Session(t)
			if before.Peer != NATInsideA || before.Port == 4500 {
				t.Errorf("got peer %s port %d, want the NAT's address and port", before.Peer, before.Port)
			}
			mark := s.peer.Mark(t)
			if mobike == "yes" { // its first liveness check tells strongSwan what its mapping is
				s.peer.WaitLog(t, mark, "[ N(NATD_S_IP) N(NATD_D_IP) ]")
			}
			nat.Forget(t, func() { s.B.Ping(t, InnerB, InnerA, 1) })
			r.WaitSession(t, "the router follows to a new port", func(s Session) bool { return s.Port != before.Port })
			Eventually(t, "packets get through from the router's side", func() (bool, string) {
				sent, received, out := s.A.TryPing(t, InnerA, InnerB, 3)
				return sent == received, out
			})
			if after := r.Session(t); after.Status != "UP-ACTIVE" || len(after.IKE) != 1 || after.Flows[0].ActiveSAs != 2 {
				t.Errorf("got %+v", after)
			}
		})
	}
}

// The router is behind the NAT: it keeps the mapping open, and what comes back finds it.
func TestRouterBehindNAT(t *testing.T) {
	t.Parallel()
	s, nat := newNATSite(t, "A")
	r := s.up(t, Connection{Local: OuterBehind, LocalID: OuterBehind, Remote: "%any", RemoteID: OuterA}, RouterConf{Peer: OuterBehind, Profile: []string{"dpd 10 2 periodic"}})
	s.A.Ping(t, InnerA, InnerB, 3)
	mark := s.peer.Mark(t)
	nat.Forget(t, func() { s.A.Ping(t, InnerA, InnerB, 1) }) // the next liveness check finds another mapping
	s.peer.WaitLog(t, mark, "N(UPD_SA_ADDR)")
	Eventually(t, "packets get through from strongSwan's side", func() (bool, string) {
		sent, received, out := s.B.TryPing(t, InnerB, InnerA, 3)
		return sent == received, out
	})
	if got := r.Session(t); got.Status != "UP-ACTIVE" || got.Flows[0].ActiveSAs < 2 {
		t.Errorf("got %+v", got)
	}
}

// Both ends are behind a NAT, and B's lets IKE in: the tunnel comes up, and follows when the mapping changes.
func TestBothBehindNAT(t *testing.T) {
	t.Parallel()
	s, nat := newNATSite(t, "both")
	r := s.up(t, Connection{Local: OuterBehind, LocalID: NATInsideA, Remote: "%any", RemoteID: OuterA}, RouterConf{Peer: NATInsideA, Profile: []string{"dpd 10 2 periodic"}})
	s.A.Ping(t, InnerA, InnerB, 3)
	sa, _ := s.peerSA(t)
	mark := s.peer.Mark(t)
	nat.Forget(t, func() { s.A.Ping(t, InnerA, InnerB, 1) })
	s.peer.WaitLog(t, mark, "N(UPD_SA_ADDR)")
	Eventually(t, "packets get through from strongSwan's side", func() (bool, string) {
		sent, received, out := s.B.TryPing(t, InnerB, InnerA, 3)
		return sent == received, out
	})
	// strongSwan's ESP in user space cannot move an SA, and rekeys it instead.
	if now := s.peer.SAs(t); len(now) != 1 || now[0].SPIi != sa.SPIi {
		t.Errorf("other IKE SAs: %+v, was %+v", now, sa)
	}
	r.WaitSession(t, "one pair of SAs is left", func(s Session) bool { return s.Status == "UP-ACTIVE" && s.Flows[0].ActiveSAs == 2 })
}

// Neither end uses the ports that everyone uses.
func TestOtherPorts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.peer.Kill(t)
	s.peer = StartCharon(t, s.Lab, s.B, "port = 5600\nport_nat_t = 5601\n")
	// Where neither port is 500, strongSwan expects the non-ESP marker: bare IKE on other ports does not reach it.
	r := s.up(t, Connection{Settings: "local_port = 5601\nremote_port = 5501"}, RouterConf{
		Global: []string{"crypto ikev2 port 5500 nat-t 5501"}, Map: []string{"set peer-port nat-t 5601"},
	})
	s.peer.Initiate(t, "c")
	s.B.Ping(t, InnerB, InnerA, 3)
	check := func() {
		t.Helper()
		got := r.Session(t)
		if got.Status != "UP-ACTIVE" || got.Port != 5601 || len(got.IKE) != 1 || got.IKE[0].Local != OuterA+"/5501" || got.IKE[0].Remote != OuterB+"/5601" || got.IKE[0].Capabilities != "N" {
			t.Errorf("got %+v, want a session between ports 5501 and 5601", got)
		}
	}
	check()
	r.VTY(t, "clear crypto session")
	s.peer.WaitGone(t)
	s.A.Ping(t, InnerA, InnerB, 3)
	check()
}

// strongSwan is killed and knows nothing when it comes back: the router finds out, says why, and the next packet brings up a new session.
func TestPeerDies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{Profile: []string{"dpd 10 2 periodic"}})
	s.A.Ping(t, InnerA, InnerB, 3)
	s.peer.Kill(t)
	time.Sleep(10 * time.Second) // of silence, before it is asked
	r.WaitLog(t, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN. Peer "+OuterB)
	r.WaitLog(t, "peer does not answer")
	r.WaitStatus(t, "DOWN")
	s.peer = StartCharon(t, s.Lab, s.B, "")
	s.peer.Load(t, Connection{})
	Eventually(t, "the session comes up again", func() (bool, string) {
		sent, received, out := s.A.TryPing(t, InnerA, InnerB, 3)
		return sent == received, out
	})
	r.WaitStatus(t, "UP-ACTIVE")
}

// Both ends rekey the Child SA and the IKE SA every few seconds, at the same moment, while 500 packets a second go through: none is lost, and one
// session with one pair of SAs is left.
func TestRekeyStorm(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	s := newSite(t)
	// Some of the router's rekeys come of the volume, which is used up in five seconds.
	r := s.up(t, Connection{}, RouterConf{Map: []string{"set security-association lifetime kilobytes 2560"}})
	s.peer.Initiate(t, "c")
	ping := s.A.StartPing(t, InnerA, InnerB, 2*time.Millisecond, "-s", "1000")
	refused := 0
	for i := range 30 {
		time.Sleep(4 * time.Second)
		var both sync.WaitGroup
		both.Go(func() {
			r.VTY(t, "rekey crypto ipsec")
			if i%2 == 0 {
				r.VTY(t, "rekey crypto ikev2")
			}
		})
		// While an SA of its is being replaced, strongSwan may have none to rekey.
		for j, args := range [][]string{{"--child", "c"}, {"--ike", ConnectionName}} {
			if j == 1 && i%2 == 1 {
				continue
			}
			if out, err := s.peer.TryRekey(args...); err != nil {
				t.Logf("strongSwan does not rekey: %s", out)
				refused++
			}
		}
		both.Wait()
	}
	n := ping.Stop(t)
	if refused > 9 {
		t.Errorf("strongSwan began only %d of 45 rekeys", 45-refused)
	}
	r.WaitSession(t, "one pair of SAs is left", func(s Session) bool { return len(s.IKE) == 1 && s.Flows[0].ActiveSAs == 2 })
	f := r.waitCounted(t, flowView{packets: uint64(n)}).Flows[0]
	if f.In.Packets != uint64(n) || f.Out.Packets != uint64(n) || f.In.Dropped != 0 || f.Out.Dropped != 0 {
		t.Errorf("got %+v, want %d packets each way and no drop", f, n)
	}
	log := r.Log(t)
	t.Logf("%d packets each way, %d Child SAs, %d IKE SAs", n, strings.Count(log, "child SA up"), strings.Count(log, "IKE SA up"))
}
