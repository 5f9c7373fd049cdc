package seikan

import (
	"cmp"
	"context"
	"slices"
	"time"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// sessionsAtOnce is how many sessions control copies before it looks at its other work: about a millisecond of it.
const sessionsAtOnce = 64

// Sessions gives take the sessions that f chooses, in the order of the listing, some at a time, until it returns an error. The slice is
// take's for the call. What the router has to do goes on between: each session is as it was at one moment, and not all at
// the same.
func (r *Router) Sessions(ctx context.Context, f session.Filter, p session.Parts, take func([]session.Session) error) (err error) {
	var l *session.Listing
	if err := r.call(ctx, func(time.Time) { l = r.control.tracker.List(f, p) }); err != nil {
		return err
	}
	if p.History {
		if err := r.gone(ctx, f, take); err != nil {
			return err
		}
	}
	var list []session.Session
	for l.Len() > 0 {
		if list, err = r.next(ctx, l, p.Fresh, list[:0]); err != nil {
			return err
		}
		if err := take(list); err != nil {
			return err
		}
	}
	return nil
}

// next appends some more sessions of a listing to list.
func (r *Router) next(ctx context.Context, l *session.Listing, fresh bool, list []session.Session) ([]session.Session, error) {
	err := r.call(ctx, func(now time.Time) {
		if fresh {
			r.control.refresh(l.Next(sessionsAtOnce))
		}
		list = r.control.tracker.Sessions(now, l, sessionsAtOnce, list)
	})
	return list, err
}

// Snapshot is the sessions as they are now. As with Sessions, what the router has to do goes on between: each is as it was at one moment,
// and not all at the same.
func (r *Router) Snapshot(ctx context.Context) (s session.Snapshot, err error) {
	var l *session.Listing
	if err := r.call(ctx, func(now time.Time) { s, l = r.control.tracker.Begin(now) }); err != nil {
		return session.Snapshot{}, err
	}
	for l.Len() > 0 {
		if s.Sessions, err = r.next(ctx, l, true, s.Sessions); err != nil {
			return session.Snapshot{}, err
		}
	}
	return s, nil
}

// refresh brings some IKE SAs of the sessions up to date.
func (c *control) refresh(ids []sadb.IKEID) {
	c.tracker.Refresh(func(yield func(ike.SAInfo) bool) {
		for _, id := range ids {
			if sa, ok := c.ike.SA(id); ok && !yield(sa) {
				return
			}
		}
	})
}

// gone gives take the sessions whose history is all that there is of them.
func (r *Router) gone(ctx context.Context, f session.Filter, take func([]session.Session) error) error {
	var list []session.Session
	if err := r.call(ctx, func(time.Time) { list = r.control.tracker.Gone(f) }); err != nil || len(list) == 0 {
		return err
	}
	return take(list)
}

// ClearSAs does what an operator's `clear crypto` asks for, and returns how many IKE SAs, or Child SAs, that was. It does not wait for
// the answers of the peers.
func (r *Router) ClearSAs(ctx context.Context, q session.ClearRequest) (n int, err error) {
	err = r.call(ctx, func(now time.Time) {
		switch q.What {
		case session.ClearSessions:
			n = r.control.clear(now, q.Filter)
		case session.ClearChildren:
			n = r.control.clearChildren(now, q)
		case session.ClearCounters:
			r.control.tracker.ZeroCounters(q.Filter)
		}
	})
	return n, err
}

// clearChildren deletes Child SAs and leaves their IKE SAs.
func (c *control) clearChildren(now time.Time, q session.ClearRequest) (n int) {
	for _, sa := range c.tracker.ChildSAs(q.Filter) {
		spec := &sa.Child().Spec
		if q.SPI == 0 || q.SPI == uint32(spec.In.SPI) || q.SPI == uint32(spec.Out.SPI) {
			c.ike.DeleteChild(now, spec.In.SPI, ike.ReasonOperator, &c.out)
			n++
		}
	}
	return n
}

// Tables is what is listed beside sessions. Behind the interfaces are the devices of inner packets, whose names the Router does not know:
// that for all, which has none, and those of Tunnels with Maps. Nor does it know the routes, and whether the other interfaces are up.
func (r *Router) Tables(ctx context.Context) (t session.Tables, err error) {
	device := session.Interface{Tunnel: true, Up: true, Addresses: []string{}, Traffic: r.traffic("")}
	err = r.call(ctx, func(time.Time) {
		c := r.control
		t.Peers, device.MTU = c.tracker.Peers(), c.told.mtu
		t.Maps, t.TransformSets = slices.Clone(c.cfg.Session.Maps), slices.Clone(c.cfg.Session.TransformSets)
		t.VRFs = slices.Clone(c.cfg.Session.VRFs)
		t.Policies = c.cfg.Session.Policies
		t.Interfaces = append(slices.Clip(slices.Clone(c.cfg.Session.Interfaces)), device)
		for _, n := range c.cfg.Tunnels {
			if n.Maps {
				t.Interfaces = append(t.Interfaces, session.Interface{Name: n.Name, Tunnel: true, Addresses: []string{}})
			}
		}
		for i := range t.Interfaces {
			f := &t.Interfaces[i]
			if n := (*c.tunnels.Load())[f.Name]; n != nil {
				f.Up, f.MTU, f.Traffic = n.up || n.Maps, cmp.Or(f.MTU, n.told.mtu), r.traffic(f.Name)
				f.Traffic.InPackets, f.Traffic.InBytes = n.carried.In.Packets.Load(), n.carried.In.Bytes.Load()
				f.Traffic.OutPackets, f.Traffic.OutBytes = n.carried.Out.Packets.Load(), n.carried.Out.Bytes.Load()
			}
		}
	})
	return t, err
}

// traffic is what all policies of an interface together have carried, with the drops that no policy is charged with left out.
func (r *Router) traffic(via string) *session.Traffic {
	t := new(session.Traffic)
	for e := range r.db.Entries() {
		if e.Interface != via {
			continue
		}
		in, out := e.Counters.In.Load(), e.Counters.Out.Load()
		t.InPackets, t.InBytes, t.InDropped = t.InPackets+in.Packets, t.InBytes+in.Bytes, t.InDropped+in.DropTotal()
		t.OutPackets, t.OutBytes, t.OutDropped = t.OutPackets+out.Packets, t.OutBytes+out.Bytes, t.OutDropped+out.DropTotal()
	}
	return t
}

// socketMTUs is the MTU behind each local address.
func socketMTUs(sockets []Socket) map[sadb.Host]int {
	mtus := make(map[sadb.Host]int)
	for _, s := range sockets {
		mtus[s.host()] = s.MTU
	}
	return mtus
}
