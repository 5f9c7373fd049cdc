package main

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"seikan/ike"
	"seikan/internal/config"
)

// The configuration that the README shows is one.
func TestReadmeConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "with `gw.conf`:\n\n")
	if !found {
		t.Fatal("the README shows no gw.conf")
	}
	var conf strings.Builder
	for line := range strings.Lines(rest) {
		if line == "\n" {
			break
		}
		conf.WriteString(strings.TrimPrefix(line, "    "))
	}
	m, err := config.Parse("gw.conf", []byte(conf.String()))
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Build(config.Env{InterfaceAddrs: func(string) ([]netip.Addr, int, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, 1500, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ike.New(b.IKE); err != nil || len(b.Policies) != 1 || b.Hostname != "gwA" || b.IKE.Peers[0].DPD.Interval == 0 {
		t.Errorf("got %+v, %v", b, err)
	}
}
