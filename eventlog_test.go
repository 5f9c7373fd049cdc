package seikan

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// newEventLog is one that writes level and message, one in a line.
func newEventLog(ikeSAs bool) (*eventLog, *bytes.Buffer) {
	var out bytes.Buffer
	l := zerolog.New(&out).Hook(zerolog.HookFunc(func(_ *zerolog.Event, level zerolog.Level, msg string) {
		fmt.Fprintf(&out, "%v %s\n", level, msg)
	}))
	return &eventLog{log: l, ikeSAs: ikeSAs}, &out
}

// said is the levels and messages of what was logged, without the objects.
func said(out *bytes.Buffer) string {
	var b strings.Builder
	for _, line := range strings.SplitAfter(out.String(), "\n") {
		if !strings.HasPrefix(line, "{") {
			b.WriteString(line)
		}
	}
	out.Reset()
	return b.String()
}

var (
	eventTime = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	eventPath = sadb.Path{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:4500")}
)

// What is said of each event, and what `crypto logging ikev2` changes.
func TestEventMessages(t *testing.T) {
	half := ike.SAInfo{ID: 7, Peer: "CM 10", Path: eventPath}
	ours := half
	ours.Initiator = true
	up := half
	up.RemoteID, up.Created = ike.AddrIdentity(eventPath.Remote.Addr()), eventTime
	failed := ike.Failed{Peer: "CM 10", Path: eventPath, Reason: ike.ReasonNoProposal, Detail: "theirs: x", Policies: []sadb.PolicyID{"P"}}
	reason := func(r ike.Reason) ike.Failed {
		f := failed
		f.Reason, f.Detail = r, ""
		return f
	}
	repeat := failed
	repeat.Repeat = true
	from := netip.MustParseAddrPort("[2001:db8::2]:500")
	drop := func(r ike.Drop) ike.Dropped { return ike.Dropped{From: from, Reason: r} }
	const setup = "info %CRYPTO-5-IPSEC_SETUP_FAILURE: IPSEC SETUP FAILED for local:192.0.2.1 local_id:N/A remote:192.0.2.2 remote_id:N/A IKE profile:CM 10 fvrf:None fail_reason:"
	const abort = "error %IKEV2-3-NEG_ABORT: Negotiation aborted due to ERROR: "
	const bad = "warn %CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 2001:DB8::2 failed its sanity check or is malformed\n"
	for _, tt := range []struct {
		name     string
		ev       ike.Event
		off, on  string
		anything bool // both are the same
	}{
		{name: "request", ev: ike.SAStart{SA: half}, off: "debug IKE SA is being set up\n",
			on: "info %IKEV2-5-RECV_CONNECTION_REQUEST: Received a IKE_INIT_SA request. Peer 192.0.2.2:4500\n"},
		{name: "our request", ev: ike.SAStart{SA: ours}, off: "debug IKE SA is being set up\n",
			on: "info %IKEV2-5-OSAL_INITIATE_TUNNEL: Received request to establish an IPsec tunnel. Peer 192.0.2.2:4500\n"},
		{name: "up", ev: ike.SAUp{SA: up}, off: "debug IKE SA up\n", on: "info %IKEV2-5-SA_UP: SA UP. Peer 192.0.2.2:4500 Id: 192.0.2.2\n"},
		{name: "rekeyed", ev: ike.SAUp{SA: up, Replaces: 6}, off: "debug IKE SA up\n", on: "info IKE SA up\n"},
		{name: "ending", ev: ike.SAEnding{SA: up, Reason: ike.ReasonShutdown}, off: "debug IKE SA is being deleted\n", anything: true},
		{name: "cleared", ev: ike.SAEnding{SA: up, Reason: ike.ReasonOperator},
			off: "info %CRYPTO-6-ISAKMP_MANUAL_DELETE: IKE SA manually deleted. Peer 192.0.2.2:4500\n", anything: true},
		{name: "down", ev: ike.SADown{SA: up, Reason: ike.ReasonPeerLost}, off: "debug IKE SA down\n",
			on: "info %IKEV2-5-SA_DOWN: SA DOWN. Peer 192.0.2.2:4500 Id: 192.0.2.2 Reason: peer does not answer\n"},
		{name: "down before it was up", ev: ike.SADown{SA: half, Reason: ike.ReasonTimeout}, off: "debug IKE SA down\n", on: "info IKE SA down\n"},
		{name: "down after a rekey", ev: ike.SADown{SA: up, Reason: ike.ReasonRekeyed}, off: "debug IKE SA down\n", on: "info IKE SA down\n"},
		{name: "Child SA up", ev: ike.ChildUp{Spec: sadb.ChildSpec{In: esp.Params{SPI: 1}}}, off: "debug child SA up\n", on: "info child SA up\n"},
		{name: "Child SA down", ev: ike.ChildDown{}, off: "debug child SA down\n", on: "info child SA down\n"},
		{name: "moved", ev: ike.PathMoved{SA: up, From: eventPath}, off: "info IKE SA moved to another path\n", anything: true},
		{name: "no proposal", ev: failed, off: abort + "Failed to find a matching policy\n" + setup + "no proposal chosen: theirs: x fail_class_cnt:1\n", anything: true},
		{name: "authentication", ev: reason(ike.ReasonAuthFailed), off: abort + "Auth exchange failed\n" + setup + "authentication failed fail_class_cnt:1\n", anything: true},
		{name: "no answer", ev: reason(ike.ReasonPeerLost),
			off: abort + "Maximum number of retransmissions reached\n" + setup + "peer does not answer fail_class_cnt:1\n", anything: true},
		{name: "half open", ev: reason(ike.ReasonTimeout),
			off: abort + "Failed to receive the AUTH msg before the timer expired\n" + setup + "set-up timed out fail_class_cnt:1\n", anything: true},
		{name: "selectors", ev: reason(ike.ReasonNoTrafficSelectors),
			off: abort + "There was no IPSEC policy found for received TS\n" + setup + "traffic selectors unacceptable fail_class_cnt:1\n", anything: true},
		{name: "another reason", ev: reason(ike.ReasonLocal), off: abort + "Local failure\n" + setup + "local failure fail_class_cnt:1\n", anything: true},
		{name: "no path", ev: ike.Failed{Reason: ike.ReasonLocal, Detail: "no peer for the policy"},
			off: abort + "Local failure\n" + "info %CRYPTO-5-IPSEC_SETUP_FAILURE: IPSEC SETUP FAILED for local:(none) local_id:N/A remote:(none) remote_id:N/A" +
				" IKE profile:None fvrf:None fail_reason:local failure: no peer for the policy fail_class_cnt:1\n", anything: true},
		{name: "a moment later", ev: repeat, off: "debug negotiation failed\n", anything: true},
		{name: "deleted meanwhile", ev: reason(ike.ReasonPeerDeleted), off: "info negotiation failed\n", anything: true},
		{name: "cleared meanwhile", ev: reason(ike.ReasonOperator), off: "info negotiation failed\n", anything: true},
		{name: "stopping", ev: reason(ike.ReasonShutdown), off: "debug negotiation failed\n", anything: true},
		{name: "malformed", ev: drop(ike.DropMalformed), off: bad, anything: true},
		{name: "integrity check", ev: drop(ike.DropICV), off: bad, anything: true},
		{name: "syntax", ev: drop(ike.DropSyntax), off: bad, anything: true},
		{name: "no SA", ev: drop(ike.DropUnknownSA),
			off: "warn %CRYPTO-4-IKMP_NO_SA: IKE message from 2001:DB8::2 has no SA and is not an initialization offer\n", anything: true},
		{name: "not encrypted", ev: drop(ike.DropUnprotected),
			off: "info %CRYPTO-6-IKMP_NOT_ENCRYPTED: IKE packet from 2001:DB8::2 was not encrypted and it should've been.\n", anything: true},
		{name: "no peer", ev: drop(ike.DropNoPeer),
			off: "info %CRYPTO-6-IKMP_NO_PRESHARED_KEY: Pre-shared key for remote peer at 2001:DB8::2 is missing\n", anything: true},
		{name: "cookie", ev: drop(ike.DropCookie), off: "debug IKE message dropped\n", anything: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, on := range []bool{false, true} {
				want := tt.off
				if on && !tt.anything {
					want = tt.on
				}
				l, out := newEventLog(on)
				l.event(eventTime, tt.ev)
				if got := said(out); got != want {
					t.Errorf("crypto logging ikev2 %v: got\n%s\nwant\n%s", on, got, want)
				}
			}
		})
	}
}

// A session that goes down says so in the line that programs know, and why in another.
func TestTransitionMessages(t *testing.T) {
	l, out := newEventLog(false)
	tr := session.Transition{Up: true, Interface: "vA", Peer: eventPath.Remote, ID: "192.0.2.2"}
	l.status(tr)
	if got, want := said(out), "info "+tr.Message()+"\n"; got != want {
		t.Errorf("up: got %q, want %q", got, want)
	}
	tr.Up, tr.Reason, tr.Detail, tr.Duration = false, ike.ReasonPeerDeleted, "it said so", 25*time.Hour+61*time.Second
	l.status(tr)
	if got, want := said(out), "info "+tr.Message()+"\ninfo %CRYPTO-6-SESSION_DOWN_REASON: Peer 192.0.2.2:4500 went down after 25:01:01: deleted by peer: it said so\n"; got != want {
		t.Errorf("down: got\n%s\nwant\n%s", got, want)
	}
}

// What is said of a session depends on what is asked for: its status, and that a client of a group is there.
func TestTransitionsAskedFor(t *testing.T) {
	tr := session.Transition{Up: true, Peer: eventPath.Remote, ID: "ra1grp", Group: "ra1grp", Local: eventPath.Local.Addr()}
	for _, tt := range []struct {
		name string
		cfg  session.Config
		want string
	}{
		{"nothing", session.Config{}, ""},
		{"sessions", session.Config{Logging: true}, "info " + tr.Message() + "\n"},
		{"clients", session.Config{LogGroups: session.GroupLog{All: true}}, "info " + tr.GroupMessage() + "\n"},
		{"other clients", session.Config{LogGroups: session.GroupLog{Names: []string{"ra2grp"}}}, ""},
		{"both", session.Config{Logging: true, LogGroups: session.GroupLog{Names: []string{"ra1grp"}}}, "info " + tr.Message() + "\ninfo " + tr.GroupMessage() + "\n"},
	} {
		l, out := newEventLog(false)
		l.transition(tr, &tt.cfg)
		if got := said(out); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Others can make the router say only so much; what is not said is told of.
func TestLogLimit(t *testing.T) {
	l, out := newEventLog(false)
	drop := func(at time.Duration, from string, why ike.Drop) {
		l.event(eventTime.Add(at), ike.Dropped{From: netip.AddrPortFrom(netip.MustParseAddr(from), 500), Reason: why})
	}
	for i := range 5 {
		drop(time.Duration(i)*time.Second, "192.0.2.2", ike.DropUnknownSA)
	}
	drop(5*time.Second, "192.0.2.3", ike.DropUnknownSA)
	drop(5*time.Second, "192.0.2.2", ike.DropMalformed)
	if got := strings.Count(said(out), "\n"); got != 3 {
		t.Errorf("got %d messages, want one of each sender and kind", got)
	}
	if got, want := l.limit.next(), eventTime.Add(time.Minute); !got.Equal(want) {
		t.Errorf("next: got %v, want %v", got, want)
	}
	l.limit.tell(eventTime.Add(time.Minute-1), l.log)
	if got := said(out); got != "" {
		t.Errorf("too early: got %q", got)
	}
	l.limit.tell(eventTime.Add(2*time.Minute), l.log)
	if got, want := said(out), "warn %SYS-4-LOGGING_LIMIT: 4 more messages in the last 60 s not logged: CRYPTO-4-IKMP_NO_SA of 192.0.2.2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !l.limit.next().IsZero() || len(l.limit.counts) != 0 {
		t.Errorf("got %d counts, next %v; want none", len(l.limit.counts), l.limit.next())
	}
	drop(3*time.Minute, "192.0.2.2", ike.DropUnknownSA)
	if got := said(out); got == "" {
		t.Error("nothing is said a minute later")
	}

	// However many senders there are, or seem to be.
	for i := range 10_000 {
		drop(4*time.Minute, fmt.Sprintf("10.0.%d.%d", i/256, i%256), ike.DropUnknownSA)
	}
	if got := strings.Count(said(out), "\n"); got > maxQuiet+1 || len(l.limit.counts) > maxQuiet+1 {
		t.Errorf("got %d messages, %d counts; want at most %d", got, len(l.limit.counts), maxQuiet+1)
	}
	l.limit.tell(eventTime.Add(5*time.Minute), l.log)
	if got, want := said(out), "warn %SYS-4-LOGGING_LIMIT: 9744 more messages in the last 60 s not logged: CRYPTO-4-IKMP_NO_SA of several senders\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A flood that is not said costs next to nothing.
func TestLogLimitDoesNotAllocate(t *testing.T) {
	l, _ := newEventLog(false)
	var ev ike.Event = ike.Dropped{From: eventPath.Remote, Reason: ike.DropMalformed}
	if n := testing.AllocsPerRun(100, func() { l.event(eventTime, ev) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// Control tells of what it did not log by itself, also where nothing else happens.
func TestLogLimitIsTold(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		conn := g.net.Listen(netip.MustParseAddrPort("192.0.2.77:500"))
		defer conn.Close()
		w := conn.NewWriter()
		for range 3 {
			junk := append(bytes.Repeat([]byte{7}, 16), 1, 2, 3)
			if _, err := w.WriteBatch([]Message{{Data: junk, Remote: netip.AddrPortFrom(outerA, 500)}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		g.a.wantLog(1, "%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 192.0.2.77 ")
		time.Sleep(2 * time.Minute)
		g.a.wantLog(1, "%SYS-4-LOGGING_LIMIT: 2 more messages in the last 60 s not logged: CRYPTO-4-IKMP_BAD_MESSAGE of 192.0.2.77")
	})
}
