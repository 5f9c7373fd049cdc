package cli

import (
	"bytes"
	"slices"
	"testing"
)

func TestClearAccessLists(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
		text string // "": the command is done without a word
	}{
		{"clear access-list counters", []string{"TO-B", "SIX"}, ""},
		{"clear access-list counters SIX", []string{"SIX"}, ""},
		{"cle acc co TO-B", []string{"TO-B"}, ""},
		{"clear ip access-list counters", []string{"TO-B"}, ""},
		{"clear ipv6 access-list counters", []string{"SIX"}, ""},
		{"clear ip access-list counters SIX", nil, "% No access list named SIX exists\n"},
		{"clear access-list counters TO-C", nil, "% No access list named TO-C exists\n"},
		{"clear access-list", nil, incomplete},
	} {
		b := &fakeBackend{}
		s := &shell{backend: b, info: fakeInfo}
		var out bytes.Buffer
		if _, err := s.execute(t.Context(), tt.line, false, &out); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != tt.text || !slices.Equal(b.clearedLists, tt.want) {
			t.Errorf("%s: got %q, cleared %v, want %v", tt.line, got, b.clearedLists, tt.want)
		}
	}
}
