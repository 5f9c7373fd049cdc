package config

import (
	"testing"
)

// Whatever Parse takes it takes again from the running configuration, and whatever it refuses it says so.
func FuzzParse(f *testing.F) {
	f.Add([]byte(siteText))
	f.Add([]byte(everything))
	for _, test := range refused {
		f.Add([]byte(test.text))
	}
	for _, test := range accepted {
		f.Add([]byte(test.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("fuzz", text)
		if err != nil {
			list := errorsOf(t, err)
			if m != nil || len(list) == 0 || len(list) > maxErrors {
				t.Fatalf("got model %v and %d errors", m != nil, len(list))
			}
			for _, e := range list {
				if e.Expected == "" || e.Error() == "" || e.Line < 0 || e.Text != "" && e.Column < 1 {
					t.Fatalf("got error %#v", e)
				}
			}
			return
		}
		again, err := Parse("fuzz", []byte(m.text(true)))
		if err != nil {
			t.Fatalf("running configuration: %v\n%s", err, m.text(true))
		}
		if again.file = m.file; difference(m, again) != "" || m.text(true) != again.text(true) {
			t.Fatalf("differs in %s:\n%s\n%s", difference(m, again), m.text(true), again.text(true))
		}
		if _, err := m.Build(env()); err != nil {
			errorsOf(t, err)
		}
	})
}
