package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"seikan/internal/config"
)

// What comes back comes back with the keys that it had, whatever has become of the key file.
func TestRevertKeepsKeys(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(keys string) error
		revert func(c *configuration) error
	}{
		{"another key", func(keys string) error { return os.WriteFile(keys, []byte("B swordfish-two\n"), 0o600) }, nil},
		{"no such key", func(keys string) error { return os.WriteFile(keys, []byte("C swordfish-two\n"), 0o600) }, nil},
		{"a line that is wrong", func(keys string) error { return os.WriteFile(keys, []byte("B\n"), 0o600) }, nil},
		{"no file", os.Remove, nil},
		{"at once", os.Remove, func(c *configuration) error { return c.Revert(t.Context(), "console") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			keys := filepath.Join(dir, "keys")
			if err := os.WriteFile(keys, []byte("B swordfish-one\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			m := parsed(t, "key file "+keys+"\n"+strings.Replace(startText, "pre-shared-key a-test-key", "pre-shared-key file B", 1))
			synctest.Test(t, func(t *testing.T) {
				var force []string // the keys that came in force
				c := newConfiguration(zerolog.Nop(), "gw.conf", m, buildConfig, func(_ context.Context, v version) ([]string, error) {
					force = append(force, string(v.built.IKE.Peers[0].LocalKey))
					return nil, nil
				})
				defer c.close()
				c.RevertAfter(2 * time.Minute)
				if _, err := c.Configure(t.Context(), nil, "hostname gw1"); err != nil {
					t.Fatal(err)
				}
				c.Settle(t.Context())
				if err := tt.change(keys); err != nil {
					t.Fatal(err)
				}
				if tt.revert != nil {
					if err := tt.revert(c); err != nil {
						t.Error(err)
					}
				}
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				if len(force) != 2 || force[1] != "swordfish-one" || c.Hostname() != "Router" || c.revert != nil {
					t.Errorf("in force came %q, it is %s, want swordfish-one and Router", force, c.Hostname())
				}
			})
		})
	}
}

// What cannot come back is tried again, until it is back or somebody confirms what is there.
func TestRevertTriesAgain(t *testing.T) {
	for _, confirm := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, applied := testConfiguration(t)
			defer c.close()
			var log lockedBuffer
			c.log = zerolog.New(&log)
			put := c.apply
			var broken atomic.Bool
			var tries atomic.Int32
			c.apply = func(ctx context.Context, v version) ([]string, error) {
				if broken.Load() {
					tries.Add(1)
					return nil, errors.New("a VRF whose network namespace is there")
				}
				return put(ctx, v)
			}
			c.RevertAfter(2 * time.Minute)
			if _, err := c.Configure(t.Context(), nil, "hostname gw1"); err != nil {
				t.Fatal(err)
			}
			c.Settle(t.Context())
			broken.Store(true)
			if err := c.Revert(t.Context(), "console"); err == nil {
				t.Error("it is back")
			}
			time.Sleep(4*time.Minute + time.Second) // which is three tries more
			synctest.Wait()
			if got := strings.Count(log.String(), "is not in force again"); got != 3 || tries.Load() != 4 {
				t.Errorf("tried %d times and told %d times, want 4 and 3: %s", tries.Load(), got, log.String())
			}
			want := "Router"
			if confirm {
				want = "gw1"
				if err := c.Confirm(); err != nil {
					t.Error(err)
				}
			}
			broken.Store(false)
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := c.Hostname(); got != want || len(*applied) != map[string]int{"Router": 2, "gw1": 1}[want] {
				t.Errorf("it is %s after %d changes, want %s", got, len(*applied), want)
			}
			if err := c.Confirm(); !errors.Is(err, errNoRevert) {
				t.Errorf("then somebody waits: %v", err)
			}
		})
	}
}

// newConfiguration is that of a router which has a Model in force.
func newConfiguration(log zerolog.Logger, file string, m *config.Model, build func(*config.Model) (config.Built, error), apply func(context.Context, version) ([]string, error)) *configuration {
	built, _ := build(m)
	return &configuration{log: log, file: file, build: build, apply: apply, draft: m, force: version{m, built}}
}
