package tun

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// site is the addresses of one family: this host's, and a network behind the device with a host in it.
type site struct {
	family int
	local  netip.Addr
	net    netip.Prefix
	remote netip.Addr
}

var sites = []site{
	{unix.AF_INET, netip.MustParseAddr("10.1.0.1"), netip.MustParsePrefix("10.2.0.0/16"), netip.MustParseAddr("10.2.3.4")},
	{unix.AF_INET6, netip.MustParseAddr("fd00:1::1"), netip.MustParsePrefix("fd00:2::/64"), netip.MustParseAddr("fd00:2::4")},
}

func (s site) String() string {
	return fmt.Sprintf("IPv%d", map[int]int{unix.AF_INET: 4, unix.AF_INET6: 6}[s.family])
}

// open makes a device, and gives this host its addresses.
func open(t *testing.T, c Config) *Host {
	t.Helper()
	h, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sites {
		bits := s.local.BitLen()
		a := &netlink.Addr{IPNet: &net.IPNet{IP: s.local.AsSlice(), Mask: net.CIDRMask(bits, bits)}, Flags: unix.IFA_F_NODAD}
		if err := netlink.AddrReplace(lo, a); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); !isLocal(s.local); { // the kernel gets to it a little later (IPv6)
			if time.Since(began) > 5*time.Second {
				t.Fatalf("%v is not an address of this host", s.local)
			}
		}
	}
	return h
}

// isLocal reports whether this host takes packets to an address for its own.
func isLocal(a netip.Addr) bool {
	routes, err := netlink.RouteGet(a.AsSlice())
	return err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL
}

func siteRoutes() (rs []Route) {
	for _, s := range sites {
		rs = append(rs, Route{Dst: s.net, Src: s.local})
	}
	return rs
}

// wantRouting fails the test unless the table holds n routes into devices of each family, and the rule is there or not.
func wantRouting(t *testing.T, n int, rule bool) {
	t.Helper()
	for _, s := range sites {
		routes, err := netlink.RouteListFiltered(s.family, &netlink.Route{Table: RouteTable}, netlink.RT_FILTER_TABLE)
		routes = slices.DeleteFunc(routes, func(r netlink.Route) bool { return r.Type != unix.RTN_UNICAST })
		if err != nil || len(routes) != n {
			t.Errorf("%v: got routes %v, %v; want %d", s, routes, err, n)
		}
		rules, err := netlink.RuleList(s.family)
		if err != nil {
			t.Fatal(err)
		}
		ours := slices.ContainsFunc(rules, func(r netlink.Rule) bool {
			return r.Table == RouteTable && r.Priority == RulePriority && r.Mark == Mark && r.Invert
		})
		if ours != rule {
			t.Errorf("%v: got rules %v, want ours there: %v", s, rules, rule)
		}
	}
}

func TestOpen(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		if h.Name() != "seikan0" {
			t.Errorf("got name %q, want seikan0", h.Name())
		}
		for _, want := range []int{defaultMTU, 1300} {
			if want != defaultMTU {
				if err := h.SetMTU(want); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := h.MTU(); got != want || err != nil {
				t.Errorf("got MTU %d, %v; want %d", got, err, want)
			}
		}
		if err := h.SetMTU(-1); err == nil {
			t.Error("got no error for MTU -1")
		}
		for _, o := range offloads {
			if !h.uses(o.o) {
				t.Errorf("%v is off", o.o)
			}
		}
		addrs, mtu, err := InterfaceAddrs("", h.Name())
		if len(addrs) != 0 || mtu != 1300 || err != nil {
			t.Errorf("got addresses %v, MTU %d, %v; want none, MTU 1300", addrs, mtu, err)
		}
		ifc, err := net.InterfaceByName(h.Name())
		if err != nil || ifc.Flags&net.FlagUp == 0 {
			t.Errorf("got %+v, %v; want it up", ifc, err)
		}
		if second := open(t, Config{}); second.Name() != "seikan1" {
			t.Errorf("got name %q, want seikan1", second.Name())
		}
		if named := open(t, Config{Name: "vpn-a", MTU: 1280}); named.Name() != "vpn-a" {
			t.Errorf("got name %q, want vpn-a", named.Name())
		}
		for name, c := range map[string]Config{"taken": {Name: "vpn-a"}, "too long": {Name: "a-very-long-name-for-it"}, "MTU": {MTU: 1 << 20}} {
			if h, err := Open(c); err == nil {
				h.Close()
				t.Errorf("%s: got no error", name)
			}
		}
	})
}

func TestClose(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		if err := h.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		read := make(chan error)
		go func() {
			_, err := h.NewReader().ReadBatch()
			read <- err
		}()
		time.Sleep(20 * time.Millisecond) // most of the time the read waits by now; it must end either way
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, os.ErrClosed) {
			t.Errorf("read: got %v, want %v", err, os.ErrClosed)
		}
		if err := h.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
		if err := h.SetRoutes(siteRoutes(), nil); !errors.Is(err, os.ErrClosed) {
			t.Errorf("routes: got %v, want %v", err, os.ErrClosed)
		}
		if _, err := net.InterfaceByName("seikan0"); err == nil {
			t.Error("the device is still there")
		}
		wantRouting(t, 0, false)
	})
}

func TestSetRoutes(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		wantRouting(t, 0, false)
		other := []Route{{Dst: netip.MustParsePrefix("0.0.0.0/0")}, {Dst: netip.MustParsePrefix("::/0")}}
		for _, step := range []struct {
			name   string
			routes []Route
			n      int // of each family
		}{
			{"first", siteRoutes(), 1},
			{"again", siteRoutes(), 1},
			{"one more", append(other, siteRoutes()...), 2},
			{"without source", []Route{{Dst: sites[0].net}, {Dst: sites[1].net}}, 1},
			{"others", other, 1},
			{"none", nil, 0},
			{"back", siteRoutes(), 1},
		} {
			if err := h.SetRoutes(step.routes, nil); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			wantRouting(t, step.n, step.n > 0)
			if t.Failed() {
				t.Fatalf("at step %q", step.name)
			}
		}
		// One route that cannot be does not cost the others: the source address is not of this host.
		bad := Route{Dst: netip.MustParsePrefix("10.9.0.0/16"), Src: netip.MustParseAddr("198.51.100.1")}
		if err := h.SetRoutes(append([]Route{bad}, siteRoutes()...), nil); err == nil {
			t.Error("got no error for a source that is not here")
		}
		wantRouting(t, 1, true)
	})
}

func TestRuleIsShared(t *testing.T) {
	isolated(t, func(t *testing.T) {
		a, b := open(t, Config{}), open(t, Config{})
		if err := a.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		if err := b.SetRoutes([]Route{{Dst: netip.MustParsePrefix("10.3.0.0/16")}, {Dst: netip.MustParsePrefix("fd00:3::/64")}}, nil); err != nil {
			t.Fatal(err)
		}
		wantRouting(t, 2, true)
		a.Close()
		wantRouting(t, 1, true)
		// A process that is killed leaves its rules and barriers, not its device: what it protected is refused from then on.
		b.queue.Close()
		wantRouting(t, 0, true)
		c := open(t, Config{})
		if err := c.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		wantRouting(t, 1, true)
		c.Close()
		wantRouting(t, 0, true)
		d := open(t, Config{}) // with the routes of the killed one: it takes the barriers over, and away
		if err := d.SetRoutes([]Route{{Dst: netip.MustParsePrefix("10.3.0.0/16")}, {Dst: netip.MustParsePrefix("fd00:3::/64")}}, nil); err != nil {
			t.Fatal(err)
		}
		d.Close()
		wantRouting(t, 0, false)
	})
}

// When the device goes down what was to be protected is refused, and does not leave in the clear.
func TestBarrier(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		if err := h.SetRoutes([]Route{{Dst: netip.MustParsePrefix("10.0.0.0/8")}, {Dst: netip.MustParsePrefix("10.1.0.0/16"), Pass: true}}, nil); err != nil {
			t.Fatal(err)
		}
		find := func(to string) (int, error) {
			r, err := netlink.RouteGet(net.ParseIP(to))
			if err != nil || len(r) != 1 {
				return 0, err
			}
			return r[0].LinkIndex, nil
		}
		if got, err := find("10.2.0.1"); got != h.link.Attrs().Index {
			t.Errorf("to the other side: device %d, %v; want ours", got, err)
		}
		if got, err := find("10.1.0.77"); got == h.link.Attrs().Index {
			t.Errorf("to this side, which has no route: device %d, %v", got, err)
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: 1, Dst: ipNet(netip.MustParsePrefix("0.0.0.0/0"))}); err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetDown(h.link); err != nil {
			t.Fatal(err)
		}
		if got, err := find("10.2.0.1"); !errors.Is(err, unix.EHOSTUNREACH) {
			t.Errorf("with the device down: device %d, %v; want %v", got, err, unix.EHOSTUNREACH)
		}
		if got, err := find("10.1.0.77"); got != 1 {
			t.Errorf("to this side: device %d, %v; want the default route's", got, err)
		}
	})
}

// A route of another router's is not taken over.
func TestRouteOfAnother(t *testing.T) {
	isolated(t, func(t *testing.T) {
		a, b := open(t, Config{}), open(t, Config{})
		if err := a.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		if err := b.SetRoutes(siteRoutes(), nil); !errors.Is(err, unix.EEXIST) {
			t.Errorf("got %v, want %v", err, unix.EEXIST)
		}
		b.Close()
		wantRouting(t, 1, true)
	})
}

// TestPackets sends a datagram into the device and answers it there.
func TestPackets(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		if err := h.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		for _, s := range sites {
			conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.remote, 5000)))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr(); got != s.local {
				t.Errorf("%v: sent from %v, want the route's source %v", s, got, s.local)
			}
			payload := bytes.Repeat([]byte("seikan"), 50)
			if _, err := conn.Write(payload); err != nil {
				t.Fatal(err)
			}
			p := readPacket(t, h)
			if !bytes.HasSuffix(p, payload) {
				t.Fatalf("%v: got packet %x, want one with the payload", s, p)
			}
			if _, err := h.NewWriter().WriteBatch([][]byte{answer(p)}); err != nil {
				t.Fatal(err)
			}
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			got := make([]byte, 2048)
			n, err := conn.Read(got)
			if err != nil || !bytes.Equal(got[:n], payload) {
				t.Errorf("%v: got answer %x, %v; want what was sent", s, got[:n], err)
			}
		}
	})
}

// readPacket reads one packet.
func readPacket(t *testing.T, h *Host) []byte {
	t.Helper()
	frames, err := h.NewReader().ReadBatch()
	if err != nil || len(frames) != 1 {
		t.Fatalf("read: got %d frames, %v; want 1", len(frames), err)
	}
	ps := cutAll(t, frames)
	if len(ps) != 1 {
		t.Fatalf("read: got %d packets, want 1", len(ps))
	}
	return ps[0]
}

// answer swaps the ends of a UDP packet, which leaves its checksums right.
func answer(p []byte) []byte {
	at, size, header := 12, 4, 20
	if p[0]>>4 == 6 {
		at, size, header = 8, 16, 40
	}
	src, dst := p[at:at+size], p[at+size:at+2*size]
	a := slices.Concat(p[:at], dst, src, p[at+2*size:header])
	return slices.Concat(a, p[header+2:header+4], p[header:header+2], p[header+4:])
}

// TestMarkPassesBy: a route that covers the peer's own address takes all packets but those of the router's sockets.
func TestMarkPassesBy(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		if err := h.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		for _, s := range sites {
			for _, mark := range []int{0, Mark} {
				d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
					if e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, mark) }); e != nil {
						return e
					}
					return err
				}}
				conn, err := d.Dial("udp", netip.AddrPortFrom(s.remote, 5000).String())
				if err == nil {
					conn.Close()
				}
				if mark == 0 && err != nil || mark != 0 && !errors.Is(err, unix.ENETUNREACH) {
					t.Errorf("%v, mark %#x: got %v; want only the unmarked socket to have a route", s, mark, err)
				}
			}
		}
	})
}

// A destination has its own MTU from whenever it is told, whatever becomes of the device's, and those who send more are told so by the kernel.
func TestSetRouteMTU(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{MTU: 1400})
		if err := h.SetRouteMTU(sites[0].net, 1300); err != nil { // before there is the route
			t.Fatal(err)
		}
		if err := h.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			name   string
			do     func() error
			v4, v6 int // of the routes; 0: none of their own
		}{
			{"before the route", func() error { return nil }, 1300, 0},
			{"both", func() error { return h.SetRouteMTU(sites[1].net, 1290) }, 1300, 1290},
			{"device grows", func() error { return h.SetMTU(1438) }, 1300, 1290},
			{"device shrinks to one of them", func() error { return h.SetMTU(1290) }, 1300, 1290},
			{"device grows again", func() error { return h.SetMTU(1438) }, 1300, 1290},
			{"routes again", func() error { return h.SetRoutes(siteRoutes(), nil) }, 1300, 1290},
			{"without source", func() error { return h.SetRoutes([]Route{{Dst: sites[0].net}, {Dst: sites[1].net}}, nil) }, 1300, 1290},
			{"no more", func() error { return h.SetRouteMTU(sites[0].net, 0) }, 0, 1290},
			{"no route", func() error { return h.SetRouteMTU(netip.MustParsePrefix("10.77.0.0/16"), 1280) }, 0, 1290},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			wantRouting(t, 1, true)
			for i, want := range []int{step.v4, step.v6} {
				r, err := netlink.RouteGet(sites[i].remote.AsSlice())
				if err != nil || len(r) != 1 || r[0].MTU != want {
					t.Errorf("%s: %v: got %+v, %v; want MTU %d", step.name, sites[i], r, err, want)
				}
			}
		}
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(sites[1].remote, 5000)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		raw, _ := conn.SyscallConn()
		raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO)
		})
		if _, werr := conn.Write(make([]byte, 1290-48+1)); err != nil || !errors.Is(werr, unix.EMSGSIZE) {
			t.Errorf("too much: got %v, %v; want %v", err, werr, unix.EMSGSIZE)
		}
		if _, err := conn.Write(make([]byte, 1290-48)); err != nil {
			t.Errorf("what fits: %v", err)
		}
	})
}
