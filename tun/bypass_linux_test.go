package tun

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// way is the device that the host sends a packet of a flow by, or what stops it.
func way(t *testing.T, args string) string {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields("route get "+args)...).CombinedOutput()
	switch _, after, ok := strings.Cut(string(out), " dev "); {
	case ok && err == nil:
		return strings.Fields(after)[0]
	case strings.Contains(string(out), "No route to host"):
		return "refused"
	}
	t.Fatalf("ip route get %s: %v\n%s", args, err, out)
	return ""
}

// defaults gives the host addresses to send from, and default routes by an interface d0.
func defaults(t *testing.T) {
	t.Helper()
	d0 := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "d0"}, PeerName: "d1"}
	if err := netlink.LinkAdd(d0); err != nil {
		t.Fatal(err)
	}
	d1, err := netlink.LinkByName("d1")
	if err = errors.Join(err, netlink.LinkSetUp(d0), netlink.LinkSetUp(d1)); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"10.10.10.1/32", "10.10.10.5/32", "10.10.20.5/32", "fd00:10::1/128", "fd00:10::5/128"} {
		p := netip.MustParsePrefix(a)
		if err := netlink.AddrAdd(d0, &netlink.Addr{IPNet: ipNet(p), Flags: unix.IFA_F_NODAD}); err != nil {
			t.Fatal(err)
		}
	}
	for _, dst := range []string{"0.0.0.0/0", "::/0"} {
		_, all, _ := net.ParseCIDR(dst)
		r := &netlink.Route{LinkIndex: d0.Index, Dst: all}
		if dst == "0.0.0.0/0" {
			r.Scope = netlink.SCOPE_LINK
		}
		if err := netlink.RouteAdd(r); err != nil {
			t.Fatal(err)
		}
	}
}

var bypassRoutes = []Route{{Dst: netip.MustParsePrefix("10.30.30.0/24")}, {Dst: netip.MustParsePrefix("fd00:30::/64")}}

var bypassLines = []string{
	"CM10 deny 0 10.10.10.5/32 0-65535 0.0.0.0/0 0-65535",
	"CM10 permit 0 10.10.10.0/24 0-65535 10.30.30.0/24 0-65535",
	"CM20 deny 6 10.10.20.0/24 0-65535 10.30.30.0/24 443-443",
	"CM20 permit 0 10.10.20.0/24 0-65535 10.30.30.0/24 0-65535",
	"CM30 permit 0 10.10.10.5/32 0-65535 10.30.30.9/32 0-65535",
	"CM40 deny 0 fd00:10::5/128 0-65535 ::/0 0-65535",
	"CM40 permit 0 fd00:10::/64 0-65535 fd00:30::/64 0-65535",
}

// bypassWays are where flows go with these lines, and where without.
var bypassWays = []struct{ flow, want, without string }{
	{"10.30.30.1 from 10.10.10.1", "seikan0", "seikan0"},
	{"10.30.30.1 from 10.10.10.5", "d0", "seikan0"},
	{"10.30.30.9 from 10.10.10.5", "seikan0", "seikan0"}, // denied by one entry, permitted by another
	{"10.30.30.1 from 10.10.20.5", "seikan0", "seikan0"},
	{"10.30.30.1 from 10.10.20.5 ipproto tcp dport 443", "d0", "seikan0"},
	{"10.30.30.1 from 10.10.20.5 ipproto udp dport 443", "seikan0", "seikan0"},
	{"10.30.30.1 from 10.10.20.5 ipproto tcp dport 80", "seikan0", "seikan0"},
	{"10.40.40.1 from 10.10.10.5", "d0", "d0"},
	{"fd00:30::1 from fd00:10::1", "seikan0", "seikan0"},
	{"fd00:30::1 from fd00:10::5", "d0", "seikan0"},
}

func wantWays(t *testing.T, lines bool) {
	t.Helper()
	for _, w := range bypassWays {
		want := w.without
		if lines {
			want = w.want
		}
		if got := way(t, w.flow); got != want {
			t.Errorf("%s: got %s, want %s", w.flow, got, want)
		}
	}
}

func allRules(t *testing.T) (text []string) {
	t.Helper()
	for _, family := range families {
		rules, err := netlink.RuleList(family)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			text = append(text, r.String())
		}
	}
	return text
}

func TestLines(t *testing.T) {
	isolated(t, func(t *testing.T) {
		defaults(t)
		before := allRules(t)
		h, err := Open(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		all := lines(t, bypassLines...)
		for _, step := range []struct {
			name  string
			lines []Line
		}{{"lines", all}, {"the same", all}, {"none", nil}, {"lines again", all}, {"none that denies", all[1:2]}, {"back", all}} {
			if err := h.SetRoutes(bypassRoutes, step.lines); err != nil {
				t.Fatal(err)
			}
			wantWays(t, len(step.lines) > 1)
			if t.Failed() {
				t.Fatalf("at step %q", step.name)
			}
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if after := allRules(t); !slices.Equal(after, before) {
			t.Errorf("got rules %v, want %v", after, before)
		}
	})
}

// Without its last rule a chain lets nothing pass, however much of it there is.
func TestLinesFailSafe(t *testing.T) {
	isolated(t, func(t *testing.T) {
		defaults(t)
		h, err := Open(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if err := h.SetRoutes(bypassRoutes, nil); err != nil {
			t.Fatal(err)
		}
		c, err := compile(lines(t, bypassLines...))
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			rules := c.of(family).rules(family)
			for _, r := range rules[:len(rules)-1] {
				if err := netlink.RuleAdd(r); err != nil {
					t.Fatal(err)
				}
				wantWays(t, false)
			}
		}
		if err := h.SetRoutes(bypassRoutes, lines(t, bypassLines...)); err != nil { // what is left of it is in nobody's way
			t.Fatal(err)
		}
		wantWays(t, true)
	})
}

// What passes by one device takes the routes of tunnel interfaces all the same. Another router cannot be beside one with such lines.
func TestLinesBesideOthers(t *testing.T) {
	isolated(t, func(t *testing.T) {
		defaults(t)
		opened := func(c Config) *Host {
			h, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { h.Close() })
			return h
		}
		tunnel := opened(Config{Name: "Tunnel0", Static: true})
		if err := tunnel.SetRoutes([]Route{{Dst: netip.MustParsePrefix("10.0.0.0/8")}}, nil); err != nil {
			t.Fatal(err)
		}
		all := lines(t, bypassLines...)
		a, b := opened(Config{}), opened(Config{})
		if err := a.SetRoutes(bypassRoutes, all); err != nil {
			t.Fatal(err)
		}
		for flow, want := range map[string]string{"10.30.30.1 from 10.10.10.1": "seikan0", "10.30.30.1 from 10.10.10.5": "Tunnel0", "10.40.0.1 from 10.10.10.5": "Tunnel0"} {
			if got := way(t, flow); got != want {
				t.Errorf("%s: got %s, want %s", flow, got, want)
			}
		}
		other := []Route{{Dst: netip.MustParsePrefix("10.50.0.0/16")}}
		if err := b.SetRoutes(other, nil); !errors.Is(err, ErrShared) {
			t.Errorf("another router beside one with lines: got %v, want %v", err, ErrShared)
		}
		if err := a.SetRoutes(bypassRoutes, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.SetRoutes(other, nil); err != nil {
			t.Fatal(err)
		}
		if err := a.SetRoutes(bypassRoutes, all); !errors.Is(err, ErrShared) {
			t.Errorf("lines beside another router: got %v, want %v", err, ErrShared)
		}
	})
}

// A router that is killed leaves a host that sends nothing in the clear but what was denied. The next one takes away what it does not have
// itself.
func TestKilledWithLines(t *testing.T) {
	isolated(t, func(t *testing.T) {
		defaults(t)
		before := allRules(t)
		killed, err := Open(Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := killed.SetRoutes(bypassRoutes, lines(t, bypassLines...)); err != nil {
			t.Fatal(err)
		}
		killed.release()
		for flow, want := range map[string]string{"10.30.30.1 from 10.10.10.1": "refused", "10.30.30.1 from 10.10.10.5": "d0", "fd00:30::1 from fd00:10::5": "d0"} {
			if got := way(t, flow); got != want {
				t.Errorf("%s: got %s, want %s", flow, got, want)
			}
		}
		next, err := Open(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close()
		if err := next.SetRoutes([]Route{{Dst: netip.MustParsePrefix("10.50.0.0/16")}}, nil); err != nil {
			t.Fatal(err)
		}
		if got := way(t, "10.30.30.1 from 10.10.10.5"); got != "refused" {
			t.Errorf("before the sweep, without the lines: got %s, want it refused", got)
		}
		other, err := Open(Config{}) // which somebody has set down: what is left may be its
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(netlink.LinkSetDown(other.link), Sweep("", next)); err != nil {
			t.Fatal(err)
		}
		if got := way(t, "10.30.30.1 from 10.10.10.1"); got != "refused" {
			t.Errorf("swept beside another router: got %s, want it refused", got)
		}
		if err := errors.Join(other.Close(), Sweep("", next)); err != nil {
			t.Fatal(err)
		}
		for flow, want := range map[string]string{"10.30.30.1 from 10.10.10.1": "d0", "10.50.0.1 from 10.10.10.1": next.Name()} {
			if got := way(t, flow); got != want {
				t.Errorf("after the sweep: %s: got %s, want %s", flow, got, want)
			}
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
		if after := allRules(t); !slices.Equal(after, before) {
			t.Errorf("got rules %v, want %v", after, before)
		}
	})
}

// Routes and rules that somebody removes come back.
func TestMend(t *testing.T) {
	isolated(t, func(t *testing.T) {
		defaults(t)
		h, err := Open(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		routes := append([]Route{{Dst: netip.MustParsePrefix("10.30.30.128/25"), Pass: true}}, bypassRoutes...)
		if err := h.SetRoutes(routes, lines(t, bypassLines...)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		mended, ended := make(chan []string, 1000), make(chan error, 1)
		go func() {
			ended <- WatchRoutes(ctx, "", func() {
				list, err := h.Mend()
				if err != nil {
					t.Error(err)
				}
				mended <- list
			})
		}()
		ip := func(args string) {
			t.Helper()
			if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
				t.Fatalf("ip %s: %v\n%s", args, err, out)
			}
		}
		settled := func() string {
			var all []string
			for _, args := range []string{"rule show", "-6 rule show", "route show table 4500", "-6 route show table 4500"} {
				out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
				if err != nil {
					t.Fatalf("ip %s: %v\n%s", args, err, out)
				}
				all = append(all, string(out))
			}
			return strings.Join(all, "")
		}
		want := settled()
		for len(mended) == 0 { // the watch says nothing when it begins; this is a rule of somebody else's
			ip("rule add priority 9999 table main")
			ip("rule del priority 9999")
			time.Sleep(time.Millisecond)
		}
		for _, tt := range []struct{ remove, mended string }{
			{"route del 10.30.30.0/24 dev seikan0 table 4500", "route 10.30.30.0/24 of table 4500"},
			{"-6 route flush table 4500", "route fd00:30::/64 of table 4500"},
			{"route flush table 4500", "route 10.30.30.0/24 of table 4500"},
			{"rule del priority 4500", "rule 4500"},
			{"-6 rule del priority 4501", "rules of lines that deny"},
			{"link set seikan0 down", ""},
			{"link set seikan0 up", "route 10.30.30.0/24 of table 4500"},
		} {
			ip(tt.remove)
			if tt.mended == "" {
				continue
			}
			late, got := time.After(time.Minute), []string(nil)
			for !slices.Contains(got, tt.mended) || settled() != want { // what goes in several steps may be mended in several
				select {
				case list := <-mended:
					got = append(got, list...)
				case <-time.After(50 * time.Millisecond):
				case <-late:
					t.Fatalf("%s: mended %q, want %q, and\n%s\nas before,\n%s", tt.remove, got, tt.mended, settled(), want)
				}
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
