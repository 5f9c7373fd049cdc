package compare

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"seikan/internal/interop"
)

var (
	rounds  = flag.Int("rounds", 0, "rounds of the comparison; 0: none")
	seconds = flag.Int("seconds", 3, "of each TCP transfer")
	only    = flag.String("systems", ".", "a regular expression: which systems")
	sweep   = flag.Int("sweep", 1, "rounds of the throughput by packet size")
	out     = flag.String("report", "", "file for the tables")
	other   = flag.String("other", "", "a seikan program, of another commit for instance, that is measured as well")
	plot    = flag.String("plot", "", "file for the plot of throughput by packet size, in SVG")
)

// trial is the length of one trial of a rate.
const trial = 300 * time.Millisecond

// TestComparison measures all systems, one after the other, as often as -rounds says.
func TestComparison(t *testing.T) {
	if *rounds == 0 {
		t.Skip("a measurement, which `make bench` runs")
	}
	interop.Require(t)
	if _, err := exec.LookPath("ethtool"); err != nil {
		t.Fatal("the program ethtool is not installed; run scripts/install-peers.sh")
	}
	bin, chosen := build(t), choose(t)
	r := results{}
	for round := range *rounds {
		for _, s := range chosen {
			t.Run(fmt.Sprintf("round=%d/system=%s", round+1, s.name), func(t *testing.T) {
				b := newBench(t, s, bin)
				b.report = func(m metric, v float64) {
					t.Logf("%s %s: "+m.format+" %s", s.name, m.name, v, m.unit)
					r.add(s.name, m, round, v)
				}
				b.streams(t)
				b.report(small, b.packets(t, 64, trial)/1e3)
				b.wire(t)
			})
		}
	}
	var names []string
	for _, s := range chosen {
		names = append(names, s.name)
	}
	to := os.Stdout
	if *out != "" {
		f, err := os.Create(*out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		to = f
	}
	if err := writeReport(to, fmt.Sprintf("- flags: -rounds %d -seconds %d -systems %q\n%s", *rounds, *seconds, *only, environment(bin)), names, r, *rounds); err != nil {
		t.Fatal(err)
	}
}

// Each system carries packets both ways, and the programs that measure work with it.
func TestSystems(t *testing.T) {
	interop.Require(t)
	bin := build(t)
	for _, s := range systems(*other) {
		if !slices.Contains(kinds(), s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, s, bin)
			b.B.Ping(t, interop.InnerB, interop.InnerA, 1)
			if rate := b.packets(t, 64, trial/3); rate <= 0 {
				t.Errorf("%v packets a second, want some", rate)
			}
			before := b.cpu(t)
			x := b.A.Stream(t, b.B, interop.InnerA, interop.InnerB, interop.Stream{Seconds: 1, Streams: 2, Reverse: true})
			used := b.cpu(t).minus(before)
			if x.Octets == 0 || used.busy <= 0 || (used.gateways > 0) != (len(b.gateways) > 0) || used.gateways > used.busy {
				t.Errorf("%d octets, processor time %+v", x.Octets, used)
			}
		})
	}
}

// TestBySize measures the throughput by the size of packets, as often as -sweep says, and draws it.
func TestBySize(t *testing.T) {
	if *plot == "" {
		t.Skip("a measurement, which `make bench` runs")
	}
	interop.Require(t)
	const headers = 20 + 8 // of a packet, in front of the payload
	sizes := []int{64, 128, 256, 512, 1024, 1400}
	bin, r := build(t), results{}
	var lines []line
	for _, s := range choose(t) {
		if !slices.Contains(kinds(), s.name) {
			continue
		}
		l := line{name: s.name}
		for _, size := range sizes {
			m := metric{name: fmt.Sprint(size)}
			for round := range *sweep {
				t.Run(fmt.Sprintf("system=%s/size=%d/round=%d", s.name, size, round+1), func(t *testing.T) {
					rate := newBench(t, s, bin).packets(t, size-headers, trial)
					t.Logf("%s, %d octets: %.0f packets/s, %.3f Gb/s", s.name, size, rate, rate*float64(size)*8/1e9)
					r.add(s.name, m, round, rate)
				})
			}
			l.x, l.y = append(l.x, float64(size)), append(l.y, median(r.of(s.name, m))*float64(size)*8/1e9)
		}
		lines = append(lines, l)
	}
	f, err := os.Create(*plot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := writePlot(f, "UDP at under 1 % loss", "inner packet, octets", "Gb/s", lines); err != nil {
		t.Fatal(err)
	}
}

// kinds are the systems but for further suites of one.
func kinds() []string { return []string{cableName, relayName, seikanName, wgName, swanName} }

// choose is the systems that -systems names.
func choose(t *testing.T) []system {
	t.Helper()
	match, err := regexp.Compile(*only)
	if err != nil {
		t.Fatalf("-systems: %v", err)
	}
	return slices.DeleteFunc(systems(*other), func(s system) bool { return !match.MatchString(s.name) })
}

// newBench starts a system in namespaces of its own, and sees that packets pass.
func newBench(t *testing.T, s system, bin *binaries) *bench {
	t.Helper()
	l := interop.NewLab(t)
	b := &bench{Lab: l, bin: bin, gateways: s.start(t, l, bin), seconds: *seconds}
	l.A.Ping(t, interop.InnerA, interop.InnerB, 2)
	return b
}
