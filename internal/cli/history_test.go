package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What is remembered is bounded, in lines and in octets, and arrives as it was given.
func TestHistory(t *testing.T) {
	var many, long history
	for i := range historyLines + 5 {
		many.add(fmt.Sprintf(" show session %d | include a,b%%20 & c=ü ", i))
		long.add(fmt.Sprint(i, strings.Repeat(" ", 1000), strings.Repeat("%", 300)))
	}
	s := parseSettings(settingKeeps + " " + settingHistory + many.String() + " " + settingUser)
	if len(s.history) != historyLines || s.history[0] != "show session 5 | include a,b%20 & c=ü" || s.history[historyLines-1] != "show session 24 | include a,b%20 & c=ü" || !s.user {
		t.Errorf("got %q", s.history)
	}
	if got := s.String(); strings.Contains(got, "session") {
		t.Errorf("the history goes back: %q", got)
	}
	if n := len(long.String()); n > historyOctets || n == 0 || n+maxLine > maxSettings {
		t.Errorf("got %d octets, want no more than %d", n, historyOctets)
	}
	var h history
	for _, line := range []string{"a", "a", " ", "", "b", "a"} {
		h.add(line)
	}
	if want := (history{"a", "b", "a"}); !slices.Equal(h, want) {
		t.Errorf("got %q, want %q", h, want)
	}
	if got := parseHistory("%zz,,%1b%5Bx," + strings.Repeat("y,", 100)); len(got) != historyLines || got[0] != "\uFFFD[x" {
		t.Errorf("from another client: got %q", got)
	}
}
