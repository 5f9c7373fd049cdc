package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"seikan/ike"
	"seikan/ike/wire"
	"seikan/session"
)

// What the configuration says of proposals, policies, profiles and keys, as it is listed. There is no key in it.
func TestBuildPolicies(t *testing.T) {
	m := mustParse(t, `vrf definition INET
crypto ikev2 dpd 30 5 periodic
crypto ikev2 proposal MIXED
 encryption aes-gcm-256 aes-cbc-128
 integrity sha256 sha1
 group 19 14
 addke ml-kem-1024 none
crypto ikev2 proposal CHACHA
 encryption chacha20-poly1305
 prf sha384
 group 31
crypto ikev2 policy LOCAL
 match fvrf any
 match address local 192.0.2.1
 proposal CHACHA
 proposal MIXED
crypto ikev2 keyring KR
 peer one
  address 192.0.2.0 255.255.255.0
  pre-shared-key swordfish
 peer two
  address 2001:db8::2
  pre-shared-key local swordfish
  pre-shared-key remote hex 73776f7264
crypto ikev2 profile PROF
 description all of it
 match fvrf any
 match identity remote address 192.0.2.2 255.255.255.255
 match identity remote fqdn domain example.com
 identity local email a@example.com
 authentication remote pre-share
 authentication local pre-share key swordfish
 keyring local KR
 lifetime 300
 reauthentication 600
 dpd 10 2 on-demand
 unique replace
 childless never
 no nat force-encap
crypto ikev2 profile BARE
 match fvrf INET
 ivrf global
 authentication remote pre-share
 authentication local pre-share
crypto ipsec security-association lifetime kilobytes disable
crypto ipsec transform-set TS esp-gcm 128
crypto ipsec profile VTI
 description tunnels
 set transform-set TS
 set pfs group20
 set security-association lifetime seconds 120
 set ikev2-profile PROF
`)
	b := &builder{m: m, env: env()}
	p := b.shownPolicies()
	var got strings.Builder
	for _, render := range []func() error{
		func() error { return session.RenderNamed(&got, p.Proposals) }, func() error { return session.RenderNamed(&got, p.Policies) },
		func() error { return session.RenderNamed(&got, p.Profiles) }, func() error { return p.RenderKeys(&got) }, func() error { return session.RenderNamed(&got, p.IPsec) },
	} {
		if err := render(); err != nil {
			t.Fatal(err)
		}
	}
	const want = ` IKEv2 proposal: MIXED·
     Encryption : AES-GCM-256 AES-CBC-128
     Integrity  : SHA256 SHA96
     PRF        : SHA256 SHA1
     DH Group   : DH_GROUP_256_ECP/Group 19 DH_GROUP_2048_MODP/Group 14
     Add. KE    : ML-KEM-1024 none

 IKEv2 proposal: CHACHA·
     Encryption : CHACHA20-POLY1305
     Integrity  : none
     PRF        : SHA384
     DH Group   : DH_GROUP_CURVE25519/Group 31

 IKEv2 proposal: default·
     Encryption : AES-GCM-256 AES-GCM-128 CHACHA20-POLY1305 AES-CBC-256 AES-CBC-192 AES-CBC-128
     Integrity  : SHA256 SHA384 SHA512 SHA96
     PRF        : SHA256 SHA384 SHA512 SHA1
     DH Group   : DH_GROUP_256_ECP/Group 19 DH_GROUP_384_ECP/Group 20 DH_GROUP_521_ECP/Group 21 DH_GROUP_CURVE25519/Group 31 DH_GROUP_2048_MODP/Group 14 ` +
		`DH_GROUP_3072_MODP/Group 15 DH_GROUP_4096_MODP/Group 16
 IKEv2 policy : LOCAL
      Match fvrf : any
      Match address local : 192.0.2.1
      Proposal    : CHACHA·
      Proposal    : MIXED·

 IKEv2 policy : default
      Match fvrf : any
      Match address local : any
      Proposal    : default·
IKEv2 profile: PROF
 Description: all of it
 Match criteria:·
  Fvrf: any
  Local address/interface: none
  Identities:·
   address 192.0.2.2·
   fqdn domain example.com·
  Certificate maps: none
 Local identity: email a@example.com
 Remote identity: none
 Local authentication method: pre-share
 Remote authentication method(s): pre-share
 EAP options: none
 Keyring: KR
 Trustpoint(s): none
 Lifetime: 300 seconds
 Reauthentication: after 600 seconds
 DPD: interval 10, retry-interval 2, on-demand
 Ivrf: none
 Virtual-template: none
 Unique: replace
 Childless: never
 ESP in UDP: where there is a NAT

IKEv2 profile: BARE
 Match criteria:·
  Fvrf: INET
  Local address/interface: none
  Identities:·
   the address of the peer·
  Certificate maps: none
 Local identity: none
 Remote identity: none
 Local authentication method: pre-share
 Remote authentication method(s): pre-share
 EAP options: none
 Keyring: none
 Trustpoint(s): none
 Lifetime: 86400 seconds
 DPD: interval 30, retry-interval 5, periodic
 Ivrf: global
 Virtual-template: none
 ESP in UDP: always
Keyring      Hostname/Address                            Preshared Key

KR           192.0.2.0 255.255.255.0                     <hidden>
KR           2001:DB8::2                                 local <hidden>, remote <hidden>
IPSEC profile VTI
	Description: tunnels
	IKEv2 Profile: PROF
	Security association lifetime: kilobytes disabled/120 seconds
	Responder-Only (Y/N): N
	PFS (Y/N): Y
	DH group:  group20
	Mixed-mode : Disabled
	Transform sets={·
		TS:  { esp-gcm 128  } ,·
	}
`
	if want := strings.ReplaceAll(want, "·", " "); got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	if text := fmt.Sprintf("%+v", p); strings.Contains(text, "swordf") || strings.Contains(text, "73776f") {
		t.Errorf("a key is in it: %s", text)
	}
}

// A key that is in a key file is named.
func TestShownKeyOfFile(t *testing.T) {
	file := presharedKey{file: named{name: "siteB"}}
	for want, p := range map[string]keyPeer{"file siteB": {local: file, remote: file}, "local file siteB, remote none": {local: file}} {
		p.prefix = netip.MustParsePrefix("192.0.2.2/32")
		if got := shownKey("KR", &p); got.Key != want {
			t.Errorf("got %q, want %q", got.Key, want)
		}
	}
}

// Each group that may be configured has a name in the listings.
func TestShownGroups(t *testing.T) {
	for _, p := range defaultProposals() {
		for _, g := range append(p.Groups, wire.GroupID(99)) {
			v := session.NewIKEProposal("P", ike.Proposal{Groups: []wire.GroupID{g}})
			if named := strings.HasPrefix(v.Groups[0], "DH_GROUP_"); named == (g == 99) {
				t.Errorf("%v: got %s", g, v.Groups[0])
			}
		}
	}
}

// What is listed as the default is what a peer is offered where no proposal and no policy is configured.
func TestShownDefault(t *testing.T) {
	built, err := mustParse(t, siteText).Build(env())
	if err != nil {
		t.Fatal(err)
	}
	if len(built.Session.Policies.Proposals) != 1 || len(built.Session.Policies.Policies) != 1 || len(built.IKE.Peers) != 1 {
		t.Fatalf("got %+v", built.Session.Policies)
	}
	used := shownProposal(defaultName, built.IKE.Peers[0].Proposals, nil)
	if shown := built.Session.Policies.Proposals[0]; !reflect.DeepEqual(shown, used) || len(used.Encryption) == 0 {
		t.Errorf("shown is %+v, used %+v", shown, used)
	}
	if p := built.Session.Policies.Policies[0]; p.Name != defaultName || !slices.Equal(p.Proposals, []string{defaultName}) {
		t.Errorf("the policy is %+v", p)
	}
}
