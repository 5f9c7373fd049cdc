package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"seikan/session"
)

// silent does nothing.
func silent(context.Context, *call) error { return nil }

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
			return refusal(" No VRF named " + *name + " exists")
		}
	}
	return nil
}

func clearSession(ctx context.Context, c *call) error {
	if err := c.checkVRFs(ctx); err != nil {
		return err
	}
	_, err := c.backend.Clear(ctx, c.args.filter)
	return err
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

func showSession(ctx context.Context, c *call) error {
	if err := c.checkVRFs(ctx); err != nil {
		return err
	}
	snap, err := c.backend.Snapshot(ctx)
	switch {
	case err != nil:
		return err
	case !c.args.json:
		return snap.Render(c.w, session.View{Detail: c.args.detail, Filter: c.args.filter})
	}
	found := slices.DeleteFunc(snap.Sessions, func(s session.Session) bool { return !c.args.filter.Match(s) })
	return writeJSON(c.w, "sessions", found)
}

func showPeers(ctx context.Context, c *call) error {
	snap, err := c.backend.Snapshot(ctx)
	if err != nil {
		return err
	}
	if only := c.args.peer; only.IsValid() {
		snap.Peers = slices.DeleteFunc(snap.Peers, func(p session.PeerInfo) bool { return p.Peer.Addr() != only })
	}
	if c.args.json {
		return writeJSON(c.w, "peers", snap.Peers)
	}
	return snap.RenderPeers(c.w)
}

// writeJSON writes an object with a list in it, which is left out when it is empty.
func writeJSON[T any](w io.Writer, name string, list []T) error {
	object := map[string][]T{}
	if len(list) > 0 {
		object[name] = list
	}
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

func showStatistics(ctx context.Context, c *call) error {
	drops, err := c.backend.Drops(ctx)
	if err != nil {
		return err
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

func showRunning(_ context.Context, c *call) error { return writeText(c.w, c.info.RunningConfig()) }

func showVersion(_ context.Context, c *call) error { return writeText(c.w, c.info.Version) }

// writeText writes a text whose last line may lack its end.
func writeText(w io.Writer, text string) error {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
