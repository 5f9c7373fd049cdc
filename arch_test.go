package seikan_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "seikan"
	maxLines = 600 // of a file that is not a test
)

// edges lists which packages of the module each one may import. "" is the root, "*" means all. A package for tests, whose name ends
// in "test", may import its parent and what that one may.
var edges = map[string][]string{
	"":                   {"esp", "sadb", "ike", "ike/wire", "session", "tun", "internal/fault", "internal/gso", "internal/udp"},
	"esp":                {},
	"sadb":               {"esp"},
	"ike/wire":           {},
	"ike/internal/suite": {"ike/wire"},
	"ike":                {"esp", "sadb", "ike/wire", "ike/internal/suite", "internal/fault"},
	"session":            {"esp", "sadb", "ike"},
	"tun":                {"internal/gso", "internal/netns"},
	"internal/fault":     {},
	"internal/gso":       {},
	"internal/netns":     {},
	"internal/sched":     {},
	"internal/udp":       {"internal/netns"},
	"internal/logging":   {},
	"internal/syslog":    {"internal/logging"},
	"internal/sshd":      {},
	"internal/config":    {"", "ike", "ike/wire", "esp", "sadb", "session", "tun", "internal/logging"},
	"internal/ping":      {"internal/netns"},
	"internal/file":      {},
	"internal/cli":       {"session", "sadb", "internal/fault", "internal/file", "internal/logging", "internal/ping"},
	"internal/metrics":   {"", "ike", "sadb", "session"},
	"internal/web":       {"", "esp", "ike", "sadb", "session"},
	"internal/interop":   {},
	"cmd/seikan":         {"*"},
	"bench": {
		"", "esp", "sadb", "ike/wire", "ike", "session", "tun",
		"tun/tuntest", "internal/udp/udptest", "ike/iketest",
	},
	"bench/compare": {"internal/interop"},
	"bench/load":    {},
	"bench/relay":   {"tun", "internal/gso", "internal/sched", "internal/udp"},
}

// pure packages turn octets and the time into results, and do nothing else.
var pure = []string{"esp", "sadb", "ike", "ike/wire", "ike/internal/suite", "session", "internal/fault", "internal/logging"}

// impure is what they do not import, with all that is below, but for the packages of values in plain.
var (
	impure = []string{"net", "os", "context", "log", "syscall", "github.com/rs/zerolog"}
	plain  = []string{"net/netip"}
)

// clock is the functions of package time that read the clock or wait for it.
var clock = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}

// concurrent packages start goroutines (internal/netns for a call that waits for it); so may tests and packages for tests.
var concurrent = []string{"", "cmd/seikan", "internal/netns", "internal/cli", "internal/sshd", "internal/syslog", "internal/interop", "bench", "bench/relay"}

// unsafeFiles are the files that may import unsafe.
var unsafeFiles = []string{"internal/udp/linux*.go", "tun/*_linux.go", "internal/clocktest/*.go"}

func TestArchitecture(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (d.Name() == "testdata" || d.Name()[0] == '.' || d.Name()[0] == '_'):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(file) != ".go":
			return nil
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		seen[packageOf(file)] = true
		for _, complaint := range examine(file, src) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pure {
		if !seen[p] {
			t.Errorf("package %s is not there", p)
		}
	}
}

// packageOf is the path of a file's package in the module.
func packageOf(file string) string {
	if dir := path.Dir(file); dir != "." {
		return dir
	}
	return ""
}

// forTests tells whether a package is only for tests.
func forTests(pkg string) bool { return strings.HasSuffix(pkg, "test") }

// examine holds a file against the rules.
func examine(file string, src []byte) (complaints []string) {
	fset := token.NewFileSet()
	complain := func(at token.Pos, format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%v: %s", fset.Position(at), fmt.Sprintf(format, args...)))
	}
	f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	pkg, test := packageOf(file), strings.HasSuffix(file, "_test.go")
	isPure := slices.Contains(pure, pkg) && !test
	timeName := ""
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		for _, rule := range importRules(file, pkg, name, test, isPure) {
			complain(spec.Pos(), "%s", rule)
		}
		if name == "time" {
			timeName = "time"
			if spec.Name != nil {
				timeName = spec.Name.Name
			}
		}
	}
	mayGo := test || forTests(pkg) || slices.Contains(concurrent, pkg)
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if !mayGo {
				complain(n.Pos(), "a go statement; only the engine starts goroutines")
			}
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				complain(n.Pos(), "an init function")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && isPure && x.Name == timeName && slices.Contains(clock, n.Sel.Name) {
				complain(n.Pos(), "time.%s in a pure package; take now as an argument", n.Sel.Name)
			}
		}
		return true
	})
	if lines := strings.Count(string(src), "\n"); lines > maxLines && !test {
		complain(f.Pos(), "%d lines; the limit is %d", lines, maxLines)
	}
	return complaints
}

// importRules is which rules the import of a package breaks.
func importRules(file, pkg, imported string, test, isPure bool) (broken []string) {
	switch {
	case imported == "C":
		broken = append(broken, "imports C")
	case imported == "unsafe" && !slices.ContainsFunc(unsafeFiles, func(p string) bool { ok, _ := path.Match(p, file); return ok }):
		broken = append(broken, "imports unsafe")
	case isPure && !slices.Contains(plain, imported) && slices.ContainsFunc(impure, func(p string) bool { return within(imported, p) }):
		broken = append(broken, "a pure package imports "+imported)
	}
	if !within(imported, module) || test {
		return broken
	}
	to := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	from := pkg
	if forTests(pkg) {
		if from = path.Dir(pkg); to == from {
			return broken
		}
	}
	allowed, known := edges[from]
	switch {
	case !known:
		broken = append(broken, fmt.Sprintf("package %q has no line in the table of edges", from))
	case !slices.Contains(allowed, to) && !slices.Contains(allowed, "*"):
		broken = append(broken, fmt.Sprintf("package %q may not import %q", pkg, to))
	}
	return broken
}

// within tells whether an import path is p or below it.
func within(imported, p string) bool { return imported == p || strings.HasPrefix(imported, p+"/") }

// TestArchitectureRules plants one breach at a time.
func TestArchitectureRules(t *testing.T) {
	for _, test := range []struct {
		name, file, src string
		want            string // in the only complaint; "": none
	}{
		{"go statement", "esp/x.go", "func f() { go f() }", "a go statement"},
		{"go statement in a function literal", "tun/x.go", "var f = func() { go f() }", "a go statement"},
		{"go statement in a test", "esp/x_test.go", "func f() { go f() }", ""},
		{"go statement in the engine", "x.go", "func f() { go f() }", ""},
		{"go statement in a package for tests", "tun/tuntest/x.go", "func f() { go f() }", ""},
		{"clock", "ike/x.go", `import "time"; var t = time.Now()`, "time.Now in a pure package"},
		{"clock as a value", "ike/x.go", `import "time"; var now = time.Now`, "time.Now in a pure package"},
		{"clock by another name", "sadb/x.go", `import clock "time"; var t = clock.Since`, "time.Since in a pure package"},
		{"timer", "session/x.go", `import "time"; var t = time.NewTimer(1)`, "time.NewTimer in a pure package"},
		{"durations", "ike/x.go", `import "time"; const d = time.Second`, ""},
		{"clock outside", "x.go", `import "time"; var t = time.Now()`, ""},
		{"init", "x.go", "func init() {}", "an init function"},
		{"init in a test", "x_test.go", "func init() {}", "an init function"},
		{"method init", "x.go", "type t int; func (t) init() {}", ""},
		{"network", "ike/x.go", `import _ "net"`, "a pure package imports net"},
		{"below os", "session/x.go", `import _ "os/user"`, "a pure package imports os/user"},
		{"context", "ike/wire/x.go", `import _ "context"`, "a pure package imports context"},
		{"logger", "ike/internal/suite/x.go", `import _ "github.com/rs/zerolog"`, "a pure package imports github.com/rs/zerolog"},
		{"addresses", "ike/x.go", `import _ "net/netip"`, ""},
		{"network in a test", "ike/x_test.go", `import _ "net"`, ""},
		{"unsafe", "internal/udp/udp.go", `import _ "unsafe"`, "imports unsafe"},
		{"unsafe where it may be", "internal/udp/linux_gro.go", `import _ "unsafe"`, ""},
		{"unsafe in a device", "tun/queue_linux.go", `import _ "unsafe"`, ""},
		{"C", "x.go", `import "C"`, "imports C"},
		{"edge that is there", "sadb/x.go", `import _ "seikan/esp"`, ""},
		{"edge back", "esp/x.go", `import _ "seikan/sadb"`, `package "esp" may not import "sadb"`},
		{"edge to the root", "session/x.go", `import _ "seikan"`, `package "session" may not import ""`},
		{"edge in a test", "esp/x_test.go", `import _ "seikan/sadb"`, ""},
		{"package for tests to its parent", "internal/udp/udptest/x.go", `import _ "seikan/internal/udp"`, ""},
		{"package for tests elsewhere", "internal/udp/udptest/x.go", `import _ "seikan/tun"`, `package "internal/udp/udptest" may not import "tun"`},
		{"unknown package", "newcomer/x.go", `import _ "seikan/esp"`, "has no line in the table"},
		{"long file", "x.go", strings.Repeat("\n", maxLines), "601 lines"},
		{"long test", "x_test.go", strings.Repeat("\n", maxLines), ""},
		{"not Go", "x.go", "func {", "expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := examine(test.file, []byte("package p; "+test.src+"\n"))
			switch {
			case test.want == "" && len(got) > 0:
				t.Errorf("got %q, want none", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("got %q, want one complaint with %q", got, test.want)
			}
		})
	}
}
