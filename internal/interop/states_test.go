package interop

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"seikan/session"
)

// listedJSON is what of `show crypto session json` and `show crypto session history json` these tests look at.
type listedJSON struct {
	Sessions []struct {
		Configured bool
		Name       string
		Status     string
		Waiting    string
		LastReason string
		LastDetail string
		IKESAs     []struct {
			Active bool
			State  string
		} `json:"ikeSas"`
		Flows []struct {
			ActiveSAs int `json:"activeSas"`
		}
		History []struct{ Kind, Cause, Detail string }
	}
}

// sessionsJSON is a listing for programs.
func (r *Router) sessionsJSON(t testing.TB, command string) (list listedJSON) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.VTY(t, command)), &list); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return list
}

// checkState checks that the one session is in a state, in each listing that tells it.
func checkState(t *testing.T, r *Router, status, letters, ikeSAs string, sas int) {
	t.Helper()
	r.WaitStatus(t, status)
	short, detail, brief := r.VTY(t, "show crypto session"), r.VTY(t, "show crypto session detail"), r.VTY(t, "show crypto session brief")
	line := "Interface: " + DeviceA + "\nSession status: " + status + "\n"
	count := fmt.Sprintf("        Active SAs: %d, origin: crypto map\n", sas)
	for name, text := range map[string]string{"show crypto session": short, "show crypto session detail": detail} {
		var ike []string
		for _, m := range regexp.MustCompile(`(?m)^  IKE SA: .* (Active|Inactive)$`).FindAllStringSubmatch(text, -1) {
			ike = append(ike, m[1])
		}
		if !strings.Contains(text, line) || !strings.Contains(text, count) || strings.Join(ike, " ") != ikeSAs {
			t.Errorf("%s in %s: got IKE SAs %v, want [%s], and\n%s", name, status, ike, ikeSAs, text)
		}
	}
	if row := regexp.MustCompile(`(?m)^ +` + regexp.QuoteMeta(OuterB) + ` .* ` + letters + `$`); !row.MatchString(brief) {
		t.Errorf("show crypto session brief in %s: want %s in\n%s", status, letters, brief)
	}
	list := r.sessionsJSON(t, "show crypto session json")
	if len(list.Sessions) != 1 {
		t.Fatalf("json in %s: got %+v, want one session", status, list)
	}
	s := list.Sessions[0]
	if !s.Configured || s.Status != status || len(s.Flows) != 1 || s.Flows[0].ActiveSAs != sas || len(s.IKESAs) != len(strings.Fields(ikeSAs)) {
		t.Errorf("json in %s: got %+v, want %d SAs and IKE SAs [%s]", status, s, sas, ikeSAs)
	}
	if got := r.VTY(t, "show crypto session | count Session status: "+status+"$"); got != "Number of lines which match regexp = 1\n" {
		t.Errorf("count in %s: got %q", status, got)
	}
}

// The states of a session with a real peer, in every listing. UP-NO-IKE is not among them: TestNeverWithoutIKE.
func TestStates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.peer.Kill(t)
	s.peer = StartCharon(t, s.Lab, s.B, "receive_delay = 6000\nreceive_delay_response = no\nreceive_delay_type = 35\n") // so that IKE_AUTH takes its time
	r := s.up(t, Connection{}, RouterConf{})
	checkState(t, r, "DOWN", "D", "", 0)
	ping := make(chan int, 1)
	go func() {
		_, received, _ := s.A.TryPing(t, InnerA, InnerB, 1, "-w", "20")
		ping <- received
	}()
	checkState(t, r, "DOWN-NEGOTIATING", "DN", "Inactive", 0)
	checkState(t, r, "UP-ACTIVE", "UA", "Active", 2)
	if n := <-ping; n < 1 {
		t.Error("no packet that asked for the tunnel was answered")
	}
	s.peer.Terminate(t, "--child", "c")
	checkState(t, r, "UP-IDLE", "UI", "Active", 0)
	s.A.Ping(t, InnerA, InnerB, 1)
	checkState(t, r, "UP-ACTIVE", "UA", "Active", 2)
	r.VTY(t, "clear crypto sa")
	checkState(t, r, "UP-IDLE", "UI", "Active", 0)
	r.VTY(t, "clear crypto session")
	checkState(t, r, "DOWN", "D", "", 0) // configured, and so still listed
}

// An IKE SA that goes takes its Child SAs with it (RFC 7296 §1.4.1), and what takes its place has them before it goes: with IKEv2 no session is
// ever UP-NO-IKE, whatever either end does. It is looked at as often as the router answers.
func TestNeverWithoutIKE(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{})
	s.A.Ping(t, InnerA, InnerB, 1)
	var mu sync.Mutex
	seen := map[string]int{}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			out, err := r.vty("show crypto session | include Session status")
			if err != nil {
				continue
			}
			mu.Lock()
			seen[strings.TrimSpace(strings.TrimPrefix(out, "Session status:"))]++
			mu.Unlock()
		}
	}()
	for range 3 {
		for _, do := range []struct {
			what string
			it   func()
			ends bool // and traffic brings another one
		}{
			{"we rekey the IKE SA", func() { r.VTY(t, "rekey crypto ikev2") }, false},
			{"strongSwan rekeys the IKE SA", func() { s.peer.Rekey(t, "--ike", ConnectionName) }, false},
			{"strongSwan authenticates anew, break before make", func() { s.peer.Rekey(t, "--reauth", "--ike", ConnectionName) }, false},
			{"strongSwan deletes the IKE SA", func() { s.peer.Terminate(t, "--ike", ConnectionName) }, true},
			{"clear crypto session", func() { r.VTY(t, "clear crypto session") }, true},
			{"clear crypto ikev2 sa", func() { r.VTY(t, "clear crypto ikev2 sa") }, true},
		} {
			before, _ := s.peerSA(t)
			do.it()
			t.Log(do.what)
			if do.ends {
				s.peer.WaitGone(t)
				s.A.Ping(t, InnerA, InnerB, 1)
			}
			s.waitOther(t, before)
			r.WaitStatus(t, "UP-ACTIVE")
		}
	}
	s.peer.Kill(t) // it has forgotten all, and says so when it comes back (INITIAL_CONTACT)
	s.peer = StartCharon(t, s.Lab, s.B, "")
	s.peer.Load(t, Connection{})
	s.peer.Initiate(t, "c")
	r.WaitStatus(t, "UP-ACTIVE")
	close(stop)
	<-done
	t.Logf("seen: %v", seen)
	if seen["UP-NO-IKE"] != 0 || seen["UP-ACTIVE"] < 10 {
		t.Errorf("seen %v, want UP-ACTIVE and never UP-NO-IKE", seen)
	}
	for status := range seen {
		if !slices.ContainsFunc(session.Statuses(), func(s session.Status) bool { return s.String() == status }) {
			t.Errorf("%q is no status", status)
		}
	}
}
