package seikan

import (
	"net/netip"
	"slices"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

const (
	minIPv6MTU = 1280 // an interface with less carries no IPv6 (RFC 8200 §5)
	udpHeader  = 8
	ipv4Header = 20
	ipv6Header = 40
)

// toldMTU is what the owner of a device for crypto maps has been told last.
type toldMTU struct {
	mtu    int                  // 0: not yet
	narrow map[netip.Prefix]int // by destination, where it is not 0
}

// updateMTU tells the owners of the devices for crypto maps the largest inner packet that fits, and for which destinations it is less, as far as
// that has changed.
func (c *control) updateMTU() {
	c.tellMTU("", &c.told, c.cfg.SetMTU)
	for name, t := range *c.tunnels.Load() {
		if t.Maps {
			c.tellMTU(name, &t.told, t.SetMTU)
		}
	}
	clear(c.fits.dirty)
}

func (c *control) tellMTU(via string, told *toldMTU, set func(int) error) {
	mtu := c.innerMTU(via)
	// The destinations first: where the device comes to carry more they must not, not even for a moment.
	c.tellRouteMTUs(via, told, mtu)
	if set == nil || mtu == told.mtu || mtu == 0 {
		return
	}
	if err := set(mtu); err != nil {
		c.cfg.Log.Warn().Err(err).Str("interface", via).Int("mtu", mtu).Msg("MTU could not be set")
		return
	}
	c.cfg.Log.Debug().Str("interface", via).Int("mtu", mtu).Msg("MTU set")
	told.mtu = mtu
}

// tellRouteMTUs tells the device's owner of the destinations to which less fits than the device is about to carry.
func (c *control) tellRouteMTUs(via string, told *toldMTU, mtu int) {
	set := c.setRouteMTU(via)
	if set == nil {
		return
	}
	if mtu != told.mtu {
		for to := range c.fits.to {
			if to.via == via {
				c.fits.dirty[to] = true
			}
		}
	}
	for to := range c.fits.dirty {
		if to.via != via {
			continue
		}
		n := c.fits.leastTo(to)
		if to.dst.Addr().Is6() {
			n = max(n, minIPv6MTU) // as in innerMTU
		}
		if n >= mtu || len(c.fits.to[to]) == 0 {
			n = 0
		}
		if n == told.narrow[to.dst] {
			continue
		}
		if err := set(to.dst, n); err != nil {
			c.cfg.Log.Warn().Err(err).Str("interface", via).Stringer("destination", to.dst).Int("mtu", n).Msg("MTU could not be set")
			continue
		}
		if told.narrow == nil {
			told.narrow = make(map[netip.Prefix]int)
		}
		if told.narrow[to.dst] = n; n == 0 {
			delete(told.narrow, to.dst)
		}
	}
}

// setRouteMTU has destinations have less than the device that the policies with this interface are for. Nil: they cannot.
func (c *control) setRouteMTU(via string) func(netip.Prefix, int) error {
	if via == "" {
		return c.cfg.SetRouteMTU
	}
	if t := (*c.tunnels.Load())[via]; t != nil && t.Maps {
		return t.SetRouteMTU
	}
	return nil
}

// fit notes what a Child SA can carry over its path, and what it is given to carry.
func (c *control) fit(ch *sadb.Child) {
	spec, p := &ch.Spec, ch.Out.Path()
	f := fit{width: width{n: spec.Out.Suite.MaxInner(c.espRoom(p))}}
	switch {
	case !spec.Transport:
	case spec.Local[0].Lo.Is4():
		f.n += ipv4Header // which ESP does not carry
	default:
		f.n += ipv6Header
	}
	fits, looked := f.n, 0
	for _, id := range spec.Policies {
		e := c.db.Entry(id)
		if e == nil {
			continue
		}
		if wide(e) {
			f.n, looked = c.linkMTU(p), fits
		}
		f.via = e.Interface
		if c.setRouteMTU(f.via) != nil {
			for _, s := range e.Remote {
				f.to = append(f.to, s.Prefixes()...)
			}
		}
	}
	ch.Out.SetFits(looked)
	c.fits.add(spec.In.SPI, f)
}

// refit takes the paths of the Child SAs of an IKE SA as they are now.
func (c *control) refit(id sadb.IKEID) {
	for ch := range c.db.ChildrenOf(id) {
		c.fit(ch)
	}
}

// innerMTU is the largest inner packet that a device is to carry: what fits some Child SA, if destinations can have less than the device,
// or else every one; and while there is none, what fits every one that the configuration could lead to. 0: not known.
func (c *control) innerMTU(via string) int {
	mtu := c.fits.least(via)
	if c.setRouteMTU(via) != nil {
		mtu = c.fits.most(via)
	}
	if mtu == 0 {
		for _, p := range c.cfg.IKE.Peers {
			for _, f := range p.Flows {
				e := c.db.Entry(f.ID)
				if e == nil || e.Interface != via {
					continue
				}
				for s := range suites(f.Proposals) {
					path := c.likelyPath(&p)
					n := s.MaxInner(c.espRoom(path))
					if wide(e) {
						n = c.linkMTU(path)
					}
					if mtu == 0 || n < mtu {
						mtu = n
					}
				}
			}
		}
	}
	if mtu > 0 && mtu < minIPv6MTU && slices.ContainsFunc(c.cfg.Policies, func(p sadb.Policy) bool { return p.Interface == via && hasIPv6(p) }) {
		return minIPv6MTU // the outer packets are fragmented then, but the flow works
	}
	return mtu
}

// likelyPath is the path of ESP in UDP to a peer.
func (c *control) likelyPath(to *ike.Peer) sadb.Path {
	p := sadb.Path{Local: netip.AddrPortFrom(to.Local, 4500), Remote: netip.AddrPortFrom(to.Remote, 4500), VRF: to.FVRF}
	for _, s := range c.cfg.Sockets {
		if s.NATT && s.host() == p.LocalHost() {
			p.Local = s.Conn.LocalAddr()
		}
	}
	return p
}

// espRoom is how many octets of ESP fit into one outer packet of a path.
func (c *control) espRoom(p sadb.Path) int {
	room := c.linkMTU(p)
	if n := c.learnt[p.RemoteHost()]; n > 0 {
		room = min(room, n)
	}
	if p.Local.Port() != 0 { // else it is bare
		room -= udpHeader
	}
	if p.Remote.Addr().Is6() {
		return room - ipv6Header
	}
	return room - ipv4Header
}

// linkMTU is the MTU of the interface that a path begins with.
func (c *control) linkMTU(p sadb.Path) int {
	for _, s := range c.cfg.Sockets {
		if s.Conn.LocalAddr() == p.Local && s.VRF == p.VRF {
			return s.MTU
		}
	}
	return defaultSocketMTU
}

// suites yields what ESP proposals can lead to.
func suites(proposals []ike.Proposal) func(yield func(esp.Suite) bool) {
	return func(yield func(esp.Suite) bool) {
		for _, p := range proposals {
			integs := p.Integ
			if len(integs) == 0 {
				integs = []uint16{uint16(esp.AUTH_NONE)}
			}
			for _, e := range p.Encr {
				for _, i := range integs {
					s := esp.Suite{Encr: esp.Encr(e.ID), KeyBits: int(e.KeyBits), Integ: esp.Integ(i)}
					if s.Check() == nil && !yield(s) {
						return
					}
				}
			}
		}
	}
}

func hasIPv6(p sadb.Policy) bool {
	return slices.ContainsFunc(p.Remote, func(s sadb.Selector) bool { return s.Lo.Is6() })
}
