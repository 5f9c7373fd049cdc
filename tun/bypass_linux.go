package tun

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Priorities of the rules of a chain: each has its own, since the kernel takes rules of one priority for the same that are not.
const (
	chainPriority = RulePriority - MaxRules // of the first step
	endPriority   = RulePriority + 1
	ruleProtocol  = 45 // whose the rules are (`ip rule` shows it as proto)
)

func (c chains) of(family int) chain {
	if family == unix.AF_INET {
		return c.v4
	}
	return c.v6
}

func (c *chains) drop(family int) {
	if family == unix.AF_INET {
		c.v4 = nil
	} else {
		c.v6 = nil
	}
}

// rules are those of a chain. The last one is where packets go on that pass: it asks the routes that they are to take all the same.
func (c chain) rules(family int) []*netlink.Rule {
	if len(c) == 0 {
		return nil
	}
	var rules []*netlink.Rule
	for i := range c {
		r := newRule(family, chainPriority+i)
		r.Goto = c[i].to.priority()
		if c[i].Src.Bits() > 0 {
			r.Src = ipNet(c[i].Src)
		}
		if c[i].Dst.Bits() > 0 {
			r.Dst = ipNet(c[i].Dst)
		}
		r.IPProto, r.Sport, r.Dport = int(c[i].Proto), c[i].SrcPorts.of(), c[i].DstPorts.of()
		rules = append(rules, r)
	}
	end := newRule(family, endPriority)
	end.Table, end.Mark, end.Invert = BypassTable, Mark, true
	return append(rules, end)
}

func newRule(family, priority int) *netlink.Rule {
	r := netlink.NewRule()
	r.Family, r.Priority, r.Protocol = family, priority, ruleProtocol
	return r
}

func (p place) priority() int {
	switch p {
	case toRoutes:
		return RulePriority
	case toEnd:
		return endPriority
	}
	return chainPriority + int(p)
}

func (p Ports) of() *netlink.RulePortRange {
	if p.any() {
		return nil
	}
	return netlink.NewRulePortRange(p.Lo, p.Hi)
}

// installChain adds the rules of a chain where there are none. A rule that leads to one that is not there does nothing, so that no packet passes
// before the last one is added: whatever goes wrong until then, more goes to the device and not less.
func installChain(k *netlink.Handle, family int, c chain) error {
	for _, r := range c.rules(family) {
		if err := k.RuleAdd(r); err != nil {
			return errors.Join(fmt.Errorf("rule %d: %w", r.Priority, err), clearChain(k, family))
		}
	}
	return nil
}

// clearChain removes the rules of any chain, also of one that was left behind; first the one without which the others let nothing pass.
func clearChain(k *netlink.Handle, family int) error {
	there, err := chainThere(k, family)
	if err != nil {
		return err
	}
	slices.Reverse(there) // the kernel lists them by priority
	for _, priority := range there {
		if err := k.RuleDel(newRule(family, priority)); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("rule %d: %w", priority, err)
		}
	}
	return nil
}

// chainThere is the priorities of the rules of a chain that there are, in order.
func chainThere(k *netlink.Handle, family int) (priorities []int, err error) {
	rules, err := k.RuleList(family)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	for _, r := range rules {
		if r.Protocol == ruleProtocol && r.Priority >= chainPriority && r.Priority <= endPriority {
			priorities = append(priorities, r.Priority)
		}
	}
	return priorities, nil
}

// ErrShared: lines cannot tell one router's packets from another's.
var ErrShared = errors.New("where lines send packets past a device, no other router can be in the same network namespace")

// checkAlone finds out whether lines of one router would keep packets from another: mine, or those that are there.
func (h *Host) checkAlone(mine bool) error {
	if !mine && h.chained {
		return nil
	}
	for _, family := range families {
		there, err := chainThere(h.nl, family)
		if err != nil {
			return err
		}
		mine = mine || len(there) > 0 // another's, or left behind by one that was killed
	}
	if !mine {
		return nil
	}
	routed, err := linksOf(h.nl, RouteTable)
	if err != nil {
		return err
	}
	also, err := linksOf(h.nl, BypassTable)
	if err != nil {
		return err
	}
	for link := range routed {
		if link != h.link.Attrs().Index && !also[link] {
			return ErrShared
		}
	}
	return nil
}

// linksOf is the devices that the routes of a table lead to, by index.
func linksOf(k *netlink.Handle, table int) (map[int]bool, error) {
	links := make(map[int]bool)
	for _, family := range families {
		routes, err := routesOf(k, family, table)
		if err != nil {
			return nil, err
		}
		for _, r := range routes {
			if r.Type == unix.RTN_UNICAST {
				links[r.LinkIndex] = true
			}
		}
	}
	return links, nil
}
