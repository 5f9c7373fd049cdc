package config

import (
	"errors"
	"strings"
	"testing"
)

// A configuration that is given once more, line by line, changes nothing: an operator may paste what show running-config has shown, or read the
// startup configuration into the running one.
func TestEditAgain(t *testing.T) {
	for _, text := range []string{siteText, everything} {
		m := mustParse(t, text)
		again := m
		var path []string
		for line := range strings.Lines(m.Text()) {
			e, err := again.Edit(path, strings.TrimSuffix(line, "\n"))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if e.Model != again && !strings.Contains(text, " remark ") { // which waits for the line that it is before
				t.Errorf("in %v, %s is a change", path, line)
			}
			again, path = e.Model, e.Path
		}
		if got, want := again.Text(), m.Text(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A line of an access list that is there is not added once more; one with another number is.
func TestRuleAgain(t *testing.T) {
	const list = "ip access-list extended L\n"
	const before = list + " remark one\n permit ip any host 10.0.0.1\n deny ip any any\n remark last\n"
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"the same", []string{"permit ip any host 10.0.0.1"}, before},
		{"with its number", []string{"10 permit ip any host 10.0.0.1"}, before},
		{"with its remark", []string{"remark one", "permit ip any host 10.0.0.1"}, before},
		{"its last remark", []string{"remark last"}, before},
		{"with another number", []string{"5 permit ip any host 10.0.0.1"}, list + " remark last\n 5 permit ip any host 10.0.0.1\n remark one\n 10 permit ip any host 10.0.0.1\n 20 deny ip any any\n"},
		{"another action", []string{"deny ip any host 10.0.0.1"}, before + " deny ip any host 10.0.0.1\n"},
		{"another port", []string{"permit tcp any host 10.0.0.1 eq 22"}, before + " permit tcp any host 10.0.0.1 eq 22\n"},
		{"another remark", []string{"remark two", "permit ip any host 10.0.0.1"}, before + " remark two\n"},
	} {
		m, path := mustParse(t, before), []string{"ip access-list extended L"}
		for _, line := range tt.lines {
			e, err := m.Edit(path, line)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			m = e.Model
		}
		if got, want := m.Text(), mustParse(t, tt.want).Text(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, want)
		}
	}
	_, err := mustParse(t, before).Edit([]string{"ip access-list extended L"}, "10 deny ip any any")
	if bad := new(EditError); !errors.As(err, &bad) || bad.Column != 0 {
		t.Errorf("another line with the number of one: got %v", err)
	}
	twice := before + " permit ip any host 10.0.0.1\n"
	if m := mustParse(t, twice); !strings.Contains(m.Text(), "deny ip any any\n remark last\n permit ip any host 10.0.0.1\n") {
		t.Errorf("a text is not what it says:\n%s", m.Text())
	}
}
