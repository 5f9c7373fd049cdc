package compare

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// table is a part of the report.
type table struct {
	title   string
	metrics []metric
}

var tables = []table{
	{"Throughput", []metric{tcp1, tcp1Back, tcp8, tcp8Back, wire1}},
	{"Processor time, small packets, round trip", []metric{machineCPU, gatewayCPU, wireCPU, small, tripMedian, tripWorst, others}},
}

// aim is a ratio that was set as a goal.
type aim struct {
	m           metric
	base        string
	floor, goal float64
}

// aims are those of the router with AES-GCM-128. That for another program of the router has no limits.
var aims = []aim{
	{tcp1, wgName, 2.5, 4},
	{tcp1, swanName, 9, 15},
	{machineCPU, relayName, 1.5, 1.25},
	{small, wgName, 1.5, 3},
	{tripWorst, wgName, 1, 0.5},
	{m: tcp1, base: otherName},
	{m: machineCPU, base: otherName},
	{m: small, base: otherName},
	{m: tripWorst, base: otherName},
}

// writeReport writes the tables in Markdown, below what they were made with.
func writeReport(w io.Writer, with string, names []string, r results, rounds int) error {
	var b strings.Builder
	b.WriteString(with + "\n")
	for _, tb := range tables {
		fmt.Fprintf(&b, "%s: median of %d rounds (least–most)\n\n| system |", tb.title, rounds)
		for _, m := range tb.metrics {
			fmt.Fprintf(&b, " %s, %s |", m.name, m.unit)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(tb.metrics)) + "\n")
		for _, n := range names {
			fmt.Fprintf(&b, "| %s |", n)
			for _, m := range tb.metrics {
				fmt.Fprintf(&b, " %s |", cell(r.of(n, m), m.format))
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Ratios of %s: median of those within a round (least–most)\n\n| figure | against | ratio | floor | goal | |\n|---|---|---|---|---|---|\n", seikanName)
	for _, a := range aims {
		rs := r.ratios(seikanName, a.base, a.m)
		if a.base == otherName && len(rs) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", a.m.name, a.base, cell(rs, "%.2f"), limit(a.floor), limit(a.goal), a.verdict(median(rs)))
	}
	b.WriteString("\n")
	for _, m := range metrics() {
		fmt.Fprintf(&b, "- %s: %s\n", m.name, m.explain)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell is the median of sorted values with the least and the most of them.
func cell(sorted []float64, format string) string {
	switch len(sorted) {
	case 0:
		return "—"
	case 1:
		return fmt.Sprintf(format, sorted[0])
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(sorted), sorted[0], sorted[len(sorted)-1])
}

// limit is a floor or a goal in a table.
func limit(v float64) string {
	if v == 0 {
		return "—"
	}
	return fmt.Sprintf("%g", v)
}

// verdict says how a ratio stands to the aim.
func (a aim) verdict(ratio float64) string {
	reached := func(limit float64) bool { return ratio >= limit }
	if a.m.lower {
		reached = func(limit float64) bool { return ratio <= limit }
	}
	switch {
	case math.IsNaN(ratio):
		return "not measured"
	case a.floor == 0:
		return ""
	case reached(a.goal):
		return "goal"
	case reached(a.floor):
		return "floor"
	}
	return "missed"
}
