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

// routeSet is routes by destination, with their source addresses.
type routeSet map[netip.Prefix]netip.Addr

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
			set[dst] = r.Src
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
		err := netlink.RouteDel(h.route(dst, netip.Addr{}))
		if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENODEV) { // someone else took it, or the device, away
			err = nil
		}
		if note(dst, err) {
			delete(h.routes, dst)
		}
	}
	for dst, src := range want {
		if old, there := h.routes[dst]; there && old == src {
			continue
		}
		if note(dst, netlink.RouteReplace(h.route(dst, src))) {
			h.routes[dst] = src
		}
	}
	for _, family := range [...]int{unix.AF_INET, unix.AF_INET6} {
		note("rule", h.setRule(family, h.routes.has(family)))
	}
	return errors.Join(errs...)
}

func (h *Host) route(dst netip.Prefix, src netip.Addr) *netlink.Route {
	r := &netlink.Route{
		LinkIndex: h.link.Attrs().Index,
		Table:     RouteTable,
		Dst:       &net.IPNet{IP: dst.Addr().AsSlice(), Mask: net.CIDRMask(dst.Bits(), dst.Addr().BitLen())},
		Src:       src.AsSlice(),
	}
	if dst.Addr().Is4() {
		r.Scope = netlink.SCOPE_LINK // nobody is asked for the next hop
	}
	return r
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
		if err := netlink.RuleAdd(rule); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
		h.rules[family] = true
		return nil
	}
	left, err := netlink.RouteListFiltered(family, &netlink.Route{Table: RouteTable}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		if err := netlink.RuleDel(rule); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	delete(h.rules, family)
	return nil
}
