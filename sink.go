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
}

// put takes a packet that was admitted, and borrows it until flush. MSS is as in sadb.Policy. False: it is dropped, for that reason.
func (s *sink) put(packet []byte, mss uint16) (why sadb.DropReason, ok bool) {
	if s == nil {
		return sadb.DropTunWrite, false // its tunnel is gone
	}
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
	s.writes = append(s.writes, packet)
	return 0, true
}

// flush writes what was put, and returns how many packets the device did not take.
func (s *sink) flush() (unwritten int) {
	if len(s.writes) == 0 {
		return 0
	}
	if n, err := s.dev.WriteBatch(s.writes); err != nil {
		unwritten = len(s.writes) - n
	}
	s.writes = s.writes[:0]
	return unwritten
}

// sinks are the devices that a lane writes to: the one for all, and those of tunnels.
type sinks struct {
	shared  *sink
	tunnels map[string]*sink
	made    *map[string]*tunnel // that they were made of
}

func newSinks(shared tun.Device) sinks {
	return sinks{shared: &sink{dev: shared.NewWriter(), writes: make([][]byte, 0, downlinkBatch)}}
}

// of is the sink of a tunnel interface, or with the name "" the one for all. Nil: there is no such tunnel any more.
func (s *sinks) of(r *Router, via string) *sink {
	if via == "" {
		return s.shared
	}
	if now := r.tunnels.Load(); now != s.made {
		r.drops.Drop(sadb.DropTunWrite, uint64(s.flush()))
		s.made, s.tunnels = now, make(map[string]*sink, len(*now))
		for name, t := range *now {
			s.tunnels[name] = &sink{dev: t.Device.NewWriter(), gre: t.GRE, writes: make([][]byte, 0, downlinkBatch)}
		}
	}
	return s.tunnels[via]
}

// flush writes what was put anywhere, and returns how many packets were not taken.
func (s *sinks) flush() (unwritten int) {
	unwritten = s.shared.flush()
	for _, t := range s.tunnels {
		unwritten += t.flush()
	}
	return unwritten
}
