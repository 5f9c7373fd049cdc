package seikan_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rfcTest is a test that docs/rfc.md names in a table.
var rfcTest = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z0-9_]+)`")

// Every test that docs/rfc.md names is there, and every row that says yes of something names one or says why not.
func TestRFCTable(t *testing.T) {
	text, err := os.ReadFile("docs/rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := make(map[string]string) // by package
	named := 0
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, m := range rfcTest.FindAllStringSubmatch(line, -1) {
			named++
			if !strings.Contains(testSources(t, sources, m[1]), "\nfunc "+m[2]+"(t *testing.T)") {
				t.Errorf("docs/rfc.md:%d: there is no %s.%s", i+1, m[1], m[2])
			}
		}
		if strings.HasSuffix(line, "| yes | |") {
			t.Errorf("docs/rfc.md:%d: no test is named for what is said to be covered", i+1)
		}
	}
	if named < 50 {
		t.Errorf("%d tests are named, want the table's", named)
	}
}

// testSources is the text of a package's tests.
func testSources(t *testing.T, known map[string]string, pkg string) string {
	t.Helper()
	if s, ok := known[pkg]; ok {
		return s
	}
	dir := pkg
	if pkg == module {
		dir = "."
	}
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n" + string(src))
	}
	known[pkg] = b.String()
	return known[pkg]
}
