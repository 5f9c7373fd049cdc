package config

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// siteText is a whole configuration, as the README shows it.
const siteText = `hostname gwA
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

// everything has each command once.
const everything = `
! comment
hostname gwA
no crypto logging session
crypto session format xe
platform lanes 3
no platform offload device-tcp-segmentation
no platform offload device-udp-coalescing
no platform offload device-tcp-coalescing
platform offload device-tcp-coalescing
no platform offload socket-segmentation
no platform offload socket-coalescing
crypto logging ikev2
crypto logging ezvpn
crypto logging ezvpn group ra1grp
service sequence-numbers
service timestamps log datetime msec localtime show-timezone year
logging buffered 8192 debugging
logging console warnings
logging monitor notifications
logging trap errors
logging facility local3
logging rate-limit 100 except critical
logging tls ca-file /etc/seikan/ca.pem
logging tls certificate-file /etc/seikan/gw.pem
logging local
logging host 192.0.2.9
logging host 2001:db8::9 transport tls name logs.example port 7514 format rfc5424
logging 192.0.2.9 format classic transport tcp
key file /etc/seikan/keys
vrf definition INET
 description to the providers
 netns wan
ip vrf CUST
crypto ikev2 proposal P1
 encryption aes-gcm-256 aes-cbc-256 aes-cbc-128 chacha20-poly1305
 integrity sha256 sha1
 prf sha384 sha512
 group 19 14
 addke ml-kem-1024 ml-kem-768 none
crypto ikev2 proposal P2
 encryption aes-gcm-128
 group 31
crypto ikev2 policy POL
 match fvrf any
 match address local 192.0.2.1
 proposal P1
 proposal P2
crypto ikev2 keyring KR
 peer siteB
  description the other site
  address 192.0.2.2
  pre-shared-key swordfish-one
 peer net
  address 192.0.2.0 255.255.255.0
  pre-shared-key local 0 swordfish-two
  pre-shared-key remote hex 0a5c11bf
 peer six
  address 2001:db8::/32
  pre-shared-key hex 73776f726466697368
  ppk manual id quantum key swordfish-three required
 peer kept-apart
  address 203.0.113.0/24
  pre-shared-key local file OURS
  pre-shared-key remote file THEIRS
  ppk manual id quantum key file PPK required
 peer file
  address 198.51.100.7
  pre-shared-key 0 file
crypto ikev2 profile PROF
 description to B
 match fvrf any
 match identity remote address 192.0.2.2 255.255.255.255
 match identity remote address 2001:db8::2
 match identity remote address 198.51.100.0/24
 match identity remote fqdn b.example
 match identity remote fqdn domain example
 match identity remote email b@example
 match identity remote email domain example
 match identity remote key-id B
 identity local fqdn a.example
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 lifetime 3600
 dpd 10 3 on-demand
 reauthentication 28800
 unique replace
 childless prefer
 no nat force-encap
crypto ikev2 policy P-INET
 match fvrf INET
 proposal P2
crypto ikev2 profile PROF-INET
 match fvrf INET
 ivrf global
 authentication remote pre-share key swordfish-three
 authentication local pre-share key swordfish-three
crypto ikev2 profile PROF-CUST
 match fvrf any
 ivrf CUST
 authentication remote pre-share key swordfish-three
 authentication local pre-share key swordfish-three
crypto ikev2 profile P6
 identity local address 2001:db8::1
 authentication remote pre-share key swordfish-three
 authentication local pre-share key hex 0102
crypto ikev2 profile PF
 authentication remote pre-share key file THEIRS
 authentication local pre-share key file OURS
crypto ikev2 dpd 30 5 periodic
crypto ikev2 fragmentation mtu 576
crypto ikev2 port 5500 nat-t 5501
crypto ikev2 cookie-challenge 20
crypto ikev2 limit max-in-negotation-sa 500
crypto isakmp peer address 192.0.2.2
 description connection from site A
crypto isakmp peer address ipv6 2001:db8::2
 description six
crypto isakmp peer ip-address 192.0.2.3 vrf INET
crypto ipsec security-association lifetime seconds 7200
crypto ipsec security-association lifetime kilobytes disable
crypto ipsec security-association replay window-size 1024
crypto ipsec df-bit set
crypto ipsec fragmentation after-encryption
crypto ipsec transform-set TS esp-gcm 128
 mode tunnel
crypto ipsec transform-set TS2 esp-aes esp-sha-hmac
crypto ipsec transform-set TS3 esp-null esp-sha256-hmac
crypto ipsec transform-set TS4 esp-aes-ctr 192 esp-sha512-hmac
crypto ipsec transform-set TS5 esp-chacha20-poly1305
crypto ipsec transform-set TS6 esp-gcm 128
 mode transport
crypto ipsec profile IPP
 description of tunnels
 set transform-set TS6
 set pfs group19
 set security-association lifetime seconds 600
 set security-association replay window-size 256
 set security-association esn
 set ikev2-profile PROF
crypto ipsec profile IPP6
 set transform-set TS
 set ikev2-profile PROF
crypto map CM 20 ipsec-isakmp
 description second
 set peer 2001:db8::2
 set transform-set TS5
 set ikev2-profile P6
 set security-association replay disable
 match address SIX
crypto map CM 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS TS2 TS3 TS4
 set pfs group19 addke ml-kem-768
 set security-association lifetime seconds 120
 set security-association lifetime kilobytes 2560
 set security-association lifetime packets 5000
 set peer-port 5600 nat-t 5601
 set connect always
 set alternate-address 198.51.100.1 2001:db8:1::1
 set security-association replay window-size 128
 set security-association esn
 set ikev2-profile PROF
 match address TO-B
interface vA
 description outside
 no shutdown
 ip tcp adjust-mss 1360
 ip address 192.0.2.1 255.255.255.0
 ipv6 address 2001:db8::1/64
 crypto map CM
 crypto ipsec df-bit clear
interface tunnel7
 description to C
 ip address 10.9.0.1 255.255.255.252
 ipv6 address fd00:9::1/64
 ip mtu 1380
 ip tcp adjust-mss 1340
 crypto ipsec df-bit copy
 crypto ipsec fragmentation before-encryption
 tunnel source vB
 tunnel destination 192.0.2.77
 tunnel mode gre ip
 tunnel key 4711
 tunnel ttl 64
 tunnel protection ipsec profile IPP
interface Tunnel8
 tunnel source 2001:db8::1
 tunnel destination 2001:db8::77
 tunnel mode ipsec ipv6
 tunnel protection ipsec profile IPP6
 shutdown
interface Tunnel9
 tunnel mode ipsec ipv4
 shutdown
 no shutdown
interface Tunnel10
 vrf forwarding CUST
 tunnel vrf INET
interface Tunnel11
 ip vrf forwarding INET
 no vrf forwarding
 ip vrf forwarding INET
 no ip vrf forwarding INET
interface vW
 vrf forwarding INET
interface Tunnel12
 tunnel protection ipsec profile IPP shared
ip route 10.77.0.0 255.255.0.0 Tunnel7
ip route vrf CUST 10.77.0.0 255.255.0.0 Tunnel10
ipv6 route vrf CUST fd00:77::/48 Tunnel10
ipv6 route fd00:77::/48 tunnel8
ip access-list extended TO-B
 remark first
 deny tcp any host 10.30.30.1 eq telnet
 permit tcp 10.10.10.0 0.0.1.255 range 1000 2000 host 10.30.30.1 eq 22
 15 permit icmp any any
 permit 89 host 10.10.10.1 host 10.30.30.1
 remark last
ipv6 access-list SIX
 permit ipv6 host fd00:10::1 host fd00:30::1
 sequence 5 permit udp fd00:10::/64 any eq 53
access-list 100 permit gre any any
monitor http listen 2001:db8::1 8443
monitor http token swordfish-long-token
monitor http tls certificate /etc/seikan/c.pem key /etc/seikan/k.pem client-ca /etc/seikan/ca.pem
enable secret $2a$10$eFgXnXhIaKhtoFcgsnlUYu8IAFVmjkIKXnmWUmXpOMVQt7szp3t4S
username ann privilege 15 secret $2a$10$eFgXnXhIaKhtoFcgsnlUYu8IAFVmjkIKXnmWUmXpOMVQt7szp3t4S
username bob ssh-key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9KkxcVCVcDEsxOFrdmAcxQfPQeXUIDhyOSXOaMZrf bob@example
banner login Who are you?
ip ssh listen 192.0.2.1 2222
ip ssh time-out 30
ip ssh authentication-retries 1
line vty
 exec-timeout 0
 session-limit 4
end
`

func mustParse(t testing.TB, text string) *Model {
	t.Helper()
	m, err := Parse("gw.conf", []byte(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return m
}

// errorsOf is the errors that err joins.
func errorsOf(t testing.TB, err error) []*Error {
	t.Helper()
	if err == nil {
		return nil
	}
	var list []*Error
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error %T joins nothing", err)
	}
	for _, e := range joined.Unwrap() {
		var one *Error
		if !errors.As(e, &one) {
			t.Fatalf("error %T, want *Error", e)
		}
		list = append(list, one)
	}
	return list
}

// env has interfaces and one host behind the router, and three network namespaces, in one of which is an interface more.
func env() Env {
	return Env{
		Namespace: func(name string) error {
			if name != "INET" && name != "CUST" && name != "wan" {
				return errors.New("no such namespace")
			}
			return nil
		},
		InterfaceAddrs: func(netns, name string) ([]netip.Addr, int, error) {
			switch netns + name {
			case "wanvW":
				return addrs("192.0.2.1"), 1450, nil
			case "vA":
				return addrs("192.0.2.1", "198.51.100.1", "2001:db8::1", "fe80::1%vA"), 1500, nil
			case "vB":
				return addrs("203.0.113.1"), 1400, nil
			}
			return nil, 0, errors.New("no such interface")
		},
		Keys: func(file string) (Keys, error) {
			if file != "/etc/seikan/keys" {
				return nil, errors.New("no such file")
			}
			return ParseKeys(file, []byte("OURS swordfish-one\nTHEIRS swordfish-two\nPPK hex 0a5c11bf\n"))
		},
		LocalAddr: func(netns string, within ...netip.Prefix) (netip.Addr, error) {
			for _, p := range within {
				here := addrs("10.10.10.1", "fd00:10::1")
				if netns != "" {
					here = addrs("10.10.10.2")
				}
				for _, a := range here {
					if p.Contains(a) {
						return a, nil
					}
				}
			}
			return netip.Addr{}, nil
		},
	}
}

func addrs(list ...string) (as []netip.Addr) {
	for _, s := range list {
		as = append(as, netip.MustParseAddr(s))
	}
	return as
}

// difference finds where two models differ, but for the places in their texts; "" if nowhere.
func difference(a, b *Model) string {
	return differ("model", reflect.ValueOf(*a), reflect.ValueOf(*b))
}

func differ(path string, a, b reflect.Value) string {
	if a.Type() == reflect.TypeFor[pos]() {
		return ""
	}
	if k := a.Kind(); (k == reflect.Pointer || k == reflect.Interface || k == reflect.Map || k == reflect.Slice) && a.IsNil() != b.IsNil() {
		return path
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() {
			return ""
		}
		return differ(path, a.Elem(), b.Elem())
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[netip.Addr]() || a.Type() == reflect.TypeFor[netip.Prefix]() {
			break
		}
		for i := range a.NumField() {
			if a.Type().Field(i).Name == "byName" { // which a table that was edited does without
				continue
			}
			if d := differ(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Slice:
		if a.Len() != b.Len() {
			return path
		}
		for i := range a.Len() {
			if d := differ(path+"[]", a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Map:
		if a.Len() != b.Len() {
			return path
		}
		for _, k := range a.MapKeys() {
			if v := b.MapIndex(k); !v.IsValid() {
				return path
			} else if d := differ(path+"[]", a.MapIndex(k), v); d != "" {
				return d
			}
		}
		return ""
	}
	if !a.Equal(b) {
		return path
	}
	return ""
}

// secrets are the keys of everything.
var secrets = []string{"swordfish-one", "swordfish-two", "swordfish-three", "swordfish", "0a5c11bf", "73776f726466697368"}

func wantNoSecret(t testing.TB, where, text string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s has the key %q:\n%s", where, s, text)
		}
	}
}
