package cli

import (
	"bytes"
	"net/netip"
	"os/user"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// toldConfig notes who has changed something.
type toldConfig struct {
	fakeConfig
	mu sync.Mutex
	by []string
}

func (c *toldConfig) Configured(by string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = append(c.by, by)
}

// Who has changed the configuration is told of when he leaves it, however that comes about.
func TestConfigured(t *testing.T) {
	config, lines := &toldConfig{}, new(Lines)
	lines.Enter("ann", netip.MustParseAddr("192.0.2.1"), nil)
	local := lines.Enter("", netip.Addr{}, nil) // a terminal of this machine takes its place
	lines.Enter("a\x1b[2J", netip.MustParseAddr("2001:db8::1"), nil)
	local.Leave()
	c, _ := startInfoServer(t, func(i *Info) { i.Config, i.Lines = config, lines })
	self := peerOfTest(t)
	for _, tt := range []struct {
		name, lines string
		line        int
		want        []string
	}{
		{"change", "conf t\npeer one, two\nend\nshow version\n", 0, []string{"console"}},
		{"nothing", "conf t\nfoo\nend\n", 0, nil},
		{"two changes", "conf t\npeer one, two\npeer one, two\nexit\nexit\n", 0, []string{"console"}},
		{"twice", "conf t\npeer one, two\nend\nconf t\nend\nconf t\npeer one, two\nend\n", 0, []string{"console", "console"}},
		{"no end", "conf t\npeer one, two\n", 0, []string{"console"}},
		{"away", "conf t\npeer one, two\ndo exit\n", 0, []string{"console"}},
		{"from elsewhere", "conf t\npeer one, two\nend\n", 1, []string{"ann on vty0 (192.0.2.1)"}},
		{"under a bad name", "conf t\npeer one, two\nend\n", 3, []string{"a\ufffd[2J on vty2 (2001:db8::1)"}},
		{"who has just left", "conf t\npeer one, two\nend\n", 9, []string{"console"}},
	} {
		c := c
		c.Line = tt.line
		var out bytes.Buffer
		_ = c.Batch(t.Context(), strings.NewReader(tt.lines), &out) // some lines are refused
		if err := c.Converse(t.Context(), screenOf(strings.NewReader(strings.ReplaceAll(tt.lines, "\n", "\r")), &out)); err != nil {
			t.Error(err)
		}
		wait(t, "its line is free", func() bool { return len(lines.Users()) == 2 })
		want := slices.Concat(tt.want, tt.want)
		if tt.line == 0 {
			for i := range tt.want { // at a terminal
				want[len(tt.want)+i] = self + " on vty1"
			}
		}
		if !slices.Equal(config.by, want) {
			t.Errorf("%s: got %q, want %q: %s", tt.name, config.by, want, out.String())
		}
		config.by = nil
	}
	if err := c.Converse(t.Context(), screenOf(strings.NewReader("conf t\rpeer one, two\rdo disable\rshow version\r"), &bytes.Buffer{})); err != nil || !slices.Equal(config.by, []string{self + " on vty1"}) {
		t.Errorf("privilege given back: got %q, %v", config.by, err)
	}
}

// peerOfTest is what a router calls whoever runs the test.
func peerOfTest(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return ""
	}
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// Control-Z carries out the line that it is behind, and then leaves; control-C leaves without.
func TestControlZ(t *testing.T) {
	for keys, want := range map[string]int{"conf t\rpeer one, two\x1a": 1, "conf t\rpeer one, two\x03": 0, "conf t\rpeer one, two\rpeer one, two\x1a": 1} {
		config := &toldConfig{}
		c, _ := startInfoServer(t, func(i *Info) { i.Config = config })
		if got := typed(t, c, keys+"\r"); len(config.by) != want || !strings.HasSuffix(got, "\r\ngwA#\r\n") {
			t.Errorf("%q: told of %d changes, want %d: %q", keys, len(config.by), want, got)
		}
	}
}
