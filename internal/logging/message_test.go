package logging

import (
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	const stamp = `"time":"2026-03-01T00:00:00.250Z"`
	for _, tt := range []struct {
		name, object   string
		mnemonic, text string // "": it is refused
		severity       Severity
	}{
		{"classic", `{"level":"info","reason":"none",` + stamp + `,"message":"%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 10.2.2.9:500 Id: ezvpn"}`,
			"CRYPTO-5-SESSION_STATUS", "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 10.2.2.9:500 Id: ezvpn", Notice},
		{"fields in their order", `{"level":"info","spi":"0x1","n":7,"list":["a","b"],"message":"child SA up"}`,
			"SEIKAN-6-EVENT", `%SEIKAN-6-EVENT: child SA up: spi=0x1, n=7, list=["a","b"]`, Informational},
		{"no fields", `{"level":"warn","message":"stopping"}`, "SEIKAN-4-EVENT", "%SEIKAN-4-EVENT: stopping", Warning},
		{"debug", `{"level":"debug","message":"x"}`, "SEIKAN-7-EVENT", "%SEIKAN-7-EVENT: x", Debug},
		{"a line of debug", `{"level":"debug","debug":true,"message":"IPSEC(create_sa): sa created"}`, "SEIKAN-7-DEBUG", "IPSEC(create_sa): sa created", Debug},
		{"error", `{"level":"error","error":"no room","message":"x"}`, "SEIKAN-3-EVENT", "%SEIKAN-3-EVENT: x: error=no room", Error},
		{"no level", `{"message":"x"}`, "SEIKAN-6-EVENT", "%SEIKAN-6-EVENT: x", Informational},
		{"empty", `{}`, "SEIKAN-6-EVENT", "%SEIKAN-6-EVENT: ", Informational},
		{"nearly classic", `{"message":"%CRYPTO-8-X: y"}`, "SEIKAN-6-EVENT", "%SEIKAN-6-EVENT: %CRYPTO-8-X: y", Informational},
		{"a forged line", `{"message":"x","id":"me\n*Mar 1: %CRYPTO-5-SESSION_STATUS: \u001b[2J\u0007"}`,
			"SEIKAN-6-EVENT", "%SEIKAN-6-EVENT: x: id=me *Mar 1: %CRYPTO-5-SESSION_STATUS: \ufffd[2J\ufffd", Informational},
		{"not an object", `[]`, "", "", 0},
		{"half", `{"level":`, "", "", 0},
		{"half a list", `{"level":"info"`, "", "", 0},
		{"time", `{"time":"yesterday","message":"x"}`, "", "", 0},
		{"nothing", ``, "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := parse([]byte(tt.object))
			if err != nil != (tt.text == "") || m.Mnemonic != tt.mnemonic || m.Text != tt.text || m.Severity != tt.severity {
				t.Errorf("got  %q %q %v, %v\nwant %q %q %v", m.Mnemonic, m.Text, m.Severity, err, tt.mnemonic, tt.text, tt.severity)
			}
		})
	}
	m, err := parse([]byte(`{` + stamp + `}`))
	if want := t0.Add(250 * time.Millisecond); err != nil || !m.Time.Equal(want) {
		t.Errorf("time: got %v, %v; want %v", m.Time, err, want)
	}
}

func TestPrintable(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "a b", "a b"},
		{"line ends", "a\r\nb\tc", "a  b c"},
		{"controls", "\x00\x1b[31m\x7f\u0085\u202e", "\ufffd\ufffd[31m\ufffd\ufffd\ufffd"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"other letters", "Ōsaka 大阪", "Ōsaka 大阪"},
		{"longest", strings.Repeat("x", maxText), strings.Repeat("x", maxText)},
		{"too long", strings.Repeat("x", maxText+1), strings.Repeat("x", maxText-3) + "..."},
		{"too long, inside of a letter", strings.Repeat("x", maxText-5) + "大大", strings.Repeat("x", maxText-5) + "..."},
	} {
		if got := Printable(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestStamps(t *testing.T) {
	clock := Clock{Started: t0.Add(-46 * time.Second), Zone: time.FixedZone("JST", 9*3600)}
	at := t0.Add(7 * time.Millisecond)
	for _, tt := range []struct {
		name  string
		s     Stamps
		mark  string
		after time.Duration
		want  string
	}{
		{"default", Stamps{}, "", 0, "Mar  1 00:00:00.007: "},
		{"clock not set", Stamps{}, "*", 0, "*Mar  1 00:00:00.007: "},
		{"two digits", Stamps{}, "*", 240 * time.Hour, "*Mar 11 00:00:00.007: "},
		{"plain", Stamps{Plain: true}, "*", 0, "*Mar  1 00:00:00: "},
		{"local time", Stamps{LocalTime: true, ShowZone: true}, "", 0, "Mar  1 09:00:00.007 JST: "},
		{"zone", Stamps{ShowZone: true}, "", 0, "Mar  1 00:00:00.007 UTC: "},
		{"year", Stamps{Year: true}, "", 0, "Mar  1 2026 00:00:00.007: "},
		{"sequence", Stamps{Sequence: true}, "*", 0, "000042: *Mar  1 00:00:00.007: "},
		{"none", Stamps{Kind: NoStamp}, "*", 0, ""},
		{"none but the number", Stamps{Kind: NoStamp, Sequence: true}, "*", 0, "000042: "},
		{"uptime", Stamps{Kind: Uptime}, "*", 0, "00:00:46: "},
		{"uptime in hours", Stamps{Kind: Uptime}, "*", 23 * time.Hour, "23:00:46: "},
		{"uptime in days", Stamps{Kind: Uptime}, "*", 26 * time.Hour, "1d02h: "},
		{"uptime in weeks", Stamps{Kind: Uptime}, "*", 22 * 24 * time.Hour, "3w1d: "},
		{"uptime before the start", Stamps{Kind: Uptime}, "*", -time.Hour, "00:00:00: "},
	} {
		if got := string(tt.s.appendStamp(nil, clock, tt.mark, at.Add(tt.after), 42)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestLevels(t *testing.T) {
	for s := Emergency; s <= Debug; s++ {
		for of := Emergency; of <= Debug; of++ {
			if got, want := LevelOf(of).Passes(s), s <= of; got != want {
				t.Errorf("level %v passes %v: got %v, want %v", of, s, got, want)
			}
		}
		if Off.Passes(s) || Default.Passes(s) {
			t.Errorf("no level passes %v", s)
		}
	}
	for _, tt := range []struct {
		word string
		code int
		ok   bool
	}{{"local7", 23, true}, {"kern", 0, true}, {"LOCAL0", 16, true}, {"daemon", 3, true}, {"", 0, false}, {"local8", 0, false}} {
		f, ok := ParseFacility(tt.word)
		if ok != tt.ok || ok && (f.Code() != tt.code || !strings.EqualFold(f.String(), tt.word)) {
			t.Errorf("facility %q: got %v, %d, %v; want %d, %v", tt.word, f, f.Code(), ok, tt.code, tt.ok)
		}
	}
	if f, _ := ParseFacility("local7"); f != 0 {
		t.Errorf("local7 is %d, want the zero value", f)
	}
}
