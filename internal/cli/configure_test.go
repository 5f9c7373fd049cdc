package cli

import (
	"bytes"
	"net/netip"
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
	config := &toldConfig{}
	c, _ := startInfoServer(t, func(i *Info) {
		i.Config = config
		i.Users = func() []User {
			return []User{{Line: 1, Name: "ann", From: netip.MustParseAddr("192.0.2.1")}, {Line: 3, Name: "a\x1b[2J", From: netip.MustParseAddr("2001:db8::1")}}
		}
	})
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
		{"who has just left", "conf t\npeer one, two\nend\n", 2, []string{"console"}},
	} {
		c := c
		c.Line = tt.line
		var out bytes.Buffer
		_ = c.Batch(t.Context(), strings.NewReader(tt.lines), &out) // some lines are refused
		if err := c.Converse(t.Context(), screenOf(strings.NewReader(strings.ReplaceAll(tt.lines, "\n", "\r")), &out)); err != nil {
			t.Error(err)
		}
		if want := slices.Concat(tt.want, tt.want); !slices.Equal(config.by, want) {
			t.Errorf("%s: got %q, want %q: %s", tt.name, config.by, want, out.String())
		}
		config.by = nil
	}
	if err := c.Converse(t.Context(), screenOf(strings.NewReader("conf t\rpeer one, two\rdo disable\rshow version\r"), &bytes.Buffer{})); err != nil || !slices.Equal(config.by, []string{"console"}) {
		t.Errorf("privilege given back: got %q, %v", config.by, err)
	}
}
