package interop

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

var octets = flag.Int64("octets", 8<<20, "length of each transfer of TestTransfer")

const transferPort = 7000

// sum is the SHA-256 of what was sent or received.
type sum [sha256.Size]byte

// pour sends octets that begin with a seed of their own and gives their hash.
func pour(c *net.TCPConn, seed byte, n int64) (s sum, err error) {
	h := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(c, h), rand.NewChaCha8([32]byte{seed}), n); err != nil {
		return s, fmt.Errorf("send: %w", err)
	}
	return sum(h.Sum(nil)), c.CloseWrite()
}

// drain receives to the end.
func drain(c *net.TCPConn) (s sum, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, c)
	return sum(h.Sum(nil)), n, err
}

// transfer sends octets from A to B and others from B to A at the same time, and compares the hashes at both ends.
func transfer(t *testing.T, l *Lab, from, to string, n int64) {
	t.Helper()
	at := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(to), transferPort))
	var ln *net.TCPListener
	l.B.Enter(t, func() (err error) {
		ln, err = net.ListenTCP("tcp", at)
		return err
	})
	defer ln.Close()
	limit := time.Now().Add(time.Minute + time.Duration(n/1e6)*time.Second) // a megabyte a second at the worst
	_ = ln.SetDeadline(limit)
	type result struct {
		sent, received sum
		n              int64
		err            error
	}
	both := func(c *net.TCPConn, seed byte) (r result) {
		defer c.Close()
		_ = c.SetDeadline(limit)
		poured := make(chan error, 1)
		go func() {
			var err error
			r.sent, err = pour(c, seed, n)
			poured <- err
		}()
		var err error
		r.received, r.n, err = drain(c)
		r.err = errors.Join(err, <-poured)
		return r
	}
	accepted := make(chan result, 1)
	go func() {
		c, err := ln.AcceptTCP()
		if err != nil {
			accepted <- result{err: err}
			return
		}
		accepted <- both(c, 'B')
	}()
	var c *net.TCPConn
	l.A.Enter(t, func() (err error) {
		c, err = net.DialTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0)), at)
		return err
	})
	began := time.Now()
	a, b := both(c, 'A'), <-accepted
	if err := errors.Join(a.err, b.err); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d octets each way in %v", n, time.Since(began).Round(time.Millisecond))
	for _, d := range []struct {
		name           string
		sent, received sum
		n              int64
	}{{"A to B", a.sent, b.received, b.n}, {"B to A", b.sent, a.received, a.n}} {
		if d.n != n || d.sent != d.received {
			t.Errorf("%s: %d octets with SHA-256 %x arrived, want %d with %x", d.name, d.n, d.received, n, d.sent)
		}
	}
}

// What one end sends is what the other receives, octet by octet, through a network that loses 0.1 % of the packets and lets 5 % come late.
func TestTransfer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		outer6     bool
		inner6     bool
		bare       bool // ESP without UDP
		strongSwan bool
		transform  string
		off        []string // offloads that are not used
		lanes      int
	}{
		{name: "IPv4 in UDP over IPv4"},
		{name: "IPv6 in UDP over IPv4", inner6: true, transform: "esp-chacha20-poly1305"},
		{name: "IPv4 in UDP over IPv6", outer6: true},
		{name: "IPv6 in ESP over IPv6", outer6: true, inner6: true, bare: true},
		{name: "IPv4 in ESP over IPv4", bare: true, transform: "esp-aes 256 esp-sha256-hmac"},
		{name: "IPv4 in UDP over IPv4 to strongSwan", strongSwan: true},
		{name: "three lanes", lanes: 3},
		{name: "four lanes, IPv6", lanes: 4, outer6: true, inner6: true},
		{name: "two lanes to strongSwan", lanes: 2, strongSwan: true},
		{name: "no offload", off: []string{
			"device-tcp-segmentation", "device-udp-segmentation", "device-tcp-coalescing", "device-udp-coalescing", "socket-segmentation", "socket-coalescing",
		}},
		{name: "no offload of the device", off: []string{"device-tcp-segmentation", "device-udp-segmentation", "device-tcp-coalescing", "device-udp-coalescing"}},
		{name: "no offload of the sockets", off: []string{"socket-segmentation", "socket-coalescing"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			storm := l.AddStorm(t)
			conf, from, to := RouterConf{TransformSet: tt.transform}, InnerA, InnerB
			for _, o := range tt.off {
				conf.Global = append(conf.Global, "no platform offload "+o)
			}
			if tt.lanes > 0 {
				conf.Global = append(conf.Global, fmt.Sprintf("platform lanes %d", tt.lanes))
			}
			if tt.outer6 {
				conf.Peer = Outer6B
			}
			if tt.inner6 {
				from, to = Inner6A, Inner6B
				conf.IPv6, conf.ACL = true, []string{"permit ipv6 host " + from + " host " + to}
			}
			if tt.bare {
				conf.Profile = []string{"no nat force-encap"}
			}
			routers := []*Router{StartRouterIn(t, l, l.A, binary, conf.String())}
			if tt.strongSwan {
				StartCharon(t, l, l.B, "").Load(t, Connection{})
			} else {
				routers = append(routers, StartRouterIn(t, l, l.B, binary, mirrored6(conf.String())))
			}
			transferInStorm(t, l, storm, routers, from, to)
			for _, r := range routers {
				if s := r.Session(t); (s.IKE[0].Capabilities == "(none)") != tt.bare {
					t.Errorf("capabilities %s: ESP bare is not %v", s.IKE[0].Capabilities, tt.bare)
				}
			}
		})
	}
}

// The same by tunnel interfaces, GRE and transport mode.
func TestTransferOtherwise(t *testing.T) {
	t.Parallel()
	addresses := []string{"ip address " + tunnelA + " 255.255.255.252", "ipv6 address " + tunnel6A + "/64"}
	tunnel := func(mode string, lines ...string) string {
		return tunnelConf("esp-gcm 128", mode, append(slices.Clone(addresses), lines...)...) +
			fmt.Sprintf("ip route %s 255.255.255.255 Tunnel0\nipv6 route %s/128 Tunnel0\n", InnerB, Inner6B)
	}
	transport := func(c RouterConf, permit string) string {
		c.ACL = []string{permit}
		return strings.Replace(c.String(), "mode tunnel", "mode transport", 1)
	}
	bare := func(conf string) string {
		return strings.Replace(conf, " keyring local KR\n", " keyring local KR\n no nat force-encap\n", 1)
	}
	for _, tt := range []struct{ name, conf, from, to string }{
		{"IPv4 by a tunnel interface", tunnel("tunnel", "tunnel mode ipsec ipv4"), InnerA, InnerB},
		{"IPv6 by a tunnel interface, bare", bare(tunnel("tunnel", "tunnel mode ipsec ipv6")), Inner6A, Inner6B},
		{"IPv4 by GRE in tunnel mode", tunnel("tunnel"), InnerA, InnerB},
		{"IPv6 by GRE in transport mode", tunnel("transport", "tunnel key 4711"), Inner6A, Inner6B},
		{"IPv4 by GRE in transport mode, bare", bare(tunnel("transport")), InnerA, InnerB},
		{"IPv4 by transport mode", transport(RouterConf{}, "permit ip host "+OuterA+" host "+OuterB), OuterA, OuterB},
		{"IPv6 by transport mode, bare", bare(transport(RouterConf{Peer: Outer6B, IPv6: true}, "permit ipv6 host "+Outer6A+" host "+Outer6B)), Outer6A, Outer6B},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			storm := l.AddStorm(t)
			back := mirrored6(tt.conf)
			if strings.Contains(tt.conf, "interface Tunnel0") {
				back = mirrorTunnel(tt.conf)
			}
			routers := []*Router{StartRouterIn(t, l, l.A, binary, tt.conf), StartRouterIn(t, l, l.B, binary, back)}
			if strings.Contains(tt.conf, "interface Tunnel0") {
				for _, r := range routers {
					waitUp(t, r, true)
				}
			}
			transferInStorm(t, l, storm, routers, tt.from, tt.to)
		})
	}
}

// transferInStorm is transfer, after which the routers have carried it all in one session, and the storm was one.
func transferInStorm(t *testing.T, l *Lab, storm *Storm, routers []*Router, from, to string) {
	t.Helper()
	transfer(t, l, from, to, *octets)
	for _, r := range routers {
		s := r.Session(t)
		least := uint64(*octets / 1500)
		if f := s.Flows[0]; s.Status != "UP-ACTIVE" || f.In.Packets < least || f.Out.Packets < least || f.Out.Dropped != 0 {
			t.Errorf("got %+v, want at least %d packets each way", s, least)
		}
	}
	if storm.lost.Load() == 0 || storm.late.Load() == 0 {
		t.Errorf("the storm lost %d and held up %d of %d frames: it was none", storm.lost.Load(), storm.late.Load(), storm.carried.Load())
	}
}

// mirrored6 is Mirror for addresses of IPv6, too.
func mirrored6(conf string) string {
	return strings.NewReplacer(Outer6A, Outer6B, Outer6B, Outer6A, Inner6A, Inner6B, Inner6B, Inner6A).Replace(Mirror(conf))
}
