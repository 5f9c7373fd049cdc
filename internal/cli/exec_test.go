package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"seikan/internal/fault"
	"seikan/session"
)

const (
	first = `Interface: eth0
Session status: UP-ACTIVE
Peer: 192.0.2.2/500
  IKE SA: local 192.0.2.1/500 remote 192.0.2.2/500 Active
  IPSEC FLOW: permit ip host 10.10.10.1 host 10.30.30.1
        Active SAs: 2, origin: crypto map
`
	firstDetail = `Interface: eth0
Session status: UP-ACTIVE
Peer: 192.0.2.2 port 500 fvrf: RED ivrf: (none)
      Desc: connection from site A
      Phase1_id: 192.0.2.2
  IKE SA: local 192.0.2.1/500 remote 192.0.2.2/500 Active
          Capabilities:D connid:7 lifetime:01:01:01
  IPSEC FLOW: permit ip host 10.10.10.1 host 10.30.30.1
        Active SAs: 2, origin: crypto map
        Inbound:  #pkts dec'ed 3 drop 0 life (KB/Sec) 4608000/3590
        Outbound: #pkts enc'ed 4 drop 1 life (KB/Sec) 4608000/3590
`
	second = `Interface: eth1
Session status: DOWN
Peer: 2001:DB8::2/4500
  IPSEC FLOW: permit ipv6 ::/0 ::/0
        Active SAs: 0, origin: crypto map
`
	title  = "Crypto session current status\n\n"
	peers1 = "Peer: 192.0.2.2 Port: 500\n fvrf: RED\n Description: connection from site A\n Phase1 id: 192.0.2.2\n flags: PEER_POLICY\n"
	peers2 = "Peer: 2001:DB8::2 Port: 500\n Phase1 id: six\n"

	invalid    = "% Invalid input detected at '^' marker.\n\n"
	incomplete = "% Incomplete command.\n\n"
)

func TestExecute(t *testing.T) {
	for _, tt := range []struct {
		line string
		want string
		o    outcome
	}{
		{"", "", done},
		{"   ", "", done},
		{"! a remark | of sorts", "", done},
		{"enable", "", raising},
		{"disable", "", lowering},
		{"terminal length 0", "", done},
		{"show run interface eth0", "interface eth0\n crypto map CM\n", done},
		{"sh run int ETH 0 | i crypto", " crypto map CM\n", done},
		{"show running-config interface eth1", "", done},
		{"who", "    Line       User       Host(s)              Idle       Location\n*  0 con 0                 idle                 00:00:00\n", done},
		{"terminal width 0", "", done},
		{"term wid 512", "", done},
		{"terminal width", incomplete, refused},
		{"terminal width 513", "terminal width 513\n               ^\n" + invalid, refused},
		{"exit", "", left},
		{"quit", "", left},
		{"logout", "", left},
		{"q", "", left},
		{"show version", "Seikan Software, Version 1\n", done},
		{"SHOW Version  ", "Seikan Software, Version 1\n", done},
		{"\tsh\tver", "Seikan Software, Version 1\n", done},
		{"show running-config", fakeInfo.RunningConfig(), done},
		{"show crypto session", title + first + "\n" + second, done},
		{"sh cr se", title + first + "\n" + second, done},
		{"show crypto session remote 192.0.2.2", title + first, done},
		{"show crypto session remote 192.0.2.77", title, done},
		{"show crypto session remote 192.0.2.77 detail", "", done},
		{"show crypto session local 2001:DB8::1", title + second, done},
		{"show crypto session interface eth1", title + second, done},
		{"show crypto session remote 2001:db8:0::2 port 4500", title + second, done},
		{"show crypto session remote 2001:db8:0::2 port 500", title, done},
		{"show crypto session fvrf RED", title + first, done},
		{"sh cry sess det rem 192.0.2.2", firstDetail, done},
		{"sh cry sess rem 192.0.2.2 fv RED po 500 loc 192.0.2.1 de", firstDetail, done},
		{"show crypto session ivrf BLUE", " No VRF named BLUE exists\n", refused},
		{"show ip route vrf BLUE", " No VRF named BLUE exists\n", refused},
		{"show vrf BLUE", " No VRF named BLUE exists\n", refused},
		{"show ip vrf detail RED", "VRF RED; default RD <not set>\n  Network namespace: red\n  Interfaces:\n    Tunnel0\n", done},
		{"show ip route vrf RED", "\nRouting Table: RED\nCodes: S - static, into the tunnel, P - past the tunnel\n\nS        10.30.31.0/24 is directly connected, Tunnel0\n", done},
		{"show crypto isakmp sa vrf BLUE", " No VRF named BLUE exists\n", refused},
		{"show crypto session remote 192.0.2.77 json", "{}\n", done},
		{"show crypto session summary easy", "", done},
		{"show crypto session isakmp group easy", title, done},
		{"show crypto session ikev2 profile PROF fvrf RED", title + first, done},
		{"show crypto session ikev2", title + first + "\n" + second, done},
		{"show crypto session interface eth 1", title + second, done},
		{"show crypto isakmp peers", peers1 + "\n" + peers2, done},
		{"show crypto isakmp peer", peers1 + "\n" + peers2, done},
		{"show crypto isakmp peer 2001:db8::2", peers2, done},
		{"show crypto isakmp peer 192.0.2.3", "", done},
		{"show crypto isakmp peer vrf RED", peers1, done},
		{"show crypto isakmp peer 2001:db8::2 vrf RED", "", done},
		{"show crypto isakmp peer vrf BLUE", " No VRF named BLUE exists\n", refused},
		{"show crypto isakmp peer json 192.0.2.3", "{}\n", done},
		{"show crypto statistics", `Packets dropped that belong to no session: 12
            10  unknown SPI
             2  malformed
IKE messages that were not acted on: 1099511627776
  1099511627776  malformed
`, done},

		{"show", incomplete, refused},
		{"show crypto", incomplete, refused},
		{"show crypto session remote", incomplete, refused},
		{"show crypto session remote 192.0.2.2 port", incomplete, refused},
		{"show version |", incomplete, refused},
		{"show version | include", incomplete, refused},
		{"show version | include  ", incomplete, refused},
		{"e", "% Ambiguous command:  \"e\"\n", refused},
		{"show crypto session i eth0", "% Ambiguous command:  \"show crypto session i eth0\"\n", refused},
		{"terminal length 24", "", done},
		{"terminal length 600", "terminal length 600\n                ^\n" + invalid, refused},
		{"show crypto sessoin", "show crypto sessoin\n                ^\n" + invalid, refused},
		{"show crypto sessions", "show crypto sessions\n                   ^\n" + invalid, refused},
		{"show crypto session brief detail", "show crypto session brief detail\n                          ^\n" + invalid, refused},
		{"show crypto session isakmp", incomplete, refused},
		{"show crypto ipsec sa peer", incomplete, refused},
		{"show crypto session profile P", "show crypto session profile P\n                    ^\n" + invalid, refused},
		{"show version | format xe yy", "show version | format xe yy\n                         ^\n" + invalid, refused},
		{"show version | format what", "show version | format what\n                      ^\n" + invalid, refused},
		{"show version | format", incomplete, refused},
		{"show version | format | include x", incomplete, refused},
		{"show version | format xe |", incomplete, refused},
		{"show version | format xe | grep x", "show version | format xe | grep x\n                           ^\n" + invalid, refused},
		{"show version | redirect x", "% Output cannot be redirected from here.\n", refused},
		{"  x", "  x\n  ^\n" + invalid, refused},
		{"show version extra", "show version extra\n             ^\n" + invalid, refused},
		{"show crypto session remote 300.0.0.1", "show crypto session remote 300.0.0.1\n                           ^\n" + invalid, refused},
		{"show crypto session remote 0.0.0.0", "show crypto session remote 0.0.0.0\n                           ^\n" + invalid, refused},
		{"show crypto session port 500", "show crypto session port 500\n                    ^\n" + invalid, refused},
		{"show crypto session local 192.0.2.1 port 0", "show crypto session local 192.0.2.1 port 0\n                                         ^\n" + invalid, refused},
		{"show crypto session local 192.0.2.1 port 65536", "show crypto session local 192.0.2.1 port 65536\n                                         ^\n" + invalid, refused},
		{"show crypto session det det", "show crypto session det det\n                        ^\n" + invalid, refused},
		{"clear crypto session detail", "clear crypto session detail\n                     ^\n" + invalid, refused},
		{"clear crypto session | include x", "clear crypto session | include x\n                     ^\n" + invalid, refused},
		{"| include x", "| include x\n^\n" + invalid, refused},
		{"show version | grep x", "show version | grep x\n               ^\n" + invalid, refused},
		{"show über", "show über\n     ^\n" + invalid, refused},
		{"show crypto session interface über nix", "show crypto session interface über nix\n                                   ^\n" + invalid, refused},
		{"show \x1b[2J\xff", "show \uFFFD[2J\uFFFD\n     ^\n" + invalid, refused},
	} {
		t.Run(tt.line, func(t *testing.T) { checkExecute(t, tt.line, tt.want, tt.o) })
	}
}

func checkExecute(t *testing.T, line, want string, o outcome) {
	t.Helper()
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	var out bytes.Buffer
	got, err := s.execute(t.Context(), line, false, &out)
	if err != nil {
		t.Fatal(err)
	}
	if got != o || out.String() != want {
		t.Errorf("%q: got outcome %d, text\n%s\nwant %d,\n%s", line, got, out.String(), o, want)
	}
}

func TestModifiers(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"show crypto session | include Session status", "Session status: UP-ACTIVE\nSession status: DOWN\n"},
		{"show crypto session|i UP-ACTIVE|DOWN$", "Session status: UP-ACTIVE\nSession status: DOWN\n"},
		{"show crypto session | inc   ^Peer: 192", "Peer: 192.0.2.2/500\n"},
		{"show crypto session | include what", ""},
		{"show crypto session | exclude ^ |^Peer|^$", "Crypto session current status\nInterface: eth0\nSession status: UP-ACTIVE\nInterface: eth1\nSession status: DOWN\n"},
		{"show crypto session | begin eth1", second},
		{"show crypto session | count UP-ACTIVE", "Number of lines which match regexp = 1\n"},
		{"show crypto session | count what", "Number of lines which match regexp = 0\n"},
		{"show crypto session remote 192.0.2.77 detail | count .", "Number of lines which match regexp = 0\n"},
		{"show version | count Version 1$", "Number of lines which match regexp = 1\n"},
		{"show run | section crypto map", "crypto map CM 10 ipsec-isakmp\n set peer 192.0.2.2\n match address TO-B\n crypto map CM\n"},
		{"show run | section interface", "interface eth0\n crypto map CM\n"},
		{"show run | section set", " set peer 192.0.2.2\n"},
		{"show version | include c?", "Seikan Software, Version 1\n"},
	} {
		t.Run(tt.line, func(t *testing.T) { checkExecute(t, tt.line, tt.want, done) })
	}
	checkExecute(t, "show version | include [", "% Failed to compile regular expression.\n", refused)
}

func TestClear(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"clear crypto session", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"clear crypto session remote 192.0.2.2", "if= local=invalid IP:0 remote=192.0.2.2:0 fvrf=any ivrf=any"},
		{"cl cr se port", ""},
		{"clear crypto session local 192.0.2.1 port 4500 remote 192.0.2.2 port 4501", "if= local=192.0.2.1:4500 remote=192.0.2.2:4501 fvrf=any ivrf=any"},
		{"clear crypto session remote ::ffff:192.0.2.2 local 2001:db8::1 ivrf RED port 1", "if= local=2001:db8::1:1 remote=192.0.2.2:0 fvrf=any ivrf=RED"},
		{"clear crypto session fvrf RED ivrf RED interface eth0", "if=eth0 local=invalid IP:0 remote=invalid IP:0 fvrf=RED ivrf=RED"},
		{"clear crypto session fvrf BLUE", ""},
		{"clear crypto session isakmp group easy", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any group=easy"},
		{"clear crypto session isakmp", ""},
		{"clear crypto session username cisco", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any user=cisco"},
		{"clear crypto session ikev2 fvrf RED", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=RED ivrf=any"},
		{"clear crypto session interface Tunnel 0", "if=Tunnel0 local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"clear crypto sa", "children if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"clear crypto sa counters", "counters if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"clear crypto sa peer 192.0.2.2", "children if= local=invalid IP:0 remote=192.0.2.2:0 fvrf=any ivrf=any"},
		{"clear crypto sa peer vrf RED 192.0.2.2 counters", "counters if= local=invalid IP:0 remote=192.0.2.2:0 fvrf=RED ivrf=any"},
		{"clear crypto sa peer vrf RED", ""},
		{"clear crypto sa map CM vrf RED", "children if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=RED map=CM"},
		{"clear crypto sa entry 192.0.2.2 esp 0x1001", "children if= local=invalid IP:0 remote=192.0.2.2:0 fvrf=any ivrf=any spi=4097"},
		{"clear crypto sa entry 192.0.2.2 esp 255", ""},
		{"clear crypto sa entry 192.0.2.2 esp", ""},
		{"clear crypto sa map CM entry 192.0.2.2 esp 4097", ""},
		{"clear crypto ikev2 sa", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"clear crypto ikev2 sa remote 192.0.2.2 local 192.0.2.1", "if= local=192.0.2.1:0 remote=192.0.2.2:0 fvrf=any ivrf=any"},
		{"clear crypto ikev2 sa psh 7", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any connid=7"},
		{"clear crypto isakmp", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"clear crypto isakmp 1001", "if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any connid=1001"},
		{"clear crypto session ?", ""},
		{"clear crypto sessions", ""},
	} {
		t.Run(tt.line, func(t *testing.T) {
			b := &fakeBackend{}
			s := &shell{backend: b, info: fakeInfo}
			var out bytes.Buffer
			if _, err := s.execute(t.Context(), tt.line, false, &out); err != nil {
				t.Fatal(err)
			}
			cleared := b.takeCleared()
			got := ""
			if len(cleared) == 1 {
				got = clearText(cleared[0])
			}
			if len(cleared) > 1 || got != tt.want {
				t.Errorf("got %d calls, %s; want %s", len(cleared), got, tt.want)
			}
			if tt.want != "" && out.Len() > 0 {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}

func TestRekey(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"rekey crypto ikev2", "IKE if= local=invalid IP:0 remote=invalid IP:0 fvrf=any ivrf=any"},
		{"rek cr ip remote 192.0.2.2", "IPsec if= local=invalid IP:0 remote=192.0.2.2:0 fvrf=any ivrf=any"},
		{"rekey crypto", ""},
		{"rekey crypto ipsec fvrf BLUE", ""},
	} {
		b := &fakeBackend{}
		var out bytes.Buffer
		if _, err := (&shell{backend: b, info: fakeInfo}).execute(t.Context(), tt.line, false, &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(b.rekeyed, "; "); got != tt.want || (got != "") != (out.Len() == 0) {
			t.Errorf("%s: got %s, printed %q; want %s", tt.line, got, out.String(), tt.want)
		}
	}
}

func TestJSON(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	for _, tt := range []struct{ line, list, key, want string }{
		{"show crypto session json", "sessions", "interface", "eth0"},
		{"show crypto session remote 2001:db8::2 json detail", "sessions", "interface", "eth1"},
		{"show crypto isakmp peers json", "peers", "phase1Id", "192.0.2.2"},
	} {
		var out bytes.Buffer
		if _, err := s.execute(t.Context(), tt.line, false, &out); err != nil {
			t.Fatal(err)
		}
		var got map[string][]map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v\n%s", tt.line, err, out.String())
		}
		if l := got[tt.list]; len(l) == 0 || l[0][tt.key] != tt.want {
			t.Errorf("%s: got %v, want %s: %s in it", tt.line, got, tt.key, tt.want)
		}
	}
}

// The mark stands under what was typed behind the prompt.
func TestMarkBehindPrompt(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	var out bytes.Buffer
	if _, err := s.execute(t.Context(), "show crypto x", true, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "                ^\n"+invalid; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRouterDoesNotAnswer(t *testing.T) {
	s := &shell{backend: &fakeBackend{err: errFake}, info: fakeInfo}
	for _, line := range []string{
		"show crypto session", "show crypto session fvrf RED", "show crypto isakmp peers", "show crypto statistics | count x", "clear crypto session",
	} {
		var out bytes.Buffer
		o, err := s.execute(t.Context(), line, false, &out)
		if want := "% seikan: router stopped\n"; err != nil || o != refused || out.String() != want {
			t.Errorf("%s: got %d, %v, %q; want %d, %q", line, o, err, out.String(), refused, want)
		}
	}
}

// brokenWriter takes n octets.
type brokenWriter struct{ n int }

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, errBroken
	}
	return len(b), nil
}

func TestWriteError(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	for _, line := range []string{"show crypto session", "show run", "show crypto session | include S", "what", "show ?"} {
		if _, err := s.execute(t.Context(), line, false, &brokenWriter{40}); !errors.Is(err, errBroken) && line != "what" {
			t.Errorf("%s: got error %v, want %v", line, err, errBroken)
		}
		if _, err := s.execute(t.Context(), line, false, &brokenWriter{0}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got error %v, want %v", line, err, errBroken)
		}
	}
}

// Every word has a line of help, in lower case, and siblings differ.
func TestTable(t *testing.T) {
	var walk func(path string, n *node)
	walk = func(path string, n *node) {
		seen := make(map[string]bool)
		check := func(text, help string) {
			if text == "" || help == "" || text != strings.ToLower(text) || seen[text] || !isKeyword(row{text, help}) {
				t.Errorf("%s: the word %q, help %q", path, text, help)
			}
			seen[text] = true
		}
		for _, next := range n.next {
			check(next.text, next.help)
			walk(path+" "+next.text, next)
		}
		for _, o := range n.options {
			if o.text != "" {
				check(o.text, o.help)
			}
		}
		var options func(path string, list []*option)
		options = func(path string, list []*option) {
			for _, o := range list {
				if o.set == nil && o.next == nil || o.value == nil && o.text == "" || o.text != "" && o.help == "" {
					t.Errorf("%s: the option %q does nothing, or has no help", path, o.text)
				}
				options(path+" "+o.text, o.next)
			}
		}
		options(path, n.options)
		if n.run == nil && (len(n.next) == 0 || n.pipe || len(n.options) > 0) {
			t.Errorf("%s: nothing to run", path)
		}
	}
	walk("", root)
}

// An operator who is elsewhere names no files of the machine.
func TestFilesFromElsewhere(t *testing.T) {
	for _, tt := range []struct {
		line  string
		files bool
		want  outcome
	}{
		{"copy running-config /etc/passwd", true, done},
		{"copy running-config /etc/passwd", false, refused},
		{"copy running-config ../passwd", false, refused},
		{"copy running-config ..", false, refused},
		{"copy running-config next.conf", false, done},
		{"copy /etc/passwd running-config", true, done},
		{"copy /etc/passwd running-config", false, refused},
		{"copy ../passwd run", false, refused},
		{"copy next.conf running-config", false, done},
		{"copy startup-config running-config", false, done},
		{"configure replace /etc/shadow", false, refused},
	} {
		s := &shell{backend: &fakeBackend{}, info: fakeInfo, settings: settings{keeps: true, files: tt.files}}
		var out bytes.Buffer
		if o, err := s.execute(t.Context(), tt.line, false, &out); o != tt.want || err != nil {
			t.Errorf("%s: got %d, %v, %q, want %d", tt.line, o, err, out.String(), tt.want)
		}
		if tt.want == refused && !strings.Contains(out.String(), "beside the startup configuration") {
			t.Errorf("%s: got %q", tt.line, out.String())
		}
	}
}

// faulty panics when it is asked for sessions, or to clear them.
type faulty struct{ Backend }

func (faulty) Sessions(context.Context, session.Filter, session.Parts, func([]session.Session) error) error {
	panic("a fault")
}
func (faulty) ClearSAs(context.Context, session.ClearRequest) (int, error) { panic("a fault") }

// A listing that panics is refused, and told of; a change that does takes the program along, as nobody knows what is half changed.
func TestListingThatPanics(t *testing.T) {
	var told []fault.Fault
	info := fakeInfo
	info.Fault = func(f fault.Fault) { told = append(told, f) }
	s := &shell{backend: faulty{&fakeBackend{}}, info: info}
	for _, line := range []string{"show crypto session", "show crypto session detail | include Peer"} {
		var out bytes.Buffer
		o, err := s.execute(t.Context(), line, false, &out)
		if o != refused || err != nil || !strings.Contains(out.String(), "internal error: panic of type string in seikan/internal/cli.faulty.Sessions") {
			t.Errorf("%s: got outcome %d, %v, %q", line, o, err, out.String())
		}
	}
	if len(told) != 2 {
		t.Errorf("%d panics were told of, want 2", len(told))
	}
	defer func() {
		if recover() == nil {
			t.Error("a command that changes something went on after its panic")
		}
	}()
	s.execute(t.Context(), "clear crypto session", false, &bytes.Buffer{})
}
