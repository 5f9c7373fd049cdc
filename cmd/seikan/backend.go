package main

import (
	"context"
	"net/netip"
	"slices"

	"seikan"
	"seikan/ike"
	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// backend is the router as the command line sees it.
type backend struct {
	*seikan.Router
	listed func() *listed
}

// listed is what only the system knows of what is listed beside sessions, and how listings look. It is not modified.
type listed struct {
	devices map[string]device // by the Interface of their policies: of inner packets of crypto maps
	routes  []session.Route
	netns   map[string]string // by VRF
	format  session.Format    // of listings
}

// device is one of inner packets.
type device struct{ name, vrf string }

func (s *service) backend() backend { return backend{s.router, s.listed.Load} }

// list is what is listed from now on.
func (s *service) list(built config.Built) {
	l := &listed{devices: map[string]device{"": {name: s.device}}, netns: make(map[string]string), format: built.Session.Format}
	add := func(routes []tun.Route, d device) {
		for _, r := range routes {
			l.routes = append(l.routes, session.Route{Dst: r.Dst, Source: r.Src, Device: d.name, Pass: r.Pass, VRF: d.vrf})
		}
	}
	add(built.Routes, l.devices[""])
	for _, t := range built.Tunnels {
		d := device{t.Name, t.VRF}
		if h := s.tunnels.open[t.Name]; h.Host != nil && t.Maps {
			d.name = h.Name()
			l.devices[t.Name] = d
		}
		add(t.Routes, d)
	}
	for _, v := range built.Session.VRFs {
		l.netns[v.Name] = v.Namespace
	}
	s.listed.Store(l)
}

// Drops is what was dropped and belongs to no session.
func (b backend) Drops(ctx context.Context) ([]cli.Drop, error) {
	stats, err := b.Stats(ctx)
	if err != nil {
		return nil, err
	}
	drops := make([]cli.Drop, 0, len(stats.Drops)+len(stats.IKEDrops))
	for why, n := range stats.Drops {
		drops = append(drops, cli.Drop{Of: cli.DroppedPackets, Reason: sadb.DropReason(why).String(), Count: n})
	}
	for why, n := range stats.IKEDrops {
		drops = append(drops, cli.Drop{Of: cli.DroppedIKE, Reason: ike.Drop(why).String(), Count: n})
	}
	return drops, nil
}

// Tables is what is listed beside sessions, with what only the system knows.
func (b backend) Tables(ctx context.Context) (session.Tables, error) {
	t, err := b.Router.Tables(ctx)
	if err != nil {
		return t, err
	}
	l := b.listed()
	for i := range t.Interfaces {
		f := &t.Interfaces[i]
		if d, ok := l.devices[f.Name]; ok && f.Tunnel {
			f.Name, f.VRF = d.name, d.vrf
		}
		if !f.Tunnel {
			f.Up = slices.ContainsFunc(f.Addresses, func(text string) bool { return isHere(l.netns[f.VRF], text) })
		}
	}
	t.Routes = append(t.Routes, l.routes...)
	return t, nil
}

// isHere reports whether a network namespace has an address, which may come with the length of its prefix.
func isHere(netns, text string) bool {
	a, err := netip.ParseAddr(text)
	if p, perr := netip.ParsePrefix(text); err != nil && perr == nil {
		a, err = p.Addr(), nil
	}
	if err != nil {
		return false
	}
	here, err := tun.LocalAddr(netns, netip.PrefixFrom(a, a.BitLen()))
	return err == nil && here == a
}
