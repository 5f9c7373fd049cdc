package cli

import (
	"context"
	"io"
)

func showIKEStats(ctx context.Context, c *call) error {
	s, err := c.backend.IKEStats(ctx)
	switch {
	case err != nil:
		return err
	case c.args.json:
		return s.RenderJSON(c.w)
	}
	return s.Render(c.w)
}

func showIKECount(ctx context.Context, c *call) error {
	s, err := c.backend.IKEStats(ctx)
	switch {
	case err != nil:
		return err
	case c.args.json:
		return s.RenderCountJSON(c.w)
	}
	return s.RenderCount(c.w)
}

func clearIKEStats(ctx context.Context, c *call) error {
	if err := c.backend.ClearIKEStats(ctx); err != nil {
		return err
	}
	_, err := io.WriteString(c.w, "Cleared crypto ikev2 statistics\n")
	return err
}
