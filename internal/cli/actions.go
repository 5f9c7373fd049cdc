package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"seikan/session"
)

func raise(context.Context, *call) error { return errRaise }
func lower(context.Context, *call) error { return errLower }

// setScreen is `terminal length` and `terminal width`.
func setScreen(_ context.Context, c *call) error {
	if c.args.length == nil && c.args.width == nil {
		return errIncomplete
	}
	c.settings.length = cmp.Or(c.args.length, c.settings.length)
	c.settings.width = cmp.Or(c.args.width, c.settings.width)
	return nil
}

func leave(context.Context, *call) error { return errLeave }

// checkVRFs refuses VRFs that the configuration does not have.
func (c *call) checkVRFs(ctx context.Context) error {
	for _, name := range []*string{c.args.filter.FVRF, c.args.filter.IVRF} {
		if name == nil {
			continue
		}
		switch ok, err := c.backend.HasVRF(ctx, *name); {
		case err != nil:
			return err
		case !ok:
			return noVRF(*name)
		}
	}
	return nil
}

func noVRF(name string) error { return refusal(" No VRF named " + name + " exists") }

// clearing is the action that clears something of the sessions that were named.
func clearing(what session.Clear) action {
	return func(ctx context.Context, c *call) error {
		if err := c.checkVRFs(ctx); err != nil {
			return err
		}
		_, err := c.backend.ClearSAs(ctx, session.ClearRequest{What: what, Filter: c.args.filter})
		return err
	}
}

func rekeyIKE(ctx context.Context, c *call) error   { return c.rekey(ctx, c.backend.RekeyIKE) }
func rekeyIPsec(ctx context.Context, c *call) error { return c.rekey(ctx, c.backend.RekeyIPsec) }

func (c *call) rekey(ctx context.Context, do func(context.Context, session.Filter) (int, error)) error {
	if err := c.checkVRFs(ctx); err != nil {
		return err
	}
	_, err := do(ctx, c.args.filter)
	return err
}

// clearIPsec clears IPsec SAs, their counters, or the two SAs of one that its destination and SPI name.
func clearIPsec(ctx context.Context, c *call) error {
	if c.args.counters {
		return clearing(session.ClearCounters)(ctx, c)
	}
	if c.args.spi == 0 {
		return clearing(session.ClearChildren)(ctx, c)
	}
	for _, f := range []session.Filter{{Remote: c.args.entry}, {Local: c.args.entry}} { // an SA goes to the peer, or comes to us
		n, err := c.backend.ClearSAs(ctx, session.ClearRequest{What: session.ClearChildren, Filter: f, SPI: c.args.spi})
		if err != nil || n > 0 {
			return err
		}
	}
	return nil
}

// showing is the action that lists sessions.
func showing(show session.Show) action {
	return func(ctx context.Context, c *call) error {
		if err := c.checkVRFs(ctx); err != nil {
			return err
		}
		v := c.args.view
		if show != session.ShowSessions && v.Show == session.ShowSessions {
			v.Show = show
		}
		v.Filter, v.Format, v.JSON = c.args.filter, c.format, c.args.json
		p := session.NewPrinter(c.w, v)
		if err := c.backend.Sessions(ctx, v.Filter, v.Parts(), p.Print); err != nil {
			return err
		}
		return p.Close()
	}
}

func showISAKMP(ctx context.Context, c *call) error {
	if err := c.checkVRFs(ctx); err != nil {
		return err
	}
	switch {
	case c.args.json:
		return writeJSON[session.IKESA](c.w, "ikeSas", nil)
	case c.args.count:
		return session.RenderISAKMPCount(c.w)
	}
	return session.RenderISAKMP(c.w, c.args.view.Detail)
}

func showPeers(ctx context.Context, c *call) error {
	if err := c.checkVRFs(ctx); err != nil {
		return err
	}
	t, err := c.backend.Tables(ctx)
	if err != nil {
		return err
	}
	if only := c.args.peer; only.IsValid() {
		t.Peers = slices.DeleteFunc(t.Peers, func(p session.PeerInfo) bool { return p.Peer.Addr() != only })
	}
	if only := c.args.filter.FVRF; only != nil {
		t.Peers = slices.DeleteFunc(t.Peers, func(p session.PeerInfo) bool { return p.FVRF != *only })
	}
	if c.args.json {
		return writeJSON(c.w, "peers", t.Peers)
	}
	return t.RenderPeers(c.w)
}

func showMaps(ctx context.Context, c *call) error {
	t, err := c.backend.Tables(ctx)
	if err != nil {
		return err
	}
	f := c.args.filter
	keep := func(m session.CryptoMap) bool {
		return (f.Map == "" || m.Name == f.Map) && (f.Interface == "" || slices.Contains(m.Interfaces, f.Interface))
	}
	if c.args.json {
		return writeJSON(c.w, "cryptoMaps", slices.DeleteFunc(t.Maps, func(m session.CryptoMap) bool { return !keep(m) }))
	}
	return t.RenderMaps(c.w, keep)
}

func showNoTransformSets(ctx context.Context, c *call) error {
	c.args.name = "default"
	return showTransformSets(ctx, c)
}

func showTransformSets(ctx context.Context, c *call) error {
	t, err := c.backend.Tables(ctx)
	if c.args.name != "" {
		t.TransformSets = slices.DeleteFunc(t.TransformSets, func(s session.TransformSet) bool { return s.Name != c.args.name })
	}
	switch {
	case err != nil:
		return err
	case c.args.json:
		return writeJSON(c.w, "transformSets", t.TransformSets)
	}
	return t.RenderTransformSets(c.w)
}

func showInterfaces(ctx context.Context, c *call) error {
	t, err := c.backend.Tables(ctx)
	if err != nil {
		return err
	}
	if only := c.args.filter.Interface; only != "" {
		t.Interfaces = slices.DeleteFunc(t.Interfaces, func(f session.Interface) bool { return f.Name != only })
	}
	if c.args.json {
		return writeJSON(c.w, "interfaces", t.Interfaces)
	}
	return t.RenderInterfaces(c.w)
}

// showAddresses is `show ip interface`, or `show ipv6 interface`.
func showAddresses(v6 bool) *node {
	return &node{text: "interface", help: "Interfaces with their addresses", next: []*node{
		{text: "brief", help: "A line for each", options: onlyJSON, pipe: true, run: func(ctx context.Context, c *call) error {
			t, err := c.backend.Tables(ctx)
			list := t.InterfaceAddresses(v6)
			switch {
			case err != nil:
				return err
			case c.args.json:
				return writeJSON(c.w, "interfaces", list)
			}
			return session.RenderInterfaceAddresses(c.w, list, v6)
		}},
	}}
}

// showRoutes is the action that lists the routes of one family.
func showRoutes(v6 bool) action {
	return func(ctx context.Context, c *call) error {
		if err := c.checkVRFs(ctx); err != nil {
			return err
		}
		vrf := ""
		if name := c.args.filter.IVRF; name != nil {
			vrf = *name
		}
		t, err := c.backend.Tables(ctx)
		switch {
		case err != nil:
			return err
		case c.args.json:
			other := func(r session.Route) bool { return r.Dst.Addr().Is6() != v6 || r.VRF != vrf }
			return writeJSON(c.w, "routes", slices.DeleteFunc(t.Routes, other))
		}
		return t.RenderRoutes(c.w, v6, vrf)
	}
}

// showVRF is `show vrf`, and `show ip vrf`.
var showVRF = &node{text: "vrf", help: "VRFs with their interfaces", options: vrfOptions, run: showVRFs, pipe: true}

func showVRFs(ctx context.Context, c *call) error {
	if err := c.checkVRFs(ctx); err != nil {
		return err
	}
	t, err := c.backend.Tables(ctx)
	if err != nil {
		return err
	}
	if only := c.args.filter.FVRF; only != nil {
		t.VRFs = slices.DeleteFunc(t.VRFs, func(v session.VRF) bool { return v.Name != *only })
	}
	switch {
	case c.args.json:
		return writeJSON(c.w, "vrfs", t.VRFs)
	case c.args.view.Detail:
		return t.RenderVRFDetails(c.w)
	}
	return t.RenderVRFs(c.w)
}

// useFormat is the action that sets the style of listings at this terminal.
func useFormat(f session.Format) action {
	return func(_ context.Context, c *call) error {
		c.shell.settings.format = new(f)
		return nil
	}
}

// setEntry notes the destination of an IPsec SA.
func setEntry(a *args, v any) { a.entry = v.(netip.Addr) }

// writeJSON writes an object with a list in it, which is left out when it is empty.
func writeJSON[T any](w io.Writer, name string, list []T) error {
	object := map[string][]T{}
	if len(list) > 0 {
		object[name] = list
	}
	return writeObject(w, object)
}

// writeObject writes an object as JSON.
func writeObject(w io.Writer, object any) error {
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return fmt.Errorf("cli: json: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// dropTitles is what is dropped.
var dropTitles = [numDropKinds]string{
	DroppedPackets: "Packets dropped that belong to no session",
	DroppedIKE:     "IKE messages that were not acted on",
}

// dropObject is what was dropped for programs, by the kind and the reason. What never happened is left out.
func dropObject(drops []Drop) map[string]map[string]uint64 {
	names := [numDropKinds]string{DroppedPackets: "droppedPackets", DroppedIKE: "droppedIkeMessages"}
	object := make(map[string]map[string]uint64)
	for _, d := range drops {
		if d.Count == 0 {
			continue
		}
		if object[names[d.Of]] == nil {
			object[names[d.Of]] = make(map[string]uint64)
		}
		object[names[d.Of]][d.Reason] += d.Count
	}
	return object
}

func showStatistics(ctx context.Context, c *call) error {
	drops, err := c.backend.Drops(ctx)
	switch {
	case err != nil:
		return err
	case c.args.json:
		return writeObject(c.w, dropObject(drops))
	}
	var b strings.Builder
	for of, title := range dropTitles {
		var lines strings.Builder
		total := uint64(0)
		for _, d := range drops {
			if int(d.Of) == of && d.Count > 0 {
				fmt.Fprintf(&lines, "  %12d  %s\n", d.Count, d.Reason)
				total += d.Count
			}
		}
		fmt.Fprintf(&b, "%s: %d\n%s", title, total, lines.String())
	}
	_, err = io.WriteString(c.w, b.String())
	return err
}

func showRunning(_ context.Context, c *call) error {
	text := c.info.RunningConfig()
	if name := c.args.filter.Interface; name != "" {
		text = interfaceSection(text, name)
	}
	return writeText(c.w, text)
}

// interfaceSection is the lines of an interface in a configuration, "" where it has none.
func interfaceSection(text, name string) string {
	var b strings.Builder
	in := false
	for line := range strings.Lines(text) {
		if in = in && strings.HasPrefix(line, " ") || strings.EqualFold(strings.TrimSpace(line), "interface "+name); in {
			b.WriteString(line)
		}
	}
	return b.String()
}

// writeText writes a text whose last line may lack its end.
func writeText(w io.Writer, text string) error {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
