package interop

import (
	"fmt"
	"testing"
	"time"
)

// waitRekeyed waits until strongSwan uses another Child SA than the one before, and gives that.
func (s *site) waitRekeyed(t *testing.T, before PeerChildSA) (after PeerChildSA) {
	t.Helper()
	Eventually(t, "the Child SA is rekeyed", func() (bool, string) {
		sas := s.peer.SAs(t)
		for _, sa := range sas {
			for _, c := range sa.Children {
				if c.State == "INSTALLED" && c.In != before.In && c.Out != before.Out {
					after = c
					return true, ""
				}
			}
		}
		return false, fmt.Sprintf("%+v", sas)
	})
	return after
}

// waitIKERekeyed waits until strongSwan has exactly one IKE SA, and that is another one than before.
func (s *site) waitIKERekeyed(t *testing.T, before PeerSA) (after PeerSA) {
	t.Helper()
	Eventually(t, "the IKE SA is rekeyed", func() (bool, string) {
		sas := s.peer.SAs(t)
		if len(sas) == 1 && sas[0].State == "ESTABLISHED" && sas[0].SPIi != before.SPIi {
			after = sas[0]
			return true, ""
		}
		return false, fmt.Sprintf("%+v", sas)
	})
	return after
}

// strongSwan rekeys the Child SA and the IKE SA, more than once, while a ping goes on. No packet is lost and the counters go on.
func TestPeerRekeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.peer.Initiate(t, "c")
	ping := s.A.StartPing(t, InnerA, InnerB, 20*time.Millisecond)
	for range 3 {
		sa, child := s.peerSA(t)
		s.peer.Rekey(t, "--child", "c")
		s.waitRekeyed(t, child)
		s.peer.Rekey(t, "--ike", ConnectionName)
		s.waitIKERekeyed(t, sa)
		time.Sleep(200 * time.Millisecond) // of traffic under the new keys
		s.waitOneChild(t)
	}
	n := ping.Stop(t)
	r.WaitSession(t, "the old SAs are gone", func(s Session) bool { return s.Flows[0].ActiveSAs == 2 && len(s.IKE) == 1 })
	checkSession(t, r, up(n))
	if _, child := s.peerSA(t); child.PacketsIn == 0 || child.PacketsIn >= n {
		t.Errorf("of %d packets strongSwan took %d on the last Child SA", n, child.PacketsIn)
	}
}

// waitOneChild waits until strongSwan has given up the Child SA that was rekeyed.
func (s *site) waitOneChild(t *testing.T) {
	t.Helper()
	Eventually(t, "one IKE SA with one Child SA", func() (bool, string) {
		sas := s.peer.SAs(t)
		return len(sas) == 1 && len(sas[0].Children) == 1, fmt.Sprintf("%+v", sas)
	})
}

// Our own lifetimes, the shortest that can be configured, make us rekey both while a ping goes on.
func TestWeRekey(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes two minutes, the shortest lifetime")
	}
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{
		Profile: []string{"lifetime 120"},
		Map:     []string{"set security-association lifetime seconds 120"},
	})
	before := time.Now()
	s.A.Ping(t, InnerA, InnerB, 1)
	sa, child := s.peerSA(t)
	mark := s.peer.Mark(t)
	ping := s.A.StartPing(t, InnerA, InnerB, 50*time.Millisecond)
	time.Sleep(time.Until(before.Add(95 * time.Second))) // nothing before 84 % of the time, which are 100 s
	if now, c := s.peerSA(t); now.SPIi != sa.SPIi || c.In != child.In {
		t.Errorf("rekeyed early: %+v", now)
	}
	s.waitRekeyed(t, child)
	s.waitIKERekeyed(t, sa)
	time.Sleep(time.Second)
	s.waitOneChild(t)
	n := 1 + ping.Stop(t)
	s.peer.WaitLog(t, mark, "parsed CREATE_CHILD_SA request")
	if after := s.waitIKERekeyed(t, sa); after.Initiator {
		t.Error("the IKE SA was rekeyed by strongSwan")
	}
	r.WaitSession(t, "the old SAs are gone", func(s Session) bool { return s.Flows[0].ActiveSAs == 2 && len(s.IKE) == 1 })
	checkSession(t, r, up(n))
}

// The volume limit, the lowest that can be configured, makes us rekey the Child SA while packets go on.
func TestWeRekeyByVolume(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{Map: []string{"set security-association lifetime kilobytes 2560"}})
	s.A.Ping(t, InnerA, InnerB, 1)
	_, before := s.peerSA(t)
	const packets, octets = 4000, 1200 // 4.8 MB
	out := run(t, s.A.command("ping", "-q", "-n", "-I", InnerA, "-c", fmt.Sprint(packets), "-s", fmt.Sprint(octets-28), "-i", "0.001", "-W", "5", InnerB))
	if sent, received := pingCounts(t, out); sent != packets || received != packets {
		t.Errorf("got %d answers to %d requests", received, sent)
	}
	s.waitRekeyed(t, before)
	r.WaitSession(t, "the old SA is gone", func(s Session) bool { return s.Flows[0].ActiveSAs == 2 })
	checkSession(t, r, up(packets+1))
	if f := r.Session(t).Flows[0]; f.Out.Kilobytes > 2560 || f.In.Kilobytes > 2560 {
		t.Errorf("life is more than what is configured: %+v", f)
	}
}

// strongSwan's address changes while a ping goes on, and it says so by MOBIKE (RFC 4555).
func TestPeerMoves(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{Local: "%any", LocalID: OuterB}, RouterConf{})
	s.peer.Initiate(t, "c")
	s.A.Ping(t, InnerA, InnerB, 3)
	const moved = "192.0.2.77"
	run(t, s.B.command("ip", "address", "add", moved+"/25", "dev", DeviceB))
	run(t, s.B.command("ip", "address", "del", OuterB+"/24", "dev", DeviceB))
	r.WaitLog(t, "IKE SA moved to another path")
	Eventually(t, "packets get through again", func() (bool, string) {
		sent, received, out := s.A.TryPing(t, InnerA, InnerB, 3)
		return sent == received, out
	})
	if got := r.Session(t); got.Status != "UP-ACTIVE" || len(got.IKE) != 1 || got.IKE[0].Remote != moved+"/4500" {
		t.Errorf("got %+v, want the session at %s", got, moved)
	}
}
