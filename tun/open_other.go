//go:build !linux

package tun

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
)

// Host is a device of the operating system. There is none yet for this one: Open fails.
type Host struct{ Device }

// Open opens a device of the host.
func Open(Config) (*Host, error) {
	return nil, fmt.Errorf("tun: open: on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// WatchAddrs calls f for each address that comes or goes. This system is not watched.
func WatchAddrs(context.Context, string, func(addr netip.Addr, there bool)) error {
	return fmt.Errorf("tun: watch addresses: on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Name is the name of the interface.
func (h *Host) Name() string { return "" }

// Queues are those of the device beside the one that the Host is itself.
func (h *Host) Queues() []Device { return nil }

// MTU is the largest packet that the host sends here.
func (h *Host) MTU() (int, error) { return 0, errors.ErrUnsupported }

// SetMTU sets the largest packet that the host sends here.
func (h *Host) SetMTU(int) error { return errors.ErrUnsupported }

// SetRouteMTU sets the largest packet that the host sends here to one of the routes' destinations.
func (h *Host) SetRouteMTU(netip.Prefix, int) error { return errors.ErrUnsupported }

// ICMP sends an ICMP message from an address of the host.
func (h *Host) ICMP() func(to netip.Addr, message []byte) { return nil }

// SetRoutes has exactly these routes lead into the device, with what lines let pass by taken out.
func (h *Host) SetRoutes([]Route, []Line) error { return errors.ErrUnsupported }

// SetAddrs has the interface have exactly these addresses.
func (h *Host) SetAddrs([]netip.Prefix) error { return errors.ErrUnsupported }

// SetCarrier tells the system whether packets can get through.
func (h *Host) SetCarrier(bool) error { return errors.ErrUnsupported }

// PathMTU is the largest packet that gets from one address to another in one piece. This system is not asked.
func PathMTU(ns string, local, remote netip.Addr) (int, error) { return 0, errors.ErrUnsupported }

// WatchRoutes calls f when somebody may have removed what Mend puts back. This system is not watched.
func WatchRoutes(context.Context, string, func()) error {
	return fmt.Errorf("tun: watch routes: on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Mend puts routes and rules back that somebody has removed.
func (h *Host) Mend() ([]string, error) { return nil, errors.ErrUnsupported }

// Sweep removes what routers have left behind that were killed.
func Sweep(string, ...*Host) error { return errors.ErrUnsupported }
