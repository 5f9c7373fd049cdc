package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestRunningConfig(t *testing.T) {
	got := mustParse(t, everything).RunningConfig()
	file := filepath.Join("testdata", "running.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// With its keys the running configuration makes the same model again; without them it is refused.
func TestRunningConfigAgain(t *testing.T) {
	for _, text := range []string{siteText, everything, "", "crypto logging session\n"} {
		m := mustParse(t, text)
		again := mustParse(t, m.text(true))
		if d := difference(m, again); d != "" {
			t.Errorf("%s differs after\n%s", d, m.text(true))
		}
		if got, want := again.text(true), m.text(true); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	_, err := Parse("gw.conf", []byte(mustParse(t, siteText).RunningConfig()))
	list := errorsOf(t, err)
	if len(list) != 1 || list[0].Text != "  pre-shared-key <hidden>" || list[0].Column != 18 ||
		!strings.Contains(list[0].Expected, "the key itself, as <hidden> only stands for it in a listing") {
		t.Errorf("hidden keys: got %v", err)
	}
}

// Nothing that a Model is printed as contains a key.
func TestModelHidesKeys(t *testing.T) {
	m := mustParse(t, everything)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		wantNoSecret(t, format, fmt.Sprintf(format, m))
		wantNoSecret(t, format+" of the value", fmt.Sprintf(format, *m))
		wantNoSecret(t, format+" in a struct", fmt.Sprintf(format, struct{ M *Model }{m}))
	}
	built, err := m.Build(env())
	if err != nil {
		t.Fatal(err)
	}
	wantNoSecret(t, "Built", fmt.Sprintf("%+v", built))
}
