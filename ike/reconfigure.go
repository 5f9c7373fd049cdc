package ike

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"seikan/sadb"
)

// Reconfigure puts another configuration into force. IKE SAs of peers that are the same in it stay, and so do the Child SAs of their flows
// that are the same; what it does not have any more, or has otherwise, is deleted at the peers. A peer is known by its Name and a flow
// by its ID. What needs no new SA, such as lifetimes, liveness checks and uniqueness, is taken over by those there are, from their next rekey
// on. An error changes nothing.
func (e *Endpoint) Reconfigure(now time.Time, cfg Config, out *Output) error {
	cfg = cfg.withDefaults()
	if cfg.Port != e.cfg.Port || cfg.NATTPort != e.cfg.NATTPort {
		return errors.New("ike: the ports cannot change")
	}
	if err := cfg.check(); err != nil {
		return fmt.Errorf("ike: %w", err)
	}
	before := e.allPeers()
	flows := e.flows
	e.cfg = cfg
	clear(e.peers)
	e.flows = make(map[sadb.PolicyID]*flowRef, len(flows))
	kept, named := map[*peerRef]bool{}, map[string][]*peerRef{}
	for _, p := range before {
		named[p.Name] = append(named[p.Name], p)
	}
	for i := range cfg.Peers {
		p := &cfg.Peers[i]
		ref := &peerRef{}
		same := named[p.Name]
		if j := slices.IndexFunc(same, func(o *peerRef) bool { return !kept[o] && o.Peer.same(p) }); j >= 0 {
			ref = same[j]
			kept[ref] = true
		}
		e.add(ref, p)
	}
	for _, f := range flows {
		if e.flows[f.ID] != f {
			f.gone, f.sought = true, false
			e.deadlines.disarm(&f.again)
		}
	}
	there := make(map[string]bool, len(cfg.Peers)) // peers by name, as they may be now
	for _, p := range cfg.Peers {
		there[p.Name] = true
	}
	gone := map[*peerRef]Reason{}
	for _, p := range before {
		if kept[p] {
			e.revise(now, p, out)
			continue
		}
		if gone[p] = ReasonRemoved; there[p.Name] {
			gone[p] = ReasonReconfigured
		}
		for _, s := range slices.Clone(p.sas) {
			s.delete(now, gone[p], out)
		}
	}
	if len(gone) > 0 {
		e.dismiss(now, gone, out)
	}
	e.Start(now, out)
	return nil
}

// allPeers are the configured peers in order.
func (e *Endpoint) allPeers() (list []*peerRef) {
	byPeer := map[*Peer]*peerRef{}
	for _, refs := range e.peers {
		for _, r := range refs {
			byPeer[r.Peer] = r
		}
	}
	for i := range e.cfg.Peers {
		list = append(list, byPeer[&e.cfg.Peers[i]])
	}
	return list
}

// same reports whether the IKE SAs with p are as q would have them.
func (p *Peer) same(q *Peer) bool {
	return p.Name == q.Name && p.Interface == q.Interface && p.FVRF == q.FVRF && p.Local == q.Local && p.Remote == q.Remote && p.Port == q.Port && p.NATTPort == q.NATTPort &&
		p.StartNATT == q.StartNATT && p.LocalID == q.LocalID && slices.Equal(p.RemoteIDs, q.RemoteIDs) && p.LocalKey.Equal(q.LocalKey) &&
		p.RemoteKey.Equal(q.RemoteKey) && p.PPK.ID == q.PPK.ID && p.PPK.Key.Equal(q.PPK.Key) && p.PPK.Required == q.PPK.Required &&
		reflect.DeepEqual(p.Proposals, q.Proposals) && p.Encap == q.Encap
}

// same reports whether the Child SAs of f are as g would have them.
func (f *Flow) same(g *Flow) bool {
	return f.ID == g.ID && slices.Equal(f.Local, g.Local) && slices.Equal(f.Remote, g.Remote) && reflect.DeepEqual(f.Proposals, g.Proposals) && f.Window == g.Window && f.Transport == g.Transport
}

// dismiss ends IKE SAs that may turn out to be with a peer that is not configured any more, or otherwise.
func (e *Endpoint) dismiss(now time.Time, gone map[*peerRef]Reason, out *Output) {
	for _, s := range e.sorted() {
		if s.peer != nil {
			continue
		}
		if i := slices.IndexFunc(s.candidates, func(p *peerRef) bool { _, is := gone[p]; return is }); i >= 0 {
			s.kill(now, gone[s.candidates[i]], "", out)
		}
	}
}

// revise brings the SAs of a peer that stays up to date with its configuration.
func (e *Endpoint) revise(now time.Time, p *peerRef, out *Output) {
	for _, f := range p.flows {
		f.sought = f.Connect == Always || f.Connect == AtStart && !f.served()
	}
	for _, s := range slices.Clone(p.sas) {
		s.forgetFlows(now, out)
		for _, c := range s.live() {
			if c.outdated() {
				c.remove(now, e.goneFor(c.flows), out)
			}
		}
		e.deadlines.disarm(&s.livenessAt)
		if s.state == established && p.DPD.Interval > 0 {
			e.deadlines.arm(&s.livenessAt, now.Add(p.DPD.Interval))
		}
	}
}

// forgetFlows takes what is not configured any more out of the queue. What is under way already ends when its answer comes.
func (s *sa) forgetFlows(now time.Time, out *Output) {
	if s.state == connecting {
		return // the set-up goes on with it, and it is undone then
	}
	s.queue = slices.DeleteFunc(s.queue, func(x exchange) bool {
		f := x.wants()
		if f == nil || !f.gone {
			return false
		}
		out.Events = append(out.Events, Failed{Peer: s.peer.Name, SA: s.id, Path: s.path, Policies: []sadb.PolicyID{f.ID}, Reason: s.e.goneFor([]*flowRef{f})})
		return true
	})
}

// goneFor is why a Child SA goes some of whose flows are gone.
func (e *Endpoint) goneFor(flows []*flowRef) Reason {
	if slices.ContainsFunc(flows, func(f *flowRef) bool { return f.gone && e.flows[f.ID] != nil }) {
		return ReasonReconfigured
	}
	return ReasonRemoved
}
