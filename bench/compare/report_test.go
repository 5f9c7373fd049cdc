package compare

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	r := results{}
	for round, v := range []float64{4, 6, 5} {
		r.add(seikanName, tcp1, round, v)
		r.add(wgName, tcp1, round, 2)
		r.add(seikanName, tripWorst, round, v)
		r.add(wgName, tripWorst, round, 5)
	}
	r.add(seikanName, small, 0, 100)
	r.add(wgName, small, 0, 90)
	r.add(swanName, tcp1, 1, 1)
	r.add(otherName, tcp1, 0, 2)
	var b strings.Builder
	if err := writeReport(&b, "- Go: go1\n", []string{seikanName, wgName, swanName}, r, 3); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"- Go: go1\n\nThroughput: median of 3 rounds (least–most)\n",
		"| seikan aes128-gcm | 5.00 (4.00–6.00) | — | — | — | — |\n",
		"| strongSwan aes128-gcm | 1.00 | — | — | — | — |\n",
		"| TCP 1 → | wireguard-go | 2.50 (2.00–3.00) | 2.5 | 4 | floor |\n",
		"| TCP 1 → | strongSwan aes128-gcm | 6.00 | 9 | 15 | missed |\n", // of the one round that has both
		"| machine | relay | — | 1.5 | 1.25 | not measured |\n",
		"| UDP 64 | wireguard-go | 1.11 | 1.5 | 3 | missed |\n",
		"| RTT p99 | wireguard-go | 1.00 (0.80–1.20) | 1 | 0.5 | floor |\n",
		"| TCP 1 → | other | 2.00 | — | — |  |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("does not hold %q:\n%s", want, b.String())
		}
	}
}

func TestMedianAndQuantile(t *testing.T) {
	for _, tt := range []struct {
		vs   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{1, 2}, 1.5}, {[]float64{1, 2, 9}, 2}, {[]float64{1, 2, 4, 9}, 3}} {
		if got := median(tt.vs); got != tt.want {
			t.Errorf("median of %v: got %v, want %v", tt.vs, got, tt.want)
		}
	}
	if !math.IsNaN(median(nil)) || !math.IsNaN(quantile(nil, 0.5)) {
		t.Error("the median of nothing is a number")
	}
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(i))
	}
	for q, want := range map[float64]float64{0: 0, 0.5: 50, 0.99: 99, 1: 99} {
		if got := quantile(hundred, q); got != want {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
}

// The plot is well-formed, has a line for each system that has values, and says its name as it is.
func TestPlot(t *testing.T) {
	var b strings.Builder
	err := writePlot(&b, "throughput", "octets", "Gb/s", []line{
		{"a & b", []float64{64, 512, 1400}, []float64{0.2, 1, 3}},
		{"c", []float64{64, 512, 1400}, []float64{0, 0.5, 1}},
		{"none", []float64{64}, []float64{0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	count, names := map[string]int{}, ""
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		switch x := token.(type) {
		case xml.StartElement:
			count[x.Name.Local]++
		case xml.CharData:
			names += string(x)
		}
	}
	if count["polyline"] != 2 || count["circle"] != 5 || !strings.Contains(names, "a & b") || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
		t.Errorf("got %v in\n%s", count, b.String())
	}
	if err := writePlot(&b, "nothing", "", "", nil); err == nil {
		t.Error("a plot of nothing was drawn")
	}
}

// procOf writes a /proc with processes, whose times are ticks: own of the user's and of the system's, and of children the same.
func procOf(t *testing.T, stat string, processes map[int]string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("stat", stat)
	for pid, s := range processes {
		write(strconv.Itoa(pid)+"/stat", s)
	}
	return dir
}

func TestReadCPU(t *testing.T) {
	const rest = " 20 0 1 0 100\n"
	dir := procOf(t, "cpu  100 20 30 9999 8888 4 6 7777 0 0\ncpu0 1 2 3\n", map[int]string{
		1:  "1 (init) S 0 1 1 0 -1 0 0 0 0 0 10 20 30 40" + rest,
		2:  "2 (kthreadd) S 0 0 0 0 -1 0 0 0 0 0 1 1 0 0" + rest,
		9:  "9 (ksoftirqd/0) S 2 0 0 0 -1 0 0 0 0 0 500 500 0 0" + rest,
		50: "50 (the test) S 1 1 1 0 -1 0 0 0 0 0 1000 0 0 0" + rest,
		51: "51 (a) b (c) R 50 1 1 0 -1 0 0 0 0 0 300 400 2 2" + rest, // a gateway
		52: "52 (below) R 51 1 1 0 -1 0 0 0 0 0 5 5 0 0" + rest,
		60: "60 (compile) R 1 1 1 0 -1 0 0 0 0 0 100 200 300 400" + rest,
	})
	got, err := readCPU(dir, 50, []int{51})
	if want := (cpuTimes{busy: 1.60, gateways: 7, others: 11}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestProcessor(t *testing.T) {
	for _, tt := range []struct{ name, cpuinfo, want string }{
		{"one", "processor\t: 0\nmodel name\t: A: B (R)\nmodel name\t: C\n", "A: B (R)"},
		{"none", "Features\t: fp\n", "of unknown kind"},
		{"empty", "", "of unknown kind"},
	} {
		if got := processor(tt.cpuinfo); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestReadCPUWrong(t *testing.T) {
	const good = "cpu  100 20 30 9999 8888 4 6 7777 0 0\n"
	for _, tt := range []struct{ name, stat, process string }{
		{"no times", "cpu 1 2\n", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 10 20 30 40 20 0"},
		{"not a number", "cpu  100 20 x 9999 8888 4 6 7777 0 0\n", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 10 20 30 40 20 0"},
		{"no name", good, "1 init S 0 1 1 0 -1 0 0 0 0 0 10 20 30 40 20 0"},
		{"name that does not end", good, "1 )init( S 0 1 1 0 -1 0 0 0 0 0 10 20 30 40 20 0"},
		{"short", good, "1 (init) S 0 1"},
		{"ticks not a number", good, "1 (init) S 0 1 1 0 -1 0 0 0 0 0 x 20 30 40 20 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, err := readCPU(procOf(t, tt.stat, map[int]string{1: tt.process}), 1, nil); err == nil {
				t.Errorf("got %+v, want an error", c)
			}
		})
	}
}
