package session

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// views is every listing of sessions, by its command.
var views = []struct {
	command string
	view    View
}{
	{"show crypto session", View{}},
	{"show crypto session detail", View{Detail: true}},
	{"show crypto session | format xe", View{Format: XE}},
	{"show crypto session detail | format xe", View{Detail: true, Format: XE}},
	{"show crypto session brief", View{Show: ShowBrief}},
	{"show crypto session brief | format xe", View{Show: ShowBrief, Format: XE}},
	{"show crypto session groups", View{Show: ShowGroups}},
	{"show crypto session summary", View{Show: ShowSummary}},
	{"show crypto session history", View{Show: ShowHistory}},
	{"show crypto ikev2 sa", View{Show: ShowIKESAs}},
	{"show crypto ikev2 sa detailed", View{Show: ShowIKESAs, Detail: true}},
	{"show crypto ikev2 session", View{Show: ShowIKESessions}},
	{"show crypto ikev2 session detailed", View{Show: ShowIKESessions, Detail: true}},
	{"show crypto ipsec sa", View{Show: ShowIPsec}},
	{"show crypto ipsec sa detail", View{Show: ShowIPsec, Detail: true}},
	{"show crypto ipsec sa identity", View{Show: ShowIPsec, Identity: true}},
	{"show crypto ipsec sa count", View{Show: ShowIPsecCount}},
	{"show crypto engine connections active", View{Show: ShowEngine}},
	{"show crypto ikev2 diagnose error", View{Show: ShowErrors}},
}

// TestViews holds every listing, for people and for programs, against what it was.
func TestViews(t *testing.T) {
	states := append(listings[:len(listings):len(listings)], []struct {
		name  string
		state func(t *testing.T) (*rig, time.Time)
	}{{"two-families", twoFamilies}, {"troubled", troubled}}...)
	for _, tt := range states {
		t.Run(tt.name, func(t *testing.T) {
			r, now := tt.state(t)
			s := r.Snapshot(now)
			var text, programs strings.Builder
			for _, v := range views {
				text.WriteString("Router#" + v.command + "\n" + render(t, s, v.view))
				if v.view.Format == XE {
					continue
				}
				v.view.JSON = true
				out := render(t, s, v.view)
				if !json.Valid([]byte(out)) {
					t.Errorf("%s json: not JSON:\n%s", v.command, out)
				}
				if tt.name == "two-families" || tt.name == "troubled" || tt.name == "vrfs" || tt.name == "clients" || tt.name == "no-sessions" {
					programs.WriteString("Router#" + v.command + " json\n" + out)
				}
			}
			golden(t, tt.name+".views", text.String())
			if programs.Len() > 0 {
				golden(t, tt.name+".views-json", programs.String())
			}
		})
	}
}

// negotiated is an IKE SA with all that an engine tells of one.
func negotiated(sa ike.SAInfo) ike.SAInfo {
	sa.Transforms = ike.Transforms{Encr: ike.Encr{ID: 20, KeyBits: 256}, PRF: 6, Group: 20, AddKE: 36}
	sa.Auth = ike.Auth{Local: 2, Remote: 2}
	sa.LocalID, sa.SPIi, sa.SPIr = ike.AddrIdentity(sa.Path.Local.Addr()), 0x1A375C00C1D157CF, 0xDB50F1BC88ACBA67
	sa.DPD, sa.DPDEvery, sa.DPDRetry, sa.Fragments, sa.NextOwn, sa.NextPeer = true, 10*time.Second, 3*time.Second, true, 2, 1
	return sa
}

// twoFamilies is a session over IPv4 with two flows and two suites, one being rekeyed, and one over IPv6.
func twoFamilies(t *testing.T) (*rig, time.Time) {
	six := Configured{
		Interface: "Tunnel1", Outside: "GigabitEthernet0/1", Local: netip.MustParseAddr("2001:db8::1"), Peer: netip.MustParseAddrPort("[2001:db8::2]:500"), PeerName: "CM 20", Map: "CM", Profile: "P6",
		FVRF: "INET", IVRF: "CUST", Policies: []sadb.Policy{policy("SIX 10", 0, "2001:db8:a::/48", "::/0")},
	}
	cfg := site()
	four := &cfg.Sessions[0]
	four.Interface, four.Map, four.Profile = "GigabitEthernet0/0", "CM", "PROF"
	tcp := policy("TO-B 20", 6, "10.10.10.0/24", "10.30.0.0/16")
	tcp.Remote[0].LoPort, tcp.Remote[0].HiPort = 443, 443
	four.Policies = append(four.Policies, tcp)
	cfg.Sessions = append(cfg.Sessions, six)
	cfg.MTUs = map[sadb.Host]int{{Addr: four.Local}: 1500, {Addr: six.Local}: 1400}
	r := newRig(t, cfg)
	one := negotiated(active(1, t0))
	one.Interface, one.Path, one.NATRemote, one.ESP = four.Interface, path4500, true, path4500
	two := negotiated(active(2, t0))
	two.Peer, two.Interface, two.Initiator = "CM 20", "Tunnel1", false
	two.Path = sadb.Path{Local: netip.AddrPortFrom(six.Local, 500), Remote: six.Peer}
	two.RemoteID, two.Transforms = ike.Identity{Kind: 2, Data: "six.example"}, ike.Transforms{Encr: ike.Encr{ID: 12, KeyBits: 128}, PRF: 2, Integ: 2, Group: 16}
	two.Transforms.AddKE, two.Fragments, two.DPDEvery, two.DPDRetry = 0, false, 0, 0
	two.LocalID = ike.AddrIdentity(six.Local)
	r.do(t0, ike.SAUp{SA: one}, ike.SAUp{SA: two})
	first := child(1, 0x18906F9D, t0, four.Policies[0])
	first.Spec.Path = path4500
	r.do(t0, first)
	now := t0.Add(26 * time.Hour)
	next := cbc(child(1, 0x1001, now.Add(-time.Minute), four.Policies[0]))
	next.Spec.Path, next.Group, next.AddKE = path4500, 14, 37
	bare := child(2, 0x2001, now.Add(-time.Minute), six.Policies...)
	bare.Spec.Path = sadb.Path{Local: netip.AddrPortFrom(six.Local, 0), Remote: netip.AddrPortFrom(six.Peer.Addr(), 0)}
	bare.Spec.In.ESN, bare.Spec.In.Window, bare.Spec.Life.Kilobytes = true, 1024, 0
	r.do(now.Add(-time.Minute), next, ike.ChildRetired{In: 0x18906F9D}, bare)
	r.carry(0x1001, "TO-B 10", 199, 199*84, 199*84)
	r.db.Lookup(0x1001).Counters.LastUse.Store(now.UnixNano())
	r.db.Entry("TO-B 10").Counters.In.LastUse.Store(now.UnixNano())
	return r, now
}

// cbc gives a Child SA AES-256 in CBC mode with a MAC of its own.
func cbc(ev ike.ChildUp) ike.ChildUp {
	suite := esp.Suite{Encr: esp.ENCR_AES_CBC, KeyBits: 256, Integ: esp.AUTH_HMAC_SHA2_256_128}
	for _, p := range []*esp.Params{&ev.Spec.In, &ev.Spec.Out} {
		p.Suite, p.Key, p.Auth = suite, make(esp.Secret, 32), make(esp.Secret, 32)
	}
	return ev
}

// troubled is a session that was up and is not, after attempts that failed, with a drop for every reason; and one that nothing has happened to.
func troubled(t *testing.T) (*rig, time.Time) {
	cfg := branches()
	cfg.Sessions[1].Connect = ike.Always
	r := newRig(t, cfg)
	sa := negotiated(branch(1, "CM 10", 38452))
	r.do(t0, ike.SAUp{SA: sa}, child(1, 0x1001, t0, cfg.Sessions[0].Policies...))
	later := t0.Add(25*time.Hour + 3*time.Second)
	r.do(later, ike.ChildDown{In: 0x1001, IKE: 1, Reason: ike.ReasonPeerLost}, ike.SADown{SA: gone(sa), Reason: ike.ReasonPeerLost, Detail: "no answer to a request"})
	for i := range 3 {
		r.do(later.Add(time.Duration(i)*time.Minute), ike.Failed{Peer: "CM 10", Reason: ike.ReasonAuthFailed, Detail: "the peer answered IKE_AUTH with AUTHENTICATION_FAILED"})
	}
	for why := range sadb.DropReason(sadb.NumDropReasons) {
		r.db.Entry("A 10").Counters.In.Drop(why, 1)
		r.db.Entry("A 10").Counters.Out.Drop(why, 1<<20)
	}
	return r, later.Add(time.Hour)
}

// Samples of the later style, as listings that were captured have it.
func TestXESamples(t *testing.T) {
	ap, addr := netip.MustParseAddrPort, netip.MustParseAddr
	flow := func(permit string, sas int) Flow {
		return Flow{Permit: []string{permit}, ActiveSAs: sas, Origin: "crypto map"}
	}
	tests := []struct {
		name   string
		detail bool
		s      Session
		want   string
	}{
		{"remote access, the IKE SA being rekeyed", false, Session{
			Interface: "Virtual-Access2", Username: "cisco", Profile: "prof", Group: "easy", Assigned: addr("10.3.3.4"), Status: UpActive, Peer: ap("10.1.1.2:500"), Number: 7,
			IKE: []IKESA{
				{Version: 1, Local: ap("10.1.1.1:500"), Remote: ap("10.1.1.2:500"), Active: true}, {Version: 1, Local: ap("10.1.1.1:500"), Remote: ap("10.1.1.2:500")},
			},
			Flows: []Flow{flow("permit ip 0.0.0.0/0.0.0.0 host 3.3.3.4", 2)},
		}, `Interface: Virtual-Access2
Username: cisco
Profile: prof
Group: easy
Assigned address: 10.3.3.4
Session status: UP-ACTIVE·····
Peer: 10.1.1.2 port 500·
  Session ID: 7··
  IKEv1 SA: local 10.1.1.1/500 remote 10.1.1.2/500 Active·
  Session ID: 7··
  IKEv1 SA: local 10.1.1.1/500 remote 10.1.1.2/500 Inactive·
  IPSEC FLOW: permit ip 0.0.0.0/0.0.0.0 host 3.3.3.4·
        Active SAs: 2, origin: crypto map
`},
		{"behind a NAT", true, Session{
			Interface: "Tunnel1", Profile: "IKEV2_PROFILE", UptimeSeconds: 31, Status: UpActive, Peer: ap("10.1.1.1:4500"), Number: 78, Phase1ID: "10.1.1.1",
			IKE: []IKESA{{Version: 2, Local: ap("4.4.4.1:4500"), Remote: ap("10.1.1.1:4500"), Active: true, Capabilities: "DNU", ConnID: 1, SecondsLeft: 86369}},
			Flows: []Flow{{
				Permit: []string{"permit ip 0.0.0.0/0.0.0.0 0.0.0.0/0.0.0.0"}, ActiveSAs: 2, Origin: "crypto map",
				In: Direction{Packets: 2, KilobytesLeft: 4607999, SecondsLeft: 3569}, Out: Direction{KilobytesLeft: 4608000, SecondsLeft: 3569},
			}},
		}, `Interface: Tunnel1
Profile: IKEV2_PROFILE
Uptime: 00:00:31
Session status: UP-ACTIVE·····
Peer: 10.1.1.1 port 4500 fvrf: (none) ivrf: (none)
      Phase1_id: 10.1.1.1
      Desc: (none)
  Session ID: 78··
  IKEv2 SA: local 4.4.4.1/4500 remote 10.1.1.1/4500 Active·
          Capabilities:DNU connid:1 lifetime:23:59:29
  IPSEC FLOW: permit ip 0.0.0.0/0.0.0.0 0.0.0.0/0.0.0.0·
        Active SAs: 2, origin: crypto map
        Inbound:  #pkts dec'ed 2 drop 0 life (KB/Sec) 4607999/3569
        Outbound: #pkts enc'ed 0 drop 0 life (KB/Sec) 4608000/3569
`},
		{"negotiating", true, Session{
			Interface: "Tunnel1201", Status: DownNegotiating, Peer: ap("10.161.255.14:500"),
			IKE:   []IKESA{{Version: 1, Local: ap("10.175.200.116:500"), Remote: ap("10.161.255.14:500")}},
			Flows: []Flow{flow("permit 47 host 10.175.200.116 host 10.161.255.14", 0)},
		}, `Interface: Tunnel1201
Session status: DOWN-NEGOTIATING
Peer: 10.161.255.14 port 500 fvrf: (none) ivrf: (none)
      Desc: (none)
      Phase1_id: (none)
  Session ID: 0··
  IKEv1 SA: local 10.175.200.116/500 remote 10.161.255.14/500 Inactive·
          Capabilities:(none) connid:0 lifetime:0
  IPSEC FLOW: permit 47 host 10.175.200.116 host 10.161.255.14·
        Active SAs: 0, origin: crypto map
        Inbound:  #pkts dec'ed 0 drop 0 life (KB/Sec) 0/0
        Outbound: #pkts enc'ed 0 drop 0 life (KB/Sec) 0/0
`},
		{"down", false, Session{
			Interface: "FastEthernet0/0", Status: Down, Peer: ap("80.0.0.20:500"), Flows: []Flow{flow("permit ip 192.168.1.0/255.255.255.0 192.168.2.0/255.255.255.0", 0)},
		}, `Interface: FastEthernet0/0
Session status: DOWN
Peer: 80.0.0.20 port 500·
  IPSEC FLOW: permit ip 192.168.1.0/255.255.255.0 192.168.2.0/255.255.255.0·
        Active SAs: 0, origin: crypto map
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			head := sessionTitle
			if tt.detail {
				head += legend
			}
			got := render(t, Snapshot{Sessions: []Session{tt.s}}, View{Detail: tt.detail, Format: XE})
			if want := head + strings.ReplaceAll(tt.want, "·", " "); got != want {
				t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(got, " ", "·"), strings.ReplaceAll(want, " ", "·"))
			}
		})
	}
}

// The brief listing, in both layouts, as captured.
func TestBriefSamples(t *testing.T) {
	ap := netip.MustParseAddrPort
	s := Snapshot{Sessions: []Session{
		{Interface: "FastEthernet0/1", Peer: ap("10.3.3.1:500"), Username: "ra1", Group: "ra1grp", Status: UpActive, UptimeSeconds: 1051},
		{Interface: "FastEthernet0/1", Peer: ap("10.2.2.1:500"), Phase1ID: "10.2.2.1", Status: UpActive, UptimeSeconds: 943},
	}}
	const old = `Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, N - Negotiating
        K - No IKE
ivrf = (none)
           Peer     I/F        Username          Group/Phase1_id   Uptime Status
       10.3.3.1   Fa0/1             ra1                   ra1grp 00:17:31    UA
       10.2.2.1   Fa0/1                                 10.2.2.1 00:15:43    UA
`
	if got := render(t, s, View{Show: ShowBrief}); got != old {
		t.Errorf("got\n%s\nwant\n%s", got, old)
	}
	s = Snapshot{Sessions: []Session{{Interface: "Tunnel0", Peer: ap("10.255.0.46:500"), Phase1ID: "R14", Status: UpActive, UptimeSeconds: 653}}}
	const later = "Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, N - Negotiating \n" + `        K - No IKE
ivrf = (none)
Peer            I/F          Username        Group/Phase1_id          Uptime   Status
10.255.0.46     Tu0                          R14                      00:10:53 UA
`
	if got := render(t, s, View{Show: ShowBrief, Format: XE}); got != later {
		t.Errorf("got\n%s\nwant\n%s", got, later)
	}
	s.Sessions = []Session{{Group: "cisco", Username: "cisco"}, {Group: "other", Username: "b"}, {Group: "other", Username: "a"}, {}}
	if got, want := render(t, s, View{Show: ShowGroups}), "Group: Connections\ncisco: 1\nother: 2\n"; got != want {
		t.Errorf("groups: got %q, want %q", got, want)
	}
	const summary = "Group cisco has 1 connections\n User (Logins)\n cisco (1)\nGroup other has 2 connections\n User (Logins)\n a (1)\n b (1)\n"
	if got := render(t, s, View{Show: ShowSummary}); got != summary {
		t.Errorf("summary: got %q, want %q", got, summary)
	}
	if got, want := render(t, s, View{Show: ShowSummary, Group: "cisco"}), "Group cisco has 1 connections\n User (Logins)\n cisco (1)\n"; got != want {
		t.Errorf("summary of a group: got %q, want %q", got, want)
	}
}

func TestUptimeText(t *testing.T) {
	const day = 86400
	for seconds, want := range map[uint64]string{
		0: "00:00:00", day - 1: "23:59:59", day: "1d0h", 3*day + 18*3600: "3d18h", 7*day - 1: "6d23h", 49 * day: "7w0d", 365*day - 1: "52w0d",
		365*day + 5*7*day: "1y5w",
	} {
		if got := uptimeText(seconds); got != want {
			t.Errorf("%d: got %s, want %s", seconds, got, want)
		}
	}
}
