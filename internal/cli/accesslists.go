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
		lists = slices.DeleteFunc(lists, func(l session.AccessList) bool {
			return l.V6 && !v6 || !l.V6 && !v4 || c.args.name != "" && l.Name != c.args.name
		})
		if c.args.json {
			return writeJSON(c.w, "accessLists", lists)
		}
		return session.RenderAccessLists(c.w, lists)
	}
}
