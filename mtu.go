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

// updateMTU tells the device's owner the largest inner packet that fits, and for which destinations it is less, as far as that has changed.
func (c *control) updateMTU() {
	// The destinations first: where the device comes to carry more they must not, not even for a moment.
	c.updateRouteMTUs(c.innerMTU(""))
	c.mtu = c.setMTU("", c.mtu, c.cfg.SetMTU)
}

// setMTU tells the owner of a device for crypto maps the largest inner packet that fits, if that has changed, and returns what the owner has
// been told last.
func (c *control) setMTU(via string, before int, set func(int) error) int {
	mtu := c.innerMTU(via)
	if set == nil || mtu == before || mtu == 0 {
		return before
	}
	if err := set(mtu); err != nil {
		c.cfg.Log.Warn().Err(err).Str("interface", via).Int("mtu", mtu).Msg("MTU could not be set")
		return before
	}
	c.cfg.Log.Debug().Str("interface", via).Int("mtu", mtu).Msg("MTU set")
	return mtu
}

// updateRouteMTUs tells the device's owner of the destinations to which less fits than the device is about to carry.
func (c *control) updateRouteMTUs(mtu int) {
	if c.cfg.SetRouteMTU == nil {
		return
	}
	if mtu != c.mtu {
		for dst := range c.fits.to {
			c.fits.dirty[dst] = true
		}
	}
	for dst := range c.fits.dirty {
		n := c.fits.leastTo(dst)
		if dst.Addr().Is6() {
			n = max(n, minIPv6MTU) // as in innerMTU
		}
		if n >= mtu || len(c.fits.to[dst]) == 0 {
			n = 0
		}
		if n == c.narrow[dst] {
			continue
		}
		if err := c.cfg.SetRouteMTU(dst, n); err != nil {
			c.cfg.Log.Warn().Err(err).Stringer("destination", dst).Int("mtu", n).Msg("MTU could not be set")
			continue
		}
		if c.narrow[dst] = n; n == 0 {
			delete(c.narrow, dst)
		}
	}
	clear(c.fits.dirty)
}

// fit notes what a Child SA can carry over a path.
func (c *control) fit(spec *sadb.ChildSpec, p sadb.Path) {
	f := fit{width: width{n: spec.Out.Suite.MaxInner(c.espRoom(p))}}
	switch {
	case !spec.Transport:
	case spec.Local[0].Lo.Is4():
		f.n += ipv4Header // which ESP does not carry
	default:
		f.n += ipv6Header
	}
	for _, id := range spec.Policies {
		e := c.db.Entry(id)
		if splitsOuter(e, p) {
			f.n = c.linkMTU(p)
		}
		switch {
		case e == nil:
		case e.Interface != "":
			f.via = e.Interface
		case c.cfg.SetRouteMTU != nil:
			for _, s := range e.Remote {
				f.to = append(f.to, s.Prefixes()...)
			}
		}
	}
	c.fits.add(spec.In.SPI, f)
}

// refit takes the paths of the Child SAs of an IKE SA as they are now.
func (c *control) refit(id sadb.IKEID) {
	for ch := range c.db.ChildrenOf(id) {
		c.fit(&ch.Spec, ch.Out.Path())
	}
}

// innerMTU is the largest inner packet that a device is to carry: what fits some Child SA, if destinations can have less than the device,
// or else every one; and while there is none, what fits every one that the configuration could lead to. 0: not known.
func (c *control) innerMTU(via string) int {
	mtu := c.fits.least(via)
	if via == "" && c.cfg.SetRouteMTU != nil {
		mtu = c.fits.most("")
	}
	if mtu == 0 {
		for _, p := range c.cfg.IKE.Peers {
			for _, f := range p.Flows {
				if e := c.db.Entry(f.ID); e == nil || e.Interface != via {
					continue
				}
				for s := range suites(f.Proposals) {
					path := c.likelyPath(&p)
					n := s.MaxInner(c.espRoom(path))
					if splitsOuter(c.db.Entry(f.ID), path) {
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
