package session

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// rig is a Tracker with a real DB behind it, fed as the router does it.
type rig struct {
	t  *testing.T
	db *sadb.DB
	*Tracker
	log []string // UP and DOWN as they came
	all []Transition
}

func newRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	db := new(sadb.DB)
	var spd []sadb.Policy
	for _, s := range cfg.Sessions {
		spd = append(spd, s.Policies...)
	}
	db.SetPolicies(spd)
	return &rig{t: t, db: db, Tracker: New(cfg, db)}
}

// do applies an event to the DB and gives it to the Tracker.
func (r *rig) do(now time.Time, events ...ike.Event) {
	r.t.Helper()
	for _, ev := range events {
		switch ev := ev.(type) {
		case ike.SAUp:
			if ev.Replaces != 0 {
				r.db.Rehome(ev.Replaces, ev.SA.ID)
			}
		case ike.ChildUp:
			if _, err := r.db.Install(now, ev.Spec); err != nil {
				r.t.Fatalf("install %v: %v", ev.Spec.In.SPI, err)
			}
		case ike.ChildActive:
			r.db.Activate(ev.In)
		case ike.ChildRetired:
			r.db.Retire(ev.In)
		case ike.ChildDown:
			r.db.Remove(ev.In)
		case ike.PathMoved:
			r.db.SetPath(ev.SA.ID, ev.SA.Path)
		}
		if tr, ok := r.Observe(now, ev); ok {
			word := "DOWN"
			if tr.Up {
				word = "UP"
			}
			r.log = append(r.log, word)
			r.all = append(r.all, tr)
		}
	}
}

// only is the one session of the Tracker.
func (r *rig) only(now time.Time) Session {
	r.t.Helper()
	s := r.Snapshot(now)
	if len(s.Sessions) != 1 {
		r.t.Fatalf("got %d sessions, want 1", len(s.Sessions))
	}
	return s.Sessions[0]
}

// render is the text of a Snapshot.
func render(t *testing.T, s Snapshot, v View) string {
	t.Helper()
	var b strings.Builder
	if err := s.Render(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// prefix is a selector of one prefix and protocol, any port.
func prefix(p string, proto uint8) sadb.Selector {
	n := netip.MustParsePrefix(p)
	hi := n.Addr().AsSlice()
	for i := n.Bits(); i < 8*len(hi); i++ {
		hi[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(hi)
	return sadb.Selector{Proto: proto, Lo: n.Addr(), Hi: last, HiPort: 0xffff}
}

func policy(id sadb.PolicyID, proto uint8, local, remote string) sadb.Policy {
	return sadb.Policy{
		ID: id, Action: sadb.Protect,
		Local: []sadb.Selector{prefix(local, proto)}, Remote: []sadb.Selector{prefix(remote, proto)},
	}
}

// site is the configured session of most tests, and its only peer.
func site() Config {
	return Config{
		Sessions: []Configured{{
			Interface: "vA", Local: netip.MustParseAddr("192.0.2.1"), Peer: netip.MustParseAddrPort("192.0.2.2:500"), PeerName: "CM 10",
			Policies: []sadb.Policy{policy("TO-B 10", 0, "10.10.10.1/32", "10.30.30.1/32")},
		}},
		Descriptions: map[DescriptionKey]string{{Peer: netip.MustParseAddr("192.0.2.2")}: "connection from site A"},
	}
}

func path(local, remote string) sadb.Path {
	return sadb.Path{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
}

var (
	path500  = path("192.0.2.1:500", "192.0.2.2:500")
	path4500 = path("192.0.2.1:4500", "192.0.2.2:4500")
)

// halfOpen is an IKE SA of the site being set up by us.
func halfOpen(id sadb.IKEID) ike.SAInfo {
	return ike.SAInfo{ID: id, Peer: "CM 10", Interface: "vA", Path: path500, Initiator: true}
}

// active is an authenticated IKE SA of the site.
func active(id sadb.IKEID, now time.Time) ike.SAInfo {
	sa := halfOpen(id)
	sa.Active, sa.Created, sa.Expires = true, now, now.Add(24*time.Hour)
	sa.RemoteID = ike.AddrIdentity(sa.Path.Remote.Addr())
	return sa
}

// gone is an IKE SA as its SADown describes it.
func gone(sa ike.SAInfo) ike.SAInfo {
	sa.Active = false
	return sa
}

// child is a Child SA that serves policies, with a fresh lifetime.
func child(id sadb.IKEID, in esp.SPI, now time.Time, policies ...sadb.Policy) ike.ChildUp {
	suite := esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}
	encr, _ := suite.KeyLen()
	key := func(fill byte) esp.Secret {
		k := make(esp.Secret, encr)
		for i := range k {
			k[i] = fill
		}
		return k
	}
	s := sadb.ChildSpec{
		IKE: id, Path: path500, Life: sadb.Lifetime{Kilobytes: 4608000, Seconds: time.Hour}, Expires: now.Add(time.Hour),
		In: esp.Params{SPI: in, Suite: suite, Key: key(1)}, Out: esp.Params{SPI: in + 1<<16, Suite: suite, Key: key(2)},
	}
	for _, p := range policies {
		s.Policies = append(s.Policies, p.ID)
		s.Local, s.Remote = append(s.Local, p.Local...), append(s.Remote, p.Remote...)
	}
	return ike.ChildUp{Spec: s}
}

// carry adds to the counters of a Child SA and a policy what the lanes would.
func (r *rig) carry(in esp.SPI, id sadb.PolicyID, packets, inBytes, outBytes uint64) {
	r.t.Helper()
	sa, e := r.db.Lookup(in), r.db.Entry(id)
	if sa == nil || e == nil {
		r.t.Fatalf("no SA %v or policy %q", in, id)
	}
	for c, bytes := range map[*sadb.Counters]uint64{
		&sa.Counters: inBytes, &sa.Child().Out.Counters: outBytes, &e.Counters.In: inBytes, &e.Counters.Out: outBytes,
	} {
		c.Packets.Add(packets)
		c.Bytes.Add(bytes)
	}
}
