package session

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/ike"
	"seikan/sadb"
)

// step is what happens at one moment of a session's life.
type step struct {
	after  time.Duration
	events []ike.Event
	status Status // after them
	log    string // the transitions so far
}

func TestSessionLife(t *testing.T) {
	cfg := site()
	p := cfg.Sessions[0].Policies[0]
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	sa1, sa2 := active(1, at(1)), active(2, at(60))
	down := func(sa ike.SAInfo, why ike.Reason) ike.Event { return ike.SADown{SA: gone(sa), Reason: why} }
	moved := sa1
	moved.Path = path4500

	up := []step{
		{0, []ike.Event{ike.SAStart{SA: halfOpen(1)}}, DownNegotiating, ""},
		{time.Second, []ike.Event{ike.SAUp{SA: sa1}}, UpIdle, ""},
		{time.Second, []ike.Event{child(1, 0x1001, at(1), p)}, UpActive, "UP"},
	}
	tests := []struct {
		name  string
		steps []step
		why   ike.Reason // of the DOWN
	}{
		{"deleted by the peer", []step{
			{time.Minute, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonPeerDeleted}}, UpIdle, "UP"},
			{time.Minute, []ike.Event{down(sa1, ike.ReasonPeerDeleted)}, Down, "UP DOWN"},
		}, ike.ReasonPeerDeleted},
		{"Child SA comes and goes on one IKE SA", []step{
			{10 * time.Second, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonOperator}}, UpIdle, "UP"},
			{20 * time.Second, []ike.Event{child(1, 0x1002, at(20), p)}, UpActive, "UP"},
			{30 * time.Second, []ike.Event{ike.ChildDown{In: 0x1002, IKE: 1, Reason: ike.ReasonPeerLost}, down(sa1, ike.ReasonPeerLost)}, Down, "UP DOWN"},
		}, ike.ReasonPeerLost},
		{"Child SA rekeyed", []step{
			{50 * time.Second, []ike.Event{child(1, 0x1002, at(50), p), ike.ChildActive{In: 0x1002}, ike.ChildRetired{In: 0x1001}}, UpActive, "UP"},
			{55 * time.Second, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonRekeyed}}, UpActive, "UP"},
			{70 * time.Second, []ike.Event{ike.ChildDown{In: 0x1002, IKE: 1, Reason: ike.ReasonOperator}, down(sa1, ike.ReasonOperator)}, Down, "UP DOWN"},
		}, ike.ReasonOperator},
		{"IKE SA rekeyed", []step{
			{60 * time.Second, []ike.Event{ike.SAUp{SA: sa2, Replaces: 1}}, UpActive, "UP"},
			{61 * time.Second, []ike.Event{down(sa1, ike.ReasonRekeyed)}, UpActive, "UP"},
			{80 * time.Second, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 2, Reason: ike.ReasonLifetime}, down(sa2, ike.ReasonLifetime)}, Down, "UP DOWN"},
		}, ike.ReasonLifetime},
		{"the replaced IKE SA goes last", []step{
			{60 * time.Second, []ike.Event{ike.SAUp{SA: sa2, Replaces: 1}}, UpActive, "UP"},
			{70 * time.Second, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 2, Reason: ike.ReasonOperator}, down(sa2, ike.ReasonOperator)}, DownNegotiating, "UP"},
			{71 * time.Second, []ike.Event{down(sa1, ike.ReasonRekeyed)}, Down, "UP DOWN"},
		}, ike.ReasonOperator},
		{"a stranger's half-open SA does not keep it up", []step{
			{50 * time.Second, []ike.Event{ike.SAStart{SA: ike.SAInfo{ID: 7, Path: path500}}}, UpActive, "UP"},
			{60 * time.Second, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonPeerLost}, down(sa1, ike.ReasonPeerLost)}, DownNegotiating, "UP DOWN"},
			{90 * time.Second, []ike.Event{ike.SADown{SA: ike.SAInfo{ID: 7, Path: path500}, Reason: ike.ReasonTimeout}}, Down, "UP DOWN"},
		}, ike.ReasonPeerLost},
		{"both set it up at once", []step{
			{0, []ike.Event{ike.SAStart{SA: halfOpen(3)}, ike.SAUp{SA: active(3, at(3)), Replaces: 0}, child(3, 0x1003, at(3), p)}, UpActive, "UP"},
			{10 * time.Second, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonReplacedByPeer}, down(sa1, ike.ReasonReplacedByPeer)}, UpActive, "UP"},
			{20 * time.Second, []ike.Event{ike.ChildDown{In: 0x1003, IKE: 3, Reason: ike.ReasonShutdown}, down(active(3, at(3)), ike.ReasonShutdown)}, Down, "UP DOWN"},
		}, ike.ReasonShutdown},
		{"moved to the NAT-T port", []step{
			{0, []ike.Event{ike.PathMoved{SA: moved, From: path500}}, UpActive, "UP"},
			{time.Minute, []ike.Event{ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonPeerDeleted}, down(moved, ike.ReasonPeerDeleted)}, Down, "UP DOWN"},
		}, ike.ReasonPeerDeleted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, site())
			if got := r.only(t0); got.Status != Down || !got.Configured {
				t.Errorf("before: got %+v, want a configured session that is DOWN", got)
			}
			for i, s := range append(slices.Clone(up), tt.steps...) {
				now := t0.Add(s.after)
				r.do(now, s.events...)
				if got := r.only(now).Status; got != s.status {
					t.Errorf("step %d: got status %v, want %v", i, got, s.status)
				}
				if got := words(r.log); got != s.log {
					t.Errorf("step %d: got transitions %q, want %q", i, got, s.log)
				}
			}
			last := tt.steps[slices.IndexFunc(tt.steps, func(s step) bool { return s.log == "UP DOWN" })]
			upTr, downTr := r.all[0], r.all[1]
			if downTr.Reason != tt.why || downTr.Duration != last.after-time.Second {
				t.Errorf("DOWN: got %v after %v, want %v after %v", downTr.Reason, downTr.Duration, tt.why, last.after-time.Second)
			}
			if upTr.ID != "192.0.2.2" || downTr.ID != upTr.ID || downTr.Description != "connection from site A" || upTr.Duration != 0 {
				t.Errorf("got UP %+v, DOWN %+v", upTr, downTr)
			}
			if got := r.only(t0); got.LastReason != tt.why.String() || got.Phase1ID != "" || got.Peer.Port() != 500 || len(got.IKE) != 0 {
				t.Errorf("after: got %+v, want the configured session with its last reason", got)
			}
			if len(r.sas)+len(r.children)+len(r.dynamic) != 0 {
				t.Errorf("left behind: %d IKE SAs, %d Child SAs, %d sessions", len(r.sas), len(r.children), len(r.dynamic))
			}
		})
	}
}

func words(log []string) string {
	s := ""
	for i, w := range log {
		if i > 0 {
			s += " "
		}
		s += w
	}
	return s
}

func TestMoveToNATTPort(t *testing.T) {
	r := newRig(t, site())
	p := site().Sessions[0].Policies[0]
	r.do(t0, ike.SAStart{SA: halfOpen(1)}, ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, p))
	if s := r.only(t0); s.Peer != path500.Remote || s.IKE[0].Capabilities != "" {
		t.Errorf("before: got peer %v with %q, want %v with none", s.Peer, s.IKE[0].Capabilities, path500.Remote)
	}
	moved := active(1, t0)
	moved.Path, moved.ESP = path4500, path4500
	r.do(t0, ike.PathMoved{SA: moved, From: path500})
	s := r.only(t0)
	if s.Peer != path4500.Remote || s.LocalPort != 4500 || s.IKE[0].Capabilities != "N" {
		t.Errorf("after: got peer %v, local port %d, %q, want %v, 4500, N", s.Peer, s.LocalPort, s.IKE[0].Capabilities, path4500.Remote)
	}
	r.do(t0, ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonOperator}, ike.SADown{SA: gone(moved), Reason: ike.ReasonOperator})
	if got := r.all[1].Peer; got != path4500.Remote {
		t.Errorf("DOWN names %v, want %v", got, path4500.Remote)
	}
}

// While Child SAs are there, an IKE SA that was not authenticated does not speak for the session.
func TestStrangerDoesNotSpeak(t *testing.T) {
	r := newRig(t, site())
	stranger := ike.SAInfo{ID: 9, Path: path("192.0.2.1:500", "192.0.2.2:31337")}
	r.do(t0, ike.SAStart{SA: halfOpen(1)}, ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, site().Sessions[0].Policies[0]))
	r.do(t0, ike.SAStart{SA: stranger})
	deleting := gone(active(1, t0))
	r.Refresh(slices.Values([]ike.SAInfo{deleting, {ID: 77}}))
	s := r.only(t0)
	if s.Status != UpNoIKE || s.Peer != path500.Remote || s.Phase1ID != "192.0.2.2" || len(s.IKE) != 2 {
		t.Errorf("got %+v, want UP-NO-IKE with %v", s, path500.Remote)
	}
	r.do(t0, ike.Failed{SA: 9, Path: stranger.Path, Reason: ike.ReasonTimeout}, ike.SADown{SA: stranger, Reason: ike.ReasonTimeout})
	if s := r.only(t0); s.LastReason != "" {
		t.Errorf("got reason %q of a stranger for a session that is up", s.LastReason)
	}
}

func TestFailed(t *testing.T) {
	tests := []struct {
		name string
		ev   ike.Failed
		want string
	}{
		{"by name", ike.Failed{Peer: "CM 10", Reason: ike.ReasonAuthFailed, Detail: "wrong key"}, "authentication failed"},
		{"by policy", ike.Failed{Policies: []sadb.PolicyID{"TO-B 10"}, Reason: ike.ReasonNoProposal}, "no proposal chosen"},
		{"by address", ike.Failed{Path: path500, Reason: ike.ReasonPeerLost}, "peer does not answer"},
		{"by IKE SA", ike.Failed{SA: 1, Reason: ike.ReasonNoTrafficSelectors}, "traffic selectors unacceptable"},
		{"nothing was tried", ike.Failed{Peer: "CM 10", Reason: ike.ReasonPeerLost, Repeat: true}, ""},
		{"of nobody", ike.Failed{Peer: "CM 20", Path: path("192.0.2.1:500", "198.51.100.1:500"), Reason: ike.ReasonPeerLost}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, site())
			r.do(t0, ike.SAStart{SA: halfOpen(1)})
			r.do(t0.Add(time.Second), tt.ev)
			s := r.only(t0)
			if s.LastReason != tt.want || s.LastDetail != tt.ev.Detail || (tt.want != "") != s.LastTime.Equal(t0.Add(time.Second)) {
				t.Errorf("got %q %q at %v, want %q %q", s.LastReason, s.LastDetail, s.LastTime, tt.want, tt.ev.Detail)
			}
			if len(r.log) != 0 {
				t.Errorf("got transitions %q of a session that was never up", r.log)
			}
		})
	}
}

// branches is two crypto map entries whose peers are behind one NAT, a third one elsewhere, and one in a VRF.
func branches() Config {
	local := netip.MustParseAddr("192.0.2.1")
	nat := netip.MustParseAddrPort("198.51.100.7:500")
	far := netip.MustParseAddrPort("203.0.113.9:500")
	return Config{
		Sessions: []Configured{
			{Interface: "vA", Local: local, Peer: nat, PeerName: "CM 10", Policies: []sadb.Policy{policy("A 10", 0, "10.0.0.0/24", "10.1.0.0/24")}},
			{Interface: "vB", Local: netip.MustParseAddr("192.0.2.129"), Peer: far, PeerName: "CM 30", FVRF: "INET", IVRF: "CUST", Policies: []sadb.Policy{policy("C 10", 0, "10.0.0.0/24", "10.3.0.0/24")}},
			{Interface: "vA", Local: local, Peer: nat, PeerName: "CM 20", Policies: []sadb.Policy{policy("B 10", 0, "10.0.0.0/24", "10.2.0.0/24")}},
		},
		VRFs: []VRF{{Name: "INET"}, {Name: "CUST"}},
		Descriptions: map[DescriptionKey]string{
			{Peer: nat.Addr()}:               "branches behind the NAT",
			{Peer: far.Addr()}:               "the same address in another VRF",
			{Peer: far.Addr(), FVRF: "INET"}: "far away",
		},
	}
}

func branch(id sadb.IKEID, name string, port uint16) ike.SAInfo {
	p := path4500
	p.Remote = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.7"), port)
	return ike.SAInfo{
		ID: id, Peer: name, Interface: "vA", Path: p, Active: true, NATRemote: true, DPD: true, Created: t0, Expires: t0.Add(time.Hour),
		RemoteID: ike.Identity{Kind: 2, Data: "scale"}, // ID_FQDN
	}
}

func TestSharedAddress(t *testing.T) {
	r := newRig(t, branches())
	one, two := branch(1, "CM 10", 38452), branch(2, "CM 20", 55411)
	r.do(t0, ike.SAUp{SA: one}, ike.SAUp{SA: two}, child(2, 0x2001, t0, branches().Sessions[2].Policies[0]))
	got := r.Snapshot(t0).Sessions
	want := []struct {
		iface, name, peer, desc string
		status                  Status
	}{
		{"vA", "CM 10", "198.51.100.7:38452", "branches behind the NAT", UpIdle},
		{"vA", "CM 20", "198.51.100.7:55411", "branches behind the NAT", UpActive},
		{"vB", "CM 30", "203.0.113.9:500", "far away", Down},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d sessions, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Interface != w.iface || g.Name != w.name || g.Peer.String() != w.peer || g.Description != w.desc || g.Status != w.status {
			t.Errorf("session %d: got %s %s %v %q %v, want %+v", i, g.Interface, g.Name, g.Peer, g.Description, g.Status, w)
		}
	}
}

func TestIKESAs(t *testing.T) {
	r := newRig(t, branches())
	half := ike.SAInfo{ID: 5, Path: path("192.0.2.129:500", "203.0.113.9:500")}
	stranger := ike.SAInfo{ID: 6, Path: half.Path} // the same addresses in the global VRF
	half.Path.VRF = "INET"
	r.do(t0, ike.SAUp{SA: branch(3, "CM 20", 55411)}, ike.SAUp{SA: branch(1, "CM 10", 38452)}, ike.SAStart{SA: half}, ike.SAStart{SA: stranger})
	inet, none := "INET", ""
	tests := []struct {
		name string
		f    Filter
		want []sadb.IKEID
	}{
		{"all", Filter{}, []sadb.IKEID{1, 3, 5, 6}},
		{"local", Filter{Local: netip.MustParseAddr("192.0.2.1")}, []sadb.IKEID{1, 3}},
		{"remote and port", Filter{Remote: netip.MustParseAddr("198.51.100.7"), RemotePort: 55411}, []sadb.IKEID{3}},
		{"front VRF", Filter{FVRF: &inet}, []sadb.IKEID{5}},
		{"global inside VRF", Filter{IVRF: &none}, []sadb.IKEID{1, 3, 6}},
		{"global front VRF", Filter{FVRF: &none}, []sadb.IKEID{1, 3, 6}},
		{"nobody", Filter{Remote: netip.MustParseAddr("192.0.2.77")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.IKESAs(tt.f); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	for name, want := range map[string]bool{"INET": true, "CUST": true, "": false, "inet": false} {
		if got := r.HasVRF(name); got != want {
			t.Errorf("HasVRF(%q): got %v, want %v", name, got, want)
		}
	}
}

// A responder's SA is filed by its addresses until the peer has said who it is.
func TestPeerNotKnownYet(t *testing.T) {
	r := newRig(t, branches())
	half := branch(1, "", 38452)
	half.Active, half.Interface, half.Created, half.RemoteID = false, "", time.Time{}, ike.Identity{}
	r.do(t0, ike.SAStart{SA: half})
	if got := statuses(r.Snapshot(t0)); !slices.Equal(got, []Status{DownNegotiating, Down, Down}) {
		t.Errorf("half open: got %v", got)
	}
	r.do(t0, ike.SAUp{SA: branch(1, "CM 20", 38452)})
	if got := statuses(r.Snapshot(t0)); !slices.Equal(got, []Status{Down, UpIdle, Down}) {
		t.Errorf("authenticated: got %v", got)
	}
}

func statuses(s Snapshot) (all []Status) {
	for _, v := range s.Sessions {
		all = append(all, v.Status)
	}
	return all
}

// An SA that no configured session takes is listed all the same, for as long as it is there.
func TestNotConfigured(t *testing.T) {
	r := newRig(t, branches())
	guest := active(4, t0)
	guest.Peer, guest.Path = "GUEST", path("192.0.2.1:500", "198.51.100.99:500")
	guest.RemoteID = ike.AddrIdentity(guest.Path.Remote.Addr())
	next := guest
	next.ID = 5
	next.Path = path("192.0.2.1:4500", "198.51.100.99:4500")
	r.do(t0, ike.SAStart{SA: guest}, ike.SAUp{SA: guest}, child(4, 0x4001, t0, branches().Sessions[1].Policies[0]))
	s := r.Snapshot(t0)
	if got := statuses(s); !slices.Equal(got, []Status{Down, Down, UpActive, Down}) {
		t.Fatalf("got %v, want the guest behind the configured sessions of its interface", got)
	}
	g := s.Sessions[2]
	if g.Configured || g.Peer != guest.Path.Remote || g.Local != guest.Path.Local.Addr() || len(g.Flows) != 1 || g.Flows[0].ActiveSAs != 2 {
		t.Errorf("got %+v", g)
	}
	r.do(t0, ike.SAUp{SA: next, Replaces: 4}, ike.SADown{SA: gone(guest), Reason: ike.ReasonRekeyed})
	if got := r.Snapshot(t0).Sessions; len(got) != 4 || got[2].Peer != next.Path.Remote {
		t.Errorf("after a rekey: got %+v", got)
	}
	r.do(t0, ike.ChildDown{In: 0x4001, IKE: 5, Reason: ike.ReasonPeerLost}, ike.SADown{SA: gone(next), Reason: ike.ReasonPeerLost})
	if got := r.Snapshot(t0).Sessions; len(got) != 3 || words(r.log) != "UP DOWN" {
		t.Errorf("at the end: got %d sessions, transitions %q, want 3, UP DOWN", len(got), r.log)
	}
}

func TestIgnored(t *testing.T) {
	r := newRig(t, site())
	lost := child(1, 0x1001, t0, site().Sessions[0].Policies[0])
	for _, ev := range []ike.Event{
		ike.SADown{SA: active(3, t0), Reason: ike.ReasonOperator},
		ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonOperator},
		ike.ChildActive{In: 0x1001}, ike.ChildRetired{In: 0x1001},
		ike.PathMoved{SA: active(3, t0)}, ike.Dropped{},
		lost, // which the DB did not take
	} {
		if tr, ok := r.Observe(t0, ev); ok {
			t.Errorf("%T: got %+v", ev, tr)
		}
	}
	if s := r.only(t0); s.Status != Down || s.LastReason != "" {
		t.Errorf("got %+v, want nothing to have happened", s)
	}
}

// A Child SA without its IKE SA is filed by its policies, and makes a session that is UP-NO-IKE.
func TestChildWithoutIKE(t *testing.T) {
	r := newRig(t, site())
	r.do(t0, child(1, 0x1001, t0, site().Sessions[0].Policies[0]))
	s := r.only(t0)
	if s.Status != UpNoIKE || len(s.IKE) != 0 || s.Flows[0].ActiveSAs != 2 {
		t.Errorf("got %+v, want UP-NO-IKE", s)
	}
	r.do(t0.Add(time.Minute), ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonLifetime})
	if words(r.log) != "UP DOWN" || r.all[1].Reason != ike.ReasonLifetime || r.all[1].Duration != time.Minute {
		t.Errorf("got %+v", r.all)
	}
}
