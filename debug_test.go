package seikan

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/ike"
	"seikan/session"
)

// debug changes what a router tells of.
func (e *end) debug(change func(d *session.Debug)) {
	e.t.Helper()
	_, err := e.router.Debug(e.t.Context(), func(d session.Debug) session.Debug { change(&d); return d })
	if err != nil {
		e.t.Fatal(err)
	}
}

// What is told of while a tunnel comes up and is cleared, and that it is not told otherwise.
func TestDebug(t *testing.T) {
	for _, tt := range []struct {
		name  string
		debug session.Debug
		want  map[string]int // lines by what they begin with
	}{
		{"nothing", session.Debug{}, nil},
		{"default", session.Debug{IKEv2: session.DebugDefault}, map[string]int{"IKEv2-PAK": 8, "IKEv2-INTERNAL": 4}},
		{"packets", session.Debug{IKEv2: session.DebugPackets}, map[string]int{"IKEv2-PAK": 8}},
		{"internal", session.Debug{IKEv2: session.DebugInternal}, map[string]int{"IKEv2-INTERNAL": 4}},
		{"errors", session.Debug{IKEv2: session.DebugErrors}, nil},
		{"IPsec", session.Debug{IPsec: true}, map[string]int{"IPSEC(create_sa): sa created": 1, "IPSEC(delete_sa): deleting SA: cleared by operator": 1}},
		{"the peer", session.Debug{IPsec: true, DebugConditions: session.DebugConditions{Peers: []netip.Addr{outerB}}}, map[string]int{"IPSEC(": 2}},
		{"another peer", session.Debug{IKEv2: session.DebugDefault, IPsec: true, DebugConditions: session.DebugConditions{Peers: []netip.Addr{outerA}}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			engine(t, nil, func(t *testing.T, g *rig) {
				g.a.debug(func(d *session.Debug) { *d = tt.debug })
				g.up()
				if _, err := g.a.router.Clear(t.Context(), session.Filter{}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for begin, n := range tt.want {
					g.a.wantLog(n, begin)
				}
				all := 0
				for _, begin := range []string{"IKEv2-", "IPSEC("} {
					all += len(g.a.log.find(begin))
				}
				want := 0
				for _, n := range tt.want {
					want += n
				}
				if all != want {
					t.Errorf("%d lines, want %d:\n%s", all, want, g.a.log)
				}
				g.a.debug(func(d *session.Debug) { *d = session.Debug{} })
				if g.a.router.control.debug != nil {
					t.Error("something is debugged in the end")
				}
			})
		})
	}
}

// Conditions of different sorts must all hold, and of one sort any. The inside VRF is that of the session, from the first message on.
func TestDebugVRFs(t *testing.T) {
	peers, other := []netip.Addr{outerB}, []string{"OTHER"}
	for _, tt := range []struct {
		name string
		only session.DebugConditions
		want int // lines
	}{
		{"the front VRF", session.DebugConditions{FVRFs: []string{"OTHER", "INET"}}, 14},
		{"another front VRF", session.DebugConditions{FVRFs: []string{"RED"}}, 0},
		{"the inside VRF", session.DebugConditions{IVRFs: []string{"RED"}}, 14},
		{"another inside VRF", session.DebugConditions{IVRFs: []string{"INET"}}, 0},
		{"all", session.DebugConditions{Peers: peers, FVRFs: []string{"INET"}, IVRFs: []string{"RED"}}, 14},
		{"the peer in another front VRF", session.DebugConditions{Peers: peers, FVRFs: other}, 0},
		{"the peer in another inside VRF", session.DebugConditions{Peers: peers, IVRFs: other}, 0},
		{"another peer", session.DebugConditions{Peers: []netip.Addr{outerA}, FVRFs: []string{"INET"}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vrfs := func(a, _ *Config) {
				a.IKE.Peers[0].FVRF, a.Session.Sessions[0].FVRF, a.Session.Sessions[0].IVRF = "INET", "INET", "RED"
			}
			engine(t, vrfs, func(t *testing.T, g *rig) {
				g.a.debug(func(d *session.Debug) {
					*d = session.Debug{IKEv2: session.DebugDefault, IPsec: true, DebugConditions: tt.only}
				})
				g.up()
				if _, err := g.a.router.Clear(t.Context(), session.Filter{}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if got := len(g.a.log.find("IKEv2-")) + len(g.a.log.find("IPSEC(")); got != tt.want {
					t.Errorf("%d lines, want %d:\n%s", got, tt.want, g.a.log)
				}
			})
		})
	}
}

// What belongs to no session is in no inside VRF, but came by a front VRF.
func TestDebugOfNoSession(t *testing.T) {
	var out bytes.Buffer
	d := &debugger{what: session.Debug{IKEv2: session.DebugDefault}, log: zerolog.New(&out), sessions: session.New(session.Config{}, nil)}
	for _, tt := range []struct {
		name string
		only session.DebugConditions
		want bool
	}{
		{"no condition", session.DebugConditions{}, true},
		{"its front VRF", session.DebugConditions{FVRFs: []string{"INET"}}, true},
		{"another front VRF", session.DebugConditions{FVRFs: []string{"INET2"}}, false},
		{"an inside VRF", session.DebugConditions{IVRFs: []string{"INET"}}, false},
	} {
		out.Reset()
		d.what.DebugConditions = tt.only
		d.event(eventTime, ike.Dropped{From: netip.MustParseAddrPort("192.0.2.2:500"), VRF: "INET"})
		if got := out.Len() > 0; got != tt.want {
			t.Errorf("%s: got %q, want a line: %v", tt.name, out.String(), tt.want)
		}
	}
}

// A message in the words of the RFC; no key and no proof of one is in any line.
func TestDebugWords(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.a.debug(func(d *session.Debug) { d.IKEv2 = session.DebugDefault })
		g.up()
		lines := g.a.log.find("IKEv2-PAK")
		for i, want := range []string{
			"Sending Packet [To 192.0.2.2:500/From 192.0.2.1:500] IKE_SA_INIT request 0, SPIi=",
			"Received Packet [From 192.0.2.2:500/To 192.0.2.1:500] IKE_SA_INIT response 0, SPIi=",
			"Sending Packet [To 192.0.2.2:4500/From 192.0.2.1:4500] IKE_AUTH request 1, SPIi=",
			"Received Packet [From 192.0.2.2:4500/To 192.0.2.1:4500] IKE_AUTH response 1, SPIi=",
		} {
			text := lines[i][zerolog.MessageFieldName].(string)
			if !strings.HasPrefix(text, "IKEv2-PAK:(SA ID = 1):"+want) || lines[i][fieldDebug] != true || lines[i]["level"] != "debug" {
				t.Errorf("got %v, want %s", lines[i], want)
			}
		}
		if text := lines[2][zerolog.MessageFieldName].(string); !strings.Contains(text, " octets: HDR, SK {IDi(ID_IPV4_ADDR 192.0.2.1), ") || !strings.Contains(text, "AUTH(Shared Key Message Integrity Code), ") {
			t.Errorf("IKE_AUTH: got %s", text)
		}
	})
}

// Why a negotiation comes to nothing, and what is sent again.
func TestDebugErrors(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.cut()
		g.a.debug(func(d *session.Debug) { d.IKEv2 = session.DebugDefault })
		g.a.send(0, 0)
		time.Sleep(5 * time.Minute)
		if n := len(g.a.log.find("IKEv2-PAK:(SA ID = 1):Retransmitting Packet [To 192.0.2.2:500/From 192.0.2.1:500] IKE_SA_INIT request 0")); n == 0 {
			t.Errorf("nothing was sent again:\n%s", g.a.log)
		}
		if n := len(g.a.log.find("IKEv2-ERROR:(SA ID = 1):Negotiation with 192.0.2.2:500 failed: peer does not answer")); n == 0 {
			t.Errorf("no failure:\n%s", g.a.log)
		}
	})
}

// There are so many lines in a second, and one that says how many are left out. Lines that nothing takes are not made.
func TestDebugLimit(t *testing.T) {
	var out bytes.Buffer
	d := &debugger{what: session.Debug{IKEv2: session.DebugDefault}, log: zerolog.New(&out), sessions: session.New(session.Config{}, nil)}
	ev := ike.Dropped{From: netip.MustParseAddrPort("192.0.2.2:500")}
	for range debugRate + 50 {
		d.event(eventTime, ev)
	}
	if n := strings.Count(out.String(), "\n"); n != debugRate || d.next().IsZero() {
		t.Errorf("%d lines, next %v, want %d", n, d.next(), debugRate)
	}
	out.Reset()
	d.tell(eventTime.Add(time.Second - 1))
	d.tell(eventTime.Add(time.Second))
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "DEBUG: 50 more lines in the last second not shown") || !d.next().IsZero() {
		t.Errorf("got %q", text)
	}
	d.log = d.log.Level(zerolog.InfoLevel)
	d.line(eventTime, func() string { t.Error("a line was made that nothing takes"); return "" })
}
