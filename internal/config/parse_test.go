package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestErrorText(t *testing.T) {
	text := strings.Replace(siteText, " set transform-set TS\n", " set transform-set TS2\n", 1)
	_, err := Parse("gw.conf", []byte(text))
	const want = "gw.conf:19:\n set transform-set TS2\n                   ^\n% expected: name of a transform set that is defined: TS"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	e := &Error{File: "f", Line: 3, Column: 4, Text: "\té\tx", Expected: "y"}
	if got, want := e.Error(), "f:3:\n\té\tx\n\t \t^\n% expected: y"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Parts that the tables put around a line.
const (
	inProposal = "crypto ikev2 proposal P1\n encryption aes-cbc-128\n integrity sha1\n group 14\n"
	inKeyPeer  = "crypto ikev2 keyring KR\n peer B\n  address 192.0.2.2\n"
	inProfile  = "crypto ikev2 profile P\n authentication remote pre-share\n authentication local pre-share\n"
	inMap      = "crypto map CM 10 ipsec-isakmp\n"
	inList     = "ip access-list extended L\n"
	inList6    = "ipv6 access-list L\n"
)

// accepted are texts and a line of the running configuration that they make.
var accepted = []struct{ name, text, want string }{
	{"case of keywords", "HostName gwA", "hostname gwA"},
	{"tabs and carriage return", "\thostname\tgwA \r\n", "hostname gwA"},
	{"repeated setting replaces", "hostname a\nhostname b", "hostname b"},
	{"abbreviations", "cr ikev2 k K\n pee B\n  ad 192.0.2.2\n  pre abc", "  address 192.0.2.2"},
	{"indentation says nothing", "crypto ikev2 keyring K\npeer B\naddress 192.0.2.2\nhostname x", "hostname x"},
	{"exit", "crypto ikev2 keyring K\n peer B\n  address 192.0.2.2\n  exit\n peer C\n  address 192.0.2.3\n exit\nexit\nhostname x", " peer C"},
	{"end", "crypto ikev2 keyring K\n end\nhostname x", "hostname x"},
	{"logging", "no crypto logging session\ncrypto logging session", "crypto logging session"},
	{"no logging", "no crypto logging session", "no crypto logging session"},
	{"format", "crypto session format xe\ncrypto session format classic\ncrypto session format xe", "crypto logging session\ncrypto session format xe"},

	{"ciphers", "crypto ikev2 proposal P\n encryption aes-gcm-128 aes-gcm-192 aes-gcm-256 chacha20-poly1305\n group 14 15 16 19 20 21 31", " group 14 15 16 19 20 21 31"},
	{"classic ciphers", inProposal + " encryption aes-cbc-256 aes-cbc-192 aes-cbc-128", " encryption aes-cbc-256 aes-cbc-192 aes-cbc-128"},
	{"hashes", inProposal + " integrity sha512 sha384 sha256 sha1 sha512", " integrity sha512 sha384 sha256 sha1"},
	{"policy", inProposal + "crypto ikev2 policy POL\n match fvrf any\n match address local 192.0.2.1\n match address local 2001:db8::1\n proposal P1", " match address local 2001:db8::1"},

	{"address of a peer with a mask", inKeyPeer + "  address 192.0.2.77 255.255.255.0", "  address 192.0.2.0 255.255.255.0"},
	{"address of a peer with a length", inKeyPeer + "  address 192.0.2.77/24", "  address 192.0.2.0 255.255.255.0"},
	{"any peer", inKeyPeer + "  address 0.0.0.0 0.0.0.0", "  address 0.0.0.0 0.0.0.0"},
	{"IPv6 peer", inKeyPeer + "  address 2001:DB8::2", "  address 2001:db8::2"},
	{"IPv6 peers", inKeyPeer + "  address 2001:db8::2/32", "  address 2001:db8::/32"},
	{"key", inKeyPeer + "  pre-shared-key k!", "  pre-shared-key k!"},
	{"PPK", inKeyPeer + "  ppk manual id q key hex 6b6B\n pre-shared-key k", "  ppk manual id q key kk"},
	{"PPK that is required", inKeyPeer + "  ppk manual id q key 0 k required", "  ppk manual id q key k required"},
	{"key after 0", inKeyPeer + "  pre-shared-key 0 k", "  pre-shared-key k"},
	{"key that reads as a keyword", inKeyPeer + "  pre-shared-key 0 local", "  pre-shared-key hex 6c6f63616c"},
	{"key in hexadecimal", inKeyPeer + "  pre-shared-key hex 00ff", "  pre-shared-key hex 00ff"},
	{"key in hexadecimal that is text", inKeyPeer + "  pre-shared-key hex 6b6B", "  pre-shared-key kk"},
	{"local key replaced", inKeyPeer + "  pre-shared-key local a\n  pre-shared-key b", "  pre-shared-key b"},
	{"two keys", inKeyPeer + "  pre-shared-key local a\n  pre-shared-key remote hex 00", "  pre-shared-key remote hex 00"},
	{"key that begins like a keyword", inKeyPeer + "  pre-shared-key loc", "  pre-shared-key loc"},

	{"remote address", inProfile + " match identity remote address 192.0.2.2", " match identity remote address 192.0.2.2"},
	{"remote network", inProfile + " match identity remote address 192.0.2.2 255.255.0.0", " match identity remote address 192.0.0.0 255.255.0.0"},
	{"remote IPv6 address", inProfile + " match identity remote address 2001:db8::2/128", " match identity remote address 2001:db8::2"},
	{"remote domain", inProfile + " match identity remote fqdn domain example", " match identity remote fqdn domain example"},
	{"local address", inProfile + " identity local address 192.0.2.1", " identity local address 192.0.2.1"},
	{"local email", inProfile + " identity local email a@example", " identity local email a@example"},
	{"local key ID", inProfile + " identity local key-id x", " identity local key-id x"},
	{"key in the profile", inProfile + " authentication local pre-share key k", " authentication local pre-share key k"},
	{"profile lifetime", inProfile + " lifetime 120", " lifetime 120"},
	{"profile DPD", inProfile + " dpd 10 2 periodic", " dpd 10 2 periodic"},
	{"fragments", "crypto ikev2 fragmentation mtu 1400", "crypto ikev2 fragmentation mtu 1400"},
	{"no fragments", "no crypto ikev2 fragmentation", "no crypto ikev2 fragmentation"},
	{"KEMs", inProposal + " encryption aes-gcm-128\n group 31\n addke ml-kem-768 none", " addke ml-kem-768 none"},
	{"cookies", "crypto ikev2 cookie-challenge 0", "crypto ikev2 cookie-challenge 0"},
	{"half-open", "crypto ikev2 limit max-in-negotation-sa 7", "crypto ikev2 limit max-in-negotation-sa 7"},
	{"DPD", "crypto ikev2 dpd 3600 60 on-demand", "crypto ikev2 dpd 3600 60 on-demand"},

	{"isakmp peer", "crypto isakmp peer 192.0.2.2\n description x  y", "crypto isakmp peer address 192.0.2.2"},
	{"isakmp peer ip-address", "crypto isakmp peer ip-address 192.0.2.2", "crypto isakmp peer address 192.0.2.2"},
	{"isakmp peer vrf", "vrf definition V\ncrypto isakmp peer address 192.0.2.2 vrf V", "crypto isakmp peer address 192.0.2.2 vrf V"},
	{"isakmp peer ipv6", "crypto isakmp peer address ipv6 2001:db8::2", "crypto isakmp peer address ipv6 2001:db8::2"},
	{"isakmp peer IPv6 without the word", "crypto isakmp peer 2001:db8::2", "crypto isakmp peer address ipv6 2001:db8::2"},
	{"description", "crypto isakmp peer 192.0.2.2\n description " + strings.Repeat("é", 80), " description " + strings.Repeat("é", 80)},

	{"AES", "crypto ipsec transform-set T esp-aes esp-sha-hmac", "crypto ipsec transform-set T esp-aes esp-sha-hmac"},
	{"AES-128", "crypto ipsec transform-set T esp-aes 128 esp-sha-hmac", "crypto ipsec transform-set T esp-aes esp-sha-hmac"},
	{"AES-256", "crypto ipsec transform-set T esp-aes 256 esp-sha384-hmac", "crypto ipsec transform-set T esp-aes 256 esp-sha384-hmac"},
	{"AES-CTR", "crypto ipsec transform-set T esp-aes-ctr esp-sha256-hmac", "crypto ipsec transform-set T esp-aes-ctr 128 esp-sha256-hmac"},
	{"GCM", "crypto ipsec transform-set T esp-gcm 256\n mode tunnel", " mode tunnel"},
	{"ChaCha", "crypto ipsec transform-set T esp-chacha20-poly1305", "crypto ipsec transform-set T esp-chacha20-poly1305"},
	{"NULL", "crypto ipsec transform-set T esp-null esp-sha512-hmac", "crypto ipsec transform-set T esp-null esp-sha512-hmac"},
	{"lifetime", "crypto ipsec security-association lifetime seconds 2592000", "crypto ipsec security-association lifetime seconds 2592000"},
	{"kilobytes", "crypto ipsec security-association lifetime kilobytes 4294967295", "crypto ipsec security-association lifetime kilobytes 4294967295"},
	{"no kilobytes", "crypto ipsec security-association lifetime kilobytes disable", "crypto ipsec security-association lifetime kilobytes disable"},
	{"window", "crypto ipsec security-association replay window-size 8192", "crypto ipsec security-association replay window-size 8192"},
	{"no window", "crypto ipsec security-association replay disable", "crypto ipsec security-association replay disable"},

	{"same peer again", inMap + " set peer 192.0.2.2\n set peer 192.0.2.2", " set peer 192.0.2.2"},
	{"PFS", inMap + " set pfs", " set pfs group14"},
	{"PFS group", inMap + " set pfs group31", " set pfs group31"},
	{"PFS with a KEM", inMap + " set pfs group31 addke ml-kem-1024", " set pfs group31 addke ml-kem-1024"},
	{"PFS without a KEM again", inMap + " set pfs group31 addke ml-kem-1024\n set pfs group31", " set pfs group31"},
	{"entry that is there", inMap + " set pfs\ncrypto map CM 10\n no set pfs", "crypto map CM 10 ipsec-isakmp"},
	{"lines by number", "line vty 0 4\n exec-timeout 1 30\nline vty 5\n session-limit 2", "line vty\n exec-timeout 1 30\n session-limit 2"},
	{"never", "line vty\n exec-timeout 0 0", "line vty\n exec-timeout 0"},
	{"no PFS", inMap + " set pfs\n no set pfs", "crypto map CM 10 ipsec-isakmp"},
	{"ESN", inMap + " set security-association esn", " set security-association esn"},
	{"no ESN", inMap + " set security-association esn\n no set security-association esn", "crypto map CM 10 ipsec-isakmp"},
	{"lifetime of an entry", inMap + " set security-association lifetime kilobytes disable", " set security-association lifetime kilobytes disable"},
	{"packets", inMap + " set security-association lifetime packets 1000", " set security-association lifetime packets 1000"},
	{"packets for all", "crypto ipsec security-association lifetime packets 4294967295", "crypto ipsec security-association lifetime packets 4294967295"},
	{"ports", "crypto ikev2 port 5500 nat-t 5501", "crypto ikev2 port 5500 nat-t 5501"},
	{"ports of a peer", inMap + " set peer-port 1 nat-t 65535", " set peer-port 1 nat-t 65535"},
	{"one port of a peer", inMap + " set peer-port nat-t 5601", " set peer-port nat-t 5601"},
	{"connect", inMap + " set connect at-start", " set connect at-start"},
	{"connect on traffic again", inMap + " set connect always\n set connect on-traffic", "crypto map CM 10 ipsec-isakmp"},
	{"alternates", inMap + " set alternate-address 198.51.100.1 198.51.100.2", " set alternate-address 198.51.100.1 198.51.100.2"},
	{"reauthentication", inProfile + " reauthentication 120", " reauthentication 120"},
	{"unique", inProfile + " unique keep", " unique keep"},
	{"unique as it was", inProfile + " unique keep\n unique initial-contact", "crypto ikev2 profile P"},
	{"bare ESP", inProfile + " no nat force-encap", " no nat force-encap"},
	{"ESP in UDP again", inProfile + " no nat force-encap\n nat force-encap", "crypto ikev2 profile P"},
	{"childless", inProfile + " childless never", " childless never"},
	{"window of an entry", inMap + " set security-association replay disable", " set security-association replay disable"},
	{"defined later", inMap + " match address L\n" + inList, " match address L"},

	{"list", inList + " permit ip 10.1.2.3 0.0.0.255 any", " permit ip 10.1.2.0 0.0.0.255 any"},
	{"list with numbers", inList + " 30 deny tcp any any\n 5 permit 6 any eq www any range ftp 23\n permit udp any any", " 5 permit tcp any eq 80 any range 21 23"},
	{"all addresses", inList + " permit ip 0.0.0.0 255.255.255.255 host 192.0.2.2", " permit ip any host 192.0.2.2"},
	{"protocol number", inList + " permit 17 any any eq 53", " permit udp any any eq 53"},
	{"protocol 0", inList + " permit 0 any any", " permit ip any any"},
	{"protocol by name", inList + " permit esp any any", " permit 50 any any"},
	{"numbered list", "access-list 199 remark x\naccess-list 199 permit gre any host 192.0.2.2", " permit gre any host 192.0.2.2"},
	{"IPv6 list", inList6 + " permit icmp 2001:DB8::1/32 any", " permit icmp 2001:db8::/32 any"},
	{"IPv6 list with numbers", inList6 + " sequence 7 deny tcp any any eq 22\n 3 permit ipv6 any any", " sequence 7 deny tcp any any eq 22"},

	{"interface", "interface vA\n ip address 192.0.2.1 255.255.255.0\n no shutdown", " ip address 192.0.2.1 255.255.255.0"},
	{"DF", "crypto ipsec df-bit set\ncrypto ipsec df-bit clear", "crypto ipsec df-bit clear"},
	{"DF as always", "crypto ipsec df-bit set\ncrypto ipsec df-bit copy\ninterface vA\n crypto ipsec df-bit copy", "interface vA\n crypto ipsec df-bit copy"},
	{"DF of a tunnel", "interface Tunnel1\n crypto ipsec df-bit set", " crypto ipsec df-bit set"},
	{"fragmentation", "crypto ipsec fragmentation after-encryption\ninterface vA\n crypto ipsec frag after", "crypto ipsec fragmentation after-encryption"},
	{"fragmentation of an interface", "crypto ipsec fragmentation after-encryption\ninterface vA\n crypto ipsec fragmentation before-encryption", " crypto ipsec fragmentation before-encryption"},
	{"fragmentation as always", "crypto ipsec fragmentation after-encryption\ncrypto ipsec fragmentation before-encryption\ncrypto ipsec df-bit set", "crypto ipsec df-bit set"},
	{"fragmentation of a tunnel", "interface Tunnel1\n crypto ipsec fragmentation after-encryption", " crypto ipsec fragmentation after-encryption"},
	{"MSS", "interface vA\n ip tcp adjust-mss 500", " ip tcp adjust-mss 500"},
	{"IPv6 interface", "interface vA\n ipv6 address 2001:db8::1/64", " ipv6 address 2001:db8::1/64"},
}

func TestAccepted(t *testing.T) {
	for _, test := range accepted {
		t.Run(test.name, func(t *testing.T) {
			m, err := Parse("gw.conf", []byte(test.text))
			if err != nil {
				t.Fatalf("got error\n%v", err)
			}
			if got := m.text(true); !strings.Contains("\n"+got, "\n"+test.want+"\n") {
				t.Errorf("got\n%s\nwant line %q", got, test.want)
			}
			if again := mustParse(t, m.text(true)); difference(m, again) != "" {
				t.Errorf("%s differs after reading\n%s", difference(m, again), m.text(true))
			}
		})
	}
}

// refused are texts whose last line is wrong: the word that the caret is under, "$" for the end of the line, and what is
// expected there, or the beginning of it.
var refused = []struct{ name, text, at, want string }{
	{"unknown", "foo bar", "foo", "hostname, crypto, key, enable, username, banner, line, vrf, ip, ipv6, access-list, interface, monitor, platform, no, logging, service, exit or end"},
	{"unknown in a mode", inMap + " foo", "foo", "description, set, match, no, hostname, crypto,"},
	{"ambiguous", "i", "i", "ip, ipv6 or interface"},
	{"missing word", "hostname", "$", "name of this router"},
	{"extra word", "hostname a b", "b", "the end of the line"},
	{"long name", "hostname " + strings.Repeat("x", 64), strings.Repeat("x", 64), "name of this router"},
	{"keepalive", "crypto ikev2 nat keepalive 20", "nat", "proposal, policy, keyring, profile, dpd, cookie-challenge, port, fragmentation or limit"},
	{"IKEv1 policy", "crypto isakmp policy 10", "policy", "peer"},

	{"cipher", "crypto ikev2 proposal P\n encryption aes-cbc-128 3des", "3des", "aes-cbc-128, aes-cbc-192,"},
	{"abbreviated number", "crypto ikev2 proposal P\n group 3", "3", "14, 15, 16, 19, 20, 21 or 31"},
	{"MD5", "crypto ikev2 proposal P\n integrity md5", "md5", "sha1, sha256, sha384 or sha512"},
	{"PRF", "crypto ikev2 proposal P\n prf", "$", "sha1, sha256, sha384 or sha512"},
	{"fvrf", inProposal + "crypto ikev2 policy P\n proposal P1\n match fvrf INET", "INET", "name of a VRF that is defined; none is"},
	{"undefined proposal", "crypto ikev2 policy P\n proposal P9", "P9", "name of a proposal that is defined; none is"},

	{"mask", inKeyPeer + "  address 192.0.2.0 255.0.255.0", "255.0.255.0", "network mask such as 255.255.255.0 or the end of the line"},
	{"zone", "crypto isakmp peer fe80::1%eth0", "fe80::1%eth0", "address"},
	{"undefined keyring", inProfile + " keyring local K9", "K9", "name of a keyring that is defined; none is"},
	{"certificates", inProfile + " authentication remote rsa-sig", "rsa-sig", "pre-share"},
	{"short lifetime", inProfile + " lifetime 119", "119", "seconds (120-86400)"},
	{"long lifetime", inProfile + " lifetime 86401", "86401", "seconds (120-86400)"},
	{"signed lifetime", inProfile + " lifetime +300", "+300", "seconds (120-86400)"},
	{"fragments", "crypto ikev2 fragmentation mtu 575", "575", "octets (576-1500)"},
	{"KEMs", inProposal + " addke ml-kem-512", "ml-kem-512", "ml-kem-768, ml-kem-1024 or none"},
	{"cookies", "crypto ikev2 cookie-challenge 1001", "1001", "IKE SAs being set up from which on a cookie is asked for (0-1000)"},
	{"half-open", "crypto ikev2 limit max-in-negotation-sa 0", "0", "how many (1-100000)"},
	{"DPD interval", "crypto ikev2 dpd 9 2 periodic", "9", "seconds of silence before a question (10-3600)"},
	{"DPD retry", "crypto ikev2 dpd 10 61 periodic", "61", "seconds before it is asked again (2-60)"},
	{"DPD mode", "crypto ikev2 dpd 10 2", "$", "on-demand or periodic"},

	{"hostname of a peer", "crypto isakmp peer hostname x", "hostname", "address, ip-address or address of the peer"},
	{"multicast peer", "crypto isakmp peer 224.0.0.1", "224.0.0.1", "address, ip-address or address of the peer"},
	{"long description", "crypto isakmp peer 192.0.2.2\n description " + strings.Repeat("x", 81), strings.Repeat("x", 81), "a description of at most 80 characters"},
	{"no description", "crypto isakmp peer 192.0.2.2\n description", "$", "a description of at most 80 characters"},

	{"transform", "crypto ipsec transform-set T esp-3des", "esp-3des", "esp-gcm, esp-chacha20-poly1305, esp-aes, esp-aes-ctr or esp-null"},
	{"no integrity", "crypto ipsec transform-set T esp-aes 256", "$", "esp-sha-hmac, esp-sha256-hmac, esp-sha384-hmac or esp-sha512-hmac"},
	{"integrity with GCM", "crypto ipsec transform-set T esp-gcm 128 esp-sha-hmac", "esp-sha-hmac", "the end of the line"},
	{"mode", "crypto ipsec transform-set T esp-gcm 128\n mode tunel", "tunel", "tunnel or transport"},
	{"modes", "crypto ipsec transform-set T esp-gcm 128\ncrypto ipsec transform-set U esp-gcm 128\n mode transport\n" + inMap + " set transform-set T U", "U", "transform sets of one mode"},
	{"tunnel mode", "interface Tunnel0\n tunnel mode gre ipv6", "ipv6", "ip"},
	{"tunnel profile", "interface Tunnel0\n tunnel protection ipsec profile P", "P", "name of an IPsec profile that is defined; none is"},
	{"tunnel lines elsewhere", "interface vA\n tunnel source vB", "tunnel", "description, vrf, ip, ipv6, crypto, no,"},
	{"route to nowhere", "ip route 10.0.0.0 255.0.0.0 Tunnel1", "Tunnel1", "name of an interface that is defined; none is"},
	{"route out of the wrong interface", "ip route 10.0.0.0 255.0.0.0 vA", "vA", "name of a tunnel interface, TunnelN"},
	{"route with bits too many", "ip route 10.0.0.1 255.0.0.0 Tunnel1", "10.0.0.1", "an address without bits behind its mask: 10.0.0.0"},
	{"route twice", "interface Tunnel1\ninterface Tunnel2\nip route 10.0.0.0 255.0.0.0 Tunnel1\nip route 10.0.0.0 255.0.0.0 Tunnel2", "Tunnel2", "one tunnel for 10.0.0.0/8, which goes into Tunnel1"},
	{"seconds", "crypto ipsec security-association lifetime seconds 119", "119", "seconds (120-2592000)"},
	{"one port for both", "crypto ikev2 port 500 nat-t 500", "500", "another port than that for bare IKE"},
	{"kilobytes", "crypto ipsec security-association lifetime kilobytes 2559", "2559", "disable or kilobytes (2560-4294967295)"},
	{"window", "crypto ipsec security-association replay window-size 100", "100", "packets (64-8192 and a multiple of 64)"},

	{"second peer", inMap + " set peer 192.0.2.2\n set peer 192.0.2.3", "192.0.2.3", "no second peer; the entry has 192.0.2.2"},
	{"two peers", inMap + " set peer 192.0.2.2 192.0.2.3", "192.0.2.3", "the end of the line"},
	{"undefined transform set", "crypto ipsec transform-set TS esp-gcm 128\n" + inMap + " set transform-set TS T9", "T9", "name of a transform set that is defined: TS"},
	{"undefined profile", inProfile + inMap + " set ikev2-profile P9", "P9", "name of an IKEv2 profile that is defined: P"},
	{"undefined list", inMap + " match address L9", "L9", "name of an access list that is defined; none is"},
	{"undefined map", "interface vA\n crypto map M9", "M9", "name of a crypto map that is defined; none is"},
	{"PFS group", inMap + " set pfs group2", "group2", "group14, group15,"},
	{"sequence number", "crypto map CM 65536 ipsec-isakmp", "65536", "sequence number of the entry (1-65535)"},
	{"new entry without its type", "crypto map CM 10", "$", "ipsec-isakmp, as there is no such entry yet"},
	{"seconds", "line vty\n exec-timeout 1 60", "60", "seconds more (0-59), where both are 0 for never"},
	{"dynamic map", "crypto map CM 10 ipsec-isakmp dynamic D", "dynamic", "the end of the line"},

	{"wildcard mask", inList + " permit ip 10.0.0.0 0.255.0.255 any", "0.255.0.255", "wildcard mask that is contiguous such as 0.0.0.255"},
	{"network mask", inList + " permit ip 10.0.0.0 255.255.255.0 any", "255.255.255.0", "wildcard mask that is contiguous"},
	{"IPv6 in IPv4", inList + " permit ip host 2001:db8::1 any", "2001:db8::1", "source address (IPv4)"},
	{"IPv4 in IPv6", inList6 + " permit ipv6 host 192.0.2.1 any", "192.0.2.1", "source address (IPv6)"},
	{"port of ICMP", inList + " permit icmp any any eq 8", "eq", "the end of the line"},
	{"port", inList + " permit tcp any any eq 65536", "65536", "destination port (0-65535)"},
	{"range", inList + " permit tcp any any range 20 10", "10", "a port not less than 20"},
	{"protocol", inList + " permit 256 any any", "256", "ip, tcp, udp, icmp, gre,"},
	{"log", inList + " permit ip any any log", "log", "the end of the line"},
	{"no destination", inList + " permit ip any", "$", "host, any or destination address (IPv4)"},
	{"number twice", inList + " 10 permit ip any any\n 10 deny ip any any", "10", "a sequence number that no line of the list has"},
	{"numbers used up", inList + " 2147483647 permit ip any any\n deny ip any any", "deny", "a sequence number, as there is none left"},
	{"standard list", "access-list 10 permit ip any any", "10", "number of an extended access list (100-199 or 2000-2699)"},
	{"list of both versions", inList + inList6, "L", "a name that no access list of the other version of IP has"},

	{"interface mask", "interface vA\n ip address 192.0.2.1", "$", "network mask such as 255.255.255.0"},
	{"broadcast address", "interface vA\n ip address 255.255.255.255 255.255.255.0", "255.255.255.255", "IPv4 address of this router"},
	{"IPv6 address without length", "interface vA\n ipv6 address 2001:db8::1", "2001:db8::1", "IPv6 address of this router with the length"},
	{"IPv6 multicast", "interface vA\n ipv6 address ff02::1/64", "ff02::1/64", "IPv6 address of this router with the length"},
	{"IPv4 length in IPv6", inList6 + " permit ipv6 10.0.0.0/8 any", "10.0.0.0/8", "host, any or source prefix (IPv6)"},
	{"IPv4 in the form of IPv6", inKeyPeer + "  address ::ffff:192.0.2.2", "::ffff:192.0.2.2", "IPv4 address, IPv6 address or prefix"},
	{"undefined of many", definitions(10) + inMap + " set transform-set T10", "T10", "name of a transform set that is defined: T0, T1, T2, T3, T4, T5, T6, T7, ..."},
	{"shutdown", "interface vA\n shutdown", "shutdown", "description, vrf, ip, ipv6, crypto, no,"},
}

func TestRefused(t *testing.T) {
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			m, err := Parse("gw.conf", []byte(test.text))
			list := errorsOf(t, err)
			if m != nil || len(list) != 1 {
				t.Fatalf("got model %v, errors\n%v\nwant one", m != nil, err)
			}
			lines := strings.Split(strings.TrimSuffix(test.text, "\n"), "\n")
			last := lines[len(lines)-1]
			column := strings.LastIndex(last, test.at) + 1
			if test.at == "$" {
				column = len(last) + 2
			}
			e := list[0]
			if e.Line != len(lines) || e.Column != column || e.Text != last || !strings.HasPrefix(e.Expected, test.want) {
				t.Errorf("got line %d, column %d, expected %q\n%v\nwant line %d, column %d, expected %q", e.Line, e.Column, e.Expected, err, len(lines), column, test.want)
			}
		})
	}
}

// What only the whole text can tell is said where the thing is defined.
func TestIncomplete(t *testing.T) {
	for _, test := range []struct {
		name, text   string
		line, column int
		want         string
	}{
		{"proposal without encryption", "crypto ikev2 proposal P", 1, 23, "a proposal with encryption"},
		{"proposal without group", "crypto ikev2 proposal P\n encryption aes-gcm-128", 1, 23, "a proposal with group"},
		{"proposal without integrity", "crypto ikev2 proposal P\n encryption aes-cbc-128\n group 14", 1, 23, "a proposal with integrity, which"},
		{"integrity without use", "crypto ikev2 proposal P\n encryption aes-gcm-128\n prf sha1\n integrity sha1\n group 14", 4, 12, "no integrity in a proposal whose"},
		{"policy", "crypto ikev2 policy P", 1, 21, "a policy with a proposal"},
		{"peer without address", "crypto ikev2 keyring K\n peer B\n  pre-shared-key k", 2, 7, "a peer with an address"},
		{"address twice", "crypto ikev2 keyring K\n peer B\n  address 192.0.2.2\n peer C\n  address 192.0.2.2/32", 5, 11, "an address that is not that of peer B"},
		{"no remote authentication", "crypto ikev2 profile P\n authentication local pre-share", 1, 22, "a profile with authentication remote"},
		{"no local authentication", "crypto ikev2 profile P\n authentication remote pre-share", 1, 22, "a profile with authentication local"},
		{"many sets", definitions(33) + inMap + " set transform-set" + sets(33), 35, 19 + 10*3 + 22*4 + 1, "at most 32 transform sets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("gw.conf", []byte(test.text))
			list := errorsOf(t, err)
			if len(list) != 1 || list[0].Line != test.line || list[0].Column != test.column || !strings.HasPrefix(list[0].Expected, test.want) {
				t.Errorf("got\n%v\nwant line %d, column %d, expected %q", err, test.line, test.column, test.want)
			}
		})
	}
}

// sets are the names of n transform sets.
func sets(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " T%d", i)
	}
	return b.String()
}

// definitions define them.
func definitions(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "crypto ipsec transform-set T%d esp-gcm 128\n", i)
	}
	return b.String()
}

// All errors are reported, in order, but not those that only follow from another one.
func TestManyErrors(t *testing.T) {
	_, err := Parse("gw.conf", []byte(`foo
hostname
crypto ipsec transform-set TS esp-foo
 mode transport
crypto ikev2 profil
 match identity remote address 192.0.2.2
crypto map CM 10 ipsec-isakmp
 set transform-set TS
 set transform-set TX TY
 set pfs group1
 match address L
`))
	var got []string
	for _, e := range errorsOf(t, err) {
		got = append(got, fmt.Sprintf("%d:%d", e.Line, e.Column))
	}
	if want := "[1:1 2:10 3:31 5:21 9:20 9:23 10:10 11:16]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	_, err = Parse("gw.conf", []byte(strings.Repeat("foo\n", 100)))
	if n := len(errorsOf(t, err)); n != maxErrors {
		t.Errorf("got %d errors, want %d", n, maxErrors)
	}
}

func TestIllegible(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"long text", strings.Repeat("!\n", maxText), "gw.conf:\n% expected: a text of at most 1048576 octets"},
		{"NUL", "hostname a\nhost\x00", "gw.conf:2:\n% expected: text without NUL octets"},
		{"long line", "hostname a\nhostname " + strings.Repeat("a", maxLine), "gw.conf:2:\n% expected: a line of at most 2048 octets"},
		{"escape", "hostname a\nhostname \x1b[2J", "gw.conf:2:\n% expected: printable characters in UTF-8; character 10 is none"},
		{"not UTF-8", "hostname \xff", "gw.conf:1:\n% expected: printable characters in UTF-8; character 10 is none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse("gw.conf", []byte(test.text)); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	mustParse(t, "! \x1b comments are not shown")
}

// Errors on lines with keys do not show them, whatever else is wrong, and the caret is where the trouble begins.
func TestErrorsHideKeys(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"extra word", inKeyPeer + "  pre-shared-key swordfish x", "  pre-shared-key <hidden>\n                 ^\n"},
		{"PPK and more", inKeyPeer + "  ppk manual id q key swordfish x", "  ppk manual id q key <hidden>\n                      ^\n"},
		{"joined", inKeyPeer + "  pre-shared-key=swordfish", "  <hidden>\n  ^\n"},
		{"joined by a colon", inKeyPeer + "  pre-shared-key:swordfish", "  <hidden>\n  ^\n"},
		{"joined by nothing", inKeyPeer + "  pre-shared-keyswordfish", "  <hidden>\n  ^\n"},
		{"short and joined", inKeyPeer + "  psk=\"swordfish\"", "  <hidden>\n  ^\n"},
		{"PPK alone", inKeyPeer + "  ppk swordfish", "  ppk <hidden>\n      ^\n"},
		{"PPK without key", inKeyPeer + "  ppk manual id x swordfish", "  ppk manual id x <hidden>\n                  ^\n"},
		{"behind an address", inKeyPeer + "  address 192.0.2.2 swordfish", "  address 192.0.2.2 <hidden>\n                    ^\n"},
		{"of IKEv1", "crypto isakmp key=swordfish address 192.0.2.2", "crypto isakmp <hidden>\n              ^\n"},
		{"on the line of the keyring", "crypto ikev2 keyring KR pre-shared-key=swordfish", "crypto ikev2 keyring KR <hidden>\n                        ^\n"},
		{"type 6", inKeyPeer + "  pre-shared-key 6 swordfish", "  pre-shared-key <hidden>\n                 ^\n"},
		{"not hexadecimal", inKeyPeer + "  pre-shared-key hex swordfish", "  pre-shared-key hex <hidden>\n                     ^\n"},
		{"long", inKeyPeer + "  pre-shared-key local " + strings.Repeat("swordfish", 20), "  pre-shared-key local <hidden>\n                       ^\n"},
		{"abbreviated", inKeyPeer + "  p swordfish x", "  p <hidden>\n    ^\n"},
		{"misspelled", inKeyPeer + "  preshared-key swordfish", "  preshared-key <hidden>\n  ^\n"},
		{"another word", inKeyPeer + "  geheim swordfish", "  geheim <hidden>\n  ^\n"},
		{"what a keyring does not have", inKeyPeer + "  identity fqdn x", "  identity <hidden>\n  ^\n% expected: description, address, pre-shared-key, ppk, peer, hostname,"},
		{"outside of a keyring", "psk swordfish", "psk <hidden>\n^\n"},
		{"IKEv1", "crypto isakmp key swordfish address 192.0.2.2", "crypto isakmp key <hidden>\n              ^\n"},
		{"profile", inProfile + " authentication remote pre-share key swordfish x", " authentication remote pre-share key <hidden>\n                                     ^\n"},
		{"profile without the word", inProfile + " authentication remote p swordfish", " authentication remote p <hidden>\n                         ^\n"},
		{"misspelled in the profile", inProfile + " authentification remote pre-share key swordfish", " authentification remote pre-share key <hidden>\n ^\n"},
		{"key on the next line", inKeyPeer + "  pre-shared-key\n  swordfish", ":5:\n  <hidden>\n  ^\n"},
		{"escape", inKeyPeer + "  pre-shared-key swordfish\x1b", "printable characters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("gw.conf", []byte(test.text))
			if err == nil {
				t.Fatal("got no error")
			}
			wantNoSecret(t, "error", err.Error())
			wantNoSecret(t, "error", fmt.Sprintf("%#v", errorsOf(t, err)[0]))
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}
