package ike

import (
	"testing"
	"time"

	"seikan/sadb"
)

// twoVRFs is a pair whose ends meet in two front VRFs, with the same addresses in both and for the same networks.
func twoVRFs(t *testing.T) *pair {
	return newPair(t, func(a, b *Config) {
		for _, c := range []*Config{a, b} {
			other := c.Peers[0]
			other.Name, other.Flows = other.Name+" again", []Flow{other.Flows[0]}
			other.Flows[0].ID = "f1"
			c.Peers[0].FVRF, other.FVRF = "RED", "BLUE"
			c.Peers = append(c.Peers, other)
		}
	})
}

func TestFrontVRF(t *testing.T) {
	p := twoVRFs(t)
	p.a.acquire("f0")
	p.a.acquire("f1")
	p.run(time.Second)
	for _, s := range []*side{p.a, p.b} {
		got := map[sadb.PolicyID]string{}
		for _, k := range s.kids {
			got[k.Policies[0]] = k.Path.VRF
		}
		if len(s.kids) != 2 || got["f0"] != "RED" || got["f1"] != "BLUE" {
			p.fail("%s: got VRFs %v, want RED for f0 and BLUE for f1", s.name, got)
		}
	}
	p.a.do(func(now time.Time, out *Output) { p.a.e.Reachable(now, sadb.Host{Addr: addrA, VRF: "RED"}, false, out) })
	for vrf, want := range map[string]bool{"RED": true, "BLUE": false} {
		if got := p.a.e.away[sadb.Host{Addr: addrA, VRF: vrf}]; got != want {
			p.fail("address in %s is gone: got %v, want %v", vrf, got, want)
		}
	}
}

// What comes by another front VRF than its SA's belongs to no SA, and finds only the peers that are there.
func TestWrongFrontVRF(t *testing.T) {
	p := newPair(t, func(a, b *Config) { a.Peers[0].FVRF, b.Peers[0].FVRF = "RED", "RED" })
	stray := func(s *side, d Datagram, want Drop) {
		t.Helper()
		before := s.e.Drops()[want]
		d.Path = swap(d.Path)
		d.Path.VRF = "BLUE"
		s.do(func(now time.Time, out *Output) { s.e.Handle(now, d, out) })
		if got := s.e.Drops()[want]; got != before+1 {
			t.Errorf("%s in BLUE: got %d drops for %v, want %d", s.name, got, want, before+1)
		}
	}
	var out Output
	p.a.e.Acquire(p.now, "f0", sadb.Flow{}, &out) // HDR, SAi1, KEi, Ni -->
	request := out.Datagrams[0]
	stray(p.b, request, DropNoPeer)
	out.Reset()
	p.b.e.Handle(p.now, Datagram{Path: swap(request.Path), Data: request.Data}, &out) // <-- HDR, SAr1, KEr, Nr
	stray(p.a, out.Datagrams[0], DropUnknownSA)
}
