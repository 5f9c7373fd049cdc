package seikan

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/sadb"
)

// What the host learns of a path is the device's MTU, within limits, until it is forgotten; of others nothing is kept.
func TestPathMTU(t *testing.T) {
	gcm := esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		paths, err := g.a.router.Paths(t.Context())
		if err != nil || len(paths) != 1 || paths[0].Local.Addr() != outerA || paths[0].Remote.Addr() != outerB {
			t.Fatalf("got paths %v, %v", paths, err)
		}
		g.a.mtus = nil
		for _, n := range []int{1300, 1300, 100, 0} {
			if err := g.a.router.PathMTU(t.Context(), sadb.Host{Addr: outerB}, n); err != nil {
				t.Fatal(err)
			}
			if err := g.a.router.PathMTU(t.Context(), sadb.Host{Addr: netip.MustParseAddr("192.0.2.99")}, n); err != nil {
				t.Fatal(err)
			}
		}
		want := []int{gcm.MaxInner(1300 - 28), gcm.MaxInner(576 - 28), gcm.MaxInner(1500 - 28)}
		g.a.wantLog(3, "path MTU changed")
		g.a.stop()
		if !slices.Equal(g.a.mtus, want) {
			t.Errorf("got MTUs %v, want %v", g.a.mtus, want)
		}
	})
}

// A listing shows the path's, also after a change of the configuration.
func TestPathMTUShown(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		c := siteConfig(outerA, outerB, innerA, innerB)
		for _, step := range []struct {
			do   func() error
			want int
		}{
			{func() error { return nil }, 1500},
			{func() error { return g.a.router.PathMTU(t.Context(), sadb.Host{Addr: outerB}, 1400) }, 1400},
			{func() error {
				return g.a.router.Reconfigure(t.Context(), Change{IKE: c.IKE, Policies: c.Policies, Session: c.Session})
			}, 1400},
			{func() error { return g.a.router.PathMTU(t.Context(), sadb.Host{Addr: outerB}, 0) }, 1500},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if s := g.a.session(); len(s.Children) != 1 || s.Children[0].MTU != step.want {
				t.Errorf("got %+v, want MTU %d", s.Children, step.want)
			}
		}
	})
}
