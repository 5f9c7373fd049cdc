package tun

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routeSet is routes by destination. Its values are not looked at for their Dst.
type routeSet map[netip.Prefix]Route

// newRouteSet checks routes. Of several to one destination the first counts: one prefix may be remote to several policies.
func newRouteSet(routes []Route) (routeSet, error) {
	set := make(routeSet)
	for _, r := range routes {
		dst := r.Dst.Masked()
		switch {
		case !dst.IsValid():
			return nil, errors.New("route has no destination")
		case r.Src.IsValid() && r.Src.Is4() != dst.Addr().Is4():
			return nil, fmt.Errorf("route %v: source %v is of another family", dst, r.Src)
		}
		if _, there := set[dst]; !there {
			set[dst] = Route{Dst: dst, Src: r.Src, Pass: r.Pass}
		}
	}
	return set, nil
}

// has tells whether there is a route of a family.
func (s routeSet) has(family int) bool {
	for dst := range s {
		if familyOf(dst) == family {
			return true
		}
	}
	return false
}

func familyOf(p netip.Prefix) int {
	if p.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// SetRoutes has exactly these routes lead into the device: it installs those that are missing and removes those that are
// not in the list. It goes on after an error, so that one bad route does not cost the others.
func (h *Host) SetRoutes(routes []Route) error {
	set, err := newRouteSet(routes)
	if err != nil {
		return fmt.Errorf("tun: %s: %w", h.Name(), err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("tun: %s: %w", h.Name(), os.ErrClosed)
	}
	return h.replace(set)
}

// SetRouteMTU sets the largest packet that the host sends here to a destination, whether SetRoutes has had it already or will; 0: as much as to
// others. To those who send more the host itself says what fits, and fragments what may be.
func (h *Host) SetRouteMTU(dst netip.Prefix, n int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("tun: %s: %w", h.Name(), os.ErrClosed)
	}
	dst = dst.Masked()
	before := h.mtus[dst]
	if before == n {
		return nil
	}
	h.noteMTU(dst, n)
	if r, there := h.routes[dst]; there && !r.Pass {
		if err := h.install(r, true); err != nil {
			h.noteMTU(dst, before)
			return fmt.Errorf("tun: %s: %v: mtu %d: %w", h.Name(), dst, n, err)
		}
	}
	return nil
}

func (h *Host) noteMTU(dst netip.Prefix, n int) {
	if h.mtus[dst] = n; n == 0 {
		delete(h.mtus, dst)
	}
}

// replace makes the kernel's routes those of want. h.mu is held. The rule comes after the first route and goes after the
// last, so that it never leads to a table that is half made.
func (h *Host) replace(want routeSet) error {
	var errs []error
	note := func(what any, err error) bool {
		if err != nil {
			errs = append(errs, fmt.Errorf("tun: %s: %v: %w", h.Name(), what, err))
		}
		return err == nil
	}
	for dst := range h.routes {
		if _, keep := want[dst]; keep {
			continue
		}
		if note(dst, h.remove(dst)) {
			delete(h.routes, dst)
		}
	}
	for dst, r := range want {
		old, there := h.routes[dst]
		if there && old == r {
			continue
		}
		if note(dst, h.install(r, there)) {
			h.routes[dst] = r
		}
	}
	for _, family := range [...]int{unix.AF_INET, unix.AF_INET6} {
		note("rule", h.setRule(family, h.routes.has(family)))
	}
	return errors.Join(errs...)
}

// install adds a route, or with ours replaces it. One that is there and not ours is another router's, and an error. Behind it goes a
// barrier: when the route into the device is gone, because somebody set the device down or because we were killed, what was
// to be protected must not leave by another way.
func (h *Host) install(r Route, ours bool) error {
	add := h.nl.RouteAdd
	if ours {
		add = h.nl.RouteReplace
	}
	if r.Pass {
		return add(&netlink.Route{Table: RouteTable, Dst: ipNet(r.Dst), Type: unix.RTN_THROW})
	}
	err := add(h.route(r))
	if err != nil {
		return err
	}
	return h.nl.RouteReplace(barrier(r.Dst))
}

// remove takes a route away, with its barrier. It is no error that somebody else has done so.
func (h *Host) remove(dst netip.Prefix) error {
	routes := []*netlink.Route{h.route(Route{Dst: dst}), barrier(dst)}
	if h.routes[dst].Pass {
		routes = []*netlink.Route{{Table: RouteTable, Dst: ipNet(dst), Type: unix.RTN_THROW}}
	}
	var errs []error
	for _, r := range routes {
		if err := h.nl.RouteDel(r); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (h *Host) route(r Route) *netlink.Route {
	n := &netlink.Route{LinkIndex: h.link.Attrs().Index, Table: RouteTable, Dst: ipNet(r.Dst), Src: r.Src.AsSlice(), MTU: h.mtus[r.Dst]}
	if r.Dst.Addr().Is4() {
		n.Scope = netlink.SCOPE_LINK // nobody is asked for the next hop
	} else {
		n.MTULock = n.MTU > 0 // else it would grow with the device's; unlike that of IPv4 the lock stops nothing else
	}
	return n
}

// barrierMetric is worse than that of any other route.
const barrierMetric = 1<<31 - 1

// barrier refuses what has no better route. It belongs to no device.
func barrier(dst netip.Prefix) *netlink.Route {
	return &netlink.Route{Table: RouteTable, Dst: ipNet(dst), Type: unix.RTN_UNREACHABLE, Priority: barrierMetric}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// setRule adds or removes the rule of a family. It may be there already, of another process or of one that was killed, and it
// stays while another process has routes in the table.
func (h *Host) setRule(family int, want bool) error {
	if h.rules[family] == want {
		return nil
	}
	rule := netlink.NewRule()
	rule.Family, rule.Priority, rule.Table = family, RulePriority, RouteTable
	rule.Mark, rule.Invert = Mark, true
	if want {
		if err := h.nl.RuleAdd(rule); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
		h.rules[family] = true
		return nil
	}
	left, err := h.nl.RouteListFiltered(family, &netlink.Route{Table: RouteTable}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		if err := h.nl.RuleDel(rule); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	delete(h.rules, family)
	return nil
}
