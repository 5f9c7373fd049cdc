package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/internal/file"
)

// version is a configuration, and what it meant on this machine when it was put in force, with the keys that its key file had then.
type version struct {
	*config.Model
	built config.Built
}

// configuration is what operators change while the router runs. Any goroutine may use it.
type configuration struct {
	log  zerolog.Logger
	file string // that the router starts from
	// build finds out what a Model means, and changes nothing.
	build func(*config.Model) (config.Built, error)
	// apply puts a version in force, and says what of it is not, a line each. An error changes nothing.
	apply func(context.Context, version) (lacks []string, err error)

	mu     sync.Mutex
	draft  *config.Model // with all lines that were given
	force  version       // in force
	lacks  []string      // what of that is not
	failed error         // why the draft is not in force, where it is whole
	pause  *time.Timer   // puts the draft in force once no line has come for a moment; nil: there is nothing to do
	revert *time.Timer   // until which the operator has to confirm; nil: nobody has to
	before version       // that the timer goes back to
}

// running is the configuration with all lines that were given.
func (c *configuration) running() *config.Model {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draft
}

func (c *configuration) Hostname() string { return c.running().Hostname() }

func (c *configuration) Prompt(path []string) string { return c.running().Prompt(path) }

func (c *configuration) Choices(path []string, line string) ([]cli.ConfigWord, bool, error) {
	list, whole, err := c.running().Choices(path, line)
	var words []cli.ConfigWord
	for _, w := range list {
		words = append(words, cli.ConfigWord(w))
	}
	return words, whole, lineError(err)
}

// pauseAfter is how long no line may come before those that came are put in force. Lines that are pasted come faster, and are one change.
const pauseAfter = 50 * time.Millisecond

func (c *configuration) Configure(ctx context.Context, path []string, line string) (cli.ConfigEdit, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, err := c.draft.Edit(path, line)
	if err != nil {
		return cli.ConfigEdit{}, lineError(err)
	}
	changed := e.Model != c.draft
	if changed {
		c.draft = e.Model
		c.settleSoon()
	}
	if e.Left && (c.pause != nil || c.failed != nil || len(c.lacks) > 0 || c.draft.NamesKeyFile()) { // the system, or the keys, may be others now
		c.settle(ctx)
	}
	return cli.ConfigEdit{Path: e.Path, Left: e.Left, Changed: changed, Note: e.Note}, nil
}

func (c *configuration) Configured(by string) { c.configured("console", by) }

// configured logs a change as classic routers do, whose messages are what programs that keep configurations wait for.
func (c *configuration) configured(from, by string) {
	c.log.Info().Msg(fmt.Sprintf("%%SYS-5-CONFIG_I: Configured from %s by %s", from, by))
}

// settleSoon has the draft put in force when no other line comes. The caller has the lock.
func (c *configuration) settleSoon() {
	if c.pause != nil {
		c.pause.Stop()
	}
	var mine *time.Timer
	mine = time.AfterFunc(pauseAfter, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.pause == mine { // else another line has come, or the draft is in force
			c.settle(context.Background())
		}
	})
	c.pause = mine
}

func (c *configuration) Settle(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settlePaused(ctx)
}

// settlePaused is settle, where lines wait for others. The caller has the lock.
func (c *configuration) settlePaused(ctx context.Context) {
	if c.pause != nil {
		c.settle(ctx)
	}
}

// calm forgets that the draft is to be put in force. The caller has the lock.
func (c *configuration) calm() {
	if c.pause != nil {
		c.pause.Stop()
	}
	c.pause = nil
}

// settle puts the draft in force if it is whole. The caller has the lock.
func (c *configuration) settle(ctx context.Context) {
	c.calm()
	whole, missing := c.draft.Whole()
	if c.failed = nil; len(missing) > 0 {
		return
	}
	c.draft = whole
	v, err := c.version(whole)
	if err == nil {
		err = c.enforce(ctx, v)
	}
	if c.failed = err; err != nil {
		c.log.Warn().Err(err).Msg("lines of the configuration are not in force") // who gave them may be gone
	}
}

// version is what a Model means now.
func (c *configuration) version(m *config.Model) (version, error) {
	built, err := c.build(m)
	return version{m, built}, err
}

// enforce puts a version in force. The caller has the lock.
func (c *configuration) enforce(ctx context.Context, v version) error {
	lacks, err := c.apply(ctx, v)
	if err == nil {
		c.draft, c.force, c.lacks, c.failed = v.Model, v, lacks, nil
	}
	return err
}

func (c *configuration) Pending() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settlePaused(context.Background())
	_, missing := c.draft.Whole()
	if len(missing) == 0 && c.failed != nil {
		missing = []string{c.failed.Error()}
	}
	if len(missing) == 0 {
		return c.lacks
	}
	text := []string{"The configuration is not in force:"}
	for _, m := range missing {
		text = append(text, " "+m)
	}
	return text
}

func (c *configuration) Startup() (string, error) {
	text, err := os.ReadFile(c.file)
	if err != nil {
		return "", fmt.Errorf("startup configuration: %w", err)
	}
	m, err := config.Parse(c.file, text)
	if err != nil {
		return "", err
	}
	return m.RunningConfig(), nil
}

func (c *configuration) Save(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settlePaused(context.Background())
	if _, lacks := c.draft.Whole(); len(lacks) > 0 {
		return fmt.Errorf("the configuration is not whole: %s", lacks[0])
	}
	if name == "" && c.failed != nil {
		return fmt.Errorf("the configuration is not in force, and the router would not start with it: %w", c.failed)
	}
	text := c.draft.Text()
	if _, err := config.Parse(cmp.Or(name, c.file), []byte(text)); err != nil { // as one that has grown too long
		return fmt.Errorf("the configuration could not be read again: %w", err)
	}
	if name == "" {
		return file.WriteKeeping(c.file, []byte(text))
	}
	name = c.path(name)
	if _, err := c.read(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is there and is no configuration", name)
	}
	return file.WriteKeeping(name, []byte(text))
}

// path is where a file is that an operator names: beside the one that the router starts from, if he does not say where.
func (c *configuration) path(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(filepath.Dir(c.file), file)
}

// read reads a configuration. Its errors show nothing of the file.
func (c *configuration) read(file string) (*config.Model, error) {
	text, err := readText(file)
	if err != nil {
		return nil, err
	}
	m, err := config.Parse(file, text)
	if err != nil {
		return nil, blind(err)
	}
	return m, nil
}

// readText reads a file, and no device.
func readText(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", file)
	}
	return os.ReadFile(file)
}

// blind is the errors of a text without its lines: they may be of a file of keys, and who names it one who may not read it.
func blind(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return errors.New("no configuration")
	}
	var list []error
	for _, e := range joined.Unwrap() {
		if bad, ok := e.(*config.Error); ok {
			list = append(list, fmt.Errorf("%s:%d: expected: %s", bad.File, bad.Line, bad.Expected))
		}
	}
	return errors.Join(list...)
}

func (c *configuration) Replace(ctx context.Context, by, file string, revert time.Duration) error {
	file = c.path(file)
	m, err := c.read(file)
	if err != nil {
		return fmt.Errorf("configure replace: %w", err)
	}
	v, err := c.version(m)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if revert > 0 { // else what waits is not worth putting in force
		c.settlePaused(ctx)
	}
	force := c.force
	if err := c.put(ctx, v, file, by); err != nil {
		return err
	}
	if revert > 0 {
		c.revertTo(force, revert)
	}
	return nil
}

// fromBefore is where a configuration comes from that there was already.
const fromBefore = "the configuration before"

// use puts a version in the place of the present configuration. The log is to say from where, and by whom.
func (c *configuration) use(ctx context.Context, v version, from, by string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(ctx, v, from, by)
}

// put is use, where the caller has the lock.
func (c *configuration) put(ctx context.Context, v version, from, by string) error {
	changes := !v.Equal(c.draft)
	if err := c.enforce(ctx, v); err != nil {
		return err
	}
	if changes {
		c.configured(from, by)
	}
	c.calm()
	return nil
}

// close stops the timer, when the router ends.
func (c *configuration) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
	c.calm()
	return nil
}

// lineError is an error of a line as the command line knows it.
func lineError(err error) error {
	var bad *config.EditError
	if !errors.As(err, &bad) {
		return err
	}
	problems := [...]cli.LineProblem{config.Invalid: cli.LineInvalid, config.Ambiguous: cli.LineAmbiguous, config.Incomplete: cli.LineIncomplete, config.Refused: cli.LineRefused}
	return &cli.LineError{Problem: problems[bad.Problem], Column: bad.Column, Expected: bad.Expected}
}
