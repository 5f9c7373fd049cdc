package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"seikan/internal/netns"
)

// Sweep removes the barriers, and what else is in the tables of a network namespace, that routers have left behind which were killed. hosts are
// the devices that this one has there, with their routes. While there may be another router in the namespace nothing is removed:
// what it has is not to be told from what was left.
func Sweep(ns string, hosts ...*Host) error {
	var k *netlink.Handle
	err := netns.Do(ns, func() (err error) {
		k, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err != nil {
		return fmt.Errorf("tun: sweep: %w", err)
	}
	defer k.Close()
	mine, kept, known := make(map[int]bool), make(map[int]map[netip.Prefix]bool), []int{RouteTable, BypassTable}
	for _, table := range known {
		kept[table] = make(map[netip.Prefix]bool)
	}
	for _, h := range hosts {
		mine[h.link.Attrs().Index] = true
		h.mu.Lock()
		for _, table := range h.tables() {
			for dst := range h.routes {
				kept[table][dst] = true
			}
		}
		h.mu.Unlock()
	}
	if other, err := anotherRouter(k, mine, known); other || err != nil {
		return err
	}
	var errs []error
	for _, table := range known {
		for _, family := range families {
			routes, err := routesOf(k, family, table)
			if err != nil {
				return fmt.Errorf("tun: sweep: %w", err)
			}
			for i := range routes {
				r := &routes[i]
				if r.Type != unix.RTN_UNREACHABLE && r.Type != unix.RTN_THROW || r.Dst == nil || kept[table][prefixOf(r)] {
					continue
				}
				left := &netlink.Route{Table: table, Dst: r.Dst, Type: r.Type, Priority: r.Priority}
				if err := k.RouteDel(left); err != nil && !errors.Is(err, unix.ESRCH) {
					errs = append(errs, fmt.Errorf("tun: sweep: %v: %w", r.Dst, err))
				}
			}
		}
	}
	for _, family := range families {
		if !slices.ContainsFunc(hosts, func(h *Host) bool { return h.leads(family) }) {
			if err := removeRouteRule(k, family); err != nil {
				errs = append(errs, fmt.Errorf("tun: sweep: rule: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// leads tells whether there is a route of a family into the device.
func (h *Host) leads(family int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.routes.has(family)
}

// anotherRouter reports whether routes lead to devices other than ours, or could: one that is down has none.
func anotherRouter(k *netlink.Handle, mine map[int]bool, tables []int) (bool, error) {
	for _, table := range tables {
		links, err := linksOf(k, table)
		if err != nil {
			return false, fmt.Errorf("tun: sweep: %w", err)
		}
		for link := range links {
			if !mine[link] {
				return true, nil
			}
		}
	}
	links, err := k.LinkList()
	if err != nil {
		return false, fmt.Errorf("tun: sweep: %w", err)
	}
	return slices.ContainsFunc(links, func(l netlink.Link) bool {
		a := l.Attrs()
		return l.Type() == "tuntap" && !mine[a.Index] && a.RawFlags&unix.IFF_UP == 0
	}), nil
}

func prefixOf(r *netlink.Route) netip.Prefix {
	a, _ := netip.AddrFromSlice(r.Dst.IP)
	bits, _ := r.Dst.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), bits)
}
