package interop

import (
	"slices"
	"testing"
)

// view is what `show crypto session detail` must say. The zero value of most fields means the bench's: B over IPv4, one flow between the
// inner IPv4 addresses.
type view struct {
	status string // default: UP-ACTIVE
	local  string // outer addresses; default: A's and B's over IPv4
	peer   string
	id     string // default: peer
	flows  []flowView
}

// flowView is an IPSEC FLOW.
type flowView struct {
	permit  string // default: the inner IPv4 addresses
	packets uint64 // each way
	sas     int    // default: 2; -1: none
}

// up is the view of the bench's one session after n packets each way.
func up(n int) view { return view{flows: []flowView{{packets: uint64(n)}}} }

// down is the view of the same session after it is gone; its counters stay.
func down(n int) view {
	return view{status: "DOWN", flows: []flowView{{packets: uint64(n), sas: -1}}}
}

const (
	permit4 = "permit ip host " + InnerA + " host " + InnerB
	permit6 = "permit ipv6 host FD00:10::1 host FD00:30::1"
)

// checkSession compares the router's one session with what it must be: the counters exactly, what is left of the lifetimes within the
// time that a test takes.
func checkSession(t *testing.T, r *Router, want view) {
	t.Helper()
	s := r.waitCounted(t, want.flows...)
	status, local, peer := or(want.status, "UP-ACTIVE"), or(want.local, OuterA), or(want.peer, OuterB)
	id := or(want.id, peer)
	var ike []IKESA
	if status == "UP-ACTIVE" || status == "UP-IDLE" {
		ike = []IKESA{{Local: local + "/4500", Remote: peer + "/4500", State: "Active", Capabilities: "N"}}
	} else {
		id = s.Phase1ID // what a session that is down says of its last peer is not this check's concern
	}
	if s.Interface != DeviceA || s.Status != status || s.Peer != peer || s.FVRF != "(none)" || s.IVRF != "(none)" ||
		s.Description != Description || s.Phase1ID != id {
		t.Errorf("session: got %+v, want %s of %s with %s on %s, Phase1_id %s", s, status, peer, Description, DeviceA, id)
	}
	if ike != nil && s.Port != 4500 {
		t.Errorf("peer's port: got %d, want 4500", s.Port)
	}
	for i := range s.IKE {
		if sa := &s.IKE[i]; sa.State == "Active" {
			if sa.ConnID < 1 || sa.Lifetime == "0" {
				t.Errorf("IKE SA: got connid %d, lifetime %s", sa.ConnID, sa.Lifetime)
			}
			sa.ConnID, sa.Lifetime = 0, ""
		}
	}
	if !slices.Equal(s.IKE, ike) {
		t.Errorf("IKE SAs: got %+v, want %+v", s.IKE, ike)
	}
	if len(s.Flows) != len(want.flows) {
		t.Fatalf("got %d flows, want %d: %+v", len(s.Flows), len(want.flows), s.Flows)
	}
	for i, w := range want.flows {
		checkFlow(t, s.Flows[i], w)
	}
	if t.Failed() {
		t.FailNow()
	}
}

// waitCounted waits until a session has counted as many packets as there were: the last one may still be on its way, and the router counts
// what it has passed on already.
func (r *Router) waitCounted(t *testing.T, want ...flowView) Session {
	t.Helper()
	return r.WaitSession(t, "all packets are counted", func(s Session) bool {
		for i, f := range s.Flows {
			if i < len(want) && min(f.In.Packets, f.Out.Packets) < want[i].packets {
				return false
			}
		}
		return true
	})
}

func checkFlow(t *testing.T, f Flow, want flowView) {
	t.Helper()
	sas := want.sas
	switch sas {
	case 0:
		sas = 2
	case -1:
		sas = 0
	}
	if permit := or(want.permit, permit4); !slices.Equal(f.Permit, []string{permit}) || f.ActiveSAs != sas || f.Origin != "crypto map" {
		t.Errorf("flow: got %+v, want %s with %d SAs, origin crypto map", f, permit, sas)
	}
	for _, d := range []struct {
		name string
		got  Counter
	}{{"Inbound", f.In}, {"Outbound", f.Out}} {
		if d.got.Packets != want.packets || d.got.Dropped != 0 {
			t.Errorf("%s of %s: got %d packets and %d drops, want %d and 0", d.name, f.Permit, d.got.Packets, d.got.Dropped, want.packets)
		}
		switch alive := d.got.Kilobytes != 0 || d.got.Seconds != 0; {
		case alive != (sas > 0):
			t.Errorf("%s of %s: life %d/%d with %d SAs", d.name, f.Permit, d.got.Kilobytes, d.got.Seconds, sas)
		case d.got.Kilobytes > 4608000 || d.got.Seconds > 3600:
			t.Errorf("%s of %s: life %d/%d is more than a fresh SA has", d.name, f.Permit, d.got.Kilobytes, d.got.Seconds)
		}
	}
}

// checkPeer holds strongSwan's own counters against the router's: n packets each way on the one Child SA.
func (s *site) checkPeer(t *testing.T, n int) {
	t.Helper()
	if _, c := s.peerSA(t); c.PacketsIn != n || c.PacketsOut != n {
		t.Errorf("strongSwan counts %d packets in and %d out, want %d", c.PacketsIn, c.PacketsOut, n)
	}
}
