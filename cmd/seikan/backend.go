package main

import (
	"context"
	"net/netip"
	"slices"

	"seikan"
	"seikan/ike"
	"seikan/internal/cli"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// backend is the router as the command line sees it.
type backend struct {
	*seikan.Router
	device string // name of the interface of inner packets
	routes func() []session.Route
}

func (s *service) backend() backend {
	return backend{s.router, s.device, func() []session.Route { return *s.routes.Load() }}
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
	for i := range t.Interfaces {
		switch f := &t.Interfaces[i]; {
		case f.Tunnel && f.Name == "":
			f.Name = b.device
		case !f.Tunnel:
			f.Up = slices.ContainsFunc(f.Addresses, isHere)
		}
	}
	t.Routes = append(t.Routes, b.routes()...)
	return t, nil
}

// isHere reports whether this host has an address, which may come with the length of its prefix.
func isHere(text string) bool {
	a, err := netip.ParseAddr(text)
	if p, perr := netip.ParsePrefix(text); err != nil && perr == nil {
		a, err = p.Addr(), nil
	}
	if err != nil {
		return false
	}
	here, err := tun.LocalAddr("", netip.PrefixFrom(a, a.BitLen()))
	return err == nil && here == a
}
