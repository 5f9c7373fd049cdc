package tun

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"

	"seikan/internal/netns"
)

// WatchAddrs calls f for each address that a network namespace has, and then for each that comes or goes, until ctx ends.
func WatchAddrs(ctx context.Context, ns string, f func(addr netip.Addr, there bool)) error {
	updates := make(chan netlink.AddrUpdate)
	done := make(chan struct{})
	defer close(done)
	failed := make(chan error, 1)
	err := netns.Do(ns, func() error {
		return netlink.AddrSubscribeWithOptions(updates, done, netlink.AddrSubscribeOptions{
			ListExisting: true,
			ErrorCallback: func(err error) {
				select {
				case failed <- err:
				default:
				}
			},
		})
	})
	if err != nil {
		return fmt.Errorf("tun: watch addresses: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("tun: watch addresses: %w", err)
		case u, ok := <-updates:
			if !ok {
				return errors.New("tun: watch addresses: the system has ended it")
			}
			if a, ok := netip.AddrFromSlice(u.LinkAddress.IP); ok {
				f(a.Unmap(), u.NewAddr)
			}
		}
	}
}
