package seikan

import (
	"context"
	"slices"
	"time"

	"seikan/sadb"
	"seikan/session"
)

// AccessLists is the access lists of the configuration, with the packets that each line has permitted.
func (r *Router) AccessLists(ctx context.Context) (lists []session.AccessList, err error) {
	err = r.call(ctx, func(time.Time) { lists = slices.Clone(r.control.cfg.Session.Lists) })
	for i := range lists {
		lists[i].Rules = slices.Clone(lists[i].Rules)
		for j := range lists[i].Rules {
			v := &lists[i].Rules[j]
			if len(v.Policies) > 0 {
				v.Matches = new(r.matches(v.Policies))
			}
		}
	}
	return lists, err
}

// matches is how many packets some policies together have let out and in, and those that no SA came up for.
func (r *Router) matches(ids []sadb.PolicyID) (n uint64) {
	for _, id := range ids {
		if e := r.db.Entry(id); e != nil {
			in, out := e.Counters.In.Load(), e.Counters.Out.Load()
			n += in.Packets + out.Packets + out.Drops[sadb.DropNoSA] + out.Drops[sadb.DropQueueFull]
		}
	}
	return n
}
