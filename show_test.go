package seikan

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/ike"
	"seikan/session"
)

// sessions is what Sessions gives.
func (e *end) sessions(f session.Filter, p session.Parts) (all []session.Session) {
	e.t.Helper()
	err := e.router.Sessions(e.t.Context(), f, p, func(list []session.Session) error {
		all = append(all, list...)
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return all
}

func TestSessions(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		all := g.a.sessions(session.Filter{}, session.Parts{Children: true, History: true, Fresh: true})
		if len(all) != 1 {
			t.Fatalf("got %d sessions, want 1", len(all))
		}
		s := all[0]
		if s.Status != session.UpActive || s.Number != 1 || len(s.Children) != 1 || len(s.History) != 1 {
			t.Errorf("got %+v", s)
		}
		c := s.Children[0]
		if c.MTU != 1500 || c.Plaintext == 0 || c.Out.Packets != 4 || c.Out.LastSequence != 4 || c.Transform != "esp-gcm 128" {
			t.Errorf("Child SA: got %+v", c)
		}
		sa := s.IKE[0]
		if want := (session.Algorithms{Encr: "AES-GCM", KeyBits: 128, PRF: "SHA256", Hash: "None", Group: 31}); sa.Algorithms != want || sa.AuthLocal != "PSK" || sa.State != "READY" {
			t.Errorf("IKE SA: got %+v, want %+v", sa, want)
		}
		if sa.NextOwn != 2 || sa.NextPeer != 0 { // IKE_SA_INIT and IKE_AUTH were ours
			t.Errorf("message IDs: got %d, %d, want 2, 0", sa.NextOwn, sa.NextPeer)
		}
		if got := g.a.sessions(session.Filter{Interface: "other"}, session.Parts{}); len(got) != 0 {
			t.Errorf("of another interface: got %d", len(got))
		}
		enough := errors.New("enough")
		err := g.a.router.Sessions(t.Context(), session.Filter{}, session.Parts{}, func([]session.Session) error { return enough })
		if !errors.Is(err, enough) {
			t.Errorf("got error %v, want that of the taker", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		g.a.stop()
		if err := g.a.router.Sessions(ctx, session.Filter{}, session.Parts{}, nil); err == nil {
			t.Error("no error of a router that has stopped")
		}
	})
}

// A listing of many sessions leaves the router time for other work: who takes it may ask for that.
func TestSessionsLeaveTime(t *testing.T) {
	const n = 3*sessionsAtOnce + 1
	many := func(a, b *Config) {
		for i := range n - 1 {
			peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(113 + i>>8), byte(i)}), 500)
			a.Session.Sessions = append(a.Session.Sessions, session.Configured{Interface: "v0", Local: outerA, Peer: peer, PeerName: peer.String()})
		}
	}
	engine(t, many, func(t *testing.T, g *rig) {
		var sizes []int
		err := g.a.router.Sessions(t.Context(), session.Filter{}, session.Parts{}, func(list []session.Session) error {
			sizes = append(sizes, len(list))
			_, err := g.a.router.HasVRF(t.Context(), "RED") // which control answers
			return err
		})
		if want := []int{sessionsAtOnce, sessionsAtOnce, sessionsAtOnce, 1}; err != nil || !slices.Equal(sizes, want) {
			t.Errorf("got %v, %v, want %v", sizes, err, want)
		}
		all, err := g.a.router.Snapshot(t.Context())
		if err != nil || len(all.Sessions) != n || all.At.IsZero() {
			t.Errorf("a Snapshot of %d sessions at %v, %v, want %d", len(all.Sessions), all.At, err, n)
		}
	})
}

func TestClearSAs(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		clear := func(q session.ClearRequest) int {
			t.Helper()
			n, err := g.a.router.ClearSAs(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			return n
		}
		spi := g.a.sessions(session.Filter{}, session.Parts{Children: true})[0].Children[0].Out.SPI
		if n := clear(session.ClearRequest{What: session.ClearChildren, SPI: spi + 1}); n != 0 {
			t.Errorf("of an SPI that is not there: got %d", n)
		}
		if n := clear(session.ClearRequest{What: session.ClearCounters}); n != 0 {
			t.Errorf("counters: got %d", n)
		}
		if f := g.a.session().Flows[0]; f.Out.Packets != 0 || g.a.flow().Out.Packets.Load() != 4 {
			t.Errorf("after clearing counters: got %d listed and %d counted, want 0 and 4", f.Out.Packets, g.a.flow().Out.Packets.Load())
		}
		// The Child SA alone: both sides keep the IKE SA, and the next packet makes another.
		if n := clear(session.ClearRequest{What: session.ClearChildren, SPI: spi}); n != 1 {
			t.Errorf("Child SAs: got %d, want 1", n)
		}
		g.a.wantStatus(session.UpIdle)
		g.b.wantStatus(session.UpIdle)
		if line := g.a.wantLog(1, "child SA down")[0]; line["reason"] != ike.ReasonOperator.String() {
			t.Errorf("got %v, want the operator as the reason", line)
		}
		g.a.send(9, 9)
		time.Sleep(time.Second)
		g.a.wantStatus(session.UpActive)
		if n := clear(session.ClearRequest{}); n != 1 {
			t.Errorf("sessions: got %d, want 1", n)
		}
		g.a.wantStatus(session.Down)
		h := g.a.sessions(session.Filter{}, session.Parts{History: true})[0].History
		if last := h[len(h)-1]; last.Kind != session.HistoryDown || last.Cause != "cleared by operator" {
			t.Errorf("history: got %+v", last)
		}
	})
}

func TestTables(t *testing.T) {
	engine(t, func(a, b *Config) { a.Session.TransformSets = []session.TransformSet{{Name: "TS"}} }, func(t *testing.T, g *rig) {
		g.up()
		tables, err := g.a.router.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := tables.RenderInterfaces(&b); err != nil {
			t.Fatal(err)
		}
		const want = " is up, line protocol is up\n  Hardware is Tunnel\n  MTU 1438 bytes\n     0 packets input, 0 bytes, 0 drops\n     4 packets output, 800 bytes, 0 drops\n"
		if b.String() != want || len(tables.TransformSets) != 1 || len(tables.Peers) != 1 || tables.Peers[0].Phase1ID != "192.0.2.2" {
			t.Errorf("got %+v,\n%s\nwant\n%s", tables.TransformSets, b.String(), want)
		}
	})
}
