package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// pairs are the labels of a sample, in the order of their names. Samples of one session share them, since a router may have 20,000
// sessions with some 20 samples each: they are not modified.
type pairs []*dto.LabelPair

// of makes the labels of a metric, and of each other one with the same names.
func (w writer) of(m id, values ...string) pairs {
	return prometheus.MakeLabelPairs(w.descs[m], values)
}

// and adds a label.
func (p pairs) and(name, value string) pairs {
	i, _ := slices.BinarySearchFunc(p, name, func(l *dto.LabelPair, name string) int {
		switch {
		case l.GetName() < name:
			return -1
		case l.GetName() > name:
			return 1
		}
		return 0
	})
	return slices.Insert(slices.Clone(p), i, &dto.LabelPair{Name: &name, Value: &value})
}

// sample is one value of a metric. It implements prometheus.Metric.
type sample struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	labels pairs
	value  float64
}

func (s *sample) Desc() *prometheus.Desc { return s.desc }

func (s *sample) Write(m *dto.Metric) error {
	m.Label = s.labels
	if s.kind == counter {
		m.Counter = &dto.Counter{Value: &s.value}
	} else {
		m.Gauge = &dto.Gauge{Value: &s.value}
	}
	return nil
}
