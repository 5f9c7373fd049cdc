package main

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"seikan/ike"
	"seikan/internal/config"
)

// readmeBlock is the indented lines behind a text of the README.
func readmeBlock(t *testing.T, behind string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), behind)
	if !found {
		t.Fatalf("the README has no %q", behind)
	}
	var block strings.Builder
	for line := range strings.Lines(rest) {
		if line == "\n" {
			break
		}
		block.WriteString(strings.TrimPrefix(line, "    "))
	}
	return []byte(block.String())
}

// The lines for the log that the README shows are understood, and each says something.
func TestReadmeLogging(t *testing.T) {
	text := readmeBlock(t, "The configuration says what goes where:\n\n")
	m, err := config.Parse("gw.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	running := m.RunningConfig()
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "logging host") || strings.HasPrefix(line, "logging buffered") {
			if !strings.Contains(running, line) {
				t.Errorf("%q is not in\n%s", line, running)
			}
		}
	}
}

// The configuration that the README shows is one.
func TestReadmeConfiguration(t *testing.T) {
	m, err := config.Parse("gw.conf", readmeBlock(t, "with `gw.conf`:\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Build(config.Env{InterfaceAddrs: func(string, string) ([]netip.Addr, int, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, 1500, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ike.New(b.IKE); err != nil || len(b.Policies) != 1 || b.Hostname != "gwA" || b.IKE.Peers[0].DPD.Interval == 0 {
		t.Errorf("got %+v, %v", b, err)
	}
}
