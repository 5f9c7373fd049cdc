package session

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

const idKeyID = 11 // ID_KEY_ID (RFC 7296 §3.5)

// clients is four sessions on one interface: two clients of the group ra1grp, one of another, one that is of none for it says its name; and a
// fifth, that is down.
func clients(t *testing.T) (*rig, time.Time) {
	cfg := Config{}
	for i := range 5 {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(2 + i)}), 500)
		cfg.Sessions = append(cfg.Sessions, Configured{
			Interface: "FastEthernet0/1", Local: netip.MustParseAddr("192.0.2.1"), Peer: at, PeerName: fmt.Sprint("CM ", i), Map: "CM", Profile: "RA",
			Policies: []sadb.Policy{policy(sadb.PolicyID(fmt.Sprint("RA ", i)), 0, "10.0.0.0/24", fmt.Sprintf("10.%d.0.0/24", i+1))},
		})
	}
	r := newRig(t, cfg)
	ids := []ike.Identity{{Kind: idKeyID, Data: "ra1grp"}, {Kind: idKeyID, Data: "ra1grp"}, {Kind: idKeyID, Data: "ra\x012"}, {Kind: 2, Data: "ra1grp"}}
	for i, id := range ids {
		sa := active(sadb.IKEID(i+1), t0)
		sa.Peer, sa.Interface, sa.RemoteID = cfg.Sessions[i].PeerName, "FastEthernet0/1", id
		sa.Path.Remote = cfg.Sessions[i].Peer
		up := child(sa.ID, esp.SPI(0x1001+i), t0, cfg.Sessions[i].Policies...)
		up.Spec.Path = sa.Path
		r.do(t0, ike.SAUp{SA: sa}, up)
	}
	return r, t0.Add(time.Minute)
}

// The group of a session is the key ID that its peer has proved, for as long as an SA is there.
func TestGroup(t *testing.T) {
	r, now := clients(t)
	var groups []string
	for _, s := range r.Snapshot(now).Sessions {
		groups = append(groups, s.Group)
	}
	if want := []string{"ra1grp", "ra1grp", "0x72610132", "", ""}; !slices.Equal(groups, want) {
		t.Errorf("got %q, want %q", groups, want)
	}
	for f, want := range map[Filter]string{
		{Group: "ra1grp"}: "[1 2]", {Group: "0x72610132"}: "[3]", {Group: "ra"}: "[]", {Group: "ra1grp", Remote: netip.MustParseAddr("192.0.2.3")}: "[2]",
	} {
		if got := fmt.Sprint(r.IKESAs(f)); got != want {
			t.Errorf("%+v: got IKE SAs %s, want %s", f, got, want)
		}
		if got := r.Children(f); len(got) != len(r.IKESAs(f)) {
			t.Errorf("%+v: got Child SAs %x", f, got)
		}
	}
}

// What goes up and down says of which group it is, also at its end, and is logged where that group is asked for.
func TestGroupMessages(t *testing.T) {
	r, now := clients(t)
	sa := active(2, t0)
	sa.Peer, sa.Interface, sa.Path.Remote, sa.RemoteID = "CM 1", "FastEthernet0/1", netip.MustParseAddrPort("192.0.2.3:500"), ike.Identity{Kind: idKeyID, Data: "ra1grp"}
	if _, ok := r.Observe(now, ike.ChildDown{In: 0x1002, Reason: ike.ReasonPeerDeleted}); ok {
		t.Error("it is down while its IKE SA is there")
	}
	tr, ok := r.Observe(now, ike.SADown{SA: gone(sa), Reason: ike.ReasonPeerDeleted})
	want := "%CRYPTO-6-EZVPN_CONNECTION_DOWN: (Server)  User=  Group=ra1grp  Client_public_addr=192.0.2.3  Server_public_addr=192.0.2.1"
	if !ok || tr.GroupMessage() != want {
		t.Errorf("down: got %v, %s, want %s", ok, tr.GroupMessage(), want)
	}
	tr = Transition{Up: true, Group: "six", Peer: netip.MustParseAddrPort("[2001:db8::2]:500"), Local: netip.MustParseAddr("2001:db8::1")}
	want = "%CRYPTO-6-EZVPN_CONNECTION_UP: (Server)  User=  Group=six  Client_public_addr=2001:DB8::2  Server_public_addr=2001:DB8::1"
	if got := tr.GroupMessage(); got != want {
		t.Errorf("up: got %s, want %s", got, want)
	}
	for _, tt := range []struct {
		log   GroupLog
		group string
		want  bool
	}{
		{GroupLog{}, "a", false}, {GroupLog{All: true}, "a", true}, {GroupLog{All: true}, "", false},
		{GroupLog{Names: []string{"b", "a"}}, "a", true}, {GroupLog{Names: []string{"b"}}, "a", false}, {GroupLog{Names: []string{""}}, "", false},
	} {
		if got := tt.log.Has(tt.group); got != tt.want {
			t.Errorf("%+v has %q: got %v", tt.log, tt.group, got)
		}
	}
}
