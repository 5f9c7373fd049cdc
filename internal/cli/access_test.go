package cli

import (
	"net/netip"
	"testing"
	"time"
)

func TestShowAccess(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.1:22")
	var lines Lines
	for _, from := range []netip.Addr{netip.MustParseAddr("192.0.2.9"), {}, netip.MustParseAddr("2001:db8::9")} { // one is on this machine
		lines.Enter("ann", from, func(string) {})
	}
	with := func(l Access) *shell {
		return &shell{info: Info{
			Lines:      &lines,
			SSH:        func() SSH { return SSH{l, 2 * time.Minute, 4, 16} },
			Monitoring: func() Access { return l },
		}}
	}
	for _, test := range []struct {
		name, line string
		shell      *shell
		want       string
	}{
		{"no SSH", "show ip ssh", &shell{}, "SSH Disabled - version 2.0\nSessions: 0\n"},
		{"no SSH, for programs", "show ip ssh json", &shell{}, "{}\n"},
		{"no monitoring", "show monitoring", &shell{}, "Monitoring disabled\n"},
		{"no monitoring, for programs", "show monitoring json", &shell{}, "{}\n"},
		{"SSH", "show ip ssh", with(Access{At: at}),
			"SSH Enabled - version 2.0, listening on 192.0.2.1 port 22\nAuthentication timeout: 120 secs; Authentication retries: 3\nSessions: 2, at most 16\n"},
		{"SSH that is off", "show ip ssh", with(Access{}), "SSH Disabled - version 2.0\nSessions: 2\n"},
		{"SSH without its address", "show ip ssh", with(Access{at, "ssh: no such address"}),
			"SSH Enabled - version 2.0, not listening on 192.0.2.1 port 22: ssh: no such address (tried again)\nAuthentication timeout: 120 secs; Authentication retries: 3\nSessions: 2, at most 16\n"},
		{"SSH without its address, for programs", "show ip ssh json", with(Access{at, "none"}), `{
  "ssh": [
    {
      "listen": "192.0.2.1:22",
      "listening": false,
      "error": "none",
      "loginSeconds": 120,
      "tries": 4,
      "sessions": 2,
      "sessionLimit": 16
    }
  ]
}
`},
		{"monitoring", "show monitoring", with(Access{At: at}), "Monitoring enabled, listening on 192.0.2.1 port 22\n"},
		{"monitoring without its address, for programs", "show monitoring json", with(Access{at, "none"}), `{
  "monitoring": [
    {
      "listen": "192.0.2.1:22",
      "listening": false,
      "error": "none"
    }
  ]
}
`},
	} {
		if got := answer(t, test.shell, test.line); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}
