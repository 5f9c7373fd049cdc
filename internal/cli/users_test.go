package cli

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestShowUsers(t *testing.T) {
	info := fakeInfo
	info.Users = func() []User {
		return []User{{1, "admin", netip.MustParseAddr("192.0.2.9"), 3661 * time.Second}, {3, "a-very-long-name", netip.MustParseAddr("2001:db8::9"), 0}}
	}
	c, _ := startInfo(t, &fakeBackend{}, info)
	const head = "    Line       User       Host(s)              Idle       Location\n"
	for line, want := range map[int]string{
		0: head + `*  0 con 0                 idle                 00:00:00
   1 vty 0      admin      idle                 01:01:01   192.0.2.9
   3 vty 2      a-very-long-name idle                 00:00:00   2001:DB8::9
`,
		1: head + `*  1 vty 0      admin      idle                 01:01:01   192.0.2.9
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
