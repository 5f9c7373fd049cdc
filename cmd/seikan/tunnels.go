package main

import (
	"context"
	"errors"
	"fmt"

	"seikan"
	"seikan/internal/config"
	"seikan/tun"
)

// tunnels are the devices of the tunnel interfaces, by name. The router closes those that it has been given, and that are
// configured no more.
type tunnels struct {
	refused func(tun.Offload, error)
	off     tun.Offload
	name    string // of devices that are no tunnel interfaces
	open    map[string]opened
}

// opened is a device, and the network namespace that it is in.
type opened struct {
	*tun.Host
	ns namespace
}

// prepare opens the devices that are missing. What it returns the router is to have; the caller says then whether it was taken.
func (t *tunnels) prepare(list []config.Tunnel) (_ []seikan.Tunnel, taken func(bool) error, err error) {
	fresh, all := map[string]opened{}, []seikan.Tunnel(nil)
	closeFresh := func() (errs []error) {
		for _, h := range fresh {
			errs = append(errs, h.Close())
		}
		return errs
	}
	for _, c := range list {
		h, there := t.open[c.Name]
		ns, err := findNamespace(c.Netns)
		if err == nil && (!there || h.ns != ns) {
			if h, err = t.make(c, ns); err == nil {
				fresh[c.Name] = h
			}
		}
		if err != nil {
			return nil, nil, errors.Join(append([]error{err}, closeFresh()...)...)
		}
		v := seikan.Tunnel{Name: c.Name, Shares: c.Shares, Maps: c.Maps, Device: h.Host, GRE: c.GRE, SendICMP: h.ICMP()}
		if c.Maps {
			v.SetRouteMTU = h.SetRouteMTU
		} else {
			v.SetUp = h.SetCarrier
		}
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

// make opens a device. That of a tunnel interface is down.
func (t *tunnels) make(c config.Tunnel, ns namespace) (opened, error) {
	name := c.Name
	if c.Maps {
		name = t.name
	}
	h, err := tun.Open(tun.Config{Name: name, Netns: c.Netns, MTU: c.MTU, Static: !c.Maps, Off: t.off, Refused: t.refused})
	if err == nil && !c.Maps {
		if err = h.SetCarrier(false); err != nil {
			err = errors.Join(err, h.Close())
		}
	}
	return opened{h, ns}, err
}

// settle gives the devices what the configuration says of them, now that the router has them.
func (t *tunnels) settle(list []config.Tunnel, fresh map[string]opened) error {
	var errs []error
	before := t.open
	t.open = make(map[string]opened, len(list))
	for _, c := range list {
		h, made := fresh[c.Name]
		if !made {
			h = before[c.Name]
		}
		t.open[c.Name] = h
		if c.MTU != 0 {
			errs = append(errs, h.SetMTU(c.MTU))
		}
		if !c.Maps {
			errs = append(errs, h.SetAddrs(c.Addrs))
		}
		errs = append(errs, h.SetRoutes(c.Routes, c.Lines))
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

// reconfigure gives the router a configuration with its tunnels. After an error nothing has changed.
func (s *service) reconfigure(ctx context.Context, built config.Built) error {
	for _, l := range built.Locals {
		ns, err := findNamespace(l.Netns)
		if err != nil {
			return fmt.Errorf("seikan: VRF %s: %w", l.VRF, err)
		}
		if f, ok := s.fronts[l.VRF]; ok && f != ns {
			return fmt.Errorf("seikan: VRF %s: its sockets are in a network namespace that was called %s: another one needs a new start", l.VRF, f.name)
		}
	}
	list, taken, err := s.tunnels.prepare(built.Tunnels)
	if err != nil {
		return fmt.Errorf("seikan: tunnel interfaces: %w", err)
	}
	err = s.router.Reconfigure(ctx, seikan.Change{
		IKE: built.IKE, Policies: built.Policies, Session: built.Session, Tunnels: list, LogIKE: built.LogIKE,
	})
	terr := taken(err == nil)
	s.noteHosts()
	if terr != nil {
		s.log.Error().Err(terr).Msg("the configuration is in force, but not all of its tunnel interfaces")
	}
	return err
}
