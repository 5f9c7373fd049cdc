package config

import (
	"slices"
	"strings"
	"testing"
)

// The lines of a text are carried out as at a terminal, all of them or none, and its errors show nothing of it.
func TestMerge(t *testing.T) {
	before := mustParse(t, siteText)
	for _, tt := range []struct {
		name, text string
		want       string // of the text that comes of it; "": nothing changes
		wrong      []int  // lines
	}{
		{"nothing", "", "", nil},
		{"itself", siteText, "", nil},
		{"itself as it is shown", before.Text(), "", nil},
		{"one line", "hostname gwM\r\n", "hostname gwM\n", nil},
		{"in modes", "crypto map CM 10 ipsec-isakmp\n set pfs group19\nend\ninterface vA\n description x\n exit\nhostname gwM", "set pfs group19\n", nil},
		{"taken away", "crypto isakmp peer address 192.0.2.2\n no description\n", "crypto isakmp peer address 192.0.2.2\n!", nil},
		{"comments", "! a comment\n\n", "", nil},
		{"wrong lines", "hostname gwM\ncrypto swordfish\n below swordfish\nhostname\nhostname gwN\n", "", []int{2, 4}},
		{"a key in the wrong place", "crypto ikev2 profile PROF\n pre-shared-key swordfish\n", "", []int{2}},
		{"octets", "hostname gwM\n\x00", "", []int{2}},
		{"long", strings.Repeat("!\n", maxText/2+1), "", []int{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := before.Text()
			m, err := before.Merge("next.conf", []byte(tt.text))
			if before.Text() != text {
				t.Fatal("it was modified")
			}
			if len(tt.wrong) > 0 {
				list := errorsOf(t, err)
				var lines []int
				for _, e := range list {
					lines = append(lines, e.Line)
				}
				if m != nil || !slices.Equal(lines, tt.wrong) || strings.Contains(err.Error(), "swordfish") {
					t.Errorf("got %v in %v, want lines %v", err, lines, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Text(); tt.want == "" && got != text || !strings.Contains(got, tt.want) {
				t.Errorf("got\n%s\nwant %q in it", got, tt.want)
			}
		})
	}
}
