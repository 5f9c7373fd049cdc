package seikan

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"seikan/sadb"
	"seikan/tun"
)

// Tunnel is a tunnel interface: what the host sends into its device goes to one peer, and what the peer sends over the same SAs comes
// out there. The host's routes choose, and not a policy: there is one, with Protect and the tunnel's name as its Interface.
//
// With Maps it is one more device like Config.Device: that of the crypto maps of an inside VRF, whose policies have its name as their
// Interface and are an SPD of their own.
type Tunnel struct {
	Name string
	Maps bool
	// Shares is the Name of another tunnel, whose policy and SAs this one uses as well. Both wrap their packets in GRE, between the same
	// ends; the keys tell them apart. Default: the tunnel has a policy of its own.
	Shares string
	Device tun.Device // of no other tunnel, also later; closed by the Router when it ends, or when the tunnel is not configured any more
	GRE    *GRE       // how packets are wrapped before they are protected; nil: not at all

	// Called from the control goroutine when it changes; nil: no call.
	SetMTU      func(int) error               // the largest packet that fits
	SetRouteMTU func(netip.Prefix, int) error // as Config.SetRouteMTU; only with Maps
	SetUp       func(bool) error              // whether there is an SA

	SendICMP func(to netip.Addr, message []byte) // as Config.SendICMP
}

// tunnel is a Tunnel at work.
type tunnel struct {
	Tunnel
	up   bool    // control's
	told toldMTU // control's

	carried *sadb.FlowCounters // what went through this one; drops are charged to the policy
}

// policy is the Interface of the tunnel's policy.
func (t Tunnel) policy() string { return cmp.Or(t.Shares, t.Name) }

// overhead is what the tunnel adds to a packet before it is protected.
func (t *tunnel) overhead() int {
	if t.GRE == nil {
		return 0
	}
	return t.GRE.headLen()
}

// checkTunnels finds tunnels without a policy, and the other way round.
func (c Config) checkTunnels() error {
	policies, maps := make(map[string]int), make(map[string]bool)
	for _, t := range c.Tunnels {
		maps[t.Name] = t.Maps
	}
	for _, p := range c.Policies {
		if p.Interface == "" {
			continue
		}
		if maps[p.Interface] {
			policies[p.Interface] = 1
			continue
		}
		if policies[p.Interface]++; p.Action != sadb.Protect || policies[p.Interface] > 1 {
			return fmt.Errorf("tunnel %s: policy %q is no Protect, or the second one", p.Interface, p.ID)
		}
	}
	for _, t := range c.Tunnels {
		switch {
		case t.Device == nil:
			return fmt.Errorf("tunnel %s: no device", t.Name)
		case t.Shares != "":
		case policies[t.Name] != 1:
			return fmt.Errorf("tunnel %s: no policy, or the tunnel is there twice", t.Name)
		case t.GRE != nil && !(t.GRE.Local.Is4() && t.GRE.Remote.Is4()):
			return fmt.Errorf("tunnel %s: GRE between %v and %v, want IPv4 addresses", t.Name, t.GRE.Local, t.GRE.Remote)
		}
		delete(policies, t.Name)
	}
	for name := range policies {
		return fmt.Errorf("policy of tunnel %s, which is not there", name)
	}
	if err := c.checkDevices(nil); err != nil {
		return err
	}
	return c.checkShared()
}

// checkDevices finds a device that two tunnels would have, at once or, of those that there were before, one after the other: it belongs to the
// lane of a tunnel, which knows that one's name.
func (c Config) checkDevices(before map[string]*tunnel) error {
	names := map[tun.Device]string{c.Device: ""}
	for name, t := range before {
		names[t.Device] = name
	}
	for _, t := range c.Tunnels {
		name, known := names[t.Device]
		switch {
		case known && name == "":
			return fmt.Errorf("tunnel %s: its device is that of all", t.Name)
		case known && name != t.Name:
			return fmt.Errorf("tunnel %s: its device is that of tunnel %s", t.Name, name)
		}
		names[t.Device] = t.Name
	}
	return nil
}

// checkShared finds tunnels that share SAs and that packets cannot be told apart of.
func (c Config) checkShared() error {
	owners, names := make(map[string]Tunnel), make(map[string]bool)
	for _, t := range c.Tunnels {
		if names[t.Name] {
			return fmt.Errorf("tunnel %s is there twice", t.Name)
		}
		if names[t.Name] = true; t.Shares == "" {
			owners[t.Name] = t
		}
	}
	type marked struct {
		policy string
		mark   greMark
	}
	taken := make(map[marked]string)
	for _, t := range c.Tunnels {
		o := owners[t.policy()]
		switch {
		case t.Shares != "" && (t.GRE == nil || o.GRE == nil || t.GRE.Local != o.GRE.Local || t.GRE.Remote != o.GRE.Remote):
			return fmt.Errorf("tunnel %s: cannot share with %s: want GRE between the same ends", t.Name, t.Shares)
		case t.GRE == nil:
			continue
		}
		at := marked{t.policy(), t.GRE.mark()}
		if other := taken[at]; other != "" {
			return fmt.Errorf("tunnel %s: has the key of %s, which it shares SAs with", t.Name, other)
		}
		taken[at] = t.Name
	}
	return nil
}

// setTunnels has these tunnels at work: of one that is there with the same device the lane goes on, others begin and end. Control calls
// it, and New.
func (r *Router) setTunnels(list []Tunnel) {
	before := *r.tunnels.Load()
	after := make(map[string]*tunnel, len(list))
	for _, t := range list {
		n := &tunnel{Tunnel: t, carried: new(sadb.FlowCounters)}
		if old := before[t.Name]; old != nil && old.Device == t.Device {
			n.up, n.told, n.carried = old.up, old.told, old.carried
		}
		after[t.Name] = n
	}
	r.tunnels.Store(&after)
	for name, t := range before {
		if n := after[name]; n == nil || n.Device != t.Device {
			_ = t.Device.Close() // a device that cannot be closed is of no more use either
		}
	}
	for name, t := range after {
		if old := before[name]; r.running && (old == nil || old.Device != t.Device) {
			r.startTunnel(t)
		}
	}
}

func (r *Router) startTunnel(t *tunnel) {
	r.lanes.Go(func() { r.lane(newUplinkLane(r, t.Name, t.Maps, t.Device).run) })
}

// closeTunnels closes the devices.
func (r *Router) closeTunnels() (errs []error) {
	for _, t := range *r.tunnels.Load() {
		errs = append(errs, t.Device.Close())
	}
	return errs
}

// updateTunnels tells the tunnels' owners what has changed: a tunnel is up while there is an SA that it can send on.
func (c *control) updateTunnels() {
	tunnels := *c.tunnels.Load()
	for _, name := range slices.Sorted(maps.Keys(tunnels)) {
		t := tunnels[name]
		if t.Maps {
			continue // updateMTU did that
		}
		e := c.db.Via(t.policy())
		up := e != nil && e.Served()
		if mtu := c.fits.least(t.policy()) - t.overhead(); up && mtu != t.told.mtu && t.SetMTU != nil {
			if err := t.SetMTU(mtu); err != nil {
				c.cfg.Log.Warn().Err(err).Str("interface", name).Int("mtu", mtu).Msg("MTU could not be set")
			} else {
				t.told.mtu = mtu
			}
		}
		if up == t.up {
			continue
		}
		t.up = up
		if t.SetUp != nil {
			if err := t.SetUp(up); err != nil {
				c.cfg.Log.Warn().Err(err).Str("interface", name).Bool("up", up).Msg("state could not be set")
			}
		}
		c.events.lineProtocol(name, up)
	}
}
