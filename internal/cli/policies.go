package cli

import (
	"context"
	"slices"

	"seikan/session"
)

// Listings of what is configured under a name.
var (
	showProposals     = showNamed("ikev2Proposals", func(p session.Policies) []session.IKEProposal { return p.Proposals })
	showPolicies      = showNamed("ikev2Policies", func(p session.Policies) []session.IKEPolicy { return p.Policies })
	showProfiles      = showNamed("ikev2Profiles", func(p session.Policies) []session.IKEProfile { return p.Profiles })
	showIPsecProfiles = showNamed("ipsecProfiles", func(p session.Policies) []session.IPsecProfile { return p.IPsec })
)

// named is the options of a listing of which one may be named.
func named(k *kind) []*option {
	return []*option{asJSON, {value: k, set: func(a *args, v any) { a.name = v.(string) }}}
}

// namedOrDefault is the same of what there is a default one of, which stands in the listing under that name.
func namedOrDefault(k *kind, help string) []*option {
	other := func(a *args) bool { return a.name == "" }
	return []*option{
		asJSON,
		{text: "default", help: help, set: func(a *args, _ any) { a.name = "default" }, open: other},
		{value: k, set: func(a *args, v any) { a.name = v.(string) }, open: other},
	}
}

// showNamed is the action that lists all things of one sort, or the one with the name that was given. In JSON they are called what key says.
func showNamed[T session.Named](key string, of func(session.Policies) []T) action {
	return func(ctx context.Context, c *call) error {
		t, err := c.backend.Tables(ctx)
		if err != nil {
			return err
		}
		return writeNamed(c, key, of(t.Policies))
	}
}

// writeNamed writes a listing, which is not modified.
func writeNamed[T session.Named](c *call, key string, list []T) error {
	if c.args.name != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(v T) bool { return v.Called() != c.args.name })
	}
	if c.args.json {
		return writeJSON(c.w, key, list)
	}
	return session.RenderNamed(c.w, list)
}

func showKeys(ctx context.Context, c *call) error {
	t, err := c.backend.Tables(ctx)
	switch {
	case err != nil:
		return err
	case c.args.json:
		return writeJSON(c.w, "keys", t.Keys)
	}
	return t.RenderKeys(c.w)
}

func showISAKMPPolicies(_ context.Context, c *call) error {
	if c.args.json {
		return writeJSON[struct{}](c.w, "policies", nil)
	}
	return session.RenderISAKMPPolicies(c.w)
}

// showDefaultISAKMPPolicies has none to show.
func showDefaultISAKMPPolicies(_ context.Context, c *call) error {
	if c.args.json {
		return writeJSON[struct{}](c.w, "policies", nil)
	}
	return session.RenderDefaultISAKMPPolicies(c.w)
}

func showISAKMPProfiles(_ context.Context, c *call) error {
	return writeNamed[session.IKEProfile](c, "profiles", nil)
}
