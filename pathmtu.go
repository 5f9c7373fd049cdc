package seikan

import (
	"context"
	"time"

	"seikan/sadb"
)

// Least path MTUs that are believed: what every host must be able to carry (RFC 791 §3.2, RFC 8200 §5). A forged ICMP message cannot ask
// for less.
const (
	minPathMTU4 = 576
	minPathMTU6 = 1280
)

// Paths is the pairs of addresses that the Child SAs lead between, each once, without ports.
func (r *Router) Paths(ctx context.Context) (list []sadb.Path, err error) {
	err = r.call(ctx, func(time.Time) {
		seen := make(map[sadb.Path]bool)
		for ch := range r.db.Children() {
			p := ch.Out.Path()
			p = p.At(0, 0)
			if !seen[p] {
				seen[p] = true
				list = append(list, p)
			}
		}
	})
	return list, err
}

// PathMTU tells the Router the largest packet that gets to a peer's address in one piece, as the host has learnt it (RFC 1191, RFC 8201); 0: it is
// not known, or not any more. The MTUs of the devices follow. Nothing is kept of an address that no SA
// leads to; who has told a value for one that has gone takes it back.
func (r *Router) PathMTU(ctx context.Context, remote sadb.Host, n int) error {
	return r.call(ctx, func(time.Time) { r.control.learn(sadb.Host{Addr: remote.Addr.Unmap(), VRF: remote.VRF}, n) })
}

// learn takes the path MTU to an address.
func (c *control) learn(remote sadb.Host, n int) {
	least := minPathMTU4
	if remote.Addr.Is6() {
		least = minPathMTU6
	}
	if n > 0 {
		n = max(n, least)
	}
	live := false
	for ch := range c.db.Children() {
		live = live || ch.Out.Path().RemoteHost() == remote
	}
	before := c.learnt[remote]
	if n == before || !live && n > 0 {
		return
	}
	if c.learnt[remote] = n; n == 0 {
		delete(c.learnt, remote)
	}
	c.tracker.SetPathMTU(remote, n)
	for ch := range c.db.Children() {
		if ch.Out.Path().RemoteHost() == remote {
			c.fit(ch)
			c.changed = true
		}
	}
	c.cfg.Log.Info().Stringer("peer", remote.Addr).Str("vrf", remote.VRF).Int("mtu", n).Int("before", before).Msg("path MTU changed")
}
