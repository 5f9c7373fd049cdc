package config

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"seikan/esp"
)

func TestMonitor(t *testing.T) {
	const token = "0123456789abcdef"
	at := netip.MustParseAddrPort
	for _, tt := range []struct {
		name, text string
		want       *Monitor
	}{
		{"not said", "", nil},
		{"on", "monitor http", &Monitor{Listen: at("127.0.0.1:9547")}},
		{"off again", "monitor http token " + token + "\nno monitor http", nil},
		{"on again has no token", "monitor http token " + token + "\nno monitor http\nmonitor http", &Monitor{Listen: at("127.0.0.1:9547")}},
		{"loopback", "monitor http listen ::1 8080", &Monitor{Listen: at("[::1]:8080")}},
		{"token", "monitor http token " + token, &Monitor{Listen: at("127.0.0.1:9547"), Token: esp.Secret(token)}},
		{"anywhere with a token, in either order", "monitor http listen 0.0.0.0 80\nmonitor http token " + token,
			&Monitor{Listen: at("0.0.0.0:80"), Token: esp.Secret(token)}},
		{"TLS", "mon http tls cert c.pem key k.pem", &Monitor{Listen: at("127.0.0.1:9547"), Certificate: "c.pem", Key: "k.pem"}},
		{"anywhere with certificates of clients", "monitor http listen :: 443\nmonitor http tls certificate c.pem key k.pem client-ca ca.pem",
			&Monitor{Listen: at("[::]:443"), Certificate: "c.pem", Key: "k.pem", ClientCA: "ca.pem"}},
		{"the last line counts", "monitor http tls certificate a key b client-ca c\nmonitor http tls certificate d key e",
			&Monitor{Listen: at("127.0.0.1:9547"), Certificate: "d", Key: "e"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := mustParse(t, tt.text+"\n")
			b, err := m.Build(env())
			if err != nil {
				t.Fatal(err)
			}
			show := func(m *Monitor) string {
				if m == nil {
					return "none"
				}
				return fmt.Sprintf("%+v %s", *m, []byte(m.Token))
			}
			if got := show(b.Monitor); got != show(tt.want) {
				t.Errorf("got %s, want %s", got, show(tt.want))
			}
			if again := mustParse(t, m.text(true)); difference(m, again) != "" {
				t.Errorf("%s differs after\n%s", difference(m, again), m.text(true))
			}
			if text := m.RunningConfig(); strings.Contains(text, token) {
				t.Errorf("the token is shown:\n%s", text)
			}
		})
	}
}

func TestMonitorRefused(t *testing.T) {
	const open = "an address of this machine alone"
	for _, tt := range []struct{ name, text, want string }{
		{"open to a network", "monitor http listen 192.0.2.1 80", open},
		{"open to all networks", "monitor http listen 0.0.0.0 80", open},
		{"open to all networks of IPv6", "monitor http listen :: 80", open},
		{"TLS alone tells nobody who looks", "monitor http listen 192.0.2.1 80\nmonitor http tls certificate c key k", open},
		{"no port", "monitor http listen 127.0.0.1", "TCP port"},
		{"port 0", "monitor http listen 127.0.0.1 0", "TCP port"},
		{"a group", "monitor http listen 224.0.0.1 80", "address of this router"},
		{"certificate without key", "monitor http tls certificate c", "key"},
		{"short token", "monitor http token swordfish", "token of 16 to 128"},
		{"long token", "monitor http token " + strings.Repeat("swordfish", 15), "token of 16 to 128"},
		{"token that is no ASCII", "monitor http token swordfishé-swordfish", "token of 16 to 128"},
		{"token of a listing", "monitor http token <hidden>", "only stands for it"},
		{"two tokens", "monitor http token swordfish-swordfish swordfish", "the end of the line"},
		{"misspelled", "monitr http token swordfish-swordfish", "monitor"},
		{"misspelled later", "monitor htp token swordfish-swordfish", "http"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("gw.conf", []byte(tt.text+"\n"))
			list := errorsOf(t, err)
			if len(list) != 1 || !strings.Contains(list[0].Expected, tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "swordfish") {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
}
