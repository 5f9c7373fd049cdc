package cli

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"seikan/session"
)

// Commands of debugging. What is debugged is the router's, for all terminals, and is in no configuration.
var (
	debugNode   = &node{text: "debug", help: "Have the router tell what it does as it does it", privileged: true, next: []*node{debugCrypto(true)}}
	undebugNode = &node{text: "undebug", help: "Have it tell no more", privileged: true, next: []*node{noDebugAll, debugCrypto(false)}}
	noNode      = &node{text: "no", help: "Undo", privileged: true, next: []*node{
		{text: "debug", help: "Have the router tell no more", next: []*node{noDebugAll, debugCrypto(false)}},
	}}
	noDebugAll = &node{text: "all", help: "Of anything", run: undebugAll}

	showDebugging = &node{text: "debugging", help: "What is debugged", privileged: true, options: onlyJSON, run: doShowDebugging, pipe: true}
	showCondition = &node{text: "debug-condition", help: "What debugging is restricted to", privileged: true, options: onlyJSON, pipe: true, run: func(ctx context.Context, c *call) error {
		d, err := c.backend.Debug(ctx, same)
		switch {
		case err != nil:
			return err
		case c.args.json:
			return d.DebugConditions.RenderJSON(c.w)
		}
		return d.DebugConditions.Render(c.w)
	}}
)

func same(d session.Debug) session.Debug { return d }

// debugCrypto is what follows `debug`, or what takes it back.
func debugCrypto(on bool) *node {
	ike := func(part session.DebugIKE) action { return debugIKE(part, on) }
	return &node{text: "crypto", help: "Encryption module", next: []*node{
		{text: "condition", help: "Only of some peers", next: []*node{
			{text: "fvrf", help: "Of this front-door VRF, and others that are named", options: []*option{{value: kindVRF, set: byFVRF.set}}, run: debugVRF(on)},
			{text: "ivrf", help: "Of this inside VRF, and others that are named", options: []*option{{value: kindVRF, set: byIVRF.set}}, run: debugVRF(on)},
			{text: "peer", help: "Of this one, and others that are named", next: []*node{
				{text: "ipv4", help: "By its address", options: conditionOptions(kindIPv4), run: debugPeer(on)},
				{text: "ipv6", help: "By its address", options: conditionOptions(kindIPv6), run: debugPeer(on)},
			}},
			{text: "reset", help: "Of all peers again", run: debugReset},
		}},
		{text: "ikev2", help: "Messages, states and errors of IKEv2", run: ike(session.DebugDefault), next: []*node{
			{text: "error", help: "What is refused, dropped or fails", run: ike(session.DebugErrors)},
			{text: "internal", help: "What becomes of IKE SAs", run: ike(session.DebugInternal)},
			{text: "packet", help: "Messages in the notation of the RFC", run: ike(session.DebugPackets)},
		}},
		{text: "ipsec", help: "IPsec SAs, and packets that are dropped", run: debugIPsec(on)},
	}}
}

func conditionOptions(address *kind) []*option {
	return []*option{{value: address, set: func(a *args, v any) { a.peer = v.(netip.Addr) }}}
}

// change changes what is debugged.
func (c *call) change(ctx context.Context, change func(d *session.Debug)) error {
	_, err := c.backend.Debug(ctx, func(d session.Debug) session.Debug {
		change(&d)
		return d
	})
	return err
}

// says writes that something is debugged or not, and what the operator must know to see it.
func (c *call) says(what string, on bool) error {
	state := "off"
	if on {
		state = "on"
	}
	text := fmt.Sprintf("%s debugging is %s\n", what, state)
	if on && c.info.Log != nil && !c.info.Log.Debugging() {
		text += "% Nothing takes messages for debugging: see \"logging monitor debugging\" with \"terminal monitor\", or \"logging buffered debugging\"\n"
	}
	_, err := io.WriteString(c.w, text)
	return err
}

// debugIKE turns a part on or off. With the default everything is turned off.
func debugIKE(part session.DebugIKE, on bool) action {
	return func(ctx context.Context, c *call) error {
		err := c.change(ctx, func(d *session.Debug) {
			switch {
			case on:
				d.IKEv2 |= part
			case part == session.DebugDefault:
				d.IKEv2 = 0
			default:
				d.IKEv2 &^= part
			}
		})
		if err != nil {
			return err
		}
		return c.says("IKEv2 "+part.Words()[0], on)
	}
}

func debugIPsec(on bool) action {
	return func(ctx context.Context, c *call) error {
		if err := c.change(ctx, func(d *session.Debug) { d.IPsec = on }); err != nil {
			return err
		}
		return c.says("Crypto IPSEC", on)
	}
}

func undebugAll(ctx context.Context, c *call) error {
	if err := c.change(ctx, func(d *session.Debug) { d.IKEv2, d.IPsec = 0, false }); err != nil {
		return err
	}
	_, err := io.WriteString(c.w, "All possible debugging has been turned off\n")
	return err
}

// debugPeer adds a condition or takes it away.
func debugPeer(on bool) action {
	return func(ctx context.Context, c *call) error {
		if !c.args.peer.IsValid() {
			return errIncomplete
		}
		return condition(ctx, c, on, c.args.peer, func(d *session.Debug) *[]netip.Addr { return &d.Peers })
	}
}

// debugVRF is the same for a VRF. One that is not configured any more can be taken away.
func debugVRF(on bool) action {
	return func(ctx context.Context, c *call) error {
		if on {
			if err := c.checkVRFs(ctx); err != nil {
				return err
			}
		}
		switch f := c.args.filter; {
		case f.FVRF != nil:
			return condition(ctx, c, on, *f.FVRF, func(d *session.Debug) *[]string { return &d.FVRFs })
		case f.IVRF != nil:
			return condition(ctx, c, on, *f.IVRF, func(d *session.Debug) *[]string { return &d.IVRFs })
		}
		return errIncomplete
	}
}

// condition has one be in its list, or not.
func condition[T comparable](ctx context.Context, c *call, on bool, one T, list func(d *session.Debug) *[]T) error {
	full := false
	err := c.change(ctx, func(d *session.Debug) {
		all := list(d)
		others := slices.DeleteFunc(slices.Clone(*all), func(v T) bool { return v == one })
		full = on && len(others) == session.MaxDebugConditions
		switch {
		case full:
		case on:
			*all = append(others, one)
		default:
			*all = others
		}
	})
	if err == nil && full {
		return refusal(fmt.Sprintf("%% There are %d conditions of that sort already.", session.MaxDebugConditions))
	}
	return err
}

func debugReset(ctx context.Context, c *call) error {
	return c.change(ctx, func(d *session.Debug) { d.DebugConditions = session.DebugConditions{} })
}

func doShowDebugging(ctx context.Context, c *call) error {
	d, err := c.backend.Debug(ctx, same)
	switch {
	case err != nil:
		return err
	case c.args.json:
		return d.RenderJSON(c.w)
	}
	return d.Render(c.w)
}
