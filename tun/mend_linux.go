package tun

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"seikan/internal/netns"
)

// mendPause is how long nothing is mended after something was, so that two programs that do not agree do not keep the system busy.
const mendPause = time.Second

// WatchRoutes calls f when somebody may have removed what Mend puts back in a network namespace, not more than once a second, until ctx ends.
func WatchRoutes(ctx context.Context, ns string, f func()) error {
	var s *nl.NetlinkSocket
	err := netns.Do(ns, func() (err error) {
		s, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE)
		return err
	})
	if err != nil {
		return fmt.Errorf("tun: watch routes: %w", err)
	}
	stop := context.AfterFunc(ctx, s.Close)
	defer func() {
		if stop() {
			s.Close()
		}
	}()
	for {
		msgs, from, err := s.Receive()
		switch {
		case ctx.Err() != nil || errors.Is(err, os.ErrClosed):
			return nil
		case errors.Is(err, unix.ENOBUFS): // more has happened than there is room for
		case err != nil:
			return fmt.Errorf("tun: watch routes: %w", err)
		case from.Pid != nl.PidKernel || !slices.ContainsFunc(msgs, concernsUs):
			continue
		}
		f()
		select {
		case <-time.After(mendPause):
		case <-ctx.Done():
		}
	}
}

// concernsUs reports whether a message of the kernel's tells that a route of ours or a rule is gone, or that an interface is up, which has no
// routes then.
func concernsUs(m syscall.NetlinkMessage) bool {
	switch m.Header.Type {
	case unix.RTM_DELRULE:
		return true
	case unix.RTM_NEWLINK:
		if len(m.Data) < unix.SizeofIfInfomsg {
			return false
		}
		l := nl.DeserializeIfInfomsg(m.Data)
		return l.Flags&l.Change&unix.IFF_UP != 0
	case unix.RTM_DELROUTE:
		if len(m.Data) < unix.SizeofRtMsg {
			return false
		}
		attrs, err := nl.ParseRouteAttr(m.Data[unix.SizeofRtMsg:])
		return err == nil && slices.ContainsFunc(attrs, func(a syscall.NetlinkRouteAttr) bool {
			if a.Attr.Type != unix.RTA_TABLE || len(a.Value) != 4 {
				return false
			}
			table := binary.NativeEndian.Uint32(a.Value)
			return table == RouteTable || table == BypassTable
		})
	}
	return false
}

// Mend puts routes and rules back that somebody has removed, and tells which. While the device is down there are no routes into it.
func (h *Host) Mend() (mended []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.routes) == 0 {
		return nil, nil
	}
	link, err := h.nl.LinkByIndex(h.link.Attrs().Index)
	if err != nil {
		return nil, fmt.Errorf("tun: %s: mend: %w", h.Name(), err)
	}
	up := link.Attrs().RawFlags&unix.IFF_UP != 0
	var errs []error
	put := func(what string, err error) {
		if err == nil {
			mended = append(mended, what)
		} else {
			errs = append(errs, fmt.Errorf("tun: %s: mend %s: %w", h.Name(), what, err))
		}
	}
	for _, family := range families {
		if !h.routes.has(family) {
			continue
		}
		for _, table := range h.tables() {
			have, err := routesOf(h.nl, family, table)
			if err != nil {
				return mended, fmt.Errorf("tun: %s: mend: %w", h.Name(), err)
			}
			for dst, r := range h.routes {
				if familyOf(dst) == family {
					h.mendRoute(table, r, have, up, put)
				}
			}
		}
		if err := h.mendRules(family, put); err != nil {
			return mended, fmt.Errorf("tun: %s: mend: %w", h.Name(), err)
		}
	}
	return mended, errors.Join(errs...)
}

// mendRoute puts a route back with its barrier, as far as they are not among those that there are.
func (h *Host) mendRoute(table int, r Route, have []netlink.Route, up bool, put func(string, error)) {
	want := []*netlink.Route{barrier(table, r.Dst)}
	switch {
	case r.Pass:
		want = []*netlink.Route{throw(table, r.Dst)}
	case up:
		want = append(want, h.route(table, r))
	}
	gone := false
	var errs []error
	for _, w := range want {
		if !slices.ContainsFunc(have, func(o netlink.Route) bool { return sameRoute(&o, w) }) {
			gone = true
			errs = append(errs, h.nl.RouteReplace(w))
		}
	}
	if gone {
		put(fmt.Sprintf("route %v of table %d", r.Dst, table), errors.Join(errs...))
	}
}

// sameRoute compares a route of the kernel's with one of ours.
func sameRoute(have, want *netlink.Route) bool {
	kind := want.Type
	if kind == 0 {
		kind = unix.RTN_UNICAST
	}
	return have.Type == kind && have.Dst != nil && have.Dst.String() == want.Dst.String() && (kind != unix.RTN_UNICAST || have.LinkIndex == want.LinkIndex)
}

// mendRules puts the rules of a family back.
func (h *Host) mendRules(family int, put func(string, error)) error {
	rules, err := h.nl.RuleList(family)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rules, func(r netlink.Rule) bool { return r.Priority == RulePriority && r.Table == RouteTable }) {
		put(fmt.Sprintf("rule %d", RulePriority), h.nl.RuleAdd(routeRule(family)))
	}
	want := h.chains.of(family).rules(family)
	if h.static || len(want) == 0 {
		return nil
	}
	there, err := chainThere(h.nl, family)
	if err != nil {
		return err
	}
	if len(there) != len(want) {
		err := clearChain(h.nl, family)
		if err == nil {
			err = installChain(h.nl, family, h.chains.of(family))
		}
		put("rules of lines that deny", err)
	}
	return nil
}
