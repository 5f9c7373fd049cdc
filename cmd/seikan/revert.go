package main

import (
	"context"
	"errors"
	"time"
)

func (c *configuration) RevertAfter(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settlePaused(context.Background())
	c.revertTo(c.force, d)
}

// revertTo has a version come back in a while, or that which somebody waits for already: what he did is not confirmed either. The caller has
// the lock.
func (c *configuration) revertTo(v version, d time.Duration) {
	if c.revert == nil {
		c.before = v
	}
	c.revertIn(d)
	c.log.Warn().Stringer("in", d).Msg("the configuration of now comes back unless configure confirm is given")
}

// revertAgain is when going back is tried again where it could not be done.
const revertAgain = time.Minute

// revertIn starts the timer. The caller has the lock.
func (c *configuration) revertIn(d time.Duration) {
	if c.revert != nil {
		c.revert.Stop()
	}
	var mine *time.Timer
	mine = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.revert != mine {
			return // it was confirmed at this moment
		}
		if err := c.goBack(context.Background(), "timer"); err != nil {
			c.log.Error().Err(err).Stringer("again", revertAgain).Msg("the configuration before is not in force again")
			c.revertIn(revertAgain)
		}
	})
	c.revert = mine
}

// goBack puts in force what was before, with the keys of then, and what it meant: so whatever has changed on the machine is no reason why the
// operator who has shut himself out stays outside. The caller has the lock.
func (c *configuration) goBack(ctx context.Context, by string) error {
	err := c.put(ctx, c.before, fromBefore, by)
	if err == nil {
		c.forget()
	}
	return err
}

// forget stops the timer. The caller has the lock.
func (c *configuration) forget() {
	if c.revert != nil {
		c.revert.Stop()
	}
	c.revert, c.before = nil, version{}
}

var errNoRevert = errors.New("no configuration waits to be confirmed")

func (c *configuration) Confirm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revert == nil {
		return errNoRevert
	}
	c.forget()
	return nil
}

func (c *configuration) Revert(ctx context.Context, by string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revert == nil {
		return errNoRevert
	}
	return c.goBack(ctx, by)
}
