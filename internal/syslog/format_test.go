package syslog

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	parser "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/ciscoios"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"seikan/internal/logging"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// textOf is what a parser has understood of a message of RFC 5424.
func textOf(t *testing.T, m parser.Message) string {
	t.Helper()
	s, ok := m.(*rfc5424.SyslogMessage)
	if !ok || !s.Valid() {
		t.Fatalf("got %#v, want a valid message", m)
	}
	id := "-"
	if s.MsgID != nil {
		id = *s.MsgID
	}
	seq := "-"
	if s.StructuredData != nil {
		seq = (*s.StructuredData)["meta"]["sequenceId"]
	}
	return fmt.Sprintf("<%d>%d %s %s %s %s %s %s %s",
		*s.Priority, s.Version, s.Timestamp.Format(time.RFC3339Nano), *s.Hostname, *s.Appname, *s.ProcID, id, seq, *s.Message)
}

var (
	t0      = time.Date(2026, time.March, 1, 0, 0, 0, 250_000_000, time.UTC)
	message = logging.Message{
		Seq: 7, Time: t0, Severity: logging.Notice, Mnemonic: "CRYPTO-5-SESSION_STATUS", Text: up, Line: "*Mar  1 00:00:00.250: " + up,
	}
)

func TestFormats(t *testing.T) {
	japan := header
	japan.Zone = time.FixedZone("JST", 9*3600)
	var daemon logging.Facility
	daemon, _ = logging.ParseFacility("daemon")
	odd := Header{Facility: daemon, Hostname: "gw A\n大", Program: "sei kan", PID: 1}
	late, unicode := message, message
	late.Seq = 1 << 31
	unicode.Text = "%X-5-Y: 大阪"
	for _, tt := range []struct {
		name   string
		h      Header
		f      logging.Format
		m      logging.Message
		want   string
		parsed parser.Machine
	}{
		{"5424", header, logging.RFC5424, message, `<189>1 2026-03-01T00:00:00.250Z gwA seikan 42 SESSION_STATUS [meta sequenceId="7"] ` + up, rfc5424.NewParser()},
		{"5424, sequence", header, logging.RFC5424, late, `<189>1 2026-03-01T00:00:00.250Z gwA seikan 42 SESSION_STATUS [meta sequenceId="1"] ` + up, rfc5424.NewParser()},
		{"5424, letters", header, logging.RFC5424, unicode, `<189>1 2026-03-01T00:00:00.250Z gwA seikan 42 SESSION_STATUS [meta sequenceId="7"] ` + "\ufeff%X-5-Y: 大阪", rfc5424.NewParser()},
		{"5424, odd names", odd, logging.RFC5424, message, `<29>1 2026-03-01T00:00:00.250Z gw_A__ sei_kan 1 SESSION_STATUS [meta sequenceId="7"] ` + up, rfc5424.NewParser()},
		{"5424, no names", Header{}, logging.RFC5424, logging.Message{Seq: 1, Time: t0, Text: "x"}, `<184>1 2026-03-01T00:00:00.250Z - - 0 - [meta sequenceId="1"] x`, rfc5424.NewParser()},
		{"3164", header, logging.RFC3164, message, "<189>Mar  1 00:00:00 gwA seikan[42]: " + up, rfc3164.NewParser()},
		{"3164, zone", japan, logging.RFC3164, message, "<189>Mar  1 09:00:00 gwA seikan[42]: " + up, rfc3164.NewParser()},
		{"3164, no host", Header{Program: "seikan"}, logging.RFC3164, message, "<189>Mar  1 00:00:00 seikan[0]: " + up, nil},
		{"classic", header, logging.Classic, message, "<189>7: *Mar  1 00:00:00.250: " + up, rfc3164.NewParser(rfc3164.WithCiscoIOSComponents(ciscoios.DisableSequenceNumber | ciscoios.DisableHostname))},
	} {
		got := string(tt.h.Append(nil, tt.f, tt.m))
		if got != tt.want {
			t.Errorf("%s: got  %q\nwant %q", tt.name, got, tt.want)
		}
		if tt.parsed == nil {
			continue
		}
		if m, err := tt.parsed.Parse([]byte(got)); err != nil || !m.Valid() {
			t.Errorf("%s: does not parse: %v", tt.name, err)
		}
	}
}

// No message is longer than its format allows, and none ends in half a letter.
func TestLengths(t *testing.T) {
	long := logging.Printable(strings.Repeat("大", 2000))
	for _, tt := range []struct {
		f   logging.Format
		max int
	}{{logging.RFC3164, 1024}, {logging.Classic, 1024}, {logging.RFC5424, 2048}} {
		for pad := range 4 {
			m := logging.Message{Seq: 1, Time: t0, Mnemonic: "A-1-" + strings.Repeat("B", 100), Text: strings.Repeat("x", pad) + long}
			m.Line = "Mar  1: " + m.Text
			h := Header{Hostname: strings.Repeat("h", 300), Program: strings.Repeat("p", 300)}
			got := h.Append([]byte("before"), tt.f, m)[len("before"):]
			if len(got) > tt.max || len(got) < 900 || !utf8.Valid(got) {
				t.Errorf("%v, %d: got %d octets, valid %v; want at most %d", tt.f, pad, len(got), utf8.Valid(got), tt.max)
			}
		}
	}
}

// A frame is what the independent parser reads it as, whatever is in it.
func FuzzFrame(f *testing.F) {
	f.Add("a", "gwA")
	f.Add(up, "")
	f.Add("12 <1>1 \x00大\xff\n", "a b]\"\\")
	f.Fuzz(func(t *testing.T, text, hostname string) {
		m := message
		m.Text = "%X-5-Y: " + logging.Printable(text)
		h := Header{Hostname: hostname, Program: "seikan", PID: 42}
		plain := h.Append(nil, logging.RFC5424, m)
		got, err := rfc5424.NewParser().Parse(plain)
		if err != nil {
			t.Fatalf("%q: %v", plain, err)
		}
		if s := *got.(*rfc5424.SyslogMessage).Message; strings.TrimPrefix(s, "\ufeff") != m.Text {
			t.Errorf("got %q, want %q", s, m.Text)
		}
		if frame := string(appendFrame(nil, plain)); frame != fmt.Sprintf("%d %s", len(plain), plain) {
			t.Errorf("frame: got %q", frame)
		}
	})
}
