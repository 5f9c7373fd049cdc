package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"seikan/session"
)

// fakeBackend has two sessions and a VRF named RED.
type fakeBackend struct {
	err error // of every method

	mu      sync.Mutex // guards what follows
	cleared []session.Filter
	rekeyed []string
}

var errFake = errors.New("seikan: router stopped")

func (f *fakeBackend) Snapshot(context.Context) (session.Snapshot, error) {
	ap := netip.MustParseAddrPort
	return session.Snapshot{
		Sessions: []session.Session{
			{
				Interface: "eth0", Name: "siteB", Configured: true, Status: session.UpActive,
				Local: netip.MustParseAddr("192.0.2.1"), LocalPort: 500, Peer: ap("192.0.2.2:500"), FVRF: "RED",
				Description: "connection from site A", Phase1ID: "192.0.2.2",
				IKE: []session.IKESA{{
					ConnID: 7, Local: ap("192.0.2.1:500"), Remote: ap("192.0.2.2:500"), Active: true, Capabilities: "D", SecondsLeft: 3661,
				}},
				Flows: []session.Flow{{
					Policy: "CM 10 TO-B 10", Permit: []string{"permit ip host 10.10.10.1 host 10.30.30.1"}, ActiveSAs: 2, Origin: "crypto map",
					In:  session.Direction{Packets: 3, KilobytesLeft: 4608000, SecondsLeft: 3590},
					Out: session.Direction{Packets: 4, Dropped: 1, KilobytesLeft: 4608000, SecondsLeft: 3590},
				}},
			},
			{
				Interface: "eth1", Name: "six", Configured: true, Status: session.Down,
				Local: netip.MustParseAddr("2001:db8::1"), LocalPort: 4500, Peer: ap("[2001:db8::2]:4500"),
				Flows: []session.Flow{{Policy: "CM 20 TO-C 10", Permit: []string{"permit ipv6 ::/0 ::/0"}, Origin: "crypto map"}},
			},
		},
		Peers: []session.PeerInfo{
			{Peer: ap("192.0.2.2:500"), FVRF: "RED", Description: "connection from site A", Phase1ID: "192.0.2.2", Policy: true},
			{Peer: ap("[2001:db8::2]:500"), Phase1ID: "six"},
		},
	}, f.err
}

func (f *fakeBackend) Clear(_ context.Context, filter session.Filter) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleared = append(f.cleared, filter)
	return 1, f.err
}

func (f *fakeBackend) RekeyIKE(_ context.Context, filter session.Filter) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rekeyed = append(f.rekeyed, "IKE "+filterText(filter))
	return 1, f.err
}

func (f *fakeBackend) RekeyIPsec(_ context.Context, filter session.Filter) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rekeyed = append(f.rekeyed, "IPsec "+filterText(filter))
	return 1, f.err
}

func (f *fakeBackend) HasVRF(_ context.Context, name string) (bool, error) {
	return name == "RED", f.err
}

func (f *fakeBackend) Drops(context.Context) ([]Drop, error) {
	return []Drop{
		{DroppedIKE, "malformed", 1 << 40}, {DroppedPackets, "unknown SPI", 10}, {DroppedPackets, "no policy", 0}, {DroppedPackets, "malformed", 2},
	}, f.err
}

// filterText is a filter as a test writes it down.
func filterText(f session.Filter) string {
	vrf := func(s *string) string {
		if s == nil {
			return "any"
		}
		return *s
	}
	return fmt.Sprintf("if=%s local=%v:%d remote=%v:%d fvrf=%s ivrf=%s",
		f.Interface, f.Local, f.LocalPort, f.Remote, f.RemotePort, vrf(f.FVRF), vrf(f.IVRF))
}

var fakeInfo = Info{
	Hostname: "gwA", Version: "Seikan Software, Version 1",
	RunningConfig: func() string {
		return "hostname gwA\ncrypto map CM 10 ipsec-isakmp\n set peer 192.0.2.2\n match address TO-B\ninterface eth0\n crypto map CM\n"
	},
}

// takeCleared gives the filters of Clear since the last call.
func (f *fakeBackend) takeCleared() []session.Filter {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := slices.Clone(f.cleared)
	f.cleared = nil
	return c
}
