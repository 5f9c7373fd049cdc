package seikan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/rs/zerolog"

	"seikan/esp"
)

// The device carries what fits the widest Child SA; destinations that less fits to have less, told once and before the device grows.
func TestRouteMTUs(t *testing.T) {
	var (
		near = netip.MustParsePrefix("10.1.0.0/16")
		far  = netip.MustParsePrefix("10.2.0.0/16")
		six  = netip.MustParsePrefix("fd00:3::/64")
		told []string
		fail bool
	)
	c := &control{Router: &Router{}, fits: newFits(), narrow: make(map[netip.Prefix]int)}
	c.cfg.Log = zerolog.Nop()
	c.cfg.SetMTU = func(n int) error { told = append(told, fmt.Sprint(n)); return nil }
	c.cfg.SetRouteMTU = func(p netip.Prefix, n int) error {
		if fail {
			return errors.ErrUnsupported
		}
		told = append(told, fmt.Sprint(p, " ", n))
		return nil
	}
	add := func(spi esp.SPI, via string, n int, to ...netip.Prefix) func() {
		return func() { c.fits.add(spi, fit{width{via, n}, to}) }
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"nothing known", func() {}, nil},
		{"the first", add(1, "", 1238, near), []string{"1238"}},
		{"a wider one", add(2, "", 1438, far), []string{"10.1.0.0/16 1238", "1438"}},
		{"again", add(2, "", 1438, far), nil},
		{"a tunnel interface's", add(3, "Tunnel0", 1000), nil},
		{"one more to a destination", add(4, "", 1200, near), []string{"10.1.0.0/16 1200"}},
		{"one that changes nothing", add(5, "", 1300, near), nil},
		{"IPv6 has a least", add(6, "", 1100, six), []string{"fd00:3::/64 1280"}},
		{"it goes", func() { c.fits.remove(6) }, []string{"fd00:3::/64 0"}},
		{"the kernel refuses", func() { fail = true; c.fits.remove(4) }, nil},
		{"it is tried again with the next change", func() { fail = false; add(5, "", 1301, near)() }, []string{"10.1.0.0/16 1238"}},
		{"the narrow ones become wide", func() { c.fits.remove(5); add(1, "", 1438, near)() }, []string{"10.1.0.0/16 0"}},
		{"all become narrow", func() { add(1, "", 1300, near)(); add(2, "", 1300, far)() }, []string{"1300"}},
		{"gone twice", func() { c.fits.remove(1); c.fits.remove(1) }, nil},
		{"all gone", func() { c.fits.remove(2) }, nil},
	} {
		told = nil
		step.do()
		c.updateMTU()
		if step.name == "all become narrow" { // in any order before
			slices.Sort(told)
		}
		if !slices.Equal(told, step.want) {
			t.Errorf("%s: got %v, want %v", step.name, told, step.want)
		}
	}
	if len(c.fits.to) != 0 || len(c.fits.count) != 1 || len(c.fits.dirty) != 0 || len(c.narrow) != 0 {
		t.Errorf("left: %+v, %v", c.fits, c.narrow)
	}
}
