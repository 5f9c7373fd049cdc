package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// edited gives a Model lines one after the other.
func edited(t testing.TB, m *Model, lines ...string) Edit {
	t.Helper()
	e := Edit{Model: m}
	for _, s := range lines {
		next, err := e.Model.Edit(e.Path, s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		e = next
	}
	return e
}

// The lines of a configuration, given one by one, make the same as a file with them.
func TestEditMakesAll(t *testing.T) {
	want := mustParse(t, everything)
	e := edited(t, &Model{}, strings.Split(want.Text(), "\n")...)
	if got := e.Model.Text(); got != want.Text() {
		t.Errorf("got\n%s\nwant\n%s", got, want.Text())
	}
	if _, lacks := e.Model.Whole(); len(lacks) > 0 {
		t.Errorf("lacks %q", lacks)
	}
}

func TestEditPrompts(t *testing.T) {
	m := mustParse(t, siteText)
	for _, tt := range []struct {
		lines []string
		want  string
	}{
		{nil, "(config)"},
		{[]string{"crypto isakmp peer address 10.2.2.9"}, "(config-isakmp-peer)"},
		{[]string{"cry isa pe ip-address 10.2.2.9", "desc connection from site A"}, "(config-isakmp-peer)"},
		{[]string{"crypto isakmp peer address 10.2.2.9", "exit"}, "(config)"},
		{[]string{"crypto map CM 10 ipsec-isakmp"}, "(config-crypto-map)"},
		{[]string{"crypto map CM 10 ipsec-isakmp", "interface vA"}, "(config-if)"},
		{[]string{"interface vA", "hostname gwB"}, "(config)"},
		{[]string{"crypto ikev2 keyring KR", "peer siteB"}, "(config-ikev2-keyring-peer)"},
		{[]string{"crypto ikev2 keyring KR", "peer siteB", "peer siteC"}, "(config-ikev2-keyring-peer)"},
		{[]string{"crypto ikev2 keyring KR", "peer siteB", "exit"}, "(config-ikev2-keyring)"},
		{[]string{"ip access-list extended TO-B"}, "(config-ext-nacl)"},
		{[]string{"interface vA", "no interface vA"}, "(config)"},
	} {
		if e := edited(t, m, tt.lines...); e.Model.Prompt(e.Path) != tt.want {
			t.Errorf("%q: got %s, want %s", tt.lines, e.Model.Prompt(e.Path), tt.want)
		}
	}
}

// `no` and `default` take away what a line has made.
func TestEditTakesAway(t *testing.T) {
	m := mustParse(t, everything)
	for _, tt := range []struct {
		path []string
		line string
		gone []string // of the text, with what is below
	}{
		{nil, "no hostname", []string{"hostname gwA"}},
		{nil, "no hostname gwA", []string{"hostname gwA"}},
		{nil, "default crypto logging session", []string{"no crypto logging session"}},
		{nil, "crypto logging session", []string{"no crypto logging session"}},
		{nil, "no crypto isakmp peer 192.0.2.2", []string{"crypto isakmp peer address 192.0.2.2", "description connection from site A"}},
		{nil, "no crypto isakmp peer address 192.0.2.3 vrf INET", []string{"crypto isakmp peer address 192.0.2.3 vrf INET"}},
		{[]string{"crypto isakmp peer address 192.0.2.2"}, "no description", []string{"description connection from site A"}},
		{[]string{"crypto map CM 10 ipsec-isakmp"}, "no set security-association lifetime", []string{
			"set security-association lifetime seconds 120", "set security-association lifetime kilobytes 2560", "set security-association lifetime packets 5000"}},
		{[]string{"crypto map CM 10 ipsec-isakmp"}, "no set pfs", []string{"set pfs group19 addke ml-kem-768"}},
		{[]string{"crypto map CM 10 ipsec-isakmp"}, "no set pfs group19", []string{"set pfs group19 addke ml-kem-768"}},
		{[]string{"crypto ikev2 profile PROF"}, "nat force-encap", []string{"no nat force-encap"}},
		{[]string{"crypto ikev2 profile PROF"}, "no match identity remote email b@example", []string{"match identity remote email b@example"}},
		{[]string{"ip access-list extended TO-B"}, "no 15", []string{"permit icmp any any"}},
		{[]string{"ip access-list extended TO-B"}, "no permit icmp any any", []string{"permit icmp any any"}},
		{[]string{"ipv6 access-list SIX"}, "no sequence 5", []string{"permit udp fd00:10::/64 any eq 53"}},
		{nil, "no ip access-list extended 100", []string{"ip access-list extended 100", "permit gre any any"}},
		{nil, "no crypto ipsec fragmentation", []string{"crypto ipsec fragmentation after-encryption"}},
		{nil, "no crypto ipsec fragmentation after-encryption", []string{"crypto ipsec fragmentation after-encryption"}},
		{nil, "default crypto ipsec fragmentation", []string{"crypto ipsec fragmentation after-encryption"}},
		{[]string{"interface Tunnel7"}, "no crypto ipsec fragmentation", []string{"crypto ipsec fragmentation before-encryption"}},
		{[]string{"interface Tunnel7"}, "default crypto ipsec df-bit", []string{"crypto ipsec df-bit copy"}},
		{nil, "no logging host 2001:db8::9", []string{"logging host 2001:db8::9 transport tls port 7514 format rfc5424 name logs.example"}},
	} {
		e, err := m.Edit(tt.path, tt.line)
		if err != nil {
			t.Errorf("%q: %v", tt.line, err)
			continue
		}
		left := lines(e.Model.Text())
		var gone []string
		for _, s := range lines(m.Text()) {
			if i := slices.Index(left, s); i >= 0 {
				left = slices.Delete(left, i, i+1)
			} else {
				gone = append(gone, s)
			}
		}
		left = slices.DeleteFunc(left, func(s string) bool { return s == "crypto logging session" }) // the opposite is said
		if !slices.Equal(gone, tt.gone) || len(left) > 0 {
			t.Errorf("%q: gone are %q, want %q; new are %q", tt.line, gone, tt.gone, left)
		}
	}
	for _, line := range []string{"no crypto ikev2 cookie-challenge", "no monitor http token"} {
		if e := edited(t, m, line); strings.Contains(e.Model.Text(), strings.TrimPrefix(line, "no ")) {
			t.Errorf("%q: is there still", line)
		}
	}
}

// lines are the lines of a text that say something, without the sequence numbers of rules, which are only shown where they must be.
func lines(text string) (list []string) {
	for s := range strings.Lines(text) {
		s = strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(s), "sequence "), "0123456789 ")
		if s != "!" && s != "end" {
			list = append(list, s)
		}
	}
	return list
}

func TestEditRefuses(t *testing.T) {
	m := mustParse(t, siteText)
	peer := []string{"crypto isakmp peer address 192.0.2.2"}
	for _, tt := range []struct {
		path   []string
		line   string
		want   Problem
		column int
	}{
		{nil, "foo bar", Invalid, 0},
		{nil, "crypto foo", Invalid, 7},
		{nil, "i", Ambiguous, 0},
		{nil, "crypto", Incomplete, 6},
		{nil, "crypto map CM", Incomplete, 13},
		{nil, "crypto map CM 11", Refused, 17},
		{peer, "description", Incomplete, 11},
		{peer, "description " + strings.Repeat("x", 81), Invalid, 12},
		{peer, "i", Ambiguous, 0}, // in the mode around it
		{nil, "no foo", Invalid, 3},
		{nil, "no", Incomplete, 2},
		{nil, "no hostname other", Refused, 3},
		{[]string{"crypto map CM 10 ipsec-isakmp"}, "set peer 192.0.2.77", Refused, 9},
		{nil, "hostname \x01", Refused, 0},
	} {
		e, err := m.Edit(tt.path, tt.line)
		var bad *EditError
		if !errors.As(err, &bad) || bad.Problem != tt.want || bad.Column != tt.column || bad.Expected == "" {
			t.Errorf("%q: got %+v, %#v, want problem %d in column %d", tt.line, e.Path, err, tt.want, tt.column)
		}
	}
	if e, err := m.Edit(nil, "crypto ikev2 keyring NEW"); err != nil || e.Model == m {
		t.Errorf("a keyring more: %v", err)
	}
}

// What refers to what is not there yet is taken, and told.
func TestEditLacks(t *testing.T) {
	m := mustParse(t, siteText)
	e := edited(t, m, "crypto map CM 20 ipsec-isakmp", "set peer 192.0.2.77", "match address LATER")
	if _, lacks := e.Model.Whole(); len(lacks) == 0 {
		t.Error("nothing lacks")
	}
	if again, err := e.Model.Edit(nil, "crypto map CM 20"); err != nil || again.Note != "" || again.Model != e.Model || again.Model.Prompt(again.Path) != "(config-crypto-map)" {
		t.Errorf("an entry that is there: got %+v, %v", again, err)
	}
	if begun, err := m.Edit(nil, "crypto map CM 20 ipsec-isakmp"); err != nil || begun.Note != newEntry {
		t.Errorf("a new entry: got %q, %v", begun.Note, err)
	}
	e = edited(t, e.Model, "no crypto map CM 20")
	if _, lacks := e.Model.Whole(); len(lacks) > 0 || e.Model.Text() != m.Text() {
		t.Errorf("lacks %q in\n%s", lacks, e.Model.Text())
	}
}

func TestChoices(t *testing.T) {
	m := mustParse(t, siteText)
	for _, tt := range []struct {
		path []string
		text string
		want string
	}{
		{[]string{"crypto isakmp peer address 192.0.2.2"}, "", "default description do end exit no"},
		{[]string{"crypto isakmp peer address 192.0.2.2"}, "d", "default description do"},
		{[]string{"crypto isakmp peer address 192.0.2.2"}, "description ", "LINE"},
		{[]string{"crypto isakmp peer address 192.0.2.2"}, "crypto i", "ikev2 ipsec isakmp"},
		{nil, "crypto isakmp peer ", "WORD address ip-address"},
		{nil, "no crypto isakmp p", "peer"},
		{nil, "end x", ""},
	} {
		list, _, err := m.Choices(tt.path, tt.text)
		var words []string
		for _, c := range list {
			words = append(words, c.Word)
		}
		if got := strings.Join(words, " "); got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%q: got %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}

// What says too little takes nothing away: an operator who presses return too early keeps his router.
func TestEditVague(t *testing.T) {
	m := mustParse(t, everything)
	for _, tt := range []struct {
		path []string
		line string
	}{
		{nil, "no crypto"},
		{nil, "no crypto ikev2"},
		{nil, "no crypto ikev2 profile"},
		{nil, "no crypto map"},
		{nil, "default crypto map"},
		{nil, "no interface"},
		{nil, "no ip access-list extended"},
		{nil, "no ip"},
		{nil, "no username"},
		{nil, "no logging"},
		{[]string{"crypto map CM 10 ipsec-isakmp"}, "no set"},
		{[]string{"crypto ikev2 keyring KR"}, "no peer"},
	} {
		e, err := m.Edit(tt.path, tt.line)
		var bad *EditError
		if !errors.As(err, &bad) || bad.Problem != Incomplete || bad.Column != len(tt.line) {
			t.Errorf("%q: got %v, %#v, want that it is incomplete", tt.line, e.Model != nil, err)
		}
	}
}

// `no no` says nothing.
func TestNoChoiceOfNo(t *testing.T) {
	list, _, err := mustParse(t, siteText).Choices(nil, "no ")
	if err != nil || len(list) == 0 || slices.ContainsFunc(list, func(c Choice) bool { return c.Word == "no" }) {
		t.Errorf("got %v, %v", list, err)
	}
}

// A path is short whatever was typed: it travels with each line.
func TestEditPathIsPlain(t *testing.T) {
	e := edited(t, mustParse(t, siteText), "  interface"+strings.Repeat(" ", 500)+"vA")
	if !slices.Equal(e.Path, []string{"interface vA"}) {
		t.Errorf("got %q", e.Path)
	}
}

// Models that come from one are apart, whatever two operators add to the same thing.
func TestEditApart(t *testing.T) {
	m := edited(t, &Model{}, "ip access-list extended L", "remark 1", "remark 2", "remark 3", "crypto ikev2 profile P", "match identity remote fqdn a",
		"match identity remote fqdn b", "match identity remote fqdn c", "logging host 192.0.2.1", "logging host 192.0.2.2", "logging host 192.0.2.3").Model
	before := m.Text()
	for _, lines := range [][2]string{
		{"ip access-list extended L", "remark %"},
		{"ip access-list extended L", "permit ip host 10.0.0.% any"},
		{"crypto ikev2 profile P", "match identity remote fqdn n%"},
		{"hostname gw", "logging host 192.0.2.1%"},
		{"interface Tunnel1", "tunnel key %"},
	} {
		var list []*Model
		for _, who := range []string{"4", "5"} {
			list = append(list, edited(t, m, lines[0], strings.ReplaceAll(lines[1], "%", who)).Model)
		}
		for i, who := range []string{"4", "5"} {
			if text := list[i].Text(); !strings.Contains(text, strings.ReplaceAll(lines[1], "%", who)+"\n") {
				t.Errorf("%s is not in\n%s", strings.ReplaceAll(lines[1], "%", who), text)
			}
		}
	}
	if m.Text() != before {
		t.Errorf("it was\n%s\nand is\n%s", before, m.Text())
	}
}

// A line of an access list goes by its number, and the others keep theirs.
func TestEditTakesNumbers(t *testing.T) {
	e := edited(t, &Model{}, "ip access-list extended L", "permit tcp any any", "permit udp any any", "permit icmp any any", "permit gre any any", "no 20", "no permit icmp any any")
	if text := e.Model.Text(); !strings.Contains(text, "ip access-list extended L\n permit tcp any any\n 40 permit gre any any\n") {
		t.Errorf("got\n%s", text)
	}
}

// A line that is whole takes away what it leads to, and not what other lines lead to that begin with it.
func TestEditTakesWhole(t *testing.T) {
	const peer = "crypto isakmp peer address 192.0.2.3"
	m := edited(t, &Model{}, "vrf definition INET", peer, peer+" vrf INET").Model
	if text := edited(t, m, "no "+peer).Model.Text(); strings.Contains(text, peer+"\n") || !strings.Contains(text, peer+" vrf INET\n") {
		t.Errorf("got\n%s", text)
	}
	if _, err := edited(t, m, "no "+peer).Model.Edit(nil, "no "+peer); err == nil {
		t.Error("what is not there any more is taken away")
	}
}

// A line for a mode that somebody else has taken away meanwhile, and that takes something away itself, does not bring the mode back.
func TestEditTakesNothing(t *testing.T) {
	m := mustParse(t, siteText)
	if e, err := m.Edit([]string{"crypto ikev2 keyring GONE"}, "no peer"); err != nil || e.Model != m {
		t.Errorf("got %v in\n%s", err, e.Model.Text())
	}
}
