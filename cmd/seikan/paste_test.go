package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"seikan/internal/config"
	"seikan/internal/config/configtest"
)

// Lines that come together are one change of the router's, a moment after the last of them, or before what follows them.
func TestLinesComeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, applied := testConfiguration(t)
		defer c.close()
		var path []string
		give := func(line string) (left bool) {
			t.Helper()
			e, err := c.Configure(t.Context(), path, line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			path = e.Path
			return e.Left
		}
		want := func(when string, n int) {
			t.Helper()
			synctest.Wait()
			if len(*applied) != n {
				t.Fatalf("%s: %d changes, want %d", when, len(*applied), n)
			}
		}
		for _, l := range []string{"crypto isakmp peer address 192.0.2.2", "description one", "hostname gw1", "hostname gw2"} {
			give(l)
			time.Sleep(pauseAfter / 2)
		}
		want("while lines come", 0)
		if _, err := c.Configure(t.Context(), path, "foo"); err == nil {
			t.Error("foo is taken")
		}
		time.Sleep(pauseAfter)
		want("after a pause", 1)
		give("hostname gw3")
		give("hostname gw3")
		c.Settle(t.Context())
		want("before a command", 2)
		time.Sleep(time.Second)
		want("and not again", 2)
		give("hostname gw4")
		if !give("end") {
			t.Error("end does not leave")
		}
		want("at the end", 3)
		give("hostname refused")
		if got := c.Pending(); len(got) != 2 || got[1] != " not that one" {
			t.Errorf("pending: %q", got)
		}
		give("hostname gw5")
		if err := c.Replace(t.Context(), "console", c.file, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		want("another configuration is in its place", 4)
		if got := c.Hostname(); got != "Router" {
			t.Errorf("it is %s", got)
		}
		give("hostname gw6")
		c.RevertAfter(time.Minute) // what was given before is not taken back
		give("hostname gw7")
		time.Sleep(2 * time.Minute)
		want("taken back", 7)
		if got := c.Hostname(); got != "gw6" {
			t.Errorf("taken back is all but %s, want gw6", got)
		}
	})
}

// BenchmarkPaste gives lines of another site to a router that has many, and puts them in force, each by itself or all together.
func BenchmarkPaste(b *testing.B) {
	const sites = 500
	text := "crypto ipsec transform-set TS esp-gcm 128\n" + configtest.Sites(0, sites) + "interface vA\n ip address 192.0.2.1 255.255.255.0\n crypto map CM\n"
	for _, each := range []bool{true, false} {
		b.Run(fmt.Sprintf("sites=%d/each=%v", sites, each), func(b *testing.B) {
			m, err := config.Parse("gw.conf", []byte(text))
			if err != nil {
				b.Fatal(err)
			}
			c := newConfiguration(zerolog.Nop(), "gw.conf", m, buildConfig, func(context.Context, version) ([]string, error) { return nil, nil })
			defer c.close()
			lines := 0
			var path []string
			for site := sites; b.Loop(); site++ {
				for l := range strings.Lines(configtest.Site(site)) {
					e, err := c.Configure(b.Context(), path, strings.TrimSuffix(l, "\n"))
					if err != nil {
						b.Fatal(err)
					}
					path = e.Path
					if lines++; each {
						c.Settle(b.Context())
					}
				}
			}
			c.Settle(b.Context())
			if p := c.Pending(); p != nil {
				b.Fatal(p)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(lines), "µs/line")
		})
	}
}

// What could not be put in force is tried again at `end`: what kept it may be mended on the system, as a network namespace that was missing.
func TestEndTriesAgain(t *testing.T) {
	c, applied := testConfiguration(t)
	defer c.close()
	var said strings.Builder
	c.log = zerolog.New(&said)
	put, missing := c.apply, errors.New("a VRF whose network namespace is there")
	c.apply = func(ctx context.Context, v version) ([]string, error) {
		if missing != nil {
			return nil, missing
		}
		return put(ctx, v)
	}
	if _, err := c.Configure(t.Context(), nil, "hostname gw1"); err != nil {
		t.Fatal(err)
	}
	if got := c.Pending(); len(got) != 2 {
		t.Fatalf("pending: %q", got)
	}
	if text := said.String(); !strings.Contains(text, missing.Error()) {
		t.Errorf("the log has %q", text)
	}
	missing = nil
	for range 2 {
		if e, err := c.Configure(t.Context(), nil, "end"); !e.Left || err != nil {
			t.Fatalf("end: %+v, %v", e, err)
		}
		if got := c.Pending(); len(got) != 0 || len(*applied) != 1 {
			t.Errorf("pending: %q, after %d changes", got, len(*applied))
		}
	}
}

// So is what of the configuration could not be put in force.
func TestEndTriesTheRestAgain(t *testing.T) {
	c, applied := testConfiguration(t)
	defer c.close()
	put, lacks := c.apply, []string{"no listener"}
	c.apply = func(ctx context.Context, v version) ([]string, error) {
		_, err := put(ctx, v)
		return lacks, err
	}
	for i, tt := range []struct {
		line           string
		lacks          []string
		pending, times int
	}{{"hostname gw1", lacks, 1, 1}, {"end", lacks, 1, 2}, {"end", nil, 0, 3}, {"end", nil, 0, 3}} {
		lacks = tt.lacks
		if _, err := c.Configure(t.Context(), nil, tt.line); err != nil {
			t.Fatal(err)
		}
		if got := c.Pending(); len(got) != tt.pending || len(*applied) != tt.times {
			t.Errorf("%d: %s: pending %q, after %d changes, want %d and %d", i, tt.line, got, len(*applied), tt.pending, tt.times)
		}
	}
}
