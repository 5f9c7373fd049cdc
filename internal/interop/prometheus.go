package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Prometheus is a server in one of the namespaces that reads the metrics of a router there.
type Prometheus struct {
	p      *process
	client http.Client
}

const (
	prometheusAddr = "127.0.0.1:9090"
	monitorAddr    = "127.0.0.1:9547" // where `monitor http` listens
)

// StartPrometheus starts a server that scrapes the router in its namespace at short intervals, evaluates a file of rules, and keeps what it
// has in dir.
func (n *Namespace) StartPrometheus(t testing.TB, dir, rules string, every time.Duration) *Prometheus {
	t.Helper()
	rules, err := filepath.Abs(rules)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "prometheus.yml")
	writeFile(t, conf, fmt.Sprintf(`global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: %[1]s}
rule_files: [%[2]q]
scrape_configs:
  - {job_name: seikan, static_configs: [{targets: [%[3]q]}]}
`, fmt.Sprintf("%dms", every.Milliseconds()), rules, monitorAddr))
	s := &Prometheus{p: start(t, n.command("prometheus", "--config.file="+conf, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"),
		"--web.listen-address="+prometheusAddr, "--log.level=warn"), filepath.Join(dir, "prometheus.log"))}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		return c, n.enter(func() error {
			c, err = new(net.Dialer).DialContext(ctx, network, addr)
			return err
		})
	}}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = http.Client{Transport: transport, Timeout: patience}
	Eventually(t, "Prometheus is ready", func() (bool, string) {
		if s.p.ended() {
			t.Fatalf("Prometheus ended: %v\n%s", s.p.err, s.p.output(t))
		}
		_, err := s.get("/-/ready", nil)
		return err == nil, fmt.Sprint(err, "\n", s.p.output(t))
	})
	return s
}

// get is what the server answers. An answer other than 200 is an error with its text.
func (s *Prometheus) get(path string, q url.Values) ([]byte, error) {
	res, err := s.client.Get("http://" + prometheusAddr + path + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %v: %s: %s", path, q, res.Status, body)
	}
	return body, err
}

// ask puts what the server answers at its API into data.
func (s *Prometheus) ask(t testing.TB, path string, q url.Values, data any) {
	t.Helper()
	body, err := s.get("/api/v1/"+path, q)
	if err == nil {
		err = json.Unmarshal(body, &struct{ Data any }{data})
	}
	if err != nil {
		t.Fatalf("Prometheus: %v", err)
	}
}

// PromSeries is one series of an answer.
type PromSeries struct {
	Labels map[string]string
	Values []float64 // one, of an instant query
}

// Query asks at this moment or, where back is not zero, for each second of the time before.
func (s *Prometheus) Query(t testing.TB, query string, back time.Duration) (list []PromSeries) {
	t.Helper()
	path, q := "query", url.Values{"query": {query}}
	if back > 0 {
		now := time.Now()
		path = "query_range"
		q["start"], q["end"], q["step"] = []string{now.Add(-back).Format(time.RFC3339)}, []string{now.Format(time.RFC3339)}, []string{"1"}
	}
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
			Values [][2]any
		}
	}
	s.ask(t, path, q, &data)
	for _, r := range data.Result {
		one := PromSeries{Labels: r.Metric}
		if back == 0 {
			r.Values = append(r.Values, r.Value)
		}
		for _, v := range r.Values {
			f, err := strconv.ParseFloat(fmt.Sprint(v[1]), 64)
			if err != nil {
				t.Fatalf("%s: a value %v", query, v)
			}
			one.Values = append(one.Values, f)
		}
		list = append(list, one)
	}
	return list
}

// Scraped waits until the router was scraped n times more.
func (s *Prometheus) Scraped(t testing.TB, n int) {
	t.Helper()
	count := func() int {
		list := s.Query(t, "count_over_time(seikan_build_info[1h])", 0)
		if len(list) == 0 {
			return 0
		}
		return int(list[0].Values[0])
	}
	want := count() + n
	Eventually(t, "the router is scraped", func() (bool, string) {
		n := count()
		return n >= want, fmt.Sprint(n, " times\n", s.p.output(t))
	})
}

// Values are the values of a label, as Grafana asks for those of a variable: of a query `label_values(series, label)`.
func (s *Prometheus) Values(t testing.TB, query string) (values []string) {
	t.Helper()
	inner, ok := strings.CutPrefix(strings.TrimSuffix(query, ")"), "label_values(")
	i := strings.LastIndex(inner, ", ")
	if !ok || i < 0 {
		t.Fatalf("a variable asks for %q, want label_values(series, label)", query)
	}
	s.ask(t, "label/"+inner[i+2:]+"/values", url.Values{"match[]": {inner[:i]}}, &values)
	return values
}
