package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

func mustBuild(t testing.TB, text string) Built {
	t.Helper()
	b, err := mustParse(t, text).Build(env())
	if err != nil {
		t.Fatalf("Build:\n%v", err)
	}
	if _, err := ike.New(b.IKE); err != nil {
		t.Fatalf("ike.New: %v", err)
	}
	return b
}

func host(a string) []sadb.Selector {
	addr := netip.MustParseAddr(a)
	return []sadb.Selector{{Lo: addr, Hi: addr, HiPort: 65535}}
}

func TestBuildSite(t *testing.T) {
	b := mustBuild(t, siteText)
	local, remote := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	policy := sadb.Policy{ID: "CM 10 TO-B 10", Group: "CM 10", Action: sadb.Protect, Local: host("10.10.10.1"), Remote: host("10.30.30.1")}
	key := esp.Secret("a-test-key")
	want := Built{
		Hostname: "gwA",
		IKE: ike.Config{Peers: []ike.Peer{{
			Name: "CM 10", Interface: "vA", Local: local, Remote: remote,
			RemoteIDs: []ike.Match{{Kind: wire.ID_IPV4_ADDR, Prefix: netip.MustParsePrefix("192.0.2.2/32")}},
			LocalKey:  key, RemoteKey: key,
			Proposals: defaultProposals(),
			Flows: []ike.Flow{{
				ID: policy.ID, Local: policy.Local, Remote: policy.Remote,
				Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}}},
			}},
		}}},
		Policies: []sadb.Policy{policy},
		Session: session.Config{
			Sessions: []session.Configured{{
				Interface: "vA", Local: local, Peer: netip.MustParseAddrPort("192.0.2.2:500"), PeerName: "CM 10",
				Policies: []sadb.Policy{policy}, Origin: "crypto map", Map: "CM", Profile: "PROF",
			}},
			Maps: []session.CryptoMap{{
				Name: "CM", Sequence: 10, Peer: remote, Profile: "PROF", List: "TO-B", Rules: []string{"permit ip host 10.10.10.1 host 10.30.30.1"},
				Protection: session.Protection{Kilobytes: 4608000, Seconds: 3600, Transforms: []session.NamedSet{{Name: "TS", Transforms: "esp-gcm 128"}}},
				Interfaces: []string{"vA"},
			}},
			TransformSets: []session.TransformSet{{Name: "TS", Transforms: "esp-gcm 128"}},
			Interfaces: []session.Interface{{
				Name: "vA", Addresses: []string{"192.0.2.1", "198.51.100.1", "2001:db8::1", "fe80::1"}, MTU: 1500, Map: "CM",
			}},
			Descriptions: map[session.DescriptionKey]string{{Peer: remote}: "connection from site A"},
			Logging:      true,
		},
		Locals: []LocalEndpoint{{Addr: local, MTU: 1500}},
		Routes: []tun.Route{{Dst: netip.MustParsePrefix("10.30.30.1/32"), Src: netip.MustParseAddr("10.10.10.1")}},

		Terminal: Terminal{LoginTime: 2 * time.Minute, Tries: 4, IdleTime: 10 * time.Minute, Sessions: 16},
	}
	want.Session.Lists = []session.AccessList{{Name: "TO-B", Rules: []session.AccessRule{
		{Sequence: 10, Rule: "permit ip host 10.10.10.1 host 10.30.30.1", Policies: []sadb.PolicyID{policy.ID}},
	}}}
	want.Session.Policies = b.Session.Policies // TestBuildPolicies is about them
	if !reflect.DeepEqual(b, want) {
		t.Errorf("got\n%+v\nwant\n%+v", b, want)
	}
	if !b.IKE.Peers[0].LocalKey.Equal(key) || !b.IKE.Peers[0].RemoteKey.Equal(key) {
		t.Error("the keys are others")
	}
}

// with is siteText with lines put behind the line that is before them.
func with(edits ...string) string {
	text := siteText
	for i := 0; i < len(edits); i += 2 {
		text = strings.Replace(text, edits[i]+"\n", edits[i]+"\n"+edits[i+1]+"\n", 1)
	}
	return text
}

func TestBuildPeer(t *testing.T) {
	const profile, entry, keyLine = " keyring local KR", " set ikev2-profile PROF", "  pre-shared-key a-test-key"
	for _, test := range []struct {
		name, text, want string
		get              func(p ike.Peer) any
	}{
		{"IKE lifetime", with(profile, " lifetime 300"), "5m0s", func(p ike.Peer) any { return p.Lifetime }},
		{"no DPD", siteText, "{0s 0s false}", func(p ike.Peer) any { return p.DPD }},
		{"DPD", with(profile, " dpd 10 3 on-demand", "hostname gwA", "crypto ikev2 dpd 30 5 periodic"), "{10s 3s true}", func(p ike.Peer) any { return p.DPD }},
		{"DPD for all", with("hostname gwA", "crypto ikev2 dpd 30 5 periodic"), "{30s 5s false}", func(p ike.Peer) any { return p.DPD }},
		{"local name", with(profile, " identity local fqdn a.example"), "ID_FQDN a.example", identityText},
		{"local address", with(profile, " identity local address 198.51.100.7"), "ID_IPV4_ADDR 198.51.100.7", identityText},
		{"local key ID", with(profile, " identity local key-id x"), "ID_KEY_ID x", identityText},
		{"remote names", with(profile, " match identity remote fqdn domain example\n match identity remote email b@example"),
			"[{ID_IPV4_ADDR 192.0.2.2/32  false} {ID_FQDN invalid Prefix example true} {ID_RFC822_ADDR invalid Prefix b@example false}]",
			func(p ike.Peer) any { return p.RemoteIDs }},
		{"two keys", with(keyLine, "  pre-shared-key local hex 0102"), "0102 612d746573742d6b6579", keysText},
		{"longest prefix", with("crypto ikev2 keyring KR", " peer all\n  address 0.0.0.0/0\n  pre-shared-key x\n peer net\n  address 192.0.2.0/24\n  pre-shared-key y"), "612d746573742d6b6579 612d746573742d6b6579", keysText},
		{"keys of the profile", strings.Replace(with(" authentication local pre-share", " authentication local pre-share key L\n authentication remote pre-share key hex 00"), profile, "", 1), "4c 00", keysText},
		{"one key of the profile", with(" authentication local pre-share", " authentication local pre-share key L"), "4c 612d746573742d6b6579", keysText},

		{"PPK", with(keyLine, "  ppk manual id q key hex 0102 required"), "q 0102 true", func(p ike.Peer) any {
			return fmt.Sprintf("%s %x %v", p.PPK.ID, []byte(p.PPK.Key), p.PPK.Required)
		}},
		{"no PPK", siteText, "  false", func(p ike.Peer) any { return fmt.Sprintf("%s %x %v", p.PPK.ID, []byte(p.PPK.Key), p.PPK.Required) }},

		{"lifetime", with(entry, " set security-association lifetime seconds 120"), "2m0s 0 0", limits},
		{"lifetime for all", with("hostname gwA", "crypto ipsec security-association lifetime seconds 120\ncrypto ipsec security-association lifetime kilobytes 3000\ncrypto ipsec security-association replay window-size 1024"), "2m0s 3000 1024", limits},
		{"own lifetime", with("hostname gwA", "crypto ipsec security-association lifetime kilobytes disable\ncrypto ipsec security-association replay disable", entry, " set security-association lifetime kilobytes 2560\n set security-association replay window-size 64"), "0s 2560 64", limits},
		{"no limit", with(entry, " set security-association lifetime kilobytes disable"), "0s 18446744073709551615 0", limits},
		{"no limit for all", with("hostname gwA", "crypto ipsec security-association lifetime kilobytes disable"), "0s 18446744073709551615 0", limits},
		{"packets", with("hostname gwA", "crypto ipsec security-association lifetime packets 3000"), "3000", packets},
		{"own packets", with("hostname gwA", "crypto ipsec security-association lifetime packets 3000", entry, " set security-association lifetime packets 4000"), "4000", packets},
		{"connect", with(entry, " set connect always"), "2", func(p ike.Peer) any { return p.Flows[0].Connect }},
		{"alternates", with(entry, " set alternate-address 198.51.100.1 192.0.2.1 198.51.100.1"), "[198.51.100.1]", func(p ike.Peer) any { return p.Alternates }},
		{"reauthentication", with(profile, " reauthentication 600\n unique keep\n childless prefer"), "10m0s 3 1", func(p ike.Peer) any {
			return fmt.Sprint(p.Reauth, p.Unique, p.Childless)
		}},
		{"no replay protection", with(entry, " set security-association replay disable"), "0s 0 -1", limits},

		{"PFS", with(entry, " set pfs"), "[{[{20 128}] [] [] [MODP_2048] [] []}]", espProposals},
		{"PFS with a KEM", with(entry, " set pfs group19 addke ml-kem-768"), "[{[{20 128}] [] [] [ECP_256] [] [ML_KEM_768]}]", espProposals},
		{"ESN", with(entry, " set security-association esn"), "[{[{20 128}] [] [] [] [true false] []}]", espProposals},
		{"transform sets", with("hostname gwA", "crypto ipsec transform-set T2 esp-aes 256 esp-sha256-hmac\ncrypto ipsec transform-set T3 esp-chacha20-poly1305", entry, " set transform-set T2 TS T3"),
			"[{[{12 256}] [] [12] [] [] []} {[{20 128}] [] [] [] [] []} {[{28 0}] [] [] [] [] []}]", espProposals},

		{"mixed proposal", with("hostname gwA", "crypto ikev2 policy POL\n proposal P\ncrypto ikev2 proposal P\n encryption aes-cbc-256 aes-cbc-128 aes-gcm-256 chacha20-poly1305 aes-cbc-192\n integrity sha384 sha256\n group 19 14"),
			"[{[{12 256} {12 128}] [6 5] [13 12] [ECP_256 MODP_2048] [] []} {[{20 256} {28 0}] [6 5] [] [ECP_256 MODP_2048] [] []} {[{12 192}] [6 5] [13 12] [ECP_256 MODP_2048] [] []}]", ikeProposals},
		{"PRF of AEAD", with("hostname gwA", "crypto ikev2 policy POL\n proposal P\ncrypto ikev2 proposal P\n encryption aes-gcm-256\n group 31"),
			"[{[{20 256}] [5 6 7 2] [] [CURVE25519] [] []}]", ikeProposals},
		{"KEM", with("hostname gwA", "crypto ikev2 policy POL\n proposal P\ncrypto ikev2 proposal P\n encryption aes-gcm-256\n prf sha256\n group 31\n addke ml-kem-1024"),
			"[{[{20 256}] [5] [] [CURVE25519] [] [ML_KEM_1024]}]", ikeProposals},
		{"KEM or none", with("hostname gwA", "crypto ikev2 policy POL\n proposal P\ncrypto ikev2 proposal P\n encryption aes-gcm-256\n prf sha256\n group 31\n addke ml-kem-768 none"),
			"[{[{20 256}] [5] [] [CURVE25519] [] [ML_KEM_768]} {[{20 256}] [5] [] [CURVE25519] [] []}]", ikeProposals},
		{"policy for the address", with("hostname gwA", twoProposals+"crypto ikev2 policy A\n proposal P1\ncrypto ikev2 policy B\n match address local 192.0.2.1\n proposal P2\n proposal P1"),
			"[{[{20 256}] [7] [] [ECP_256] [] []} {[{20 128}] [5] [] [CURVE25519] [] []}]", ikeProposals},
		{"policy for another address", with("hostname gwA", twoProposals+"crypto ikev2 policy B\n match address local 192.0.2.9\n proposal P2\ncrypto ikev2 policy A\n proposal P1"),
			"[{[{20 128}] [5] [] [CURVE25519] [] []}]", ikeProposals},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := mustBuild(t, test.text)
			if len(b.IKE.Peers) != 1 || len(b.IKE.Peers[0].Flows) != 1 {
				t.Fatalf("got %d peers", len(b.IKE.Peers))
			}
			if got := fmt.Sprint(test.get(b.IKE.Peers[0])); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

const twoProposals = `crypto ikev2 proposal P1
 encryption aes-gcm-128
 prf sha256
 group 31
crypto ikev2 proposal P2
 encryption aes-gcm-256
 prf sha512
 group 19
`

func identityText(p ike.Peer) any { return fmt.Sprint(p.LocalID.Kind, " ", p.LocalID) }
func keysText(p ike.Peer) any {
	return fmt.Sprintf("%x %x", []byte(p.LocalKey), []byte(p.RemoteKey))
}
func limits(p ike.Peer) any {
	return fmt.Sprint(p.Flows[0].Lifetime, p.Flows[0].Kilobytes, p.Flows[0].Window)
}
func packets(p ike.Peer) any      { return p.Flows[0].Packets }
func espProposals(p ike.Peer) any { return p.Flows[0].Proposals }
func ikeProposals(p ike.Peer) any { return p.Proposals }

// Everything that the language has together, in the order of the configuration.
func TestBuildEverything(t *testing.T) {
	b := mustBuild(t, everything)
	var got []string
	for _, p := range b.Policies {
		got = append(got, fmt.Sprint(p.ID, " ", p.Action == sadb.Protect, " ", p.Local, " ", p.Remote))
	}
	want := []string{
		"CM 10 TO-B 10 false [0.0.0.0/0 protocol 6] [10.30.30.1/32 protocol 6 port 23]",
		"CM 10 TO-B 15 true [0.0.0.0/0 protocol 1] [0.0.0.0/0 protocol 1]",
		"CM 10 TO-B 20 true [10.10.10.0/23 protocol 6 port 1000-2000] [10.30.30.1/32 protocol 6 port 22]",
		"CM 10 TO-B 30 true [10.10.10.1/32 protocol 89] [10.30.30.1/32 protocol 89]",
		"CM 20 SIX 5 true [fd00:10::/64 protocol 17] [::/0 protocol 17 port 53]",
		"CM 20 SIX 10 true [fd00:10::1/128] [fd00:30::1/128]",
		"Tunnel7 true [203.0.113.1/32 protocol 47] [192.0.2.77/32 protocol 47]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("policies: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(b.IKE.Peers) != 3 || len(b.IKE.Peers[0].Flows) != 3 || len(b.IKE.Peers[1].Flows) != 2 {
		t.Fatalf("got peers %+v", b.IKE.Peers)
	}
	if n := len(b.Session.Sessions[0].Policies); n != 3 {
		t.Errorf("got %d policies of the session, want 3: no denied ones", n)
	}
	if got, want := fmt.Sprint(b.Locals), "[{192.0.2.1 1500 true false  } {198.51.100.1 0 true true  } {2001:db8:1::1 0 true true  } {2001:db8::1 1500 true false  } {203.0.113.1 1400 true false  }]"; got != want {
		t.Errorf("locals: got %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(b.Routes), "[{0.0.0.0/0 10.10.10.1 false} {10.30.30.1/32 10.10.10.1 false} {::/0 fd00:10::1 false} {fd00:30::1/128 fd00:10::1 false} {10.10.10.0/23 invalid IP true} {10.10.10.1/32 invalid IP true} {fd00:10::/64 invalid IP true} {fd00:10::1/128 invalid IP true}]"; got != want {
		t.Errorf("routes: got %s, want %s", got, want)
	}
	if f := b.IKE.Peers[2].Flows[0]; !f.Transport || f.Window != 256 || f.Lifetime != 10*time.Minute {
		t.Errorf("flow of the tunnel: %+v", f)
	}
	if b.Session.Logging {
		t.Error("got logging, want none")
	}
	if got := b.Session.Descriptions[session.DescriptionKey{Peer: netip.MustParseAddr("2001:db8::2")}]; got != "six" {
		t.Errorf("got description %q", got)
	}
	if d := b.IKE.Peers[1].Flows[0]; d.Lifetime != 2*time.Hour || d.Window != -1 || d.Kilobytes != ike.NoLimit {
		t.Errorf("defaults of all crypto maps: got %+v", d)
	}
}

const secondEntry = `ip access-list extended MORE
 permit ip host 10.10.10.2 host 10.30.30.2
crypto map CM 20 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 set ikev2-profile PROF
 match address MORE
`

// Entries for the same peer are one peer and one session.
func TestBuildMerges(t *testing.T) {
	b := mustBuild(t, siteText+secondEntry)
	if len(b.IKE.Peers) != 1 || len(b.IKE.Peers[0].Flows) != 2 || len(b.Session.Sessions) != 1 || len(b.Session.Sessions[0].Policies) != 2 {
		t.Fatalf("got %+v", b)
	}
	if got := b.IKE.Peers[0].Flows[1].ID; got != "CM 20 MORE 10" {
		t.Errorf("got flow %q", got)
	}
}

// Entries whose profiles tell peers apart by their identities are several peers behind one address, and a session each.
func TestBuildPeersBehindNAT(t *testing.T) {
	text := strings.Replace(siteText+secondEntry, "profile PROF\n match address MORE", "profile P2\n match address MORE", 1) +
		"crypto ikev2 profile P2\n match identity remote fqdn c.example\n authentication remote pre-share\n authentication local pre-share\n keyring local KR\n"
	b := mustBuild(t, text)
	if len(b.IKE.Peers) != 2 || len(b.Session.Sessions) != 2 || b.Session.Sessions[0].Peer != b.Session.Sessions[1].Peer || b.Session.Sessions[1].Profile != "P2" ||
		b.IKE.Peers[1].Name != "CM 20" || len(b.IKE.Peers[1].Flows) != 1 || b.IKE.Peers[1].RemoteIDs[0].Data != "c.example" {
		t.Errorf("got %+v", b)
	}
	_, err := mustParse(t, strings.Replace(text, "fqdn c.example", "address 192.0.2.2", 1)).Build(env())
	if err == nil || !strings.Contains(err.Error(), "tells peer 192.0.2.2 from that of CM 10") {
		t.Errorf("two with the same identity: %v", err)
	}
}

// A crypto map on two interfaces is two peers, whose names differ.
func TestBuildTwoInterfaces(t *testing.T) {
	b := mustBuild(t, siteText+"interface vB\n crypto map CM\n")
	if len(b.IKE.Peers) != 2 || b.IKE.Peers[1].Name != "CM 10 vB" || b.Policies[1].ID != "CM 10 TO-B 10 vB" || b.Session.Sessions[1].PeerName != "CM 10 vB" {
		t.Fatalf("got %+v", b)
	}
	if got, want := fmt.Sprint(b.Locals), "[{192.0.2.1 1500 false false  } {203.0.113.1 1400 false false  }]"; got != want {
		t.Errorf("locals: got %s, want %s", got, want)
	}
	if len(b.Routes) != 1 {
		t.Errorf("got routes %v, want one", b.Routes)
	}
}

// The address of an interface may be in the configuration; then nothing is asked.
func TestBuildOwnAddress(t *testing.T) {
	m := mustParse(t, with("interface vA", " ip address 203.0.113.9 255.255.255.0"))
	b, err := m.Build(Env{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(b.Locals, b.Routes), "[{203.0.113.9 0 false false  }] [{10.30.30.1/32 invalid IP false}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A route has a source if any rule for its destination has one.
func TestBuildRouteSource(t *testing.T) {
	b := mustBuild(t, with(" permit ip host 10.10.10.1 host 10.30.30.1", " 5 permit ip host 10.77.0.1 host 10.30.30.1\n permit tcp any 10.40.0.0 0.0.255.255 eq 80"))
	if got, want := fmt.Sprint(b.Routes), "[{10.30.30.1/32 10.10.10.1 false} {10.40.0.0/16 10.10.10.1 false}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBuildNothing(t *testing.T) {
	b := mustBuild(t, "hostname x\n")
	if len(b.IKE.Peers) != 0 || len(b.Policies) != 0 || b.Hostname != "x" {
		t.Errorf("got %+v", b)
	}
}

// The host follows the lines of all access lists, in order, where one of them denies.
func TestBuildLines(t *testing.T) {
	const permit = " permit ip host 10.10.10.1 host 10.30.30.1"
	if got := mustBuild(t, with(permit, permit)).Lines; got != nil {
		t.Errorf("nothing is denied: got %v, want none", got)
	}
	b := mustBuild(t, with(permit, " 5 deny tcp 10.10.10.0 0.0.0.255 any range 80 443\n deny udp any eq 53 any"))
	all, any := tun.Ports{Hi: 65535}, netip.MustParsePrefix("0.0.0.0/0")
	want := []tun.Line{
		{Pass: true, Group: "CM 10", Src: netip.MustParsePrefix("10.10.10.0/24"), Dst: any, Proto: 6, SrcPorts: all, DstPorts: tun.Ports{Lo: 80, Hi: 443}},
		{Group: "CM 10", Src: netip.MustParsePrefix("10.10.10.1/32"), Dst: netip.MustParsePrefix("10.30.30.1/32"), SrcPorts: all, DstPorts: all},
		{Pass: true, Group: "CM 10", Src: any, Dst: any, Proto: 17, SrcPorts: tun.Ports{Lo: 53, Hi: 53}, DstPorts: all},
	}
	if !slices.Equal(b.Lines, want) {
		t.Errorf("got\n%+v\nwant\n%+v", b.Lines, want)
	}
	var many strings.Builder
	for i := range tun.MaxRules + 1 {
		fmt.Fprintf(&many, " deny ip host 10.9.%d.%d any\n", i>>8, i&255)
	}
	_, err := mustParse(t, with(permit, strings.TrimSuffix(many.String(), "\n"))).Build(env())
	if list := errorsOf(t, err); len(list) != 1 || !strings.Contains(list[0].Expected, "fewer lines that deny") {
		t.Errorf("too many: got %v", err)
	}
}

func TestBuildErrors(t *testing.T) {
	for _, test := range []struct {
		name, text   string
		line, column int
		want         string
	}{
		{"no such interface", strings.Replace(siteText, "interface vA", "interface vX", 1), 22, 11, "an interface of this system, or one with an address here (no such interface)"},
		{"no key for the peer", strings.Replace(siteText, "  address 192.0.2.2", "  address 192.0.2.3", 1), 10, 16, "a keyring with a peer whose address is 192.0.2.2"},
		{"no local key", strings.Replace(siteText, "pre-shared-key a", "pre-shared-key remote a", 1), 3, 7, "a peer with pre-shared-key local"},
		{"no remote key", strings.Replace(siteText, "pre-shared-key a", "pre-shared-key local a", 1), 3, 7, "a peer with pre-shared-key remote"},
		{"no keyring", strings.Replace(siteText, " keyring local KR\n", "", 1), 6, 22, "a profile with keyring local, or with keys in authentication"},
		{"other family", strings.Replace(with("interface vA", " ip address 192.0.2.1 255.255.255.0"), "set peer 192.0.2.2", "set peer 2001:db8::2", 1), 18, 11, "a peer that interface vA can reach; it has no IPv6 address"},
		{"no peer", strings.Replace(siteText, " set peer 192.0.2.2\n", "", 1), 17, 15, "an entry with set peer"},
		{"no transform set", strings.Replace(siteText, " set transform-set TS\n", "", 1), 17, 15, "an entry with set transform-set"},
		{"no profile", strings.Replace(siteText, " set ikev2-profile PROF\n", "", 1), 17, 15, "an entry with set ikev2-profile"},
		{"no list", strings.Replace(siteText, " match address TO-B\n", "", 1), 17, 15, "an entry with match address"},
		{"list without permit", strings.Replace(siteText, " permit ip", " deny ip", 1), 21, 16, "an access list that permits something"},
		{"two profiles", strings.Replace(siteText+secondEntry, "profile PROF\n match address MORE", "profile P2\n match address MORE", 1) +
			"crypto ikev2 profile P2\n authentication remote pre-share\n authentication local pre-share\n keyring local KR\n",
			29, 20, "a profile whose match identity remote tells peer 192.0.2.2 from that of CM 10 (PROF), which has the same two ends"},
		{"one address on two interfaces", siteText + "interface vZ\n ip address 192.0.2.1 255.255.255.0\n crypto map CM\n", 24, 11, "an interface with an address that is not that of vA (192.0.2.1)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := mustParse(t, test.text).Build(env())
			list := errorsOf(t, err)
			if len(list) != 1 || list[0].Line != test.line || list[0].Column != test.column || list[0].Expected != test.want {
				t.Errorf("got\n%v\nwant line %d, column %d, expected %q", err, test.line, test.column, test.want)
			}
		})
	}
	e := env()
	e.LocalAddr = func(string, ...netip.Prefix) (netip.Addr, error) { return netip.Addr{}, errors.New("no netlink") }
	if _, err := mustParse(t, siteText).Build(e); err == nil || !strings.Contains(err.Error(), "no netlink") {
		t.Errorf("LocalAddr: got %v", err)
	}
}

func TestBuildLimits(t *testing.T) {
	for _, test := range []struct {
		line                        string
		cookies, halfOpen, fragment int
	}{
		{"!", 0, 0, 0},
		{"crypto ikev2 fragmentation", 0, 0, 0},
		{"crypto ikev2 fragmentation mtu 600", 0, 0, 600},
		{"no crypto ikev2 fragmentation", 0, 0, -1},
		{"crypto ikev2 cookie-challenge 0", -1, 0, 0},
		{"crypto ikev2 cookie-challenge 20", 20, 0, 0},
		{"crypto ikev2 limit max-in-negotation-sa 500", 0, 500, 0},
	} {
		b := mustBuild(t, with("hostname gwA", test.line))
		if b.IKE.CookieChallenge != test.cookies || b.IKE.MaxHalfOpen != test.halfOpen || b.IKE.FragmentMTU != test.fragment {
			t.Errorf("%s: got %d, %d, %d", test.line, b.IKE.CookieChallenge, b.IKE.MaxHalfOpen, b.IKE.FragmentMTU)
		}
	}
}

// Where packets are fragmented says the interface, or else the line for all.
func TestBuildFragmentation(t *testing.T) {
	const global = "crypto ipsec fragmentation after-encryption"
	for _, tt := range []struct {
		text string
		want bool
	}{
		{siteText, false},
		{with("hostname gwA", global), true},
		{with("interface vA", " "+global), true},
		{strings.Replace(with("interface vA", " crypto ipsec fragmentation before-encryption"), "hostname gwA", "hostname gwA\n"+global, 1), false},
	} {
		for _, p := range mustBuild(t, tt.text).Policies {
			if p.FragmentAfter != tt.want {
				t.Errorf("policy %s: got %v, want %v:\n%s", p.ID, p.FragmentAfter, tt.want, tt.text)
			}
		}
	}
}

// The flag DF is that of the interface, or else of all.
func TestBuildDF(t *testing.T) {
	for _, tt := range []struct {
		text string
		want sadb.DF
	}{
		{siteText, sadb.DFCopy},
		{with("hostname gwA", "crypto ipsec df-bit set"), sadb.DFSet},
		{with("interface vA", " crypto ipsec df-bit clear"), sadb.DFClear},
		{strings.Replace(with("interface vA", " crypto ipsec df-bit copy"), "hostname gwA", "hostname gwA\ncrypto ipsec df-bit set", 1), sadb.DFCopy},
	} {
		for _, p := range mustBuild(t, tt.text).Policies {
			if p.DF != tt.want {
				t.Errorf("policy %s: got %v, want %v:\n%s", p.ID, p.DF, tt.want, tt.text)
			}
		}
	}
}
