package cli

import (
	"bytes"
	"testing"
)

func TestClearIKEStats(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		user       bool
		err        error
		want       string
		cleared    int
	}{
		{"as asked", "clear crypto ikev2 stats", false, nil, "Cleared crypto ikev2 statistics\n", 1},
		{"no answer", "clear crypto ikev2 stats", false, errFake, "% " + errFake.Error() + "\n", 1},
		{"not privileged", "clear crypto ikev2 stats", true, nil, "clear crypto ikev2 stats\n^\n% Invalid input detected at '^' marker.\n\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &fakeBackend{err: tt.err}
			s := &shell{backend: b, info: fakeInfo, settings: settings{user: tt.user}}
			var out bytes.Buffer
			if _, err := s.execute(t.Context(), tt.line, false, &out); err != nil || out.String() != tt.want || b.clearedStats != tt.cleared {
				t.Errorf("got %q, %v, cleared %d times, want %q and %d", out.String(), err, b.clearedStats, tt.want, tt.cleared)
			}
		})
	}
}
