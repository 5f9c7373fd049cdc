package interop

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// siteConf is the configuration that the README shows, and what RouterConf's zero value must be.
const siteConf = `hostname gwA
crypto logging ikev2
crypto ikev2 keyring KR
 peer siteB
  address 192.0.2.2
  pre-shared-key a-test-key
crypto ikev2 profile PROF
 match identity remote address 192.0.2.2 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-gcm 128
 mode tunnel
ip access-list extended TO-B
 permit ip host 10.10.10.1 host 10.30.30.1
crypto isakmp peer address 192.0.2.2
 description connection from site A
crypto map CM 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 set ikev2-profile PROF
 match address TO-B
interface vA
 crypto map CM
`

func TestRouterConf(t *testing.T) {
	if got := (RouterConf{}).String(); got != siteConf {
		t.Errorf("got\n%s\nwant\n%s", got, siteConf)
	}
}

// detailText is `show crypto session detail` of the bench's session in full, up and after n packets each way.
func detailText(n int) *regexp.Regexp {
	const life = `\(KB/Sec\) (46080{3}|4607\d{3})/3[56]\d\d`
	return regexp.MustCompile(strings.Join([]string{
		`^Interface: vA`,
		`Session status: UP-ACTIVE`,
		`Peer: 192\.0\.2\.2 port 4500 fvrf: \(none\) ivrf: \(none\)`,
		`      Desc: connection from site A`,
		`      Phase1_id: 192\.0\.2\.2`,
		`  IKE SA: local 192\.0\.2\.1/4500 remote 192\.0\.2\.2/4500 Active`,
		`          Capabilities:N connid:1 lifetime:(23:59:\d\d|24:00:00)`,
		`  IPSEC FLOW: permit ip host 10\.10\.10\.1 host 10\.30\.30\.1`,
		`        Active SAs: 2, origin: crypto map`,
		fmt.Sprintf(`        Inbound:  #pkts dec'ed %d drop 0 life %s`, n, life),
		fmt.Sprintf(`        Outbound: #pkts enc'ed %d drop 0 life %s`, n, life),
		`$`,
	}, "\n"))
}

const downText = `Interface: vA
Session status: DOWN
Peer: 192.0.2.2 port 500 fvrf: (none) ivrf: (none)
      Desc: connection from site A
      Phase1_id: (none)
  IPSEC FLOW: permit ip host 10.10.10.1 host 10.30.30.1
        Active SAs: 0, origin: crypto map
        Inbound:  #pkts dec'ed 0 drop 0 life (KB/Sec) 0/0
        Outbound: #pkts enc'ed 0 drop 0 life (KB/Sec) 0/0
`

const shortText = `Crypto session current status

Interface: vA
Session status: UP-ACTIVE
Peer: 192.0.2.2/4500
  IKE SA: local 192.0.2.1/4500 remote 192.0.2.2/4500 Active
  IPSEC FLOW: permit ip host 10.10.10.1 host 10.30.30.1
        Active SAs: 2, origin: crypto map
`

// strongSwan asks for the tunnel; ping and a TCP stream pass both ways, and the operator is told so.
func TestPeerInitiates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.peer.Load(t, Connection{})
	r := startRouter(t, s.Lab, siteConf)
	if got := r.VTY(t, "show crypto session detail"); got != downText {
		t.Errorf("before: got\n%s\nwant\n%s", got, downText)
	}

	s.peer.Initiate(t, "c")
	s.B.Ping(t, InnerB, InnerA, 3)
	s.A.Ping(t, InnerA, InnerB, 1)
	if got, want := r.VTY(t, "show crypto session detail"), detailText(4); !want.MatchString(got) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := r.VTY(t, "show crypto session"); got != shortText {
		t.Errorf("got\n%s\nwant\n%s", got, shortText)
	}
	s.checkPeer(t, 4)
	if sa, _ := s.peerSA(t); !sa.Initiator || sa.RemoteID != OuterA {
		t.Errorf("strongSwan is the responder, or believes the router to be another: %+v", sa)
	}
	r.WaitLog(t, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer "+OuterB+":4500 Description: "+Description+" Id: "+OuterB)
	transferBothWays(t, s, r)
}

// transferBothWays sends TCP streams through the tunnel, and sees them in the counters.
func transferBothWays(t *testing.T, s *site, r *Router) {
	t.Helper()
	const most = 1500 // octets of TCP that one packet may carry
	for _, reverse := range []bool{false, true} {
		before := r.Session(t).Flows[0]
		x := s.A.TransferTCP(t, s.B, InnerA, InnerB, reverse)
		after := r.Session(t).Flows[0]
		sent, received := after.Out.Packets-before.Out.Packets, after.In.Packets-before.In.Packets
		if reverse {
			sent, received = received, sent
		}
		t.Logf("reverse %v: %.0f Mbit/s, %d packets, %d the other way", reverse, x.BitsPerSecond/1e6, sent, received)
		if sent < uint64(x.Octets/most) || received == 0 {
			t.Errorf("reverse %v: %d octets arrived, but %d packets are counted, and %d the other way", reverse, x.Octets, sent, received)
		}
	}
	if got := r.Session(t); got.Status != "UP-ACTIVE" {
		t.Errorf("after the transfers: %+v", got)
	}
}

// Traffic asks for the tunnel: the first packets wait for it and are not lost, also those without a source address of their own.
func TestTrafficInitiates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.A.Ping(t, InnerA, InnerB, 5)
	if got, want := r.VTY(t, "show crypto session detail"), detailText(5); !want.MatchString(got) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.checkPeer(t, 5)
	if sa, _ := s.peerSA(t); sa.Initiator || sa.RemoteID != OuterA {
		t.Errorf("strongSwan is the initiator, or believes the router to be another: %+v", sa)
	}
	out := run(t, s.A.command("ping", "-n", "-c", "1", "-W", "5", InnerB))
	if !strings.Contains(out, "1 received") {
		t.Errorf("ping without an address of ours:\n%s", out)
	}
	checkSession(t, r, up(6))
	s.B.Ping(t, InnerB, InnerA, 2)
	checkSession(t, r, up(8))
	transferBothWays(t, s, r)
}

// What the operator reads beside the sessions.
func TestShow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.A.Ping(t, InnerA, InnerB, 1)
	if got := r.VTY(t, "show running-config"); strings.Contains(got, PSK) || !strings.Contains(got, "crypto map CM 10 ipsec-isakmp") {
		t.Errorf("show running-config shows the key, or not the configuration:\n%s", got)
	}
	got := r.VTY(t, "show crypto isakmp peer")
	for _, want := range []string{"Peer: " + OuterB + " Port: ", " Description: " + Description, " Phase1 id: " + OuterB} {
		if !strings.Contains(got, want) {
			t.Errorf("show crypto isakmp peer: no %q in\n%s", want, got)
		}
	}
	if log := r.Log(t); strings.Contains(log, PSK) {
		t.Error("the key is in the log")
	}
	if out, err := r.vty("show crypto sessions-of-the-day"); err == nil && !strings.HasPrefix(out, "%") && !strings.Contains(out, "^") {
		t.Errorf("a command that does not exist: got %v\n%s", err, out)
	}
}

// The router asks each initiator for a cookie, and strongSwan comes back with it.
func TestCookieChallenge(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mark := s.peer.Mark(t)
	r := s.up(t, Connection{}, RouterConf{Global: []string{"crypto ikev2 cookie-challenge 0"}})
	s.peer.Initiate(t, "c")
	s.peer.WaitLog(t, mark, "parsed IKE_SA_INIT response 0 [ N(COOKIE) ]")
	s.B.Ping(t, InnerB, InnerA, 3)
	checkSession(t, r, up(3))
}

// Both ends send messages that are too large for one datagram (RFC 7383): strongSwan offers many selectors, the router many
// transform sets.
func TestFragmentation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	local := []string{InnerB + "/32"}
	for i := range 80 {
		local = append(local, fmt.Sprintf("172.16.%d.0/24", 2*i))
	}
	conf := RouterConf{Global: []string{"crypto ikev2 fragmentation mtu 576"}}
	sets := "TS"
	for i := range 16 {
		name := fmt.Sprintf("T%d", i)
		sets += " " + name
		conf.Global = append(conf.Global, "crypto ipsec transform-set "+name+" esp-aes 256 esp-sha512-hmac")
	}
	conf.Map = []string{"set transform-set " + sets}
	mark := s.peer.Mark(t)
	r := s.up(t, Connection{Children: []PeerChild{{LocalTS: strings.Join(local, ",")}}}, conf)
	s.peer.Initiate(t, "c")
	s.peer.WaitLog(t, mark, "generating IKE_AUTH request 1 [ EF(2/2) ]")
	s.B.Ping(t, InnerB, InnerA, 3)
	checkSession(t, r, up(3))

	r.VTY(t, "clear crypto session")
	r.WaitStatus(t, "DOWN")
	mark = s.peer.Mark(t)
	s.A.Ping(t, InnerA, InnerB, 3)
	s.peer.WaitLog(t, mark, "received fragment #2 of 2")
	checkSession(t, r, up(6))
}

// A postquantum preshared key is mixed in by both ends, whoever initiates, and again after rekeys (RFC 8784).
func TestPPK(t *testing.T) {
	t.Parallel()
	const key = "a postquantum key"
	s := newSite(t)
	r := s.up(t, Connection{PPK: key, Settings: "ppk_id = quantum\nppk_required = yes"},
		RouterConf{KeyPeer: []string{"ppk manual id quantum key hex 6120706f73747175616e74756d206b6579 required"}})
	mark := s.peer.Mark(t)
	s.peer.Initiate(t, "c")
	s.peer.WaitLog(t, mark, "using PPK for PPK_ID 'quantum'")
	s.B.Ping(t, InnerB, InnerA, 3)
	_, child := s.peerSA(t)
	s.peer.Rekey(t, "--child", "c")
	s.waitRekeyed(t, child)
	s.B.Ping(t, InnerB, InnerA, 3)
	r.WaitSession(t, "the old SA is gone", func(s Session) bool { return s.Flows[0].ActiveSAs == 2 })
	checkSession(t, r, up(6))

	r.VTY(t, "clear crypto session")
	r.WaitStatus(t, "DOWN")
	mark = s.peer.Mark(t)
	s.A.Ping(t, InnerA, InnerB, 3)
	s.peer.WaitLog(t, mark, "using PPK for PPK_ID 'quantum'")
	checkSession(t, r, up(9))
}

// A peer without the postquantum preshared key that is required does not get in.
func TestPPKMissing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{KeyPeer: []string{"ppk manual id quantum key k required"}})
	if _, err := s.peer.TryInitiate("c"); err == nil {
		t.Error("strongSwan came up")
	}
	r.WaitLog(t, "which is required")
	r.WaitStatus(t, "DOWN")
}

// An interface with an address in the configuration is a name for the operator, and need not be one of the system.
func TestInterfaceWithAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.peer.Load(t, Connection{})
	conf := strings.Replace(siteConf, "interface vA\n", "interface Outside\n ip address "+OuterA+" 255.255.255.0\n", 1)
	r := startRouter(t, s.Lab, conf)
	s.A.Ping(t, InnerA, InnerB, 3)
	if got := r.Session(t); got.Interface != "Outside" || got.Status != "UP-ACTIVE" || got.IKE[0].Local != OuterA+"/4500" {
		t.Errorf("got %+v, want the session on Outside, up, from %s", got, OuterA)
	}
}
