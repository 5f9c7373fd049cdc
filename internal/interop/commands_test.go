package interop

import (
	"regexp"
	"strings"
	"testing"
)

// Every show command of a router that has a session with another, with what an engine alone can tell: SPIs, message IDs, sequence numbers.
func TestShowCommands(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	conf := RouterConf{
		Proposal:     []string{"encryption aes-gcm-256", "prf sha384", "group 20", "addke ml-kem-1024"},
		TransformSet: "esp-aes 256 esp-sha256-hmac", PFS: "group20", Map: []string{"set security-association esn"},
	}
	a := StartRouterIn(t, l, l.A, binary, conf.String())
	StartRouterIn(t, l, l.B, binary, mirrored(conf.String()))
	l.A.Ping(t, InnerA, InnerB, 5)
	for _, tt := range []struct{ command, want string }{
		{"show crypto session detail | format xe", `(?s)Profile: PROF\nUptime: 00:00:\d\d\nSession status: UP-ACTIVE     \n.*  Session ID: 1  \n  IKEv2 SA: `},
		{"show crypto session brief", `(?m)^      192\.0\.2\.2      vA                                192\.0\.2\.2 00:00:\d\d    UA$`},
		{"show crypto session json", `"uptimeSeconds": \d`},
		{"show crypto ikev2 sa detailed", `(?s)Encr: AES-GCM, keysize: 256, PRF: SHA384, Hash: None, DH Grp:20, Auth sign: PSK, Auth verify: PSK\n` +
			`.*PQC Key Exchange: ML-KEM-1024.*Local spi: [0-9A-F]{16}       Remote spi: [0-9A-F]{16}\n.*Local next msg id: 3        Remote next msg id: 0\n`},
		{"show crypto ikev2 session detailed", `(?s)Session-id:1, Status:UP-ACTIVE, IKE count:1, CHILD count:1\n.*ESP spi in/out: 0x[0-9A-F]+/0x[0-9A-F]+  \n.*esp_hmac: SHA256\n`},
		{"show crypto ipsec sa peer 192.0.2.2 detail", `(?s)#pkts encaps: 5, .*path mtu 1500, .*transform: esp-256-aes esp-sha256-hmac ,\n        in use settings =\{Tunnel UDP-Encaps, esn\}\n`},
		{"show crypto ipsec sa count", `^IPsec SA total: 2, active: 2, rekeying: 0, unused: 0, invalid: 0\n$`},
		{"show crypto engine connections active", `(?s)    1  IKE     SHA384\+AES-GCM256 .*    1  IPsec   AES256\+SHA256             0        5        5 192\.0\.2\.1\n    2  IPsec   AES256\+SHA256             5        0        5 `},
		{"show crypto map tag CM", `(?s)Peer = 192\.0\.2\.2\n.*access-list TO-B permit ip host 10\.10\.10\.1 host 10\.30\.30\.1\n.*DH group:  group20\n.*Interfaces using crypto map CM:\n\t\tvA\n`},
		{"show crypto ipsec transform-set", `^Transform set TS: \{ esp-aes 256 esp-sha256-hmac  \} \n`},
		{"show crypto ikev2 proposal", `(?s)Encryption : AES-GCM-256\n     Integrity  : none\n     PRF        : SHA384\n     DH Group   : DH_GROUP_384_ECP/Group 20\n     Add\. KE    : ML-KEM-1024\n.* IKEv2 proposal: default \n`},
		{"show crypto ikev2 profile PROF", `(?s)^IKEv2 profile: PROF\n.*   address 192\.0\.2\.2 \n`},
		{"show crypto isakmp key", `\n\nKR           192\.0\.2\.2                                   <hidden>\n$`},
		{"show access-lists", `^Extended IP access list TO-B\n    10 permit ip host 10\.10\.10\.1 host 10\.30\.30\.1 \(10 matches\)\n$`},
		{"clear access-list counters TO-B", `^$`},
		{"show access-lists", `^Extended IP access list TO-B\n    10 permit ip host 10\.10\.10\.1 host 10\.30\.30\.1\n$`},
		{"show crypto session detail | include dec", ` dec'ed 5 `},
		{"show crypto ikev2 count", `^    0 Negotiating SAs\n    1 Session\n    1 Active SAs\n    1 Created SAs\n    0 Deleted SAs\n    0 Marked for Deletion SAs\n$`},
		{"show clock", `^\*?\d\d:\d\d:\d\d\.\d\d\d \S+ [MTWFS][a-z][a-z] [A-Z][a-z][a-z] \d+ \d{4}\n$`},
		{"show interfaces", `(?s)^vA is up, .*seikan0 is up, .*     5 packets input, 420 bytes, 0 drops\n     5 packets output, 420 bytes, 0 drops\n$`},
		{"show ip route", `S        10\.30\.30\.1/32 is directly connected, seikan0, from 10\.10\.10\.1\n$`},
		{"show crypto isakmp peer", `(?s)Description: connection from site A\n.*flags: PEER_POLICY\n`},
		{"clear crypto sa counters", `^$`},
		{"show crypto ipsec sa | include encaps", `^    #pkts encaps: 0, #pkts encrypt: 0, #pkts digest: 0\n$`},
		{"ping 10.30.30.1 source 10.10.10.1 repeat 3", `Packet sent with a source address of 10\.10\.10\.1 \n!!!\nSuccess rate is 100 percent \(3/3\), round-trip`},
		{"ping 10.30.30.1 size 18000 repeat 2", `\n!!\nSuccess rate is 100 percent \(2/2\), round-trip`},
		{"ping 10.30.30.1 source vA size 5000 df-bit repeat 2", `\nMM\nSuccess rate is 0 percent \(0/2\)\n`},
		{"show crypto ipsec sa | include encaps", `^    #pkts encaps: [1-9]`},
		{"debug crypto ikev2", `^IKEv2 default debugging is on\n% Nothing takes messages`},
		{"show debugging", `^IKEV2:\n  IKEv2 default debugging is on\n`},
		{"clear crypto sa peer 192.0.2.2", `^$`},
		{"show crypto session | include Session status", `^Session status: UP-IDLE\n$`},
		{"clear crypto ikev2 stats", `^Cleared crypto ikev2 statistics\n$`},
		{"clear crypto ikev2 sa remote 192.0.2.2", `^$`},
		{"show crypto ikev2 stats", `(?s)Total created IKEv2 SA Count:     0        deleted:       1 .*\nIKEv2 SAs that are gone: 1\n             1  cleared by operator\n`},
		{"show crypto session history", `(?s)Session status: DOWN, waits for traffic.*\nLast cause: cleared by operator\n.*  DOWN    00:00:\d\d  cleared by operator\n.*  UP      -         -\n$`},
	} {
		if got := a.VTY(t, tt.command); !regexp.MustCompile(tt.want).MatchString(got) {
			t.Errorf("%s: got\n%s\nwant %s", tt.command, strings.ReplaceAll(got, "\n", "$\n"), tt.want)
		}
	}
}
