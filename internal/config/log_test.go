package config

import (
	"strconv"
	"strings"
	"testing"

	"seikan/internal/logging"
)

// What is said of the log, what the running configuration makes of it, and what is wrong.
func TestLogging(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{ // want: lines; "%": of an error, with its column
		{"defaults", "", ""},
		{"ikev2", "crypto logging ikev2", "crypto logging ikev2"},
		{"no ikev2", "crypto logging ikev2\nno crypto logging ikev2", ""},
		{"clients", "crypto logging ezvpn", "crypto logging ezvpn"},
		{"clients of groups", "crypto logging ezvpn group a\ncrypto logging ezvpn group b\ncrypto logging ezvpn group a", "crypto logging ezvpn group a\ncrypto logging ezvpn group b"},
		{"no clients of a group", "crypto logging ezvpn group a\ncrypto logging ezvpn group b\nno crypto logging ezvpn group a", "crypto logging ezvpn group b"},
		{"clients of all groups", "crypto logging ezvpn group a\ncrypto logging ezvpn\ncrypto logging ezvpn group b", "crypto logging ezvpn\ncrypto logging ezvpn group a\ncrypto logging ezvpn group b"},
		{"no clients", "crypto logging ezvpn\ncrypto logging ezvpn group b\nno crypto logging ezvpn", ""},
		{"buffered", "logging buffered", ""},
		{"buffered size", "logging buffered 4096", "logging buffered 4096"},
		{"buffered level", "logging buffered debugging", "logging buffered debugging"},
		{"buffered level by number", "logging buffered 7", "logging buffered debugging"},
		{"buffered both", "logging buffered 9000 5", "logging buffered 9000 notifications"},
		{"buffered replaces", "logging buffered 9000 5\nlogging buffered 8000", "logging buffered 8000"},
		{"no buffered", "logging buffered 9000 5\nno logging buffered", "no logging buffered"},
		{"small buffer", "logging buffered 4095", "%18"},
		{"large buffer", "logging buffered 67108865", "%18"},
		{"console", "logging console errors", "logging console errors"},
		{"console default", "logging console errors\nlogging console", ""},
		{"no console", "no logging console", "no logging console"},
		{"monitor", "logging monitor 0", "logging monitor emergencies"},
		{"no monitor", "no logging monitor", "no logging monitor"},
		{"trap", "log trap inf", "logging trap informational"},
		{"no trap", "no logging trap", "no logging trap"},
		{"level", "logging trap 8", "%14"},
		{"another level", "logging trap loud", "%14"},
		{"ambiguous level", "logging trap e", "%14"},
		{"facility", "logging facility local0", "logging facility local0"},
		{"facility default", "logging facility local7", ""},
		{"no facility", "logging facility daemon\nno logging facility", ""},
		{"another facility", "logging facility local8", "%18"},
		{"rate limit", "logging rate-limit 5", "logging rate-limit 5"},
		{"rate limit except", "logging rate-limit 5 except 3", "logging rate-limit 5 except errors"},
		{"no rate limit", "logging rate-limit 5 except 3\nno logging rate-limit", ""},
		{"rate limit of none", "logging rate-limit 0", "%20"},
		{"host", "logging host 192.0.2.9", "logging host 192.0.2.9"},
		{"host, short", "logging 192.0.2.9", "logging host 192.0.2.9"},
		{"host, defaults", "logging host 192.0.2.9 transport udp format rfc3164", "logging host 192.0.2.9"},
		{"host, everything", "logging host 2001:DB8::9 name l.example format classic port 1 transport tls", "logging host 2001:db8::9 transport tls port 1 format classic name l.example"},
		{"host twice", "logging host 192.0.2.9\nlogging host 192.0.2.9 port 514 format rfc5424", "logging host 192.0.2.9 port 514 format rfc5424"},
		{"host by two ways", "logging host 192.0.2.9\nlogging host 192.0.2.9 transport tcp", "logging host 192.0.2.9\nlogging host 192.0.2.9 transport tcp"},
		{"no host", "logging host 192.0.2.9\nlogging host 192.0.2.9 transport tcp\nlogging 192.0.2.8\nno logging host 192.0.2.9", "logging host 192.0.2.8"},
		{"no host, short", "logging host 192.0.2.9\nno logging 192.0.2.9", ""},
		{"host option twice", "logging host 192.0.2.9 port 1 port 2", "%31"},
		{"host option without its value", "logging host 192.0.2.9 port", "%29"},
		{"host by its name", "logging host logs.example", "%14"},
		{"host port", "logging host 192.0.2.9 port 65536", "%29"},
		{"host name without TLS", "logging host 192.0.2.9 transport tcp name x", "%43"},
		{"too many hosts", manyHosts(logging.MaxHosts + 1), "%14"},
		{"local", "logging local", "logging local"},
		{"no local", "logging local\nno logging local", ""},
		{"TLS", "logging tls ca-file /a\nlogging tls certificate-file /b", "logging tls ca-file /a\nlogging tls certificate-file /b"},
		{"no TLS", "logging tls ca-file /a\nlogging tls certificate-file /b\nno logging tls ca-file\nno logging tls certificate-file", ""},
		{"stamps", "service timestamps log datetime msec", ""},
		{"stamps, plain", "service timestamps log datetime", "service timestamps log datetime"},
		{"stamps, all", "service timestamps log datetime year show-timezone localtime msec", "service timestamps log datetime msec localtime show-timezone year"},
		{"uptime", "service timestamps log uptime", "service timestamps log uptime"},
		{"no stamps", "service sequence-numbers\nno service timestamps log", "service sequence-numbers\nno service timestamps log"},
		{"stamps by default", "no service timestamps log\nservice timestamps log", ""},
		{"no numbers", "service sequence-numbers\nno service sequence-numbers", ""},
		{"another service", "service dhcp", "%9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse("gw.conf", []byte(tt.text))
			if column, bad := strings.CutPrefix(tt.want, "%"); bad {
				list := errorsOf(t, err)
				if len(list) != 1 || column != strconv.Itoa(list[0].Column) {
					t.Errorf("got %v, want one error in column %s", err, column)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSuffix(strings.TrimPrefix(m.RunningConfig(), "crypto logging session\n"), "!\nend\n")
			if want := strings.TrimPrefix(tt.want+"\n", "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if again := mustParse(t, m.RunningConfig()); difference(m, again) != "" {
				t.Errorf("differs when it is read again in %s", difference(m, again))
			}
		})
	}
	built, err := mustParse(t, "crypto logging ikev2\nlogging trap errors\n").Build(env())
	if err != nil || !built.LogIKE || built.Logging.TrapLevel() != logging.LevelOf(logging.Error) {
		t.Errorf("built: got %v, %+v, %v", built.LogIKE, built.Logging, err)
	}
}

// manyHosts is a configuration with n collectors.
func manyHosts(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("logging host 192.0.2." + strconv.Itoa(i+1) + "\n")
	}
	return b.String()
}
