package metrics

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"

	"seikan"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// Source is the running router. Its methods are called by several goroutines at once.
type Source interface {
	// Sessions gives take some sessions at a time, which are take's for the call.
	Sessions(ctx context.Context, f session.Filter, p session.Parts, take func([]session.Session) error) error
	Stats(ctx context.Context) (seikan.Stats, error)
}

// Info is what does not change while the router runs.
type Info struct {
	Version, Revision, GoVersion string
	Started                      time.Time
}

// group is sessions that are counted together.
type group struct {
	configured bool
	status     session.Status
}

// collect reads what src is now: the metrics in the order of the table.
func collect(ctx context.Context, src Source, info Info) ([]*dto.MetricFamily, error) {
	stats, err := src.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("metrics: counters: %w", err)
	}
	w, counts, seen := newWriter(), make(map[group]int), make(map[seikan.PeerKey]bool, len(stats.Peers))
	err = src.Sessions(ctx, session.Filter{}, session.Parts{Totals: true}, func(list []session.Session) error {
		for i := range list {
			s := &list[i]
			counts[group{s.Configured, s.Status}]++
			if k := (seikan.PeerKey{Interface: s.Interface, Peer: s.Name}); s.Configured && !seen[k] {
				seen[k] = true // Prometheus takes but one series of the same labels
				w.session(s, stats.Peers[k])
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("metrics: sessions: %w", err)
	}
	w.router(info, stats, counts)
	w.ike(stats.IKE)
	return w.families(), nil
}

// router is what belongs to no session.
func (w *writer) router(info Info, stats seikan.Stats, counts map[group]int) {
	w.put(buildInfo, 1, info.Version, info.Revision, info.GoVersion)
	w.put(startTime, seconds(info.Started))
	for _, configured := range [...]bool{true, false} {
		for _, status := range session.Statuses() {
			w.put(sessions, float64(counts[group{configured, status}]), strconv.FormatBool(configured), status.String())
		}
	}
	for why, n := range stats.Drops {
		w.put(packetDrops, float64(n), sadb.DropReason(why).String())
	}
	for why, n := range stats.IKEDrops {
		w.put(ikeDrops, float64(n), ike.Drop(why).String())
	}
}

// ike is the negotiations of all peers.
func (w *writer) ike(c seikan.IKECounts) {
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
func (w *writer) allReasons(m id, counts map[ike.Reason]uint64) {
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
func (w *writer) reasons(m id, counts map[ike.Reason]uint64, labels pairs) {
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		w.share(m, float64(counts[why]), labels.and("reason", why.String()))
	}
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// truth is a bool as a number.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
