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

// updateMTU tells the device's owner the largest inner packet that fits, if that has changed.
func (c *control) updateMTU() {
	mtu := c.innerMTU()
	if c.cfg.SetMTU == nil || mtu == c.mtu || mtu == 0 {
		return
	}
	if err := c.cfg.SetMTU(mtu); err != nil {
		c.cfg.Log.Warn().Err(err).Int("mtu", mtu).Msg("MTU could not be set")
		return
	}
	c.mtu = mtu
	c.cfg.Log.Debug().Int("mtu", mtu).Msg("MTU set")
}

// fits counts the Child SAs by the largest inner packet that fits them.
type fits struct {
	of    map[esp.SPI]fit // by inbound SPI
	count map[fit]int
}

// fit is a largest packet, and the tunnel interface that it comes from, "" for the device for all.
type fit struct {
	via string
	n   int
}

func newFits() fits { return fits{make(map[esp.SPI]fit), make(map[fit]int)} }

func (f fits) add(in esp.SPI, n fit) {
	f.remove(in)
	f.of[in] = n
	f.count[n]++
}

func (f fits) remove(in esp.SPI) {
	n, ok := f.of[in]
	if !ok {
		return
	}
	delete(f.of, in)
	if f.count[n]--; f.count[n] == 0 {
		delete(f.count, n)
	}
}

// least is the smallest of them for an interface; 0: there is none.
func (f fits) least(via string) (mtu int) {
	for v := range f.count {
		if v.via == via && (mtu == 0 || v.n < mtu) {
			mtu = v.n
		}
	}
	return mtu
}

// fit notes what a Child SA can carry over a path.
func (c *control) fit(spec *sadb.ChildSpec, p sadb.Path) {
	f := fit{n: spec.Out.Suite.MaxInner(c.espRoom(p))}
	if e := c.db.Entry(spec.Policies[0]); e != nil {
		f.via = e.Interface
	}
	switch {
	case !spec.Transport:
	case spec.Local[0].Lo.Is4():
		f.n += ipv4Header // which ESP does not carry
	default:
		f.n += ipv6Header
	}
	c.fits.add(spec.In.SPI, f)
}

// refit takes the paths of the Child SAs of an IKE SA as they are now.
func (c *control) refit(id sadb.IKEID) {
	for ch := range c.db.ChildrenOf(id) {
		c.fit(&ch.Spec, ch.Out.Path())
	}
}

// innerMTU is the largest inner packet that fits every Child SA there is, and while there is none, every one that the
// configuration could lead to. 0: not known.
func (c *control) innerMTU() int {
	mtu := c.fits.least("")
	if mtu == 0 {
		for _, p := range c.cfg.IKE.Peers {
			for _, f := range p.Flows {
				for s := range suites(f.Proposals) {
					if n := s.MaxInner(c.espRoom(c.likelyPath(p.Local, p.Remote))); mtu == 0 || n < mtu {
						mtu = n
					}
				}
			}
		}
	}
	if mtu > 0 && mtu < minIPv6MTU && slices.ContainsFunc(c.cfg.Policies, hasIPv6) {
		return minIPv6MTU // the outer packets are fragmented then, but the flow works
	}
	return mtu
}

// likelyPath is the path of ESP in UDP between two addresses.
func (c *control) likelyPath(local, remote netip.Addr) sadb.Path {
	p := sadb.Path{Local: netip.AddrPortFrom(local, 4500), Remote: netip.AddrPortFrom(remote, 4500)}
	for _, s := range c.cfg.Sockets {
		if a := s.Conn.LocalAddr(); s.NATT && a.Addr() == local {
			p.Local = a
		}
	}
	return p
}

// espRoom is how many octets of ESP fit into one outer packet of a path.
func (c *control) espRoom(p sadb.Path) int {
	room := defaultSocketMTU
	for _, s := range c.cfg.Sockets {
		if s.Conn.LocalAddr() == p.Local {
			room = s.MTU
		}
	}
	if n := c.learnt[p.Remote.Addr()]; n > 0 {
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
	return p.Interface == "" && slices.ContainsFunc(p.Remote, func(s sadb.Selector) bool { return s.Lo.Is6() })
}
