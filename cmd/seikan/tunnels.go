package main

import (
	"context"
	"errors"
	"fmt"

	"seikan"
	"seikan/internal/config"
	"seikan/session"
	"seikan/tun"
)

// tunnels are the devices of the tunnel interfaces, by name. The router closes those that it has been given, and that are
// configured no more.
type tunnels struct {
	refused func(tun.Offload, error)
	off     tun.Offload
	open    map[string]*tun.Host
}

// prepare opens the devices that are missing. What it returns the router is to have; the caller says then whether it was taken.
func (t *tunnels) prepare(list []config.Tunnel) (_ []seikan.Tunnel, taken func(bool) error, err error) {
	fresh, all := map[string]*tun.Host{}, []seikan.Tunnel(nil)
	closeFresh := func() (errs []error) {
		for _, h := range fresh {
			errs = append(errs, h.Close())
		}
		return errs
	}
	for _, c := range list {
		h := t.open[c.Name]
		if h == nil {
			if h, err = tun.Open(tun.Config{Name: c.Name, MTU: c.MTU, Off: t.off, Refused: t.refused}); err != nil {
				return nil, nil, errors.Join(append([]error{err}, closeFresh()...)...)
			}
			fresh[c.Name] = h
			if err := h.SetCarrier(false); err != nil {
				return nil, nil, errors.Join(append([]error{err}, closeFresh()...)...)
			}
		}
		v := seikan.Tunnel{Name: c.Name, Device: h, GRE: c.GRE, SetUp: h.SetCarrier}
		if c.MTU == 0 {
			v.SetMTU = h.SetMTU
		}
		all = append(all, v)
	}
	return all, func(ok bool) error {
		if !ok {
			return errors.Join(closeFresh()...)
		}
		return t.settle(list, fresh)
	}, nil
}

// settle gives the devices what the configuration says of them, now that the router has them.
func (t *tunnels) settle(list []config.Tunnel, fresh map[string]*tun.Host) error {
	var errs []error
	before := t.open
	t.open = make(map[string]*tun.Host, len(list))
	for _, c := range list {
		h := before[c.Name]
		if h == nil {
			h = fresh[c.Name]
		}
		t.open[c.Name] = h
		if c.MTU != 0 {
			errs = append(errs, h.SetMTU(c.MTU))
		}
		errs = append(errs, h.SetAddrs(c.Addrs), h.SetRoutes(c.Routes))
	}
	return errors.Join(errs...)
}

// closeTunnels closes the devices, where the router has not done so.
func (s *service) closeTunnels() error {
	var errs []error
	for _, h := range s.tunnels.open {
		errs = append(errs, h.Close())
	}
	return errors.Join(errs...)
}

// showRoutes is what `show ip route` lists from now on.
func (s *service) showRoutes(built config.Built) {
	var list []session.Route
	for _, r := range built.Routes {
		list = append(list, session.Route{Dst: r.Dst, Source: r.Src, Device: s.device, Pass: r.Pass})
	}
	for _, t := range built.Tunnels {
		for _, r := range t.Routes {
			list = append(list, session.Route{Dst: r.Dst, Device: t.Name})
		}
	}
	s.routes.Store(&list)
}

// reconfigure gives the router a configuration with its tunnels. After an error nothing has changed.
func (s *service) reconfigure(ctx context.Context, built config.Built) error {
	list, taken, err := s.tunnels.prepare(built.Tunnels)
	if err != nil {
		return fmt.Errorf("seikan: tunnel interfaces: %w", err)
	}
	err = s.router.Reconfigure(ctx, seikan.Change{
		IKE: built.IKE, Policies: built.Policies, Session: built.Session, Tunnels: list, LogIKE: built.LogIKE,
	})
	if terr := taken(err == nil); terr != nil {
		s.log.Error().Err(terr).Msg("the configuration is in force, but not all of its tunnel interfaces")
	}
	return err
}
