package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"seikan/session"
)

// Every command of `show tech-support` is one that there is, and an error of one is no reason to leave the others out.
func TestTechSupport(t *testing.T) {
	for _, line := range techCommands {
		if _, err := parse(line, false); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, b := range []Backend{&fakeBackend{}, noSessions{&fakeBackend{}}} {
		var out bytes.Buffer
		s := &shell{backend: b, info: fakeInfo}
		if o, err := s.execute(t.Context(), "show tech-support", false, &out); o != done || err != nil {
			t.Errorf("got outcome %d, %v", o, err)
		}
		if n := strings.Count(out.String(), "\n------------------ show "); n != len(techCommands) {
			t.Errorf("%d parts, want %d", n, len(techCommands))
		}
		if _, failing := b.(noSessions); strings.Contains(out.String(), errFake.Error()) != failing {
			t.Errorf("errors: %q", out.String())
		}
	}
}

// What others give inside does not take the file away.
func TestTechSupportIntoFile(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo, settings: settings{files: true}}
	if o, err := s.execute(t.Context(), "show tech-support | redirect /tmp/tech", false, &bytes.Buffer{}); o != done || err != nil || s.settings.file != "/tmp/tech" {
		t.Errorf("got outcome %d, %v, file %q", o, err, s.settings.file)
	}
}

// noSessions cannot list sessions.
type noSessions struct{ Backend }

func (noSessions) Sessions(context.Context, session.Filter, session.Parts, func([]session.Session) error) error {
	return errFake
}
