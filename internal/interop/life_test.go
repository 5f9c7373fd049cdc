package interop

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
)

// A session that is to be up always needs no traffic: it comes up at the start, after it was cleared at either end, and after the peer has
// died and come back.
func TestConnectAlways(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{Profile: []string{"dpd 10 2 periodic"}, Map: []string{"set connect always"}})
	r.WaitStatus(t, "UP-ACTIVE")
	first, _ := s.peerSA(t)
	r.VTY(t, "clear crypto session")
	s.waitOther(t, first)
	first, _ = s.peerSA(t)
	s.peer.Terminate(t, "--ike", ConnectionName)
	s.waitOther(t, first)
	s.A.Ping(t, InnerA, InnerB, 3)

	s.peer.Kill(t)
	time.Sleep(10 * time.Second) // of silence, before it is asked
	r.WaitStatus(t, "DOWN-NEGOTIATING")
	r.WaitLog(t, "peer does not answer")
	s.peer = StartCharon(t, s.Lab, s.B, "")
	s.peer.Load(t, Connection{})
	r.WaitStatus(t, "UP-ACTIVE")
	s.B.Ping(t, InnerB, InnerA, 3)
}

// waitOther waits until strongSwan has one IKE SA that is up, and that is another one.
func (s *site) waitOther(t *testing.T, than PeerSA) {
	t.Helper()
	Eventually(t, "another IKE SA is up", func() (bool, string) {
		sas := s.peer.SAs(t)
		return len(sas) == 1 && sas[0].SPIi != than.SPIi && sas[0].State == "ESTABLISHED" && len(sas[0].Children) == 1, fmt.Sprintf("%+v", sas)
	})
}

// Either end authenticates the IKE SA anew, make before break, while 500 packets a second go through: none is lost, and one session with
// one pair of SAs is left.
func TestReauthentication(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		c      Connection
		conf   RouterConf
		charon string
	}{
		{"ours", Connection{}, RouterConf{Profile: []string{"reauthentication 60"}}, ""},
		{"strongSwan's", Connection{Settings: "reauth_time = 30s\nrand_time = 0s\nover_time = 60s"}, RouterConf{}, "make_before_break = yes\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if tt.charon != "" {
				s.peer.Kill(t)
				s.peer = StartCharon(t, s.Lab, s.B, tt.charon)
			}
			r := s.up(t, tt.c, tt.conf)
			if tt.charon == "" {
				s.A.Ping(t, InnerA, InnerB, 1)
			} else {
				s.peer.Initiate(t, "c")
			}
			first, _ := s.peerSA(t)
			ping := s.A.StartPing(t, InnerA, InnerB, 2*time.Millisecond)
			time.Sleep(50 * time.Second) // the router begins when 50 to 54 seconds are over, and keeps the old one for ten
			Eventually(t, "authenticated anew", func() (bool, string) {
				sas := s.peer.SAs(t)
				return len(sas) == 1 && sas[0].SPIi != first.SPIi, fmt.Sprintf("%+v", sas)
			})
			ping.Stop(t)
			r.WaitSession(t, "one pair of SAs is left", func(s Session) bool { return len(s.IKE) == 1 && s.Flows[0].ActiveSAs == 2 })
			if f := r.Session(t).Flows[0]; f.In.Dropped != 0 || f.Out.Dropped != 0 {
				t.Errorf("drops: %+v", f)
			}
			if n := strings.Count(r.Log(t), "Crypto tunnel is"); n != 1 {
				t.Errorf("the session went up or down %d times, want once:\n%s", n, r.Log(t))
			}
		})
	}
}

// An IKE SA comes up without a Child SA, from either end (RFC 6023).
func TestChildless(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mark := s.peer.Mark(t)
	r := s.up(t, Connection{Settings: "childless = force"}, RouterConf{Profile: []string{"childless prefer"}})
	s.peer.Initiate(t, "c")
	s.peer.WaitLog(t, mark, "generating CREATE_CHILD_SA request 2")
	s.B.Ping(t, InnerB, InnerA, 3)
	checkSession(t, r, up(3))
	r.VTY(t, "clear crypto session")
	s.peer.WaitGone(t)
	mark = s.peer.Mark(t)
	s.A.Ping(t, InnerA, InnerB, 3)
	s.peer.WaitLog(t, mark, "parsed CREATE_CHILD_SA request 2")
	checkSession(t, r, up(6))
}

// The number of packets of an SA is limited: the router rekeys before, and nothing is lost.
func TestWeRekeyByPackets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{Map: []string{"set security-association lifetime packets 1000"}})
	s.A.Ping(t, InnerA, InnerB, 1)
	_, before := s.peerSA(t)
	ping := s.A.StartPing(t, InnerA, InnerB, 5*time.Millisecond)
	s.waitRekeyed(t, before)
	_, before = s.peerSA(t)
	s.waitRekeyed(t, before)
	ping.Stop(t)
	if f := r.Session(t).Flows[0]; f.In.Dropped != 0 || f.Out.Dropped != 0 || f.Out.Packets < 1700 {
		t.Errorf("got %+v, want two rekeys to take the packets of two SAs, and no drop", f)
	}
}

// strongSwan has half-open IKE SAs and asks for a cookie: the router shows it.
func TestCookieChallengeFromPeer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.peer.Kill(t)
	s.peer = StartCharon(t, s.Lab, s.B, "cookie_threshold = 1\n")
	r := s.up(t, Connection{}, RouterConf{})
	mark := s.peer.Mark(t)
	s.A.sendUDP(t, netip.MustParseAddrPort(OuterB+":500"), initRequest(t))
	s.peer.WaitLog(t, mark, "generating IKE_SA_INIT response 0 [ SA KE No")
	mark = s.peer.Mark(t)
	s.A.Ping(t, InnerA, InnerB, 3)
	s.peer.WaitLog(t, mark, "generating IKE_SA_INIT response 0 [ N(COOKIE) ]")
	checkSession(t, r, up(3))
}

// initRequest is an IKE_SA_INIT request from A to B that nobody will go on with.
func initRequest(t *testing.T) []byte {
	t.Helper()
	sel := func(s string) []sadb.Selector {
		return []sadb.Selector{sadb.SelectorFromPrefix(netip.MustParsePrefix(s), 0)}
	}
	e, err := ike.New(ike.Config{Peers: []ike.Peer{{
		Local: netip.MustParseAddr(OuterA), Remote: netip.MustParseAddr(OuterB), LocalKey: esp.Secret(PSK), RemoteKey: esp.Secret(PSK),
		Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519}}},
		Flows: []ike.Flow{{ID: "f", Local: sel(InnerA + "/32"), Remote: sel(InnerB + "/32"),
			Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var out ike.Output
	e.Acquire(time.Now(), "f", sadb.Flow{}, &out)
	return out.Datagrams[0].Data
}

// sendUDP sends one datagram from any port.
func (n *Namespace) sendUDP(t *testing.T, to netip.AddrPort, data []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "datagram")
	writeFile(t, file, string(data))
	run(t, n.command("bash", "-c", fmt.Sprintf("cat %s > /dev/udp/%v/%d", file, to.Addr(), to.Port()))) // cat writes it in one go
}

// The router's address goes: its SA moves to another one by MOBIKE, without a rekey, and comes back when the first one does.
func TestWeMove(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const other = "192.0.2.11"
	run(t, s.A.command("ip", "address", "add", other+"/25", "dev", DeviceA))
	r := s.up(t, Connection{Remote: "%any", RemoteID: OuterA}, RouterConf{Map: []string{"set alternate-address " + other}})
	s.A.Ping(t, InnerA, InnerB, 3)
	sa, _ := s.peerSA(t)
	moved := func(to string) {
		t.Helper()
		r.WaitSession(t, "the session is at "+to, func(s Session) bool { return len(s.IKE) == 1 && s.IKE[0].Local == to+"/4500" })
		Eventually(t, "packets get through", func() (bool, string) {
			sent, received, out := s.A.TryPing(t, InnerA, InnerB, 3)
			return sent == received, out
		})
		if sas := s.peer.SAs(t); len(sas) != 1 || sas[0].SPIi != sa.SPIi { // strongSwan's ESP in user space cannot move, and rekeys
			t.Errorf("SA %+v became %+v", sa, sas)
		}
	}
	run(t, s.A.command("ip", "address", "del", OuterA+"/24", "dev", DeviceA))
	moved(other)
	run(t, s.A.command("ip", "address", "add", OuterA+"/24", "dev", DeviceA))
	moved(OuterA)
}
