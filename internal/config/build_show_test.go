package config

import (
	"encoding/json"
	"strings"
	"testing"

	"seikan/session"
)

func TestBuildForListings(t *testing.T) {
	b := mustBuild(t, with(
		"hostname gwA", "crypto session format xe\ncrypto ipsec security-association lifetime kilobytes disable\ncrypto ipsec security-association lifetime seconds 600",
		" set ikev2-profile PROF", " description main\n set pfs group19\n set security-association lifetime seconds 120\n set connect always",
	)+"\ncrypto map SPARE 5 ipsec-isakmp\n set peer 192.0.2.9\ninterface named\n description only here\n ip address 203.0.113.1 255.255.255.0\n")
	if b.Session.Format != session.XE {
		t.Errorf("got format %v, want xe", b.Session.Format)
	}
	s := b.Session.Sessions[0]
	if s.Map != "CM" || s.Profile != "PROF" || s.Connect != b.IKE.Peers[0].Flows[0].Connect || s.Connect == 0 {
		t.Errorf("got map %q, profile %q, connect %v", s.Map, s.Profile, s.Connect)
	}
	text, err := json.Marshal([]any{b.Session.Maps, b.Session.Interfaces})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"name":"CM","sequence":10,"description":"main","peer":"192.0.2.2","profile":"PROF","accessList":"TO-B","rules":["permit ip host 10.10.10.1 host 10.30.30.1"],` +
			`"kilobytes":0,"noVolumeLimit":true,"seconds":120,"pfs":"group19","transformSets":[{"name":"TS","transforms":"esp-gcm 128"}],"interfaces":["vA"]`,
		`"name":"SPARE","sequence":5,"peer":"192.0.2.9","rules":[],"kilobytes":0,"noVolumeLimit":true,"seconds":600,"transformSets":[],"interfaces":null`,
		`"name":"named","tunnel":false,"up":false,"description":"only here","addresses":["203.0.113.1/24"],"mtu":0`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got\n%s\nwant in it\n%s", text, want)
		}
	}
}

// A line of an access list counts for each crypto map that it is in, on each interface; one that denies counts for none.
func TestBuildAccessLists(t *testing.T) {
	b := mustBuild(t, with(" permit ip host 10.10.10.1 host 10.30.30.1", " deny ip any any\nipv6 access-list SIX\n sequence 7 permit ipv6 any any", " crypto map CM", "interface vB\n ip address 203.0.113.1 255.255.255.0\n crypto map CM"))
	text, err := json.Marshal(b.Session.Lists)
	const want = `[{"name":"TO-B","ipv6":false,"rules":[{"sequence":10,"rule":"permit ip host 10.10.10.1 host 10.30.30.1"},{"sequence":20,"rule":"deny ip any any"}]},` +
		`{"name":"SIX","ipv6":true,"rules":[{"sequence":7,"rule":"permit ipv6 any any"}]}]`
	if err != nil || string(text) != want {
		t.Errorf("got\n%s, %v, want\n%s", text, err, want)
	}
	permit, deny := b.Session.Lists[0].Rules[0].Policies, b.Session.Lists[0].Rules[1].Policies
	if len(permit) != 2 || permit[0] != "CM 10 TO-B 10" || permit[1] != "CM 10 TO-B 10 vB" || len(deny) != 0 || len(b.Session.Lists[1].Rules[0].Policies) != 0 {
		t.Errorf("got policies %q and %q", permit, deny)
	}
}
