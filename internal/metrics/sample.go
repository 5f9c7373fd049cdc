package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// pairs are the labels of a sample. Samples of one session share them, since a router may have 20,000 sessions with some 25 samples
// each: they are not modified.
type pairs []*dto.LabelPair

// and adds a label.
func (p pairs) and(name, value string) pairs {
	value = clean(value)
	return append(p[:len(p):len(p)], &dto.LabelPair{Name: &name, Value: &value})
}

// of makes the labels of a metric, and of each other one with the same names.
func of(m id, values ...string) (p pairs) {
	for i, name := range table[m].Labels {
		p = p.and(name, values[i])
	}
	return p
}

// maxLabel bounds a label, in octets.
const maxLabel = 256

// clean makes any text fit for a label: a peer's identity may be anything, and one label that is no UTF-8 fails the whole scrape.
func clean(s string) string {
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// writer collects the samples of one scrape, by metric. A registry of the Go client library would sort and compare them all, which
// takes longer than anything else; what it checks holds here by design.
type writer [numMetrics]*dto.MetricFamily

func newWriter() (w writer) {
	for i := range table {
		kind := dto.MetricType_GAUGE
		if table[i].Type == prometheus.CounterValue {
			kind = dto.MetricType_COUNTER
		}
		w[i] = &dto.MetricFamily{Name: &table[i].Name, Help: &table[i].Help, Type: &kind}
	}
	return w
}

// put is a sample of a metric with the values of all its labels.
func (w *writer) put(m id, v float64, labels ...string) { w.share(m, v, of(m, labels...)) }

// share is put with labels that were made before.
func (w *writer) share(m id, v float64, labels pairs) {
	s := &dto.Metric{Label: labels}
	if table[m].Type == counter {
		s.Counter = &dto.Counter{Value: &v}
	} else {
		s.Gauge = &dto.Gauge{Value: &v}
	}
	w[m].Metric = append(w[m].Metric, s)
}

// families is the metrics that have samples.
func (w *writer) families() []*dto.MetricFamily {
	all := make([]*dto.MetricFamily, 0, len(w))
	for _, f := range w {
		if len(f.Metric) > 0 {
			all = append(all, f)
		}
	}
	return all
}
