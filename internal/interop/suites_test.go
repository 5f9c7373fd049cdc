package interop

import (
	"fmt"
	"strings"
	"testing"
)

// espSuite is a way to protect packets in the words of both ends.
type espSuite struct {
	proposal  string // of strongSwan's configuration
	transform string // of ours
	listed    string // by strongSwan
}

// espSuites are all that both ends have.
func espSuites() []espSuite {
	all := []espSuite{{"chacha20poly1305", "esp-chacha20-poly1305", "CHACHA20_POLY1305"}}
	hmacs := []struct{ proposal, transform, listed string }{
		{"sha1", "esp-sha-hmac", "HMAC_SHA1_96"},
		{"sha256", "esp-sha256-hmac", "HMAC_SHA2_256_128"},
		{"sha384", "esp-sha384-hmac", "HMAC_SHA2_384_192"},
		{"sha512", "esp-sha512-hmac", "HMAC_SHA2_512_256"},
	}
	for _, bits := range []int{128, 192, 256} {
		all = append(all, espSuite{fmt.Sprintf("aes%dgcm16", bits), fmt.Sprintf("esp-gcm %d", bits), fmt.Sprintf("AES_GCM_16-%d", bits)})
		for _, h := range hmacs {
			all = append(all,
				espSuite{fmt.Sprintf("aes%d-%s", bits, h.proposal), fmt.Sprintf("esp-aes %d %s", bits, h.transform), fmt.Sprintf("AES_CBC-%d/%s", bits, h.listed)},
				espSuite{fmt.Sprintf("aes%dctr-%s", bits, h.proposal), fmt.Sprintf("esp-aes-ctr %d %s", bits, h.transform), fmt.Sprintf("AES_CTR-%d/%s", bits, h.listed)})
		}
	}
	for _, h := range hmacs {
		all = append(all, espSuite{"null-" + h.proposal, "esp-null " + h.transform, "NULL/" + h.listed})
	}
	return all
}

// Every ESP suite, asked for by either end.
func TestESPSuites(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, suite := range espSuites() {
		t.Run(suite.proposal, func(t *testing.T) {
			s.bothWays(t, Connection{Children: []PeerChild{{Proposals: suite.proposal}}}, RouterConf{TransformSet: suite.transform})
			if _, c := s.peerSA(t); c.Suite != "ESP:"+suite.listed {
				t.Errorf("strongSwan uses %s, want ESP:%s", c.Suite, suite.listed)
			}
		})
	}
}

// bothWays brings the tunnel up twice, first asked for by strongSwan and then by traffic at our end, and pings through it. The second
// one is up when it returns, until the test ends.
func (s *site) bothWays(t *testing.T, c Connection, conf RouterConf) *Router {
	t.Helper()
	s.peer.ShowOnFailure(t)
	r := s.up(t, c, conf)
	t.Cleanup(func() {
		if !t.Failed() {
			r.Stop(t)
			s.peer.WaitGone(t)
		}
	})
	s.peer.Initiate(t, "c")
	s.B.Ping(t, InnerB, InnerA, 2)
	checkSession(t, r, up(2))
	s.checkPeer(t, 2)
	r.VTY(t, "clear crypto session")
	s.peer.WaitGone(t)
	s.A.Ping(t, InnerA, InnerB, 3)
	checkSession(t, r, up(5))
	s.checkPeer(t, 3)
	if sa, _ := s.peerSA(t); sa.Initiator {
		t.Error("the second time, strongSwan was the initiator")
	}
	return r
}

// ikeSuite is a set of algorithms for the IKE SA in the words of both ends.
type ikeSuite struct {
	proposal string   // of strongSwan's configuration
	lines    []string // of our `crypto ikev2 proposal`
	listed   string   // by strongSwan
}

// ikeSuites have every cipher, PRF, integrity algorithm and group at least once.
var ikeSuites = []ikeSuite{
	{"aes128gcm16-prfsha1-x25519", []string{"encryption aes-gcm-128", "prf sha1", "group 31"}, "AES_GCM_16-128/PRF_HMAC_SHA1/CURVE_25519"},
	{"aes192gcm16-prfsha256-modp2048", []string{"encryption aes-gcm-192", "prf sha256", "group 14"}, "AES_GCM_16-192/PRF_HMAC_SHA2_256/MODP_2048"},
	{"aes256gcm16-prfsha384-ecp384", []string{"encryption aes-gcm-256", "prf sha384", "group 20"}, "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384"},
	{"chacha20poly1305-prfsha512-ecp521", []string{"encryption chacha20-poly1305", "prf sha512", "group 21"}, "CHACHA20_POLY1305/PRF_HMAC_SHA2_512/ECP_521"},
	{"aes128-sha1-prfsha1-modp3072", []string{"encryption aes-cbc-128", "integrity sha1", "prf sha1", "group 15"}, "AES_CBC-128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_3072"},
	{"aes192-sha256-prfsha256-modp4096", []string{"encryption aes-cbc-192", "integrity sha256", "prf sha256", "group 16"}, "AES_CBC-192/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_4096"},
	{"aes256-sha384-prfsha384-ecp256", []string{"encryption aes-cbc-256", "integrity sha384", "prf sha384", "group 19"}, "AES_CBC-256/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/ECP_256"},
	{"aes256-sha512-prfsha512-x25519", []string{"encryption aes-cbc-256", "integrity sha512", "prf sha512", "group 31"}, "AES_CBC-256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/CURVE_25519"},
	{"aes128-sha256-prfsha512-ecp256", []string{"encryption aes-cbc-128", "integrity sha256", "prf sha512", "group 19"}, "AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_512/ECP_256"},
}

// Every algorithm of the IKE SA, asked for by either end.
func TestIKESuites(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, suite := range ikeSuites {
		t.Run(suite.proposal, func(t *testing.T) {
			s.bothWays(t, Connection{Proposals: suite.proposal}, RouterConf{Proposal: suite.lines})
			if sa, _ := s.peerSA(t); sa.Suite != suite.listed {
				t.Errorf("strongSwan uses %s, want %s", sa.Suite, suite.listed)
			}
		})
	}
}

// Perfect forward secrecy: each group in the rekey of the Child SA, whose first keys came without an exchange (RFC 7296 §1.2).
func TestPFS(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, g := range []struct{ proposal, ours string }{
		{"modp2048", "group14"}, {"modp3072", "group15"}, {"modp4096", "group16"},
		{"ecp256", "group19"}, {"ecp384", "group20"}, {"ecp521", "group21"}, {"x25519", "group31"},
	} {
		t.Run(g.proposal, func(t *testing.T) {
			s.peer.ShowOnFailure(t)
			r := s.up(t, Connection{Children: []PeerChild{{Proposals: "aes128gcm16-" + g.proposal}}}, RouterConf{PFS: g.ours})
			s.peer.Initiate(t, "c")
			s.A.Ping(t, InnerA, InnerB, 1)
			_, before := s.peerSA(t)
			s.peer.Rekey(t, "--child", "c")
			after := s.waitRekeyed(t, before)
			if _, kex, _ := strings.Cut(after.Suite, "AES_GCM_16-128/"); kex == "" {
				t.Errorf("rekeyed without a key exchange: %s", after.Suite)
			}
			s.A.Ping(t, InnerA, InnerB, 2)
			r.WaitSession(t, "the old SA is gone", func(s Session) bool { return s.Flows[0].ActiveSAs == 2 })
			checkSession(t, r, up(3))
			r.Stop(t)
			s.peer.WaitGone(t)
		})
	}
}

// INVALID_KE_PAYLOAD (RFC 7296 §1.2): the first guess at the group is wrong, the second is the one that the other end named.
func TestInvalidKE(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	t.Run("found by us", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		mark := s.peer.Mark(t)
		r := s.up(t, Connection{Proposals: "aes128gcm16-prfsha256-modp3072-ecp256"}, RouterConf{Proposal: []string{"encryption aes-gcm-128", "prf sha256", "group 19"}})
		s.peer.Initiate(t, "c")
		s.A.Ping(t, InnerA, InnerB, 3)
		checkSession(t, r, up(3))
		s.peer.WaitLog(t, mark, "peer didn't accept DH group MODP_3072, it requested ECP_256")
		r.Stop(t)
		s.peer.WaitGone(t)
	})
	t.Run("found by strongSwan", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		mark := s.peer.Mark(t)
		r := s.up(t, Connection{Proposals: "aes128gcm16-prfsha256-ecp256"}, RouterConf{Proposal: []string{"encryption aes-gcm-128", "prf sha256", "group 15 19"}})
		s.A.Ping(t, InnerA, InnerB, 3)
		checkSession(t, r, up(3))
		s.peer.WaitLog(t, mark, "DH group MODP_3072 unacceptable, requesting ECP_256")
		r.Stop(t)
		s.peer.WaitGone(t)
	})
	t.Run("in a rekey, found by us", func(t *testing.T) {
		s.peer.ShowOnFailure(t)
		mark := s.peer.Mark(t)
		r := s.up(t, Connection{Children: []PeerChild{{Proposals: "aes128gcm16-modp3072-ecp256"}}}, RouterConf{PFS: "group19"})
		s.peer.Initiate(t, "c")
		_, before := s.peerSA(t)
		s.peer.Rekey(t, "--child", "c")
		s.waitRekeyed(t, before)
		s.A.Ping(t, InnerA, InnerB, 3)
		s.peer.WaitLog(t, mark, "peer didn't accept DH group MODP_3072, it requested ECP_256")
		r.WaitSession(t, "the old SA is gone", func(s Session) bool { return s.Flows[0].ActiveSAs == 2 })
		checkSession(t, r, up(3))
		r.Stop(t)
		s.peer.WaitGone(t)
	})
}
