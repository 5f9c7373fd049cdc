package seikan

import (
	"context"
	"fmt"
	"time"

	"seikan/ike"
	"seikan/session"
)

// ikeZero is what the counters of IKE were when an operator cleared them. What is counted goes on.
type ikeZero struct {
	counts IKECounts
	drops  [ike.NumDrops]uint64
}

// IKEStats is how negotiations went since the router started, or since ClearIKEStats.
func (r *Router) IKEStats(ctx context.Context) (s session.IKEStats, err error) {
	err = r.call(ctx, func(time.Time) { s = r.control.ikeStats() })
	return s, err
}

// ClearIKEStats has IKEStats count from 0 again. Stats goes on.
func (r *Router) ClearIKEStats(ctx context.Context) error {
	return r.call(ctx, func(time.Time) {
		r.control.ikeZero = ikeZero{r.control.tally.all.clone(), r.control.ike.Drops()}
	})
}

func (c *control) ikeStats() session.IKEStats {
	n, zero := &c.tally.all, &c.ikeZero.counts
	s := session.IKEStats{
		IKECensus: c.tracker.IKECensus(),
		Created:   n.Established + n.Rekeys - zero.Established - zero.Rekeys,
		Initiated: n.Initiated - zero.Initiated, Accepted: n.Accepted - zero.Accepted, Established: n.Established - zero.Established,
		Rekeys: n.Rekeys - zero.Rekeys, Children: n.Children - zero.Children, ChildRekeys: n.ChildRekeys - zero.ChildRekeys,
		Failures: causesSince(n.Failures, zero.Failures), Refusals: causesSince(n.Refusals, zero.Refusals), Ends: causesSince(n.Ends, zero.Ends),
	}
	for _, e := range s.Ends {
		s.Deleted += e.Count
	}
	up := uint64(0)
	for _, sa := range c.tally.sas {
		if sa.up {
			up++
		}
	}
	s.Deleting = up - min(up, s.Active())
	for why, n := range c.ike.Drops() {
		s.Drops = addCause(s.Drops, ike.Drop(why), n-c.ikeZero.drops[why])
	}
	return s
}

// causesSince is the causes that were counted since the zero, in the order of the reasons.
func causesSince(n, zero map[ike.Reason]uint64) (list []session.CauseCount) {
	for why := range ike.NumReasons {
		list = addCause(list, why, n[why]-zero[why])
	}
	return list
}

func addCause(list []session.CauseCount, why fmt.Stringer, n uint64) []session.CauseCount {
	if n == 0 {
		return list
	}
	return append(list, session.CauseCount{Cause: why.String(), Count: n})
}
