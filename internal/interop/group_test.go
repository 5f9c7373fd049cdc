package interop

import (
	"strings"
	"testing"
)

// strongSwan's identity is a key ID, which names the group of its session: in the listings, in their filters, and in the messages about
// clients, in the configuration's own group and in no other.
func TestGroupOfClient(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.peer.Load(t, Connection{LocalID: "keyid:ra1grp"})
	conf := RouterConf{Global: []string{"crypto logging ezvpn group ra1grp"}}.String()
	conf = strings.Replace(conf, "match identity remote address "+OuterB+" 255.255.255.255", "match identity remote key-id ra1grp", 1)
	r := startRouter(t, s.Lab, conf)
	if got := r.VTY(t, "show crypto session groups"); got != "Group: Connections\n" {
		t.Errorf("before: got %q", got)
	}
	s.peer.Initiate(t, "c")
	const ends = ": (Server)  User=  Group=ra1grp  Client_public_addr=" + OuterB + "  Server_public_addr=" + OuterA
	r.WaitLog(t, "%CRYPTO-6-EZVPN_CONNECTION_UP"+ends)
	for _, tt := range []struct{ command, want string }{
		{"show crypto session groups", "Group: Connections\nra1grp: 1\n"},
		{"show crypto session summary ra1grp", "Group ra1grp has 1 connections\n User (Logins)\n (none) (1)\n"},
		{"show crypto session isakmp group ra1grp brief | include UA", "ra1grp 00:00:"},
		{"show crypto session isakmp group other brief | count UA", "= 0\n"},
		{"show crypto session detail | format xe", "\nGroup: ra1grp\n"},
		{"show crypto session json", `"group": "ra1grp"`},
		{"clear crypto session isakmp group other", ""},
		{"show crypto session groups", "ra1grp: 1\n"},
		{"clear crypto session isakmp group ra1grp", ""},
	} {
		if got := r.VTY(t, tt.command); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got\n%s\nwant %q in it", tt.command, got, tt.want)
		}
	}
	s.peer.WaitGone(t)
	r.WaitLog(t, "%CRYPTO-6-EZVPN_CONNECTION_DOWN"+ends)
	if got := r.VTY(t, "show crypto session groups"); got != "Group: Connections\n" {
		t.Errorf("after: got %q", got)
	}

	// Of another group nothing is said.
	r.Paste(t, "configure terminal\nno crypto logging ezvpn\ncrypto logging ezvpn group other\nend\n")
	s.peer.Initiate(t, "c")
	r.WaitStatus(t, "UP-ACTIVE")
	if got := r.VTY(t, "show logging | count EZVPN"); !strings.HasSuffix(got, "= 2\n") {
		t.Errorf("of another group: %s", got)
	}
}
