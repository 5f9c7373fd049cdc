package cli

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

func TestShowClock(t *testing.T) {
	at := time.Date(2026, 11, 5, 3, 4, 5, 67e6, time.FixedZone("JST", 9*3600))
	for _, tt := range []struct {
		line  string
		right bool
		want  string
	}{
		{"show clock", true, "03:04:05.067 JST Thu Nov 5 2026\n"},
		{"show clock | format xe", true, "03:04:05.067 JST Thu Nov 5 2026\n"},
		{"show clock", false, "*03:04:05.067 JST Thu Nov 5 2026\n"},
		{"show clock | include [.]067", false, "*03:04:05.067 JST Thu Nov 5 2026\n"},
	} {
		info := fakeInfo
		info.Clock = func() (time.Time, bool) { return at, tt.right }
		if got := answer(t, &shell{backend: &fakeBackend{}, info: info}, tt.line); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
	}
	synctest.Test(t, func(t *testing.T) { // the time of the system
		want := time.Now().Format("15:04:05.000 MST Mon Jan 2 2006") + "\n"
		if got := answer(t, &shell{backend: &fakeBackend{}}, "show clock"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestShowPrivilege(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	if got, want := answer(t, s, "show privilege"), "Current privilege level is 15\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.settings.user = true
	if got, want := answer(t, s, "show privilege"), "Current privilege level is 1\n"; got != want {
		t.Errorf("without enable: got %q, want %q", got, want)
	}
}

// answer is what a command that is done as asked prints.
func answer(t *testing.T, s *shell, line string) string {
	t.Helper()
	var out bytes.Buffer
	if o, err := s.execute(t.Context(), line, false, &out); o != done || err != nil {
		t.Fatalf("%s: got outcome %d, %v, %s", line, o, err, out.String())
	}
	return out.String()
}
