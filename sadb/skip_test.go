package sadb

import (
	"net/netip"
	"testing"
	"time"

	"seikan/esp"
)

// A line that denies sends a flow on to the next group, outbound and inbound (an access list in an entry of a crypto map), and what none of
// those takes is not to be protected.
func TestSkip(t *testing.T) {
	sel := func(p string) []Selector { return []Selector{SelectorFromPrefix(netip.MustParsePrefix(p), 0)} }
	var db DB
	db.SetPolicies([]Policy{
		{ID: "10/deny", Group: "CM 10", Action: Skip, Local: sel("10.1.0.0/16"), Remote: sel("10.2.9.0/24")},
		{ID: "10/permit", Group: "CM 10", Action: Protect, Local: sel("10.1.0.0/16"), Remote: sel("10.2.0.0/16")},
		{ID: "20/deny", Group: "CM 20", Action: Skip, Local: sel("10.1.0.0/16"), Remote: sel("10.2.9.9/32")},
		{ID: "20/permit", Group: "CM 20", Action: Protect, Local: sel("10.1.0.0/16"), Remote: sel("10.2.9.0/24")},
	})
	suite := esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}
	for i, c := range []struct {
		policy PolicyID
		remote string
	}{{"10/permit", "10.2.0.0/16"}, {"20/permit", "10.2.9.0/24"}} {
		_, err := db.Install(time.Unix(1, 0), ChildSpec{
			Policies: []PolicyID{c.policy}, Local: sel("10.1.0.0/16"), Remote: sel(c.remote),
			In: esp.Params{SPI: esp.SPI(1000 + i), Suite: suite, Key: make(esp.Secret, 20)}, Out: esp.Params{SPI: 2000, Suite: suite, Key: make(esp.Secret, 20)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, remote string
		action       Action
		out          PolicyID // of the route
		in10, in20   PolicyID // of what comes in on the SA of each entry
	}{
		{"permitted by 10", "10.2.1.1", Protect, "10/permit", "10/permit", ""},
		{"denied by 10, permitted by 20", "10.2.9.1", Protect, "20/permit", "", "20/permit"},
		{"denied by both", "10.2.9.9", Bypass, "20/deny", "", ""},
		{"no match", "10.3.0.1", Discard, "", "", ""},
	} {
		id := func(e *Entry) PolicyID {
			if e == nil {
				return ""
			}
			return e.ID
		}
		f := Flow{Src: netip.MustParseAddr("10.1.0.1"), Dst: netip.MustParseAddr(tt.remote), Proto: 17}
		to := db.Route(f)
		if to.Action != tt.action || id(to.Policy) != tt.out || (to.Out != nil) != (tt.action == Protect) {
			t.Errorf("%s: routed to %q, action %v (%v), want %q, action %v", tt.name, id(to.Policy), to.Action, to.Out != nil, tt.out, tt.action)
		}
		for spi, want := range map[esp.SPI]PolicyID{1000: tt.in10, 1001: tt.in20} {
			if got := id(db.Lookup(spi).Permit(f.Reverse())); got != want {
				t.Errorf("%s: on SPI %v got policy %q, want %q", tt.name, spi, got, want)
			}
		}
	}
}
