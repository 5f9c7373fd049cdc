package main

import (
	"context"

	"seikan/tun"
)

// noteHosts remembers the devices that have routes.
func (s *service) noteHosts() {
	byNetns := map[string][]*tun.Host{"": {s.host}}
	for _, h := range s.tunnels.open {
		byNetns[h.ns.name] = append(byNetns[h.ns.name], h.Host)
	}
	s.hosts.Store(&byNetns)
	select {
	case s.hostsChanged <- struct{}{}:
	default: // it is to be looked at already
	}
}

// sweep removes what routers have left behind that were killed.
func (s *service) sweep() {
	for ns, hosts := range *s.hosts.Load() {
		if err := tun.Sweep(ns, hosts...); err != nil {
			s.log.Warn().Err(err).Msg("what an earlier router has left behind could not be removed")
		}
	}
}

// watchRoutes puts back what somebody removes of the routes and rules in any of the network namespaces, until ctx ends.
func (s *service) watchRoutes(ctx context.Context) {
	watched := make(map[string]bool)
	for {
		for ns := range *s.hosts.Load() {
			if !watched[ns] {
				watched[ns] = true
				go s.watchRoutesIn(ctx, ns)
			}
		}
		select {
		case <-s.hostsChanged:
		case <-ctx.Done():
			return
		}
	}
}

func (s *service) watchRoutesIn(ctx context.Context, ns string) {
	err := tun.WatchRoutes(ctx, ns, func() {
		for _, h := range (*s.hosts.Load())[ns] {
			mended, err := h.Mend()
			if len(mended) > 0 {
				s.log.Warn().Strs("removed", mended).Str("interface", h.Name()).Msg("somebody has removed routes: they are back")
			}
			if err != nil {
				s.log.Error().Err(err).Msg("somebody has removed routes, and they could not be put back")
			}
		}
	})
	if err != nil {
		s.log.Error().Err(err).Msg("routes are not watched: what somebody removes stays away")
	}
}
