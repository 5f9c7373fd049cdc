package interop

import (
	"reflect"
	"strings"
	"testing"
)

const shown = `Interface: vA
Session status: UP-ACTIVE
Peer: 192.0.2.2 port 4500 fvrf: (none) ivrf: (none)
      Desc: connection from site A
      Phase1_id: 192.0.2.2
  IKE SA: local 192.0.2.1/4500 remote 192.0.2.2/4500 Active
          Capabilities:N connid:1 lifetime:23:59:41
  IPSEC FLOW: permit ip host 10.10.10.1 host 10.30.30.1
        Active SAs: 2, origin: crypto map
        Inbound:  #pkts dec'ed 4 drop 0 life (KB/Sec) 4607999/3581
        Outbound: #pkts enc'ed 4 drop 1 life (KB/Sec) 4607999/3581

Interface: vA
Session status: DOWN
Peer: 2001:DB8::2 port 500 fvrf: (none) ivrf: (none)
      Desc: (none)
      Phase1_id: (none)
  IKE SA: local 2001:DB8::1/500
          remote 2001:DB8::2/500 Inactive
          Capabilities:(none) connid:0 lifetime:0
  IPSEC FLOW: permit ipv6 host FD00:10::1 host FD00:30::1
        Active SAs: 0, origin: crypto map
        Inbound:  #pkts dec'ed 0 drop 0 life (KB/Sec) 0/0
        Outbound: #pkts enc'ed 0 drop 0 life (KB/Sec) 0/0
`

func TestParseSessions(t *testing.T) {
	want := []Session{{
		Interface: "vA", Status: "UP-ACTIVE", Peer: "192.0.2.2", Port: 4500, FVRF: "(none)", IVRF: "(none)",
		Description: "connection from site A", Phase1ID: "192.0.2.2",
		IKE: []IKESA{{"192.0.2.1/4500", "192.0.2.2/4500", "Active", "N", 1, "23:59:41"}},
		Flows: []Flow{{
			Permit: []string{"permit ip host 10.10.10.1 host 10.30.30.1"}, ActiveSAs: 2, Origin: "crypto map",
			In: Counter{4, 0, 4607999, 3581}, Out: Counter{4, 1, 4607999, 3581},
		}},
	}, {
		Interface: "vA", Status: "DOWN", Peer: "2001:DB8::2", Port: 500, FVRF: "(none)", IVRF: "(none)",
		Description: "(none)", Phase1ID: "(none)",
		IKE:   []IKESA{{"2001:DB8::1/500", "2001:DB8::2/500", "Inactive", "(none)", 0, "0"}},
		Flows: []Flow{{Permit: []string{"permit ipv6 host FD00:10::1 host FD00:30::1"}, Origin: "crypto map"}},
	}}
	got, err := ParseSessions(shown)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if got, err := ParseSessions(""); err != nil || got != nil {
		t.Errorf("nothing: got %+v, %v", got, err)
	}
}

// Each line must be there, in its place, and just as it is.
func TestParseSessionsIsStrict(t *testing.T) {
	lines := strings.SplitAfter(shown, "\n")
	lines = lines[:len(lines)-1]
	for i, line := range lines {
		without := strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
		if got, err := ParseSessions(without); err == nil {
			t.Errorf("without line %d: got %+v", i+1, got)
		}
		changed := strings.Join(lines[:i], "") + " " + strings.Join(lines[i:], "")
		if got, err := ParseSessions(changed); err == nil {
			t.Errorf("with a blank in front of line %d: got %+v", i+1, got)
		}
		changed = strings.Join(lines[:i], "") + strings.TrimSuffix(line, "\n") + " \n" + strings.Join(lines[i+1:], "")
		if got, err := ParseSessions(changed); err == nil {
			t.Errorf("with a blank behind line %d: got %+v", i+1, got)
		}
	}
}
