package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goodConf is the smallest configuration that does something. It needs an interface with an address.
const goodConf = `hostname gwA
crypto ikev2 keyring KR
 peer siteB
  address 192.0.2.2
  pre-shared-key a-test-key
crypto ikev2 profile PROF
 match identity remote address 192.0.2.2 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-gcm 128
 mode tunnel
ip access-list extended TO-B
 permit ip host 10.10.10.1 host 10.30.30.1
crypto map CM 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 set ikev2-profile PROF
 match address TO-B
interface lo
 ip address 192.0.2.1 255.255.255.0
 crypto map CM
`

// writeConf writes a configuration to a file of its own.
func writeConf(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seikan.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDispatch(t *testing.T) {
	good := writeConf(t, goodConf)
	bad := writeConf(t, "hostname gwA\ncrypto frobnicate\n")
	idle := writeConf(t, "hostname gwA\n")
	socket := filepath.Join(t.TempDir(), "none.sock")
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stdout string // a part
		stderr string // a part
	}{
		{"nothing", nil, 2, "", "seikan run -c FILE"},
		{"help", []string{"help"}, 0, "seikan run -c FILE", ""},
		{"no such subcommand", []string{"fly"}, 2, "", `no subcommand "fly"`},
		{"version", []string{"version"}, 0, "Seikan Software, Version ", ""},
		{"help of run", []string{"run", "-h"}, 0, "", "-socket path"},
		{"help of vty", []string{"vty", "-h"}, 0, "", "-socket path"},
		{"run without a configuration", []string{"run"}, 2, "", "needs a configuration"},
		{"run with a word", []string{"run", "-c", good, "now"}, 2, "", `"now" is one word too many`},
		{"run with an unknown flag", []string{"run", "-what"}, 2, "", "-what"},
		{"unknown log format", []string{"run", "-c", good, "--log-format", "xml"}, 2, "", `log format "xml"`},
		{"unknown log level", []string{"run", "-c", good, "--log-level", "loud"}, 2, "", `log level "loud"`},
		{"check", []string{"run", "--check", "-c", good}, 0, good + ": no errors\n", ""},
		{"check, short", []string{"run", "-t", "-c", good}, 0, good + ": no errors\n", ""},
		{"check of a bad one", []string{"run", "--check", "-c", bad}, 1, "", bad + ":2"},
		{"run of a bad one", []string{"run", "-c", bad, "--socket", socket}, 1, "", bad + ":2"},
		{"check of nothing to do", []string{"run", "--check", "-c", idle}, 1, "", idle + ": puts no crypto map"},
		{"check of none", []string{"run", "--check", "-c", good + ".none"}, 1, "", "no such file"},
		{"vty without a router", []string{"vty", "--socket", socket, "-c", "show version"}, 1, "", "no router answers on " + socket},
		{"vty with a word", []string{"vty", "show"}, 2, "", `"show" is one word too many`},
		{"commands without a router", []string{"vty", "--socket", socket}, 1, "", "no router answers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := dispatch(t.Context(), tt.args, strings.NewReader("show version\n"), &stdout, &stderr)
			if code != tt.code {
				t.Errorf("exit code: got %d, want %d", code, tt.code)
			}
			if !strings.Contains(stdout.String(), tt.stdout) || tt.stdout == "" && stdout.Len() > 0 {
				t.Errorf("stdout: got %q, want %q", stdout.String(), tt.stdout)
			}
			if !strings.Contains(stderr.String(), tt.stderr) || tt.stderr == "" && stderr.Len() > 0 {
				t.Errorf("stderr: got %q, want %q", stderr.String(), tt.stderr)
			}
		})
	}
	if _, err := os.Lstat(socket); err == nil {
		t.Error("a socket is left")
	}
}
