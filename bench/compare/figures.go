package compare

import (
	"math"
	"slices"
)

// metric is something that is measured.
type metric struct {
	name    string
	unit    string
	lower   bool   // the lower the better
	format  string // of a value
	explain string
}

// What is measured, in the order of the report.
var (
	tcp1       = metric{name: "TCP 1 →", unit: "Gb/s", format: "%.2f", explain: "one stream from A to B, with a ping beside it"}
	tcp1Back   = metric{name: "TCP 1 ←", unit: "Gb/s", format: "%.2f", explain: "one stream from B to A"}
	tcp8       = metric{name: "TCP 8 →", unit: "Gb/s", format: "%.2f", explain: "eight streams from A to B"}
	tcp8Back   = metric{name: "TCP 8 ←", unit: "Gb/s", format: "%.2f", explain: "eight streams from B to A"}
	wire1      = metric{name: "wire 1 →", unit: "Gb/s", format: "%.2f", explain: "one stream where no packet on the cable is longer than its MTU"}
	machineCPU = metric{name: "machine", unit: "CPU-s/GB", lower: true, format: "%.2f", explain: "processor time of the whole machine for the one stream from A to B"}
	gatewayCPU = metric{name: "gateways", unit: "CPU-s/GB", lower: true, format: "%.2f", explain: "that of the two gateways' processes"}
	wireCPU    = metric{name: "wire machine", unit: "CPU-s/GB", lower: true, format: "%.2f", explain: "the same on the cable that is like a wire"}
	small      = metric{name: "UDP 64", unit: "kpkt/s", format: "%.0f", explain: "datagrams of 64 octets, single ones, at under 1 % loss"}
	tripMedian = metric{name: "RTT p50", unit: "ms", lower: true, format: "%.2f", explain: "of a ping under the one stream from A to B"}
	tripWorst  = metric{name: "RTT p99", unit: "ms", lower: true, format: "%.2f", explain: "the same"}
	others     = metric{name: "others", unit: "%", lower: true, format: "%.0f", explain: "of the machine, used by processes that are not of the run, during the one stream"}
)

// metrics are all of them.
func metrics() []metric {
	return []metric{tcp1, tcp1Back, tcp8, tcp8Back, wire1, machineCPU, gatewayCPU, wireCPU, small, tripMedian, tripWorst, others}
}

// results are the values by system, metric and round. What was not measured is missing.
type results map[string]map[string]map[int]float64

func (r results) add(system string, m metric, round int, v float64) {
	if r[system] == nil {
		r[system] = map[string]map[int]float64{}
	}
	if r[system][m.name] == nil {
		r[system][m.name] = map[int]float64{}
	}
	r[system][m.name][round] = v
}

// of is the values of all rounds, sorted.
func (r results) of(system string, m metric) []float64 {
	var vs []float64
	for _, v := range r[system][m.name] {
		vs = append(vs, v)
	}
	slices.Sort(vs)
	return vs
}

// ratios are those of two systems in each round that has both, sorted.
func (r results) ratios(system, base string, m metric) []float64 {
	var vs []float64
	for round, v := range r[system][m.name] {
		if b, ok := r[base][m.name][round]; ok && b != 0 {
			vs = append(vs, v/b)
		}
	}
	slices.Sort(vs)
	return vs
}

// quantile is the value below which the share q of the sorted values is; NaN of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// median is the one in the middle of sorted values, or the mean of the two there; NaN of none.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
