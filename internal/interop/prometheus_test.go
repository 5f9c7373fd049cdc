package interop

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	dashboardFile = "../../docs/grafana-seikan.json"
	alertsFile    = "../../docs/prometheus-seikan.yml"
)

// dashboard is what of the dashboard is asked of a Prometheus.
type dashboard struct {
	Templating struct {
		List []struct {
			Name, Type, Definition, AllValue string
			Query                            any
		}
	}
	Annotations struct {
		List []struct{ Name, Expr, TextFormat string }
	}
	Panels []struct {
		Title   string
		Targets []struct {
			Expr, RefID, LegendFormat, Format string
			Instant                           bool
		}
	}
}

// What a series may be at most: above zero, or whatever it is.
const (
	some     = -1
	whatever = -2
)

// panels is the series of each query of the dashboard, by panel and query: what their legends say, and what they are at most. Of a table
// the legend is the labels in its columns.
var panels = map[string]map[string]float64{
	"Sessions configured A":                {"": 2},
	"Sessions up A":                        {"": 1},
	"Sessions down A":                      {"": 1},
	"Flows down in sessions that are up A": {"": 1},
	"Handshakes failed in the last hour A": {"": some},
	"Throughput A":                         {"in": some, "out": some},
	"Packets A":                            {"in": some, "out": some},
	"Sessions in each state A":             {"UP-ACTIVE": 1, "UP-IDLE": whatever, "UP-NO-IKE": 0, "DOWN": some, "DOWN-NEGOTIATING": whatever},
	"Sessions in each state B":             {"not configured": whatever},
	"Throughput of the busiest sessions A": {"vA CM 10": some},
	"Packets of sessions dropped A":        {"in: bad ICV": some},
	"Packets of no session dropped A":      {"unknown SPI": some},
	"Handshakes A":                         {"started, initiator": some, "started, responder": whatever},
	"Handshakes B":                         {"done": some},
	"Failures by cause A":                  {"handshake: authentication failed": some},
	"Failures by cause B":                  {"exchange: traffic selectors unacceptable": some},
	"Rekeys and new SAs A":                 {"rekeys, ike": some, "rekeys, ipsec": some},
	"Rekeys and new SAs B":                 {"new IPsec SAs": some},
	"Rekeys and new SAs C":                 {"IKE SA ended: cleared by operator": some, "IKE SA ended: rekeyed": some},
	"IKE messages dropped A":               {"version": some},
	"Least lifetime left A":                {"IKE SAs": some},
	"Least lifetime left B":                {"IPsec SAs": some},
	"Sessions that are down A":             {monitorAddr + " vA CM 20 192.0.2.3:500 branch C": 0},
	"Sessions that are down B":             {}, // it never was up
	"Sessions that are down C":             {monitorAddr + " vA CM 20 authentication failed": some},
	"Router started":                       {monitorAddr: some},
}

// watchedConf is a router with a session of two flows, of which the peer knows one, and another session, whose peer has another key.
func watchedConf() (a, b string) {
	one := RouterConf{}
	b = Mirror(one.String())
	one.Global = []string{"monitor http"}
	one.ACL = []string{"permit ip host " + InnerA + " host " + InnerB, "permit ip host " + InnerA + " host 10.30.30.2"}
	one.KeyPeer = []string{"peer siteC", " address 192.0.2.3", " pre-shared-key another-key"}
	one.Profile = []string{"match identity remote address 192.0.2.3 255.255.255.255"}
	b += `crypto ipsec profile TO-A
 set transform-set TS
 set ikev2-profile PROF
interface Tunnel0
 ip address 10.9.0.2 255.255.255.252
 tunnel source 192.0.2.3
 tunnel destination ` + OuterA + `
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile TO-A
`
	return one.String() + "ip access-list extended TO-C\n permit ip host " + InnerA + " host " + InnerC + `
crypto isakmp peer address 192.0.2.3
 description branch C
crypto map CM 20 ipsec-isakmp
 set peer 192.0.2.3
 set transform-set TS
 set ikev2-profile PROF
 match address TO-C
`, b
}

// spis are the SPIs of the first Child SA, in and out.
var spis = regexp.MustCompile(`ESP spi in/out: 0x([0-9A-F]+)/0x([0-9A-F]+)`)

// happens is some of all that the metrics tell of: packets, a rekey, a new set-up, what the peers refuse, forgeries.
func happens(t *testing.T, l *Lab, r *Router) {
	t.Helper()
	l.A.TryPing(t, InnerA, InnerB, 2)
	r.VTY(t, "rekey crypto ikev2")
	r.VTY(t, "rekey crypto ipsec")
	r.VTY(t, "clear crypto session")
	for _, to := range []string{InnerB, InnerB, "10.30.30.2", InnerC} { // the first may be lost: the peer still has what is cleared
		l.A.TryPing(t, InnerA, to, 1, "-w", "1")
	}
	m := spis.FindStringSubmatch(r.VTY(t, "show crypto ikev2 session detailed"))
	if m == nil {
		t.Fatal("no Child SA")
	}
	ours, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, spi := range []uint32{uint32(ours), 0xdeadbeef} {
		forged := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, spi), 1000)
		l.B.sendUDP(t, netip.MustParseAddrPort(OuterA+":4500"), append(forged, make([]byte, 64)...))
	}
	l.B.sendUDP(t, netip.MustParseAddrPort(OuterA+":500"), make([]byte, 40))
}

// A Prometheus takes the metrics of a router to which all sorts of things happen, the rules of the alerts, and every query of the
// dashboard: each gives the series that its panel is to show, under the names that the legends make of them.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	l.B.IP(t, "address", "add", "192.0.2.3/24", "dev", DeviceB)
	confA, confB := watchedConf()
	r := StartRouterIn(t, l, l.A, binary, confA)
	StartRouterIn(t, l, l.B, binary, confB)
	happens(t, l, r) // once before, so that what has a series only once it occurred has one
	p := l.A.StartPrometheus(t, t.TempDir(), alertsFile, time.Second)
	p.Scraped(t, 2)
	happens(t, l, r)
	p.Scraped(t, 2)

	d := readDashboard(t)
	all := map[string]string{"__rate_interval": "4s", "__interval": "1s"}
	chosen := map[string]string{"__rate_interval": "4s", "__interval": "1s"}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			values := p.Values(t, expand(t, v.Definition, all))
			want := map[string][]string{"instance": {monitorAddr}, "interface": {DeviceA}, "session": {"CM 10", "CM 20"}}[v.Name]
			if !slices.Equal(values, want) {
				t.Errorf("$%s: got %q, want %q", v.Name, values, want)
			}
			all[v.Name], chosen[v.Name] = v.AllValue, one(want)
		}
	}
	seen := map[string]bool{}
	for _, q := range d.queries() {
		seen[q.name] = true
		expr := expand(t, q.expr, all)
		Eventually(t, q.name, func() (bool, string) { return q.check(t, p.Query(t, expr, q.back)) }) // a scrape may fail on a busy machine
		p.Query(t, expand(t, q.expr, chosen), q.back)                                                // which is a query too
	}
	for name := range panels {
		if !seen[name] {
			t.Errorf("the dashboard does not have %s", name)
		}
	}
	sum := func(values map[string]string) float64 {
		return p.Query(t, expand(t, `sum(seikan_session_configured{instance=~"$instance", interface=~"$interface", session=~"$session"})`, values), 0)[0].Values[0]
	}
	if got := sum(chosen); got != 2 {
		t.Errorf("of the sessions that are chosen one by one there are %v", got)
	}
	chosen["session"] = one([]string{"CM 20"})
	if got := sum(chosen); got != 1 {
		t.Errorf("of one session there are %v", got)
	}
	checkAlerts(t, p)
	lint(t, l.A)
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// dashboardQuery is one query of the dashboard.
type dashboardQuery struct {
	name         string // of the panel, and which it is of its queries
	expr, legend string
	table        bool
	back         time.Duration // 0: an instant query
}

func (d *dashboard) queries() (list []dashboardQuery) {
	for _, a := range d.Annotations.List {
		list = append(list, dashboardQuery{a.Name, a.Expr, a.TextFormat, false, 10 * time.Minute})
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			back := 10 * time.Minute
			if q.Instant {
				back = 0
			}
			list = append(list, dashboardQuery{p.Title + " " + q.RefID, q.Expr, q.LegendFormat, q.Format == "table", back})
		}
	}
	return list
}

// check compares the series of a query with those that are to be shown, and gives what it saw. An instant query has no others.
func (q *dashboardQuery) check(t *testing.T, list []PromSeries) (bool, string) {
	t.Helper()
	want, known := panels[q.name]
	if !known {
		t.Fatalf("%s: nothing says what it shows", q.name)
	}
	got := map[string]float64{}
	for _, s := range list {
		name := q.nameOf(t, s.Labels)
		if _, twice := got[name]; twice {
			t.Fatalf("%s: two series are %q", q.name, name)
		}
		got[name] = slices.Max(s.Values)
	}
	good := q.back > 0 || len(got) == len(want)
	for name, most := range want {
		v, ok := got[name]
		good = good && ok && (most == whatever || most == some && v > 0 || v == most)
	}
	return good, fmt.Sprintf("%v, want %v (-1: more than zero, -2: anything)", got, want)
}

// placeholder is a label in a legend.
var placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

// nameOf is what the legend says of a series, or the columns of a table.
func (q *dashboardQuery) nameOf(t *testing.T, labels map[string]string) string {
	t.Helper()
	if q.table {
		var columns []string
		for _, l := range []string{"instance", "interface", "session", "peer", "description", "reason"} {
			if v, ok := labels[l]; ok {
				columns = append(columns, v)
			}
		}
		return strings.Join(columns, " ")
	}
	return placeholder.ReplaceAllStringFunc(q.legend, func(m string) string {
		v, ok := labels[strings.Trim(m, "{}")]
		if !ok {
			t.Errorf("%s: the legend %q is of a label that is not in %v", q.name, q.legend, labels)
		}
		return v
	})
}

var variable = regexp.MustCompile(`\$\w+`)

// expand puts the values of variables in their places.
func expand(t *testing.T, text string, values map[string]string) string {
	t.Helper()
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		v, ok := values[name[1:]]
		if !ok {
			t.Errorf("%s: there is no variable %s", text, name)
		}
		return v
	})
}

// one is the pattern that Grafana makes of the values that somebody chose: it is inside quotes.
func one(values []string) string {
	special := regexp.MustCompile(`[\[\]$^*{}+?.()|\\]`)
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = special.ReplaceAllString(v, `\\$0`)
	}
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, "|") + ")"
}

// checkAlerts checks that every rule could be evaluated, and that those which are due are there.
func checkAlerts(t *testing.T, p *Prometheus) {
	t.Helper()
	due := []string{"SeikanExchangesFail", "SeikanPeerRefused"}
	Eventually(t, "all rules are evaluated, and what is due fires", func() (bool, string) {
		var data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError, State string }
			}
		}
		p.ask(t, "rules", nil, &data)
		good := len(data.Groups) > 0
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				good = good && r.Health == "ok" && (r.State == "firing") == slices.Contains(due, r.Name)
			}
		}
		return good, fmt.Sprintf("%+v, want %v to fire", data, due)
	})
}

// lint has promtool look at what the router serves.
func lint(t *testing.T, n *Namespace) {
	t.Helper()
	out := n.Run(t, "bash", "-o", "pipefail", "-c", fmt.Sprintf(
		`exec 3<>/dev/tcp/127.0.0.1/9547 && printf 'GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3 && sed '1,/^\r$/d' <&3 | promtool check metrics 2>&1`))
	if out != "" {
		t.Errorf("promtool check metrics: %s", out)
	}
}

// The alerts tell of what they are to tell of, and of nothing else.
func TestAlerts(t *testing.T) {
	t.Parallel()
	Require(t)
	run(t, exec.Command("promtool", "check", "rules", alertsFile))
	run(t, exec.Command("promtool", "test", "rules", "testdata/alerts_test.yml"))
}
