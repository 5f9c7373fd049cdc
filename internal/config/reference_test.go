package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The reference has each mode that there is.
func TestReferenceHasAllModes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reference, err := os.ReadFile("reference.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^var (\w+) = mode\{|^\t(\w+) += mode\{`)
	n := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllSubmatch(src, -1) {
			n++
			if name := string(m[1]) + string(m[2]); !strings.Contains(string(reference), "&"+name+",") {
				t.Errorf("%s of %s is not in the reference", name, f)
			}
		}
	}
	if n < 10 {
		t.Errorf("found %d modes, want all of them", n)
	}
}
