package tun

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

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

var families = [...]int{unix.AF_INET, unix.AF_INET6}

// SetRoutes has exactly these routes lead into the device, with what lines let pass by taken out: it installs those that are missing and
// removes those that are not in the list. It goes on after an error, so that one bad route does not cost the others.
func (h *Host) SetRoutes(routes []Route, lines []Line) error {
	set, err := newRouteSet(routes)
	if err != nil {
		return fmt.Errorf("tun: %s: %w", h.Name(), err)
	}
	c, err := compile(lines)
	if err != nil {
		return fmt.Errorf("tun: %s: %w", h.Name(), err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("tun: %s: %w", h.Name(), os.ErrClosed)
	}
	if !h.static {
		if err := h.checkAlone(len(c.v4)+len(c.v6) > 0); err != nil {
			return fmt.Errorf("tun: %s: %w", h.Name(), err)
		}
	}
	return h.replace(set, c)
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

// replace makes the kernel's routes those of want, and its rules those of c. h.mu is held. The rule comes after the first route and goes after
// the last, so that it never leads to a table that is half made. A chain that changes is taken away before the routes change, and
// the new one comes after.
func (h *Host) replace(want routeSet, c chains) error {
	var errs []error
	note := func(what any, err error) bool {
		if err != nil {
			errs = append(errs, fmt.Errorf("tun: %s: %v: %w", h.Name(), what, err))
		}
		return err == nil
	}
	var changed []int // families whose chain does
	for _, family := range families {
		if !want.has(family) {
			c.drop(family)
		}
		if h.static || h.chained && slices.Equal(h.chains.of(family), c.of(family)) {
			continue
		}
		if !note("lines", clearChain(h.nl, family)) {
			return errors.Join(errs...)
		}
		changed = append(changed, family)
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
	for _, family := range families {
		note("rule", h.setRule(family, h.routes.has(family)))
	}
	for _, family := range changed {
		if !note("lines", installChain(h.nl, family, c.of(family))) {
			c.drop(family)
		}
	}
	h.chains, h.chained = c, true
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
	for _, table := range h.tables() {
		if r.Pass {
			if err := add(throw(table, r.Dst)); err != nil {
				return err
			}
			continue
		}
		if err := add(h.route(table, r)); err != nil {
			return err
		}
		if err := h.nl.RouteReplace(barrier(table, r.Dst)); err != nil {
			return err
		}
	}
	return nil
}

// tables are where the routes of the device go.
func (h *Host) tables() []int {
	if h.static {
		return []int{RouteTable, BypassTable}
	}
	return []int{RouteTable}
}

// remove takes a route away, with its barrier. It is no error that somebody else has done so.
func (h *Host) remove(dst netip.Prefix) error {
	var errs []error
	for _, table := range h.tables() {
		routes := []*netlink.Route{h.route(table, Route{Dst: dst}), barrier(table, dst)}
		if h.routes[dst].Pass {
			routes = []*netlink.Route{throw(table, dst)}
		}
		for _, r := range routes {
			if err := h.nl.RouteDel(r); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (h *Host) route(table int, r Route) *netlink.Route {
	n := &netlink.Route{LinkIndex: h.link.Attrs().Index, Table: table, Dst: ipNet(r.Dst), Src: r.Src.AsSlice(), MTU: h.mtus[r.Dst]}
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
func barrier(table int, dst netip.Prefix) *netlink.Route {
	return &netlink.Route{Table: table, Dst: ipNet(dst), Type: unix.RTN_UNREACHABLE, Priority: barrierMetric}
}

// throw has the system's other routes decide.
func throw(table int, dst netip.Prefix) *netlink.Route {
	return &netlink.Route{Table: table, Dst: ipNet(dst), Type: unix.RTN_THROW}
}

// routesOf is all routes of a table.
func routesOf(k *netlink.Handle, family, table int) ([]netlink.Route, error) {
	return k.RouteListFiltered(family, &netlink.Route{Table: table}, netlink.RT_FILTER_TABLE)
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
	if want {
		if err := h.nl.RuleAdd(routeRule(family)); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
		h.rules[family] = true
		return nil
	}
	if err := removeRouteRule(h.nl, family); err != nil {
		return err
	}
	delete(h.rules, family)
	return nil
}

// removeRouteRule removes the rule, unless there are routes that it leads to.
func removeRouteRule(k *netlink.Handle, family int) error {
	left, err := routesOf(k, family, RouteTable)
	if err != nil || len(left) > 0 {
		return err
	}
	if err := k.RuleDel(routeRule(family)); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// routeRule leads to the routes.
func routeRule(family int) *netlink.Rule {
	rule := netlink.NewRule()
	rule.Family, rule.Priority, rule.Table = family, RulePriority, RouteTable
	rule.Mark, rule.Invert = Mark, true
	return rule
}
