package cli

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestShowUsers(t *testing.T) {
	lines := new(Lines)
	enter := func(name, from string, idle time.Duration) *Line {
		var addr netip.Addr
		if from != "" {
			addr = netip.MustParseAddr(from)
		}
		l := lines.Enter(name, addr, nil)
		l.used.Add(-int64(idle))
		return l
	}
	enter("admin", "192.0.2.9", 3661*time.Second)
	gone := enter("gone", "", 0)
	enter("a-very-long-name", "2001:db8::9", 0)
	gone.Leave()
	c, _ := startInfoServer(t, func(i *Info) { i.Lines = lines })
	const head = "    Line       User       Host(s)              Idle       Location\n"
	for line, want := range []string{ // to ask ends being idle
		0: head + `*  0 con 0                 idle                 00:00:00
   1 vty 0      admin      idle                 01:01:01   192.0.2.9
   3 vty 2      a-very-long-name idle                 00:00:00   2001:DB8::9
`,
		1: head + `*  1 vty 0      admin      idle                 00:00:00   192.0.2.9
   3 vty 2      a-very-long-name idle                 00:00:00   2001:DB8::9
`,
	} {
		c.Line = line
		var out bytes.Buffer
		if err := c.Run(t.Context(), "show users", &out); err != nil || out.String() != want {
			t.Errorf("at line %d: got\n%s, %v, want\n%s", line, out.String(), err, want)
		}
	}
	if got, want := answer(t, &shell{}, "show users json"), "{\n  \"users\": [\n    {\n      \"line\": 0,\n      \"kind\": \"con\",\n      \"idleSeconds\": 0,\n      \"self\": true\n    }\n  ]\n}\n"; got != want {
		t.Errorf("without SSH: got %s, want %s", got, want)
	}
}
