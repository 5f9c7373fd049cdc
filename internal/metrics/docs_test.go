package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const (
	guide     = "../../docs/monitoring.md"
	dashboard = "../../docs/grafana-seikan.json"
	alerts    = "../../docs/prometheus-seikan.yml"
)

var metricName = regexp.MustCompile(`\bseikan_[a-z0-9_]+`)

// The table in the guide is this one, and every metric that is named anywhere in it exists.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| metric | type | labels | |\n|---|---|---|---|\n")
	for _, m := range Table() {
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", m.Name, m.TypeWord(), strings.Join(m.Labels, ", "), m.Help)
	}
	const first = "| metric | type | labels | |\n"
	before, rest, found := strings.Cut(string(text), first)
	table, after, _ := strings.Cut(rest, "\n\n")
	if got := first + table + "\n"; !found || got != want.String() {
		if !*update || !found {
			t.Errorf("got the table\n%s\nwant\n%s", got, want.String())
		} else if err := os.WriteFile(guide, []byte(before+want.String()+"\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkNames(t, guide, string(text))
}

// The dashboard shows metrics that exist, by labels that they have, and leaves out none that matter. What a Prometheus makes of its queries is
// tested in internal/interop.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Title  string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) == 0 {
		t.Fatal("no panels")
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			if !metricName.MatchString(target.Expr) {
				t.Errorf("%s: %q names no metric", p.Title, target.Expr)
			}
			checkLabels(t, p.Title, target.Expr)
		}
	}
	checkNames(t, dashboard, string(text))
	seen := make(map[string]bool)
	for _, name := range metricName.FindAllString(string(text), -1) {
		seen[name] = true
	}
	for _, want := range []id{sessionConfigured, sessionUp, sessionCause, flowConfigured, flowUp, flowBytes, flowDrops, packetDrops, ikeDrops, rekeys, established, failures} {
		if !seen[table[want].Name] {
			t.Errorf("the dashboard does not show %s", table[want].Name)
		}
	}
}

// The alerts are of metrics that exist, by labels that they have. That a Prometheus takes them is tested in internal/interop.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	checkNames(t, alerts, string(text))
	checkLabels(t, alerts, string(text))
}

// checkNames complains of names that no metric has.
func checkNames(t *testing.T, where, text string) {
	t.Helper()
	known := make(map[string]bool)
	for _, m := range Table() {
		known[m.Name] = true
	}
	for _, name := range metricName.FindAllString(text, -1) {
		if !known[name] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

// selector is a metric with what is asked of its labels.
var (
	selector  = regexp.MustCompile(`(seikan_[a-z0-9_]+)\{([^}]*)\}`)
	labelName = regexp.MustCompile(`([a-z0-9_]+)\s*=`)
)

// checkLabels complains of a selector by a label that its metric does not have.
func checkLabels(t *testing.T, where, expr string) {
	t.Helper()
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
			has := l[1] == "instance"
			for _, known := range Table() {
				for _, name := range known.Labels {
					has = has || known.Name == m[1] && name == l[1]
				}
			}
			if !has {
				t.Errorf("%s: %s has no label %s", where, m[1], l[1])
			}
		}
	}
}
