package seikan

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/session"
	"seikan/tun"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"no device", func(c *Config) { c.Device = nil }, "no device"},
		{"no sockets", func(c *Config) { c.Sockets = nil }, "no sockets"},
		{"socket without a conn", func(c *Config) { c.Sockets = append(c.Sockets, Socket{}) }, "socket 1 has no conn"},
		{"socket twice", func(c *Config) { c.Sockets = append(c.Sockets, c.Sockets[0]) }, "socket 192.0.2.1:4500 is there twice"},
		{"policy twice", func(c *Config) { c.Policies = append(c.Policies, c.Policies[0]) }, `policy "P" is there twice`},
		{"flow without a policy", func(c *Config) { c.Policies = nil }, `flow "P" is no policy`},
		{"bad peer", func(c *Config) { c.IKE.Peers[0].Remote = netip.Addr{} }, `peer "CM 10"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := siteConfig(outerA, outerB, innerA, innerB)
			c.Device, c.Sockets = &sinkDevice{}, []Socket{{Conn: newCable(netip.AddrPortFrom(outerA, 4500)), NATT: true}}
			tt.change(&c)
			if _, err := New(c); err == nil || !strings.HasPrefix(err.Error(), "seikan: config: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %s", err, tt.want)
			}
		})
	}
}

// broken is a device that fails, once it is told to.
type broken struct {
	sinkDevice
	fail   chan error
	closed atomic.Int32
}

func (d *broken) NewReader() tun.Reader           { return d }
func (d *broken) ReadBatch() ([]tun.Frame, error) { return nil, <-d.fail }
func (d *broken) Close() error                    { d.closed.Add(1); return nil }

func TestRunEndsWithTheDevice(t *testing.T) {
	dev := &broken{fail: make(chan error, 1)}
	r, err := New(Config{
		Device: dev, Sockets: []Socket{{Conn: newCable(netip.AddrPortFrom(outerA, 4500)), NATT: true}}, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := errors.New("cable pulled")
	dev.fail <- want
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := r.Run(ctx); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if ctx.Err() != nil || dev.closed.Load() != 1 {
		t.Errorf("device closed %d times, context %v; want once, and before the context ended", dev.closed.Load(), ctx.Err())
	}
}

func TestInstallFailureEndsTheIKESA(t *testing.T) {
	// A replay window that ESP does not take, and IKE does not look at.
	bad := func(a, _ *Config) { a.IKE.Peers[0].Flows[0].Window = 100 }
	engine(t, bad, func(t *testing.T, g *rig) {
		g.a.send(0, 0)
		time.Sleep(time.Second)
		g.a.wantLog(1, "child SA could not be installed")
		for _, e := range []*end{g.a, g.b} {
			e.wantStatus(session.Down)
		}
		if got := g.a.session().LastReason; got != "local failure" {
			t.Errorf("got reason %q, want that the failure was here", got)
		}
	})
}
