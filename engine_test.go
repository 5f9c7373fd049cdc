package seikan

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/session"
)

// sequence is the numbers from lo to hi.
func sequence(lo, hi uint16) (s []uint16) {
	for n := lo; n <= hi; n++ {
		s = append(s, n)
	}
	return s
}

func TestTrafficBringsTheTunnelUp(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.a.wantStatus(session.Down)
		g.net.SetDelay(10 * time.Millisecond) // so that all are there before the SA, and none overtakes those that wait for it
		g.a.send(0, 9)
		time.Sleep(time.Second)
		g.a.send(10, 19)
		g.b.send(100, 109)
		time.Sleep(time.Second)
		if got, want := g.b.received(), sequence(0, 19); !slices.Equal(got, want) {
			t.Errorf("b got %v, want %v", got, want)
		}
		if got, want := g.a.received(), sequence(100, 109); !slices.Equal(got, want) {
			t.Errorf("a got %v, want %v", got, want)
		}
		s := g.a.session()
		if s.Status != session.UpActive || len(s.IKE) != 1 || s.Flows[0].ActiveSAs != 2 {
			t.Errorf("session %+v, want one IKE SA and 2 SAs, active", s)
		}
		if f := s.Flows[0]; f.Out.Packets != 20 || f.Out.Dropped != 0 || f.In.Packets != 10 || f.In.Dropped != 0 {
			t.Errorf("got out %+v, in %+v; want 20 and 10 packets and no drop", f.Out, f.In)
		}
		g.a.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.2:")
		g.b.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.1:")
	})
}

func TestSessionLoggingOff(t *testing.T) {
	engine(t, func(a, _ *Config) { a.Session.Logging = false }, func(t *testing.T, g *rig) {
		g.up()
		g.a.wantLog(0, "%CRYPTO-5-SESSION_STATUS")
		g.b.wantLog(1, "%CRYPTO-5-SESSION_STATUS")
	})
}

func TestHoldIsBounded(t *testing.T) {
	for _, tt := range []struct {
		hold    int
		want    []uint16
		dropped sadb.DropReason
	}{
		{2, []uint16{0, 1}, sadb.DropQueueFull},
		{-1, nil, sadb.DropNoSA},
	} {
		engine(t, func(a, _ *Config) { a.Hold = tt.hold }, func(t *testing.T, g *rig) {
			g.net.SetDelay(10 * time.Millisecond) // so that all are there before the SA
			g.a.send(0, 4)
			time.Sleep(time.Second)
			if got := g.b.received(); !slices.Equal(got, tt.want) {
				t.Errorf("hold %d: got packets %v, want %v", tt.hold, got, tt.want)
			}
			out := g.a.flow().Out.Load()
			if want := uint64(5 - len(tt.want)); out.Drops[tt.dropped] != want || out.DropTotal() != want {
				t.Errorf("hold %d: got drops %v, want %d of %v", tt.hold, out.Drops, want, tt.dropped)
			}
			g.a.wantStatus(session.UpActive)
		})
	}
}

func TestHeldPacketsExpire(t *testing.T) {
	engine(t, func(a, _ *Config) { a.HoldTime = 3 * time.Second }, func(t *testing.T, g *rig) {
		g.cut()
		g.a.send(0, 4)
		time.Sleep(2900 * time.Millisecond)
		if got := g.a.flow().Out.Load().DropTotal(); got != 0 {
			t.Errorf("%d dropped before the time", got)
		}
		time.Sleep(200 * time.Millisecond)
		if got := g.a.flow().Out.Load().Drops[sadb.DropNoSA]; got != 5 {
			t.Errorf("got %d dropped after the time, want 5", got)
		}
	})
}

func TestPeerThatIsNotThere(t *testing.T) {
	engine(t, func(a, _ *Config) { a.HoldTime = time.Hour }, func(t *testing.T, g *rig) {
		g.cut()
		g.a.send(0, 4)
		time.Sleep(5 * time.Minute)
		if got := g.a.flow().Out.Load().Drops[sadb.DropNoSA]; got != 5 {
			t.Errorf("got %d dropped, want the 5 that were held", got)
		}
		line := g.a.wantLog(1, "%IKEV2-3-NEG_ABORT: Negotiation aborted due to ERROR: Maximum number of retransmissions reached")[0]
		if line["level"] != "error" || line["peer"] != "CM 10" || line["reason"] != "peer does not answer" {
			t.Errorf("got %v, want an error that the peer does not answer", line)
		}
		g.a.wantStatus(session.Down)
	})
}

func TestWrongKey(t *testing.T) {
	engine(t, func(a, _ *Config) { a.IKE.Peers[0].LocalKey = esp.Secret("another") }, func(t *testing.T, g *rig) {
		g.a.send(0, 0)
		time.Sleep(time.Second)
		for _, e := range []*end{g.a, g.b} {
			line := e.wantLog(1, "%IKEV2-3-NEG_ABORT: Negotiation aborted due to ERROR: Auth exchange failed")[0]
			if line["level"] != "error" || line["peer"] != "CM 10" || line["reason"] != "authentication failed" {
				t.Errorf("got %v, want an error that names the peer and the reason", line)
			}
			e.wantStatus(session.Down)
			e.wantLog(0, "%CRYPTO-5-SESSION_STATUS")
		}
		if got := g.a.flow().Out.Load().Drops[sadb.DropNoSA]; got != 1 {
			t.Errorf("got %d held packets dropped, want 1", got)
		}
		if strings.Contains(g.a.log.String()+g.b.log.String(), "another") {
			t.Error("the key is in the log")
		}
	})
}

func TestNarrowedByThePeer(t *testing.T) {
	other := netip.MustParseAddr("10.30.30.9")
	change := func(a, _ *Config) { // a wants two hosts behind b, which knows one of them
		remote := append(selector(innerB), selector(other)...)
		a.Policies[0].Remote, a.IKE.Peers[0].Flows[0].Remote = remote, remote
	}
	engine(t, change, func(t *testing.T, g *rig) {
		for n := range uint16(20) {
			g.a.dev.Send(packet(innerA, other, n, 200))
			time.Sleep(100 * time.Millisecond)
		}
		g.a.send(30, 33)
		time.Sleep(time.Second)
		if got, want := g.b.received(), sequence(30, 33); !slices.Equal(got, want) {
			t.Errorf("b got %v, want %v", got, want)
		}
		if got := g.a.flow().Out.Load().Drops[sadb.DropNoSA]; got != 20 {
			t.Errorf("got %d dropped, want the 20 that the peer does not take", got)
		}
		if got := g.a.session().Flows[0].ActiveSAs; got > 4 {
			t.Errorf("got %d SAs, want a pair, and one more for the try to have the packet taken", got)
		}
	})
}

// stream sends a packet from each end every gap, for d.
func (g *rig) stream(lo uint16, gap, d time.Duration) (hi uint16) {
	for n := lo; ; n++ {
		if time.Duration(n-lo)*gap >= d {
			return n - 1
		}
		g.a.send(n, n)
		g.b.send(n, n)
		time.Sleep(gap)
	}
}

// wantStream fails the test unless both ends got 0 to 3 from g.up and lo to hi, in order.
func (g *rig) wantStream(lo, hi uint16) {
	g.t.Helper()
	if got, want := g.b.received(), append(sequence(0, 3), sequence(lo, hi)...); !slices.Equal(got, want) {
		g.t.Errorf("b got %d packets, want %d in order; drops %v", len(got), len(want), g.b.flow().In.Load())
	}
	if got, want := g.a.received(), sequence(lo, hi); !slices.Equal(got, want) {
		g.t.Errorf("a got %d packets, want %d in order; drops %v", len(got), len(want), g.a.flow().In.Load())
	}
}

func TestRekeyLosesNothing(t *testing.T) {
	tests := []struct {
		name   string
		change func(a, b *Config)
	}{
		{"child SA by lifetime", func(a, _ *Config) { a.IKE.Peers[0].Flows[0].Lifetime = 2 * time.Minute }},
		{"child SA by the responder", func(_, b *Config) { b.IKE.Peers[0].Flows[0].Lifetime = 2 * time.Minute }},
		{"both at once", func(a, b *Config) {
			a.IKE.Peers[0].Flows[0].Lifetime, b.IKE.Peers[0].Flows[0].Lifetime = 2*time.Minute, 2*time.Minute
		}},
		{"IKE SA", func(a, _ *Config) { a.IKE.Peers[0].Lifetime = 3 * time.Minute }},
		{"by volume", func(a, _ *Config) { a.IKE.Peers[0].Flows[0].Kilobytes = 400 }},
		{"by packets", func(a, _ *Config) { a.IKE.Peers[0].Flows[0].Packets = 2000 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			engine(t, tt.change, func(t *testing.T, g *rig) {
				g.up()
				hi := g.stream(1000, 50*time.Millisecond, 10*time.Minute)
				time.Sleep(time.Second)
				g.wantStream(1000, hi)
				rekeys := 0
				for _, msg := range []string{"child SA up", "IKE SA up"} {
					for _, line := range g.a.log.find(msg) {
						if line["replaces"] != nil {
							rekeys++
						}
					}
				}
				if rekeys < 3 {
					t.Errorf("got %d rekeys in 10 minutes, want some; log:\n%s", rekeys, g.a.log)
				}
				time.Sleep(20 * time.Second)
				if s := g.a.session(); s.Flows[0].ActiveSAs > 4 || s.Flows[0].Out.Packets != uint64(hi-1000+1+4) {
					t.Errorf("got %d SAs, %d packets; want the old SAs gone and the count to go on over rekeys", s.Flows[0].ActiveSAs, s.Flows[0].Out.Packets)
				}
				g.a.wantLog(1, "%CRYPTO-5-SESSION_STATUS")
				g.b.wantLog(1, "%CRYPTO-5-SESSION_STATUS")
			})
		})
	}
}

func TestLostPeerIsNoticed(t *testing.T) {
	engine(t, func(a, _ *Config) { a.IKE.Peers[0].DPD = ike.DPD{Interval: 10 * time.Second, Retry: 2 * time.Second} }, func(t *testing.T, g *rig) {
		g.up()
		g.cut()
		time.Sleep(2 * time.Minute)
		line := g.a.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN. Peer 192.0.2.2:")[0]
		if line["reason"] != "peer does not answer" {
			t.Errorf("got %v, want the reason that the peer does not answer", line)
		}
		g.a.wantStatus(session.Down)
		if got := g.a.session().LastReason; got != "peer does not answer" {
			t.Errorf("got last reason %q", got)
		}
	})
}

func TestTrafficIsASignOfLife(t *testing.T) {
	engine(t, func(a, _ *Config) { a.IKE.Peers[0].DPD = ike.DPD{Interval: 10 * time.Second} }, func(t *testing.T, g *rig) {
		g.up()
		asked := 0
		g.net.SetFilter(func(from, to netip.AddrPort, data []byte) bool {
			if from.Addr() == outerA && len(data) > 4 && string(data[:4]) == "\x00\x00\x00\x00" {
				asked++
			}
			return true
		})
		g.stream(1000, time.Second, time.Minute)
		g.net.SetFilter(nil)
		if asked != 0 {
			t.Errorf("the peer was asked %d times for a sign of life while it sent packets", asked)
		}
	})
}

func TestClear(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		if n, err := g.a.router.Clear(t.Context(), session.Filter{Remote: innerA}); n != 0 || err != nil {
			t.Errorf("clear of another peer: got %d, %v", n, err)
		}
		g.a.wantStatus(session.UpActive)
		if n, err := g.a.router.Clear(t.Context(), session.Filter{}); n != 1 || err != nil {
			t.Errorf("clear: got %d, %v, want 1", n, err)
		}
		time.Sleep(time.Second)
		for _, e := range []*end{g.a, g.b} {
			e.wantStatus(session.Down)
			e.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN")
		}
		if got := g.a.session().LastReason; got != "cleared by operator" {
			t.Errorf("got reason %q at a", got)
		}
		if got := g.b.session().LastReason; got != "deleted by peer" {
			t.Errorf("got reason %q at b", got)
		}
		g.b.send(50, 50)
		time.Sleep(time.Second)
		if got := g.a.received(); !slices.Equal(got, []uint16{50}) {
			t.Errorf("got %v after the tunnel came up again, want packet 50", got)
		}
	})
}

// The session is down when it is cleared, although nobody answers; a new one that comes up meanwhile is a new one.
func TestClearWithoutThePeer(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		g.cut()
		if _, err := g.a.router.Clear(t.Context(), session.Filter{}); err != nil {
			t.Fatal(err)
		}
		g.a.wantStatus(session.Down)
		line := g.a.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN")[0]
		if line["reason"] != "cleared by operator" {
			t.Errorf("got %v", line)
		}
		g.net.SetFilter(nil)
		g.a.send(10, 10)
		time.Sleep(30 * time.Second)
		g.a.wantStatus(session.UpActive)
		g.a.wantLog(2, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP")
		g.a.wantLog(1, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN")
	})
}

func TestShutdownTellsThePeer(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		start := time.Now()
		g.a.stop()
		if took := time.Since(start); took >= defaultShutdownTime {
			t.Errorf("took %v, and the peer answers", took)
		}
		time.Sleep(time.Second)
		g.b.wantStatus(session.Down)
		if got := g.b.session().LastReason; got != "deleted by peer" {
			t.Errorf("got reason %q at b", got)
		}
		if _, err := g.a.router.Snapshot(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("snapshot after the end: got %v, want ErrStopped", err)
		}
		if _, err := g.a.router.Clear(t.Context(), session.Filter{}); !errors.Is(err, ErrStopped) {
			t.Errorf("clear after the end: got %v, want ErrStopped", err)
		}
		if err := g.a.router.Run(t.Context()); err == nil {
			t.Error("a second Run gave no error")
		}
	})
}

func TestShutdownWithoutThePeer(t *testing.T) {
	engine(t, func(a, _ *Config) { a.ShutdownTime = 5 * time.Second }, func(t *testing.T, g *rig) {
		g.up()
		g.cut()
		start := time.Now()
		g.a.stop()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %v, want 5s", took)
		}
		g.a.wantLog(1, "stopping before every peer has answered")
	})
}

func TestCallsKeepTheirContext(t *testing.T) {
	r := newHalf(t, outerA, outerB, innerA, innerB).r // never run: nobody answers
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Snapshot(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestPacketsThatAreNotOurs(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		// b's own SA, with an inner packet that a did not agree to.
		var out *sadb.Outbound
		for c := range g.b.router.db.Children() {
			out = c.Out
		}
		rogue := func(inner []byte) []byte {
			frames := []esp.Frame{{Data: inner, Next: nextIPv4}}
			out.Seal(new(esp.Scratch), make([]byte, 0, 4096), frames)
			return frames[0].Data
		}
		outside := rogue(packet(innerB, outerA, 1, 100))
		unknown := rogue(packet(innerB, innerA, 2, 100))
		unknown[0] ^= 0x80
		w := g.net.Listen(netip.MustParseAddrPort("203.0.113.1:4500"))
		to := netip.AddrPortFrom(outerA, 4500)
		w.NewWriter().WriteBatch([]udp.Message{{Data: outside, Remote: to}, {Data: outside, Remote: to}, {Data: unknown, Remote: to}, {Data: unknown, Remote: to}})
		g.a.dev.Send(packet(innerA, outerB, 3, 100)) // no policy
		time.Sleep(time.Second)
		in := g.a.flow().In.Load()
		if in.Drops[sadb.DropIdentity] != 1 || in.Drops[sadb.DropReplay] != 1 || in.DropTotal() != 2 {
			t.Errorf("got drops %v, want one outside the selectors and one replay", in.Drops)
		}
		s, err := g.a.router.Stats(t.Context())
		if err != nil || s.Drops[sadb.DropUnknownSPI] != 2 || s.Drops[sadb.DropNoPolicy] != 1 {
			t.Errorf("got %+v, %v; want 2 of an unknown SPI and 1 without a policy", s.Drops, err)
		}
		if got := g.a.received(); len(got) != 0 {
			t.Errorf("packets %v came out", got)
		}
		g.a.wantLog(1, "%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=192.0.2.1")
		w.Close()
	})
}

func TestMTUFollowsTheSuite(t *testing.T) {
	gcm, cbc := esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}, esp.Suite{Encr: esp.ENCR_AES_CBC, KeyBits: 256, Integ: esp.AUTH_HMAC_SHA2_512_256}
	change := func(a, _ *Config) {
		f := &a.IKE.Peers[0].Flows[0]
		f.Proposals = append(f.Proposals, ike.Proposal{Encr: []ike.Encr{{ID: uint16(cbc.Encr), KeyBits: 256}}, Integ: []uint16{uint16(cbc.Integ)}})
	}
	engine(t, change, func(t *testing.T, g *rig) {
		g.up()
		g.a.stop()
		if want := []int{cbc.MaxInner(1500 - 28), gcm.MaxInner(1500 - 28), cbc.MaxInner(1500 - 28)}; !slices.Equal(g.a.mtus, want) {
			t.Errorf("got MTUs %v, want %v: the worst of the configuration, the negotiated one, the worst", g.a.mtus, want)
		}
	})
}
