package seikan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// Change is what of a Config may change while a Router runs.
type Change struct {
	IKE      ike.Config // Heard and Sent may be nil; the ports stay as they are
	Policies []sadb.Policy
	Session  session.Config
	Tunnels  []Tunnel // one with the name and the device of one that is there goes on
	LogIKE   bool     // as in Config
}

// Reconfigure puts another configuration into force. SAs and sessions that are the same in it go on; the others are deleted, and the peers
// told. Peers can only be at addresses that the Router has sockets for. An error changes nothing.
func (r *Router) Reconfigure(ctx context.Context, ch Change) (err error) {
	work := func(now time.Time) { err = r.control.reconfigure(now, ch) }
	if stopped := r.ask(ctx, &call{work: work, whole: true, done: make(chan struct{})}); stopped != nil {
		return stopped
	}
	return err
}

func (c *control) reconfigure(now time.Time, ch Change) error {
	next := c.cfg
	next.IKE, next.Policies, next.Session = ch.IKE, ch.Policies, ch.Session
	next.Tunnels = ch.Tunnels
	if err := next.check(); err != nil {
		return fmt.Errorf("seikan: reconfigure: %w", err)
	}
	if err := errors.Join(next.checkLocals(), next.checkDevices(*c.tunnels.Load())); err != nil {
		return fmt.Errorf("seikan: reconfigure: %w", err)
	}
	ic := ch.IKE
	ic.Heard, ic.Sent = c.heard, c.sent
	if err := c.ike.Reconfigure(now, ic, &c.out); err != nil {
		return fmt.Errorf("seikan: reconfigure: %w", err)
	}
	for _, p := range c.cfg.Policies {
		c.hold.giveUp(p.ID)
	}
	c.cfg.IKE, c.cfg.Policies, c.cfg.Session, c.cfg.Tunnels = next.IKE, next.Policies, next.Session, next.Tunnels
	ch.Session.MTUs = socketMTUs(c.cfg.Sockets)
	c.tracker.Reconfigure(ch.Session)
	c.events.ikeSAs = ch.LogIKE
	c.tally.configure(ch.Session.Sessions)
	c.db.SetPolicies(ch.Policies)
	c.setTunnels(ch.Tunnels)
	for sa := range c.db.Children() {
		c.fit(sa) // what the policies say of fragments may have changed
	}
	c.changed = true
	return nil
}

// checkLocals finds peers that talk to an address without sockets.
func (c Config) checkLocals() error {
	type has struct{ bare, natt bool }
	sockets := make(map[sadb.Host]has)
	for _, s := range c.Sockets {
		a := s.host()
		h := sockets[a]
		h.natt = h.natt || s.NATT
		h.bare = h.bare || !s.NATT && !s.ESP
		sockets[a] = h
	}
	for _, p := range c.IKE.Peers {
		if h := sockets[sadb.Host{Addr: p.Local.Unmap(), VRF: p.FVRF}]; !h.bare || !h.natt {
			return fmt.Errorf("peer %q: no sockets at %v%s: an address more needs a new start", p.Name, p.Local, inVRF(p.FVRF))
		}
	}
	return nil
}
