package seikan

import (
	"seikan/sadb"
	"seikan/tun"
)

// sink is where opened packets go: a device, and what has to come off the packets first. It belongs to one lane.
type sink struct {
	dev    tun.Writer
	gre    *GRE     // of a tunnel; nil: none
	writes [][]byte // inner packets, until flush

	carried *sadb.FlowCounters // of a tunnel; nil: none
	octets  int                // of writes, as the SA carried them
	busy    *[]*sink           // those that have writes, which this one adds itself to

	sharing map[greMark]*sink // of tunnels that share SAs, and nothing else is used then; nil: it has them for itself
}

// put takes a packet that was admitted, and borrows it until flush. MSS is as in sadb.Policy. False: it is dropped, for that reason.
func (s *sink) put(packet []byte, mss uint16) (why sadb.DropReason, ok bool) {
	if s == nil {
		return sadb.DropTunWrite, false // its tunnel is gone
	}
	if (s.sharing != nil || s.gre != nil) && isFragment(packet) {
		return sadb.DropGREFragment, false
	}
	if s.sharing != nil {
		mark, whole := greMarkOf(packet)
		if s = s.sharing[mark]; !whole || s == nil {
			return sadb.DropGRE, false
		}
	}
	size := len(packet)
	if s.gre != nil {
		inner, err := s.gre.inner(packet)
		if err != nil {
			return sadb.DropGRE, false
		}
		flow, err := sadb.ParseFlow(inner)
		switch {
		case err != nil:
			return sadb.DropMalformed, false
		case flow.Martian():
			return sadb.DropMartian, false
		}
		if !combineECN(inner, classOf(packet)) {
			return sadb.DropECN, false
		}
		packet = inner
	}
	if mss > 0 {
		clampMSS(packet, mss)
	}
	if len(s.writes) == 0 {
		*s.busy = append(*s.busy, s)
	}
	s.writes = append(s.writes, packet)
	s.octets += size
	return 0, true
}

// flush writes what was put, and returns how many packets the device did not take.
func (s *sink) flush() (unwritten int) {
	if n, err := s.dev.WriteBatch(s.writes); err != nil {
		unwritten = len(s.writes) - n
	}
	if s.carried != nil {
		s.carried.In.Packets.Add(uint64(len(s.writes)))
		s.carried.In.Bytes.Add(uint64(s.octets))
	}
	s.writes, s.octets = s.writes[:0], 0
	return unwritten
}

// sinks are the devices that a lane writes to: the one for all, and those of tunnels.
type sinks struct {
	shared  *sink
	tunnels map[string]*sink    // by the Interface of the policy
	made    *map[string]*tunnel // that they were made of
	busy    *[]*sink            // those that have something to write
}

func newSinks(shared tun.Device) sinks {
	s := sinks{busy: new([]*sink)}
	*s.busy = make([]*sink, 0, downlinkBatch)
	s.shared = s.sink(shared)
	return s
}

func (s *sinks) sink(d tun.Device) *sink {
	return &sink{dev: d.NewWriter(), writes: make([][]byte, 0, downlinkBatch), busy: s.busy}
}

// of is the sink of a tunnel interface, or with the name "" the one for all. Nil: there is no such tunnel any more.
func (s *sinks) of(r *Router, via string) *sink {
	if via == "" {
		return s.shared
	}
	if now := r.tunnels.Load(); now != s.made {
		r.drops.Drop(sadb.DropTunWrite, uint64(s.flush()))
		s.made, s.tunnels = now, make(map[string]*sink, len(*now))
		for _, t := range *now {
			s.add(t)
		}
	}
	return s.tunnels[via]
}

// add makes the sink of a tunnel, and puts it beside those that it shares SAs with.
func (s *sinks) add(t *tunnel) {
	n := s.sink(t.Device)
	n.gre, n.carried = t.GRE, t.carried
	first := s.tunnels[t.policy()]
	switch {
	case first == nil:
		s.tunnels[t.policy()] = n
		return
	case first.sharing == nil:
		first = &sink{sharing: map[greMark]*sink{first.gre.mark(): first}}
		s.tunnels[t.policy()] = first
	}
	first.sharing[t.GRE.mark()] = n
}

// abandon forgets what was put anywhere. The sinks of tunnels are made anew.
func (s *sinks) abandon() {
	for _, n := range append(*s.busy, s.shared) {
		n.writes, n.octets = n.writes[:0], 0
	}
	*s.busy, s.made = (*s.busy)[:0], nil
}

// flush writes what was put anywhere, and returns how many packets were not taken.
func (s *sinks) flush() (unwritten int) {
	for _, n := range *s.busy {
		unwritten += n.flush()
	}
	*s.busy = (*s.busy)[:0]
	return unwritten
}
