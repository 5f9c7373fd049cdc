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

// A device for crypto maps carries what fits the widest Child SA; destinations that less fits to have less, told once and before the device grows.
// Of the device for all and that of an inside VRF neither has to do with the other, though the destinations are the same.
func TestRouteMTUs(t *testing.T) {
	for via, other := range map[string]string{"": "RED", "RED": ""} {
		t.Run("device "+via, func(t *testing.T) { testRouteMTUs(t, via, other) })
	}
}

func testRouteMTUs(t *testing.T, via, other string) {
	var (
		near = netip.MustParsePrefix("10.1.0.0/16")
		far  = netip.MustParsePrefix("10.2.0.0/16")
		six  = netip.MustParsePrefix("fd00:3::/64")
		told []string
		fail bool
	)
	c := &control{Router: &Router{}, fits: newFits()}
	c.cfg.Log = zerolog.Nop()
	tell := func(of string) (func(int) error, func(netip.Prefix, int) error) {
		if of == other {
			of = "other "
		} else {
			of = ""
		}
		return func(n int) error { told = append(told, fmt.Sprint(of, n)); return nil },
			func(p netip.Prefix, n int) error {
				if fail {
					return errors.ErrUnsupported
				}
				told = append(told, fmt.Sprint(of, p, " ", n))
				return nil
			}
	}
	c.cfg.SetMTU, c.cfg.SetRouteMTU = tell("")
	red := &tunnel{Tunnel: Tunnel{Name: "RED", Maps: true}}
	red.SetMTU, red.SetRouteMTU = tell("RED")
	c.tunnels.Store(&map[string]*tunnel{"RED": red, "Tunnel0": {Tunnel: Tunnel{Name: "Tunnel0"}}})
	add := func(spi esp.SPI, via string, n int, to ...netip.Prefix) func() {
		return func() { c.fits.add(spi, fit{width{via, n}, to}) }
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"nothing known", func() {}, nil},
		{"the first", add(1, via, 1238, near), []string{"1238"}},
		{"a wider one", add(2, via, 1438, far), []string{"10.1.0.0/16 1238", "1438"}},
		{"again", add(2, via, 1438, far), nil},
		{"a tunnel interface's", add(3, "Tunnel0", 1000), nil},
		{"another device's", add(7, other, 1000, near), []string{"other 1000"}},
		{"one more to a destination", add(4, via, 1200, near), []string{"10.1.0.0/16 1200"}},
		{"one that changes nothing", add(5, via, 1300, near), nil},
		{"the other device becomes wider", add(8, other, 1400, far), []string{"other 10.1.0.0/16 1000", "other 1400"}},
		{"IPv6 has a least", add(6, via, 1100, six), []string{"fd00:3::/64 1280"}},
		{"it goes", func() { c.fits.remove(6) }, []string{"fd00:3::/64 0"}},
		{"the kernel refuses", func() { fail = true; c.fits.remove(4) }, nil},
		{"it is tried again with the next change", func() { fail = false; add(5, via, 1301, near)() }, []string{"10.1.0.0/16 1238"}},
		{"the narrow ones become wide", func() { c.fits.remove(5); add(1, via, 1438, near)() }, []string{"10.1.0.0/16 0"}},
		{"all become narrow", func() { add(1, via, 1300, near)(); add(2, via, 1300, far)() }, []string{"1300"}},
		{"gone twice", func() { c.fits.remove(1); c.fits.remove(1) }, nil},
		{"the other device's go", func() { c.fits.remove(7); c.fits.remove(8) }, []string{"other 10.1.0.0/16 0"}},
		{"all gone", func() { c.fits.remove(2) }, nil},
	} {
		told = nil
		step.do()
		c.updateMTU()
		if !slices.Equal(told, step.want) {
			t.Errorf("%s: got %v, want %v", step.name, told, step.want)
		}
	}
	if len(c.fits.to) != 0 || len(c.fits.count) != 1 || len(c.fits.dirty) != 0 || len(c.told.narrow) != 0 || len(red.told.narrow) != 0 {
		t.Errorf("left: %+v, %v, %v", c.fits, c.told, red.told)
	}
}
