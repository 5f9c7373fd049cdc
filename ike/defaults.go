package ike

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// withDefaults is c with the documented defaults in the place of zero values, in memory of its own.
func (c Config) withDefaults() Config {
	setDefault(&c.Port, 500)
	setDefault(&c.NATTPort, 4500)
	setDefault(&c.HalfOpenTime, 30*time.Second)
	setDefault(&c.MaxHalfOpen, 1000)
	setDefault(&c.CookieChallenge, min(100, c.MaxHalfOpen/2)) // 0 then: always
	setDefault(&c.MaxHalfOpenFrom, 50)
	setDefault(&c.RekeyLinger, 5*time.Second)
	setDefault(&c.FragmentMTU, 1280)
	if c.FragmentMTU > 0 {
		c.FragmentMTU = max(c.FragmentMTU, 576)
	}
	setDefault(&c.Retransmit.Base, 2*time.Second)
	setDefault(&c.Retransmit.Factor, 1.8)
	setDefault(&c.Retransmit.Cap, 30*time.Second)
	setDefault(&c.Retransmit.Tries, 5)
	c.Peers = append([]Peer(nil), c.Peers...)
	for i := range c.Peers {
		p := &c.Peers[i]
		setDefault(&p.Port, 500)
		setDefault(&p.NATTPort, 4500)
		setDefault(&p.Lifetime, 24*time.Hour)
		p.Local, p.Remote = p.Local.Unmap(), p.Remote.Unmap()
		p.Alternates = append([]netip.Addr(nil), p.Alternates...)
		for j, a := range p.Alternates {
			p.Alternates[j] = a.Unmap()
		}
		if p.LocalID.IsZero() {
			p.LocalID = AddrIdentity(p.Local)
		}
		if len(p.RemoteIDs) == 0 {
			id := AddrIdentity(p.Remote)
			p.RemoteIDs = []Match{{Kind: id.Kind, Data: id.Data}}
		}
		p.Flows = append([]Flow(nil), p.Flows...)
		for j := range p.Flows {
			setDefault(&p.Flows[j].Lifetime, time.Hour)
			setDefault(&p.Flows[j].Kilobytes, 4608000)
		}
	}
	return c
}

func setDefault[T comparable](p *T, d T) {
	var zero T
	if *p == zero {
		*p = d
	}
}

// check refuses what could not work.
func (c *Config) check() error {
	flows := map[sadb.PolicyID]bool{}
	for i := range c.Peers {
		p := &c.Peers[i]
		if err := p.check(); err != nil {
			return fmt.Errorf("peer %q: %w", p.Name, err)
		}
		for _, f := range p.Flows {
			if flows[f.ID] {
				return fmt.Errorf("peer %q: flow %q is there twice", p.Name, f.ID)
			}
			flows[f.ID] = true
		}
	}
	return nil
}

// check refuses what could not work.
func (p *Peer) check() error {
	switch {
	case !p.Local.IsValid() || !p.Remote.IsValid() || p.Local.Is4() != p.Remote.Is4():
		return fmt.Errorf("local %v and remote %v are not two addresses of one family", p.Local, p.Remote)
	case len(p.LocalKey) == 0 || len(p.RemoteKey) == 0:
		return fmt.Errorf("no pre-shared key")
	}
	for i, a := range p.Alternates {
		if !a.IsValid() || a == p.Local || slices.Contains(p.Alternates[:i], a) {
			return fmt.Errorf("alternate address %v is none, or is there twice", a)
		}
	}
	if len(p.Alternates) > MaxAlternates {
		return fmt.Errorf("%d alternate addresses, want at most %d", len(p.Alternates), MaxAlternates)
	}
	if (p.PPK.ID == "") != (len(p.PPK.Key) == 0) {
		return fmt.Errorf("a PPK needs an ID and a key")
	}
	if err := checkProposals(p.Proposals, wire.ProtocolIKE); err != nil {
		return fmt.Errorf("IKE SA: %w", err)
	}
	for _, f := range p.Flows {
		if len(f.Local) == 0 || len(f.Remote) == 0 {
			return fmt.Errorf("flow %q: no selectors", f.ID)
		}
		if n := max(len(f.Local), len(f.Remote)); n >= maxSelectors { // one more names the packet that asks
			return fmt.Errorf("flow %q: %d selectors on a side, want fewer than %d", f.ID, n, maxSelectors)
		}
		if err := checkProposals(f.Proposals, wire.ProtocolESP); err != nil {
			return fmt.Errorf("flow %q: %w", f.ID, err)
		}
	}
	return nil
}
