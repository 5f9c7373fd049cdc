package main

import (
	"cmp"
	"context"
	"fmt"
)

// Merge carries out the lines of a file, "" for the one that the router starts from, as if they were typed, and is one change: a line that is wrong,
// or a configuration that is not whole then, changes nothing.
func (c *configuration) Merge(ctx context.Context, by, name string) error {
	name = c.path(cmp.Or(name, c.file))
	text, err := readText(name)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settlePaused(ctx)
	m, err := c.draft.Merge(name, text)
	if err != nil {
		return fmt.Errorf("copy: %w", blind(err))
	}
	whole, lacks := m.Whole()
	if len(lacks) > 0 {
		return fmt.Errorf("the configuration would not be whole: %s", lacks[0])
	}
	v, err := c.version(whole)
	if err != nil {
		return err
	}
	return c.put(ctx, v, name, by)
}
