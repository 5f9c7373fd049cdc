package session

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seikan/ike"
	"seikan/sadb"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with testdata/name.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// listings are states that the listings are shown for.
var listings = []struct {
	name  string
	state func(t *testing.T) (*rig, time.Time)
}{
	{"site", siteUp},
	{"reference-short", referenceShort},
	{"reference-detail", referenceDetail},
	{"down", func(t *testing.T) (*rig, time.Time) { return newRig(t, site()), t0 }},
	{"down-negotiating", func(t *testing.T) (*rig, time.Time) {
		r := newRig(t, site())
		r.do(t0, ike.SAStart{SA: halfOpen(1)}, ike.SAStart{SA: ike.SAInfo{ID: 2, Path: path500}})
		return r, t0
	}},
	{"up-idle", func(t *testing.T) (*rig, time.Time) {
		r := newRig(t, site())
		sa := active(1, t0)
		sa.DPD = true
		r.do(t0, ike.SAStart{SA: halfOpen(1)}, ike.SAUp{SA: sa})
		return r, t0.Add(time.Minute)
	}},
	{"up-no-ike", func(t *testing.T) (*rig, time.Time) {
		r := newRig(t, site())
		r.do(t0, ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, site().Sessions[0].Policies[0]))
		r.do(t0, ike.SADown{SA: gone(active(1, t0)), Reason: ike.ReasonOperator})
		return r, t0.Add(10 * time.Second)
	}},
	{"rekey-overlap", rekeyOverlap},
	{"no-volume-limit", func(t *testing.T) (*rig, time.Time) {
		r := newRig(t, site())
		c := child(1, 0x1001, t0, site().Sessions[0].Policies[0])
		c.Spec.Life.Kilobytes = 0
		r.do(t0, ike.SAUp{SA: active(1, t0)}, c)
		r.carry(0x1001, "TO-B 10", 7, 1<<33, 1<<33)
		return r, t0.Add(9 * time.Minute)
	}},
	{"ipv6", ipv6},
	{"shared-address", func(t *testing.T) (*rig, time.Time) {
		r := newRig(t, branches())
		r.do(t0, ike.SAUp{SA: branch(1, "CM 10", 38452)}, ike.SAUp{SA: branch(2, "CM 20", 55411)})
		return r, t0.Add(time.Second)
	}},
	{"vrfs", inVRFs},
	{"clients", clients},
	{"no-sessions", func(t *testing.T) (*rig, time.Time) { return newRig(t, Config{}), t0 }},
}

func TestListings(t *testing.T) {
	for _, tt := range listings {
		t.Run(tt.name, func(t *testing.T) {
			r, now := tt.state(t)
			s := r.Snapshot(now)
			golden(t, tt.name+".short", render(t, s, View{}))
			golden(t, tt.name+".detail", render(t, s, View{Detail: true}))
			if again := render(t, r.Snapshot(now), View{Detail: true}); again != render(t, s, View{Detail: true}) {
				t.Errorf("the same state gives another text:\n%s", again)
			}
			var peers strings.Builder
			if err := s.RenderPeers(&peers); err != nil {
				t.Fatal(err)
			}
			golden(t, tt.name+".peers", peers.String())
		})
	}
}

// siteUp is a session 19 seconds after it came up: 4 packets each way, 1 lost on the way out.
func siteUp(t *testing.T) (*rig, time.Time) {
	r := newRig(t, site())
	sa := active(1, t0)
	sa.Path, sa.NATRemote = path4500, true
	r.do(t0, ike.SAStart{SA: halfOpen(1)}, ike.SAUp{SA: sa}, child(1, 0x1001, t0, site().Sessions[0].Policies[0]))
	r.carry(0x1001, "TO-B 10", 4, 336, 336)
	r.db.Entry("TO-B 10").Counters.Out.Drop(sadb.DropNoSA, 1)
	return r, t0.Add(19 * time.Second)
}

// referenceShort is the state behind the first sample of the guide that the listing comes from.
func referenceShort(t *testing.T) (*rig, time.Time) {
	cfg := Config{Sessions: []Configured{{
		Interface: "FastEthernet0/1", Local: netip.MustParseAddr("172.0.0.1"), Peer: netip.MustParseAddrPort("172.0.0.2:500"), PeerName: "CM 10",
		Policies: []sadb.Policy{policy("101 10", 0, "10.10.10.0/24", "10.30.30.0/24")},
	}}}
	r := newRig(t, cfg)
	sa := active(1, t0)
	sa.Interface, sa.Path = "FastEthernet0/1", path("172.0.0.1:500", "172.0.0.2:500")
	sa.RemoteID = ike.AddrIdentity(sa.Path.Remote.Addr())
	r.do(t0, ike.SAUp{SA: sa}, child(1, 0x1001, t0, cfg.Sessions[0].Policies[0]))
	return r, t0
}

// referenceDetail is the state behind the second one.
func referenceDetail(t *testing.T) (*rig, time.Time) {
	gre, ip := policy("Tunnel0 1", 47, "10.1.1.4/32", "10.1.1.3/32"), policy("Tunnel0 2", 0, "10.1.1.4/32", "10.1.1.3/32")
	cfg := Config{
		Sessions: []Configured{{
			Interface: "Tunnel0", Local: netip.MustParseAddr("10.1.1.4"), Peer: netip.MustParseAddrPort("10.1.1.3:500"), PeerName: "Tunnel0",
			Policies: []sadb.Policy{gre, ip},
		}},
		Descriptions: map[DescriptionKey]string{{Peer: netip.MustParseAddr("10.1.1.3")}: "this is my peer at 10.1.1.3:500 Green"},
	}
	r := newRig(t, cfg)
	now := t0.Add(24*time.Hour - (22*time.Hour + 3*time.Minute + 24*time.Second))
	sa := active(3, t0)
	sa.Peer, sa.Interface, sa.Path = "Tunnel0", "Tunnel0", path("10.1.1.4:500", "10.1.1.3:500")
	sa.RemoteID = ike.AddrIdentity(netip.MustParseAddr("10.1.1.3"))
	fresh := now.Add(-651 * time.Second)
	r.do(t0, ike.SAUp{SA: sa}, child(3, 0x1001, t0, ip))
	r.do(fresh, child(3, 0x1002, fresh, ip))
	r.carry(0x1002, "Tunnel0 2", 4, 2335<<10, 2335<<10)
	r.db.Entry("Tunnel0 2").Counters.Out.Drop(sadb.DropNoSA, 1)
	return r, now
}

// The samples as the guide prints them; the indentation is lost there.
const (
	guideShort = `Crypto session current status

Interface: FastEthernet0/1
Session status: UP-ACTIVE
Peer: 172.0.0.2/500
IKE SA: local 172.0.0.1/500 remote 172.0.0.2/500 Active
IPSEC FLOW: permit ip 10.10.10.0/255.255.255.0 10.30.30.0/255.255.255.0
Active SAs: 2, origin: crypto map
`
	guideDetail = `Interface: Tunnel0
Session status: UP-ACTIVE
Peer: 10.1.1.3 port 500 fvrf: (none) ivrf: (none)
Desc: this is my peer at 10.1.1.3:500 Green
Phase1_id: 10.1.1.3
IKE SA: local 10.1.1.4/500 remote 10.1.1.3/500 Active
Capabilities:(none) connid:3 lifetime:22:03:24
IPSEC FLOW: permit 47 host 10.1.1.4 host 10.1.1.3
Active SAs: 0, origin: crypto map
Inbound: #pkts dec'ed 0 drop 0 life (KB/Sec) 0/0
Outbound: #pkts enc'ed 0 drop 0 life (KB/Sec) 0/0
IPSEC FLOW: permit ip host 10.1.1.4 host 10.1.1.3
Active SAs: 4, origin: crypto map
Inbound: #pkts dec'ed 4 drop 0 life (KB/Sec) 4605665/2949
Outbound: #pkts enc'ed 4 drop 1 life (KB/Sec) 4605665/2949
`
)

func TestGuide(t *testing.T) {
	for _, tt := range []struct {
		name  string
		state func(*testing.T) (*rig, time.Time)
		view  View
		want  string
	}{
		{"short", referenceShort, View{}, guideShort},
		{"detail", referenceDetail, View{Detail: true}, guideDetail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, now := tt.state(t)
			lines := strings.Split(render(t, r.Snapshot(now), tt.view), "\n")
			for i, l := range lines {
				lines[i] = strings.Join(strings.Fields(l), " ")
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// rekeyOverlap has an IKE SA that replaces another, and the same for the Child SAs: the old one receives only.
func rekeyOverlap(t *testing.T) (*rig, time.Time) {
	r := newRig(t, site())
	p := site().Sessions[0].Policies[0]
	now := t0.Add(50 * time.Minute)
	r.do(t0, ike.SAUp{SA: active(1, t0)}, child(1, 0x1001, t0, p))
	r.carry(0x1001, "TO-B 10", 100, 1<<20, 1<<20)
	r.do(now, ike.SAUp{SA: active(2, now), Replaces: 1})
	standby := child(2, 0x1002, now, p)
	standby.Spec.Standby = true
	r.do(now, standby, ike.ChildActive{In: 0x1002}, ike.ChildRetired{In: 0x1001})
	r.carry(0x1002, "TO-B 10", 1, 84, 84)
	return r, now.Add(2 * time.Second)
}

// ipv6 is a session between IPv6 endpoints, with a flow of each family.
func ipv6(t *testing.T) (*rig, time.Time) {
	local, remote := netip.MustParseAddr("2001:db8:acad:1::1"), netip.MustParseAddr("2001:db8:acad:1::2")
	cfg := Config{
		Sessions: []Configured{{
			Interface: "vA", Local: local, Peer: netip.AddrPortFrom(remote, 500), PeerName: "CM 10", FVRF: "INET", IVRF: "CUST",
			Policies: []sadb.Policy{policy("SIX 10", 0, "2001:db8:a::/48", "::/0"), policy("SIX 20", 0, "10.1.0.0/16", "10.2.0.0/16")},
		}},
		Descriptions: map[DescriptionKey]string{{remote, "INET"}: "over IPv6"},
	}
	r := newRig(t, cfg)
	sa := active(1, t0)
	sa.Path = sadb.Path{Local: netip.AddrPortFrom(local, 500), Remote: netip.AddrPortFrom(remote, 500)}
	sa.RemoteID, sa.DPD = ike.AddrIdentity(remote), true
	r.do(t0, ike.SAUp{SA: sa}, child(1, 0x1001, t0, cfg.Sessions[0].Policies...))
	return r, t0.Add(time.Second)
}

func TestRenderFilter(t *testing.T) {
	s := newRig(t, branches()).Snapshot(t0)
	got := render(t, s, View{Filter: Filter{Interface: "vB"}})
	if strings.Count(got, "Interface: ") != 1 || !strings.Contains(got, "Interface: vB\n") {
		t.Errorf("got\n%s\nwant vB alone", got)
	}
	if got := render(t, s, View{Filter: Filter{Interface: "vC"}}); got != "Crypto session current status\n\n" {
		t.Errorf("got %q, want the title alone", got)
	}
	if got := render(t, s, View{Detail: true, Filter: Filter{Interface: "vC"}}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

// brokenWriter fails after some writes.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, os.ErrClosed
	}
	return len(b), nil
}

func TestRenderError(t *testing.T) {
	s := newRig(t, branches()).Snapshot(t0)
	for len(s.Sessions) < 1000 { // more than is written at once
		s.Sessions = append(s.Sessions, s.Sessions...)
	}
	for n := range 3 {
		if err := s.Render(&brokenWriter{n}, View{}); err == nil {
			t.Errorf("no error after %d writes", n)
		}
	}
	if err := s.RenderPeers(&brokenWriter{}); err == nil {
		t.Error("no error for the peers")
	}
}

func TestJSON(t *testing.T) {
	r, now := siteUp(t)
	r.do(now, ike.Failed{Peer: "CM 10", Reason: ike.ReasonNoProposal, Detail: "a second Child SA"})
	for name, s := range map[string]Snapshot{"site": r.Snapshot(now), "no-sessions": newRig(t, Config{}).Snapshot(now)} {
		b, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", string(b)+"\n")
		var back Snapshot
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if got, want := render(t, back, View{Detail: true}), render(t, s, View{Detail: true}); got != want {
			t.Errorf("%s: read back it renders\n%s\nwant\n%s", name, got, want)
		}
	}
}
