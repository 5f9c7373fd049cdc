package seikan

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
	"seikan/tun/tuntest"
)

// A peer more, and traffic goes on over the SAs that there are; a key more, and the session ends and comes up again; what cannot be
// changes nothing.
func TestReconfigure(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		change := func(f func(c *Config)) error {
			c := siteConfig(outerA, outerB, innerA, innerB)
			f(&c)
			return g.a.router.Reconfigure(t.Context(), Change{IKE: c.IKE, Policies: c.Policies, Session: c.Session})
		}
		third := netip.MustParseAddr("192.0.2.3")
		err := change(func(c *Config) {
			more := siteConfig(outerA, third, innerA, netip.MustParseAddr("10.3.0.1"))
			more.IKE.Peers[0].Name, more.IKE.Peers[0].Flows[0].ID = "CM 20", "Q"
			more.Policies[0].ID = "Q"
			more.Session.Sessions[0].PeerName, more.Session.Sessions[0].Policies[0].ID = "CM 20", "Q"
			c.IKE.Peers = append(c.IKE.Peers, more.IKE.Peers...)
			c.Policies = append(c.Policies, more.Policies...)
			c.Session.Sessions = append(c.Session.Sessions, more.Session.Sessions...)
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := g.a.router.Snapshot(t.Context())
		if err != nil || len(s.Sessions) != 2 || s.Sessions[0].Status != session.UpActive || s.Sessions[1].Status != session.Down {
			t.Fatalf("got %+v, %v; want the old session up, and the new one down", s.Sessions, err)
		}
		hi := g.stream(1000, 50*time.Millisecond, 10*time.Second)
		time.Sleep(time.Second)
		g.wantStream(1000, hi)
		if got := g.a.flow().Out.Load().Packets; got != uint64(hi-1000+1+4) {
			t.Errorf("%d packets counted, want those of before, too", got)
		}

		for name, bad := range map[string]func(c *Config){
			"no sockets":     func(c *Config) { c.IKE.Peers[0].Local = third },
			"no policy":      func(c *Config) { c.Policies = nil },
			"no key":         func(c *Config) { c.IKE.Peers[0].LocalKey = nil },
			"a policy twice": func(c *Config) { c.Policies = append(c.Policies, c.Policies[0]) },
		} {
			if err := change(bad); err == nil || !strings.HasPrefix(err.Error(), "seikan: reconfigure: ") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if s, _ := g.a.router.Snapshot(t.Context()); len(s.Sessions) != 2 {
			t.Errorf("an error has changed the configuration: %+v", s.Sessions)
		}

		err = change(func(c *Config) { c.IKE.Peers[0].LocalKey, c.IKE.Peers[0].RemoteKey = []byte("new"), []byte("new") })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		g.a.wantStatus(session.Down)
		if got := g.a.session().LastReason; got != "configuration changed" {
			t.Errorf("got reason %q", got)
		}
		g.a.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN. Peer 192.0.2.2:4500 Id: 192.0.2.2")
		if err := change(func(*Config) {}); err != nil {
			t.Fatal(err)
		}
		g.a.send(1, 2)
		time.Sleep(time.Second)
		g.a.wantStatus(session.UpActive)

		// Packets that wait for a peer that goes are counted.
		if err := change(func(c *Config) { c.IKE.Peers[0].LocalKey, c.IKE.Peers[0].RemoteKey = []byte("new"), []byte("new") }); err != nil {
			t.Fatal(err)
		}
		g.cut()
		g.a.send(1, 3)
		time.Sleep(time.Second)
		before := g.a.flow()
		if err := change(func(c *Config) { c.IKE.Peers, c.Policies, c.Session.Sessions = nil, nil, nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := before.Out.Load().Drops[sadb.DropNoSA]; got != 3 {
			t.Errorf("got %d dropped, want the 3 that were held", got)
		}
	})
}

func TestReconfigureStopped(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.a.stop()
		if err := g.a.router.Reconfigure(context.Background(), Change{}); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v, want %v", err, ErrStopped)
		}
	})
}

// A device stays with the name of its tunnel: its lane knows no other one. A change that would have it otherwise is refused, and changes nothing.
func TestReconfigureMovesNoDevice(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		first, second := tuntest.NewMem(1400), tuntest.NewMem(1400)
		set := func(devices map[string]tun.Device) error {
			c := siteConfig(outerA, outerB, innerA, innerB)
			ch := Change{IKE: c.IKE, Policies: c.Policies, Session: c.Session}
			for _, name := range slices.Sorted(maps.Keys(devices)) {
				p := c.Policies[0]
				p.ID, p.Interface = sadb.PolicyID(name), name
				ch.Policies = append(ch.Policies, p)
				ch.Tunnels = append(ch.Tunnels, Tunnel{Name: name, Device: devices[name]})
			}
			return g.a.router.Reconfigure(t.Context(), ch)
		}
		if err := set(map[string]tun.Device{"Tunnel0": first}); err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]map[string]tun.Device{
			"to another name": {"Tunnel1": first},
			"exchanged":       {"Tunnel0": second, "Tunnel1": first},
			"in two tunnels":  {"Tunnel0": first, "Tunnel1": first},
			"that of all":     {"Tunnel0": first, "Tunnel1": g.a.dev},
		} {
			if err := set(bad); err == nil || !strings.Contains(err.Error(), "device") {
				t.Errorf("%s: got %v, want an error", name, err)
			}
		}
		for _, d := range []*tuntest.Mem{first, second, g.a.dev} {
			if !d.Send(packet(innerA, innerB, 1, 100)) {
				t.Error("a device was closed")
			}
		}
		if err := set(map[string]tun.Device{"Tunnel1": second}); err != nil {
			t.Fatal(err)
		}
		if first.Send(packet(innerA, innerB, 1, 100)) {
			t.Error("the device of a tunnel that is gone is open")
		}
	})
}
