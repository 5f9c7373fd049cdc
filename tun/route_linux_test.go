package tun

import (
	"maps"
	"net/netip"
	"testing"
)

func TestNewRouteSet(t *testing.T) {
	net4, src4 := netip.MustParsePrefix("10.2.0.0/16"), netip.MustParseAddr("10.1.0.1")
	net6, src6 := netip.MustParsePrefix("fd00:2::/64"), netip.MustParseAddr("fd00:1::1")
	for _, test := range []struct {
		name   string
		routes []Route
		want   routeSet
		bad    bool
	}{
		{name: "none", want: routeSet{}},
		{name: "both families", routes: []Route{{Dst: net4, Src: src4}, {Dst: net6}}, want: routeSet{net4: {Dst: net4, Src: src4}, net6: {Dst: net6}}},
		{name: "host bits", routes: []Route{{Dst: netip.MustParsePrefix("10.2.3.4/16")}}, want: routeSet{net4: {Dst: net4}}},
		{name: "first counts", routes: []Route{{Dst: net4, Src: src4}, {Dst: net4}}, want: routeSet{net4: {Dst: net4, Src: src4}}},
		{name: "no destination", routes: []Route{{Src: src4}}, bad: true},
		{name: "families differ", routes: []Route{{Dst: net4, Src: src6}}, bad: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := newRouteSet(test.routes)
			if (err != nil) != test.bad {
				t.Fatalf("got error %v, want one: %v", err, test.bad)
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
