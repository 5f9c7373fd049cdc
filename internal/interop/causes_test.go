package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// cause is what took a session down, or kept it down, as the operator reads it.
type cause struct{ reason, detail string }

func (c cause) String() string {
	if c.detail == "" {
		return c.reason
	}
	return c.reason + ": " + c.detail
}

// checkCause waits until the one session is in a state for a cause, and checks that the history says so in text and for programs, and the log.
// event is the history's word for it: UP, DOWN, FAILED.
func checkCause(t *testing.T, r *Router, status, event string, want cause) {
	t.Helper()
	Eventually(t, "the history names the cause "+want.String(), func() (bool, string) {
		out := r.VTY(t, "show crypto session history")
		line, recorded := "\nLast cause: "+want.String()+"\n", false
		for l := range strings.Lines(out) {
			f := strings.Fields(l)
			recorded = recorded || len(f) > 4 && f[3] == event && strings.Contains(l, "  "+want.String())
		}
		return strings.Contains(out, "\nSession status: "+status) && strings.Contains(out, line) && recorded, out
	})
	for _, command := range []string{"show crypto session history json", "show crypto session json"} {
		list := r.sessionsJSON(t, command)
		if len(list.Sessions) != 1 {
			t.Fatalf("%s: %d sessions, want 1", command, len(list.Sessions))
		}
		s, recorded := list.Sessions[0], false
		for _, h := range s.History {
			recorded = recorded || strings.EqualFold(h.Kind, event) && h.Cause == want.reason && h.Detail == want.detail
		}
		if !recorded || s.LastReason != want.reason || s.LastDetail != want.detail || s.Status != status {
			t.Errorf("%s: got %+v, want %s, and it last of all", command, s, want)
		}
		if (s.Waiting == "") != strings.HasPrefix(status, "UP-A") {
			t.Errorf("%s: waits for %q in %s", command, s.Waiting, status)
		}
	}
	say := "%CRYPTO-6-SESSION_DOWN_REASON: Peer "
	if event == "FAILED" {
		say = "%CRYPTO-5-IPSEC_SETUP_FAILURE: "
	}
	Eventually(t, "the log names the cause", func() (bool, string) {
		log := r.Log(t)
		for l := range strings.Lines(log) {
			if strings.Contains(l, say) && strings.Contains(strings.ReplaceAll(l, `\"`, `"`), want.String()) {
				return true, ""
			}
		}
		return false, log
	})
}

// ask sends one packet that asks for the tunnel and is not answered.
func (s *site) ask(t *testing.T) {
	t.Helper()
	if _, received, out := s.A.TryPing(t, InnerA, InnerB, 1, "-w", "2"); received != 0 {
		t.Fatalf("ping was answered:\n%s", out)
	}
}

// refuse has strongSwan initiate, in vain.
func (s *site) refuse(t *testing.T) {
	t.Helper()
	if out, err := s.peer.TryInitiate("c"); err == nil {
		t.Fatalf("strongSwan came up:\n%s", out)
	}
}

// What strongSwan and the router cannot agree on, whoever asks: each is named with what is theirs and what is ours.
func TestCausesOfFailure(t *testing.T) {
	t.Parallel()
	ours := func(s *site, t *testing.T) { s.ask(t) }
	theirs := func(s *site, t *testing.T) { s.refuse(t) }
	gcm256 := []string{"encryption aes-gcm-256", "prf sha384", "group 20"}
	const (
		ike256    = "IKE: ENCR_AES_GCM_16/256 PRF_HMAC_SHA2_384 ECP_384"
		ikePeer   = "IKE: ENCR_AES_GCM_16/128 PRF_HMAC_SHA2_256 CURVE25519"
		esp256    = "ESP: ENCR_AES_GCM_16/256 NO_ESN"
		espPeer   = "ESP: ENCR_AES_GCM_16/128 NO_ESN"
		authLocal = `the peer does not accept "` + OuterA + `" with our key (AUTHENTICATION_FAILED)`
		other     = "10.99.0.1"
	)
	for _, tt := range []struct {
		name   string
		c      Connection
		conf   RouterConf
		try    func(*site, *testing.T)
		status string // default: DOWN
		event  string // default: FAILED
		want   cause
	}{
		{name: "another key, they ask", c: Connection{Secret: "another-key"}, try: theirs,
			want: cause{"authentication failed", `peer "` + OuterB + `" does not have the same pre-shared key`}},
		{name: "another key, we ask", c: Connection{Secret: "another-key"}, try: ours, want: cause{"authentication failed", authLocal}},
		{name: "our key is wrong, they ask", conf: RouterConf{KeyPeer: []string{"pre-shared-key local another-key"}}, try: theirs, event: "DOWN",
			want: cause{"authentication failed", authLocal}},
		{name: "their key is wrong, we ask", conf: RouterConf{KeyPeer: []string{"pre-shared-key remote another-key"}}, try: ours,
			want: cause{"authentication failed", `peer "` + OuterB + `" does not have the same pre-shared key`}},
		{name: "who they are is not known, they ask", c: Connection{LocalID: "who.example"}, try: theirs,
			want: cause{"authentication failed", `peer says it is "who.example" (ID_FQDN), which matches no configured identity`}},
		{name: "who they are is not known, we ask", c: Connection{LocalID: "who.example"}, try: ours,
			want: cause{"authentication failed", `peer says it is "who.example" (ID_FQDN), which matches no configured identity`}},
		{name: "who we are is not known, we ask", conf: RouterConf{Profile: []string{"identity local fqdn we.example"}}, try: ours,
			want: cause{"authentication failed", `the peer does not accept "we.example" with our key (AUTHENTICATION_FAILED)`}},
		{name: "IKE proposals, they ask", conf: RouterConf{Proposal: gcm256}, try: theirs,
			want: cause{"no proposal chosen", "the peer offers " + ikePeer + "; ours are " + ike256}},
		{name: "IKE proposals, we ask", conf: RouterConf{Proposal: gcm256}, try: ours,
			want: cause{"no proposal chosen", "the peer takes none of ours (NO_PROPOSAL_CHOSEN): " + ike256}},
		{name: "ESP proposals, they ask", conf: RouterConf{TransformSet: "esp-gcm 256"}, try: theirs, status: "UP-IDLE",
			want: cause{"no proposal chosen", "the peer offers " + espPeer + "; ours are " + esp256}},
		{name: "ESP proposals, we ask", conf: RouterConf{TransformSet: "esp-gcm 256"}, try: ours, status: "UP-IDLE",
			want: cause{"no proposal chosen", "the peer takes none of ours (NO_PROPOSAL_CHOSEN): " + esp256}},
		{name: "traffic selectors, they ask", c: Connection{Children: []PeerChild{{RemoteTS: other + "/32"}}}, try: theirs, status: "UP-IDLE",
			want: cause{"traffic selectors unacceptable", "the peer wants " + other + "/32 === " + InnerB + "/32; ours are " + InnerA + "/32 === " + InnerB + "/32"}},
		{name: "traffic selectors, we ask", c: Connection{Children: []PeerChild{{RemoteTS: other + "/32"}}}, try: ours, status: "UP-IDLE",
			want: cause{"traffic selectors unacceptable", "the peer takes none of our traffic selectors (TS_UNACCEPTABLE): " + InnerA + "/32 === " + InnerB + "/32"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			r := s.up(t, tt.c, tt.conf)
			tt.try(s, t)
			checkCause(t, r, or(tt.status, "DOWN"), or(tt.event, "FAILED"), tt.want)
		})
	}
}

// What ends a session that was up.
func TestCausesOfDown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		conf RouterConf
		end  func(*testing.T, *site, *Router)
		want cause
	}{
		{"the peer deletes it", RouterConf{}, func(t *testing.T, s *site, r *Router) { s.peer.Terminate(t, "--ike", ConnectionName) },
			cause{"deleted by peer", ""}},
		{"the operator clears it", RouterConf{}, func(t *testing.T, s *site, r *Router) { r.VTY(t, "clear crypto session") },
			cause{"cleared by operator", ""}},
		{"its configuration changes", RouterConf{}, func(t *testing.T, s *site, r *Router) {
			r.Paste(t, "configure terminal\ncrypto ikev2 keyring KR\npeer siteB\npre-shared-key another\nend\n")
		}, cause{"configuration changed", ""}},
		{"the peer is dead", RouterConf{Profile: []string{"dpd 10 2 periodic"}}, func(t *testing.T, s *site, r *Router) {
			s.peer.Kill(t)
			time.Sleep(10 * time.Second) // of silence, before it is asked
		}, cause{"peer does not answer", "no answer to a liveness check"}},
		{"its lifetime is over", RouterConf{Profile: []string{"lifetime 120"}}, func(t *testing.T, s *site, r *Router) {
			s.peer.Kill(t) // and so no rekey is answered: that begins in time, and is resent for longer than is left
			time.Sleep(110 * time.Second)
		}, cause{"lifetime expired", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if strings.Contains(tt.name, "lifetime") && testing.Short() {
				t.Skip("takes two minutes")
			}
			r := s.up(t, Connection{}, tt.conf)
			s.A.Ping(t, InnerA, InnerB, 1)
			r.WaitStatus(t, "UP-ACTIVE")
			tt.end(t, s, r)
			checkCause(t, r, "DOWN", "DOWN", tt.want)
		})
	}
}

// Nobody answers the first message.
func TestCauseNoAnswer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes more than a minute")
	}
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.peer.Kill(t)
	s.ask(t)
	r.WaitStatus(t, "DOWN-NEGOTIATING")
	time.Sleep(65 * time.Second) // until it is given up
	checkCause(t, r, "DOWN", "FAILED", cause{"peer does not answer", "no answer to IKE_SA_INIT"})
}

// A session whose entry is taken out of the configuration is listed no more, and its history says why it ended.
func TestCauseRemoved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.A.Ping(t, InnerA, InnerB, 1)
	more := strings.NewReplacer(OuterB, "192.0.2.77", "CM 10", "CM 20", "TO-B", "TO-C", InnerB, "10.30.30.77", "PROF", "PROF2", "siteB", "siteC")
	list := more.Replace(RouterConf{}.String())
	r.Paste(t, "configure terminal\n"+list+"end\n")
	r.Paste(t, "configure terminal\nno crypto map CM 10\nend\n")
	s.peer.WaitGone(t)
	want := cause{"removed from the configuration", ""}
	Eventually(t, "only the other session is listed", func() (bool, string) {
		sessions := r.Sessions(t)
		return len(sessions) == 1 && sessions[0].Peer == "192.0.2.77", fmt.Sprintf("%+v", sessions)
	})
	if out := r.VTY(t, "show crypto session history remote "+OuterB); !strings.Contains(out, "\nSession status: DOWN\nLast cause: "+want.String()+"\n") {
		t.Errorf("history: want %s in\n%s", want, out)
	}
	got := r.sessionsJSON(t, "show crypto session history remote "+OuterB+" json").Sessions
	if len(got) != 1 || got[0].Configured || got[0].LastReason != want.reason || len(got[0].History) != 2 || got[0].History[1].Cause != want.reason {
		t.Errorf("history for programs: got %+v, want %s", got, want)
	}
	r.WaitLog(t, "%CRYPTO-6-SESSION_DOWN_REASON: Peer "+OuterB+":4500 went down after ")
	r.WaitLog(t, want.String())
}
