package metrics

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"seikan"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// Source is the running router. Its methods are called by several goroutines at once.
type Source interface {
	Snapshot(ctx context.Context) (session.Snapshot, error)
	Stats(ctx context.Context) (seikan.Stats, error)
}

// Info is what does not change while the router runs.
type Info struct {
	Version, Revision, GoVersion string
	Started                      time.Time
}

// Collector is the metrics of one moment. It is immutable and safe for concurrent use.
type Collector struct {
	info  Info
	snap  session.Snapshot
	stats seikan.Stats
	descs [numMetrics]*prometheus.Desc
}

// Collect reads what src is now.
func Collect(ctx context.Context, src Source, info Info) (*Collector, error) {
	snap, err := src.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("metrics: sessions: %w", err)
	}
	stats, err := src.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("metrics: counters: %w", err)
	}
	c := &Collector{info: info, snap: snap, stats: stats}
	for i, m := range table {
		c.descs[i] = prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
	}
	return c, nil
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	w := writer{c, ch}
	w.router()
	w.ike()
	seen := make(map[seikan.PeerKey]bool, len(c.snap.Sessions))
	for i := range c.snap.Sessions {
		s := &c.snap.Sessions[i]
		if k := (seikan.PeerKey{Interface: s.Interface, Peer: s.Name}); s.Configured && !seen[k] {
			seen[k] = true // a second series of the same labels would fail the whole scrape
			w.session(s, c.stats.Peers[k])
		}
	}
}

// writer sends the samples of one scrape.
type writer struct {
	*Collector
	ch chan<- prometheus.Metric
}

func (w writer) put(m id, v float64, labels ...string) {
	w.share(m, v, w.of(m, labels...))
}

// share is put with labels that were made before.
func (w writer) share(m id, v float64, labels pairs) {
	w.ch <- &sample{w.descs[m], table[m].Type, labels, v}
}

// router is what belongs to no session.
func (w writer) router() {
	w.put(buildInfo, 1, w.info.Version, w.info.Revision, w.info.GoVersion)
	w.put(startTime, seconds(w.info.Started))
	type group struct {
		configured bool
		status     session.Status
	}
	counts := make(map[group]int)
	for i := range w.snap.Sessions {
		counts[group{w.snap.Sessions[i].Configured, w.snap.Sessions[i].Status}]++
	}
	for _, configured := range [...]bool{true, false} {
		for _, status := range session.Statuses() {
			w.put(sessions, float64(counts[group{configured, status}]), strconv.FormatBool(configured), status.String())
		}
	}
	for why, n := range w.stats.Drops {
		w.put(packetDrops, float64(n), sadb.DropReason(why).String())
	}
	for why, n := range w.stats.IKEDrops {
		w.put(ikeDrops, float64(n), ike.Drop(why).String())
	}
}

// ike is the negotiations of all peers.
func (w writer) ike() {
	c := w.stats.IKE
	w.put(setups, float64(c.Initiated), "initiator")
	w.put(setups, float64(c.Accepted), "responder")
	w.put(established, float64(c.Established))
	w.put(children, float64(c.Children))
	w.put(rekeys, float64(c.Rekeys), "ike")
	w.put(rekeys, float64(c.ChildRekeys), "ipsec")
	w.allReasons(failures, c.Failures)
	w.allReasons(refusals, c.Refusals)
	w.allReasons(ends, c.Ends)
}

// allReasons is a sample for each reason, so that the first occurrence is seen as a change.
func (w writer) allReasons(m id, counts map[ike.Reason]uint64) {
	all := maps.Clone(counts)
	if all == nil {
		all = make(map[ike.Reason]uint64)
	}
	for r := ike.ReasonNone + 1; r < ike.NumReasons; r++ {
		all[r] += 0
	}
	w.reasons(m, all, nil)
}

// reasons is a sample for each reason that occurred.
func (w writer) reasons(m id, counts map[ike.Reason]uint64, labels pairs) {
	for why, n := range counts {
		w.share(m, float64(n), labels.and("reason", why.String()))
	}
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// maxLabel bounds a label that a peer chose, in octets.
const maxLabel = 256

// clean makes any text fit for a label: a peer's identity may be anything.
func clean(s string) string {
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// truth is a bool as a number.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
