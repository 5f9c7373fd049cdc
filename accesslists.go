package seikan

import (
	"context"
	"slices"
	"time"

	"seikan/sadb"
	"seikan/session"
)

// AccessLists is the access lists of the configuration, with the packets that each line has permitted since the router started, or since
// ClearAccessLists.
func (r *Router) AccessLists(ctx context.Context) (lists []session.AccessList, err error) {
	var zero map[sadb.PolicyID]uint64
	err = r.call(ctx, func(time.Time) { lists, zero = slices.Clone(r.control.cfg.Session.Lists), r.control.listZero })
	for i := range lists {
		lists[i].Rules = slices.Clone(lists[i].Rules)
		for j := range lists[i].Rules {
			v := &lists[i].Rules[j]
			if len(v.Policies) == 0 {
				continue
			}
			v.Matches = new(uint64)
			for _, id := range v.Policies {
				*v.Matches += since(r.matches(id), zero[id])
			}
		}
	}
	return lists, err
}

// ClearAccessLists has the lines of the lists that choose is true of count from 0 again, and returns how many lists those are. Nothing else that
// is counted begins anew.
func (r *Router) ClearAccessLists(ctx context.Context, choose func(*session.AccessList) bool) (n int, err error) {
	err = r.call(ctx, func(time.Time) {
		c := r.control
		zero := make(map[sadb.PolicyID]uint64) // another one: whoever lists has the last
		lists := c.cfg.Session.Lists
		for i := range lists {
			chosen := choose(&lists[i])
			if chosen {
				n++
			}
			for _, v := range lists[i].Rules {
				for _, id := range v.Policies {
					if zero[id] = c.listZero[id]; chosen {
						zero[id] = r.matches(id)
					}
				}
			}
		}
		c.listZero = zero
	})
	return n, err
}

// since is n, counted from what there was at zero. A counter that is below that is another one, of a policy that came back.
func since(n, zero uint64) uint64 {
	if n < zero {
		return n
	}
	return n - zero
}

// matches is how many packets a policy has let out and in, and those that no SA came up for.
func (r *Router) matches(id sadb.PolicyID) uint64 {
	e := r.db.Entry(id)
	if e == nil {
		return 0
	}
	in, out := e.Counters.In.Load(), e.Counters.Out.Load()
	return in.Packets + out.Packets + out.Drops[sadb.DropNoSA] + out.Drops[sadb.DropQueueFull]
}
