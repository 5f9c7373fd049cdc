package cli

import (
	"context"
	"slices"

	"seikan/session"
)

// showLists is the action that lists the access lists of one family or of both, or the one with the name that was given.
func showLists(v4, v6 bool) action {
	return func(ctx context.Context, c *call) error {
		lists, err := c.backend.AccessLists(ctx)
		if err != nil {
			return err
		}
		choose := c.listChoice(v4, v6)
		lists = slices.DeleteFunc(lists, func(l session.AccessList) bool { return !choose(&l) })
		if c.args.json {
			return writeJSON(c.w, "accessLists", lists)
		}
		return session.RenderAccessLists(c.w, lists)
	}
}

// listChoice is true of the access lists of one family or of both, or of the one with the name that was given.
func (c *call) listChoice(v4, v6 bool) func(*session.AccessList) bool {
	name := c.args.name
	return func(l *session.AccessList) bool {
		return (l.V6 && v6 || !l.V6 && v4) && (name == "" || l.Name == name)
	}
}

// clearLists is the action that has access lists count from 0 again.
func clearLists(v4, v6 bool) action {
	return func(ctx context.Context, c *call) error {
		n, err := c.backend.ClearAccessLists(ctx, c.listChoice(v4, v6))
		if err == nil && n == 0 && c.args.name != "" {
			return refusal("% No access list named " + c.args.name + " exists")
		}
		return err
	}
}

// listCounters is `counters [NAME]`.
func listCounters(v4, v6 bool) []*node {
	return []*node{{text: "counters", help: "Have its lines count from 0 again", options: []*option{
		{value: kindList, set: func(a *args, v any) { a.name = v.(string) }},
	}, run: clearLists(v4, v6)}}
}

// Commands that clear what access lists have counted.
var (
	clearAccessList = &node{text: "access-list", help: "Access lists", next: listCounters(true, true)}
	clearIP         = &node{text: "ip", help: "IPv4", next: []*node{{text: "access-list", help: "Access lists of IPv4", next: listCounters(true, false)}}}
	clearIPv6       = &node{text: "ipv6", help: "IPv6", next: []*node{{text: "access-list", help: "Access lists of IPv6", next: listCounters(false, true)}}}
)
