package bench

import (
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
	"seikan/session"
)

// gateway is the control side of a router, with everything that it remembers of its peers.
type gateway struct {
	ike     *ike.Endpoint
	db      sadb.DB
	tracker *session.Tracker
	out     ike.Output
}

func (g *gateway) apply(b *testing.B, now time.Time) {
	b.Helper()
	for _, ev := range g.out.Events {
		switch ev := ev.(type) {
		case ike.ChildUp:
			if _, err := g.db.Install(now, ev.Spec); err != nil {
				b.Fatal(err)
			}
		case ike.ChildActive:
			g.db.Activate(ev.In)
		case ike.ChildRetired:
			g.db.Retire(ev.In)
		case ike.ChildDown:
			g.db.Remove(ev.In)
		}
		g.tracker.Observe(now, ev)
	}
}

// address is the outer address of peer i.
func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

var hub = netip.MustParseAddr("192.0.2.1")

// peerOf is what each end is told of the other, and the flow's policy.
func peerOf(name string, local, remote netip.Addr) (ike.Peer, sadb.Policy) {
	key := esp.Secret("only for this benchmark")
	p := sadb.Policy{ID: sadb.PolicyID(name), Action: sadb.Protect, Local: host(local), Remote: host(remote)}
	return ike.Peer{
		Name: name, Local: local, Remote: remote, LocalKey: key, RemoteKey: key,
		Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519}}},
		Flows:     []ike.Flow{{ID: p.ID, Local: p.Local, Remote: p.Remote, Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}}}}},
	}, p
}

// BenchmarkSessions sets up 20,000 sessions at one gateway and measures the memory that each takes there, IKE SA, Child SA, policy,
// counters and listing together, and the time that `show crypto session` takes for all and for one.
func BenchmarkSessions(b *testing.B) {
	const n = 20000
	for b.Loop() {
		b.StopTimer()
		before := heap()
		g := newGateway(b, n)
		configured := heap()
		now := time.Unix(1, 0)
		b.StartTimer()
		for i := range n {
			g.connect(b, now, i)
		}
		b.StopTimer()
		b.ReportMetric(float64(configured-before)/n, "B/configured")
		b.ReportMetric(float64(heap()-configured)/n, "B/session")
		began := time.Now()
		g.tracker.Refresh(g.ike.SAs())
		if err := g.tracker.Snapshot(now).Render(io.Discard, session.View{Detail: true}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/show")
		g.stream(b, now)
		runtime.KeepAlive(g)
		b.StartTimer()
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "sessions/s")
}

// stream measures what the engine does for a listing: for all sessions, a page at a time, with the longest page, which is how long control
// is away from its other work; the memory in use meanwhile; and for one session of them all.
func (g *gateway) stream(b *testing.B, now time.Time) {
	b.Helper()
	const atOnce = 64 // as the router does
	show := func(v session.View) (total, longest time.Duration) {
		began := time.Now()
		var list []session.Session
		l := g.tracker.List(v.Filter, v.Parts())
		p := session.NewPrinter(io.Discard, v)
		for l.Len() > 0 {
			at := time.Now()
			list = g.tracker.Sessions(now, l, atOnce, list[:0])
			longest = max(longest, time.Since(at))
			if err := p.Print(list); err != nil {
				b.Fatal(err)
			}
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
		return time.Since(began), longest
	}
	before := heap()
	l := g.tracker.List(session.Filter{}, session.View{Detail: true}.Parts())
	page := g.tracker.Sessions(now, l, atOnce, nil)
	b.ReportMetric(float64(heap()-before), "B/stream")
	runtime.KeepAlive(l)
	runtime.KeepAlive(page)
	total, longest := show(session.View{Detail: true})
	b.ReportMetric(float64(total.Milliseconds()), "ms/stream")
	b.ReportMetric(float64(longest.Microseconds()), "µs/page")
	began := time.Now()
	n := 0
	for ; n < 100; n++ {
		l := g.tracker.List(session.Filter{Remote: address(n * 100)}, session.Parts{})
		if list := g.tracker.Sessions(now, l, atOnce, nil); len(list) != 1 {
			b.Fatalf("a filter for one session chose %d", len(list))
		}
	}
	b.ReportMetric(float64(time.Since(began).Microseconds())/float64(n), "µs/filtered")
}

func newGateway(b *testing.B, n int) *gateway {
	b.Helper()
	g := &gateway{}
	var cfg ike.Config
	var policies []sadb.Policy
	var sessions []session.Configured
	for i := range n {
		name := fmt.Sprintf("peer %d", i)
		peer, policy := peerOf(name, hub, address(i))
		cfg.Peers = append(cfg.Peers, peer)
		policies = append(policies, policy)
		sessions = append(sessions, session.Configured{Interface: "v0", Local: hub, Peer: netip.AddrPortFrom(address(i), 500), PeerName: name, Policies: []sadb.Policy{policy}})
	}
	e, err := ike.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	g.ike = e
	g.db.SetPolicies(policies)
	g.tracker = session.New(session.Config{Sessions: sessions}, &g.db)
	return g
}

// connect has peer i set its session up, and returns it.
func (g *gateway) connect(b *testing.B, now time.Time, i int) *ike.Endpoint {
	b.Helper()
	peer, policy := peerOf("hub", address(i), hub)
	e, err := ike.New(ike.Config{Peers: []ike.Peer{peer}})
	if err != nil {
		b.Fatal(err)
	}
	var out ike.Output
	e.Acquire(now, policy.ID, sadb.Flow{Src: address(i), Dst: hub}, &out)
	g.talk(b, now, e, &out)
	if g.ike.Len() != i+1 {
		b.Fatalf("%d IKE SAs after %d peers", g.ike.Len(), i+1)
	}
	return e
}

// talk carries what a peer sends, and all answers, until there is none.
func (g *gateway) talk(b *testing.B, now time.Time, peer *ike.Endpoint, out *ike.Output) {
	b.Helper()
	for len(out.Datagrams) > 0 {
		g.out.Reset()
		for _, d := range out.Datagrams {
			g.ike.Handle(now, ike.Datagram{Path: sadb.Path{Local: d.Path.Remote, Remote: d.Path.Local}, Data: d.Data}, &g.out)
		}
		g.apply(b, now)
		out.Reset()
		for _, d := range g.out.Datagrams {
			peer.Handle(now, ike.Datagram{Path: sadb.Path{Local: d.Path.Remote, Remote: d.Path.Local}, Data: d.Data}, out)
		}
	}
}

// BenchmarkRekeyStorm has all Child SAs of 20,000 sessions rekeyed at once, and counts the work of the gateway and of its peers, which is
// about the same.
func BenchmarkRekeyStorm(b *testing.B) {
	const n = 20000
	g := newGateway(b, n)
	now := time.Unix(1, 0)
	peers := make([]*ike.Endpoint, n)
	for i := range peers {
		peers[i] = g.connect(b, now, i)
	}
	var out ike.Output
	b.ResetTimer()
	for b.Loop() {
		for i, p := range peers {
			in, ok := g.childOf(i)
			if !ok {
				b.Fatalf("peer %d has no Child SA", i)
			}
			g.out.Reset()
			g.ike.RekeyChild(now, in, &g.out)
			g.apply(b, now)
			out.Reset()
			for _, d := range g.out.Datagrams {
				p.Handle(now, ike.Datagram{Path: sadb.Path{Local: d.Path.Remote, Remote: d.Path.Local}, Data: d.Data}, &out)
			}
			g.talk(b, now, p, &out)
		}
		now = now.Add(10 * time.Second) // the old ones linger for less
		for _, p := range peers {
			out.Reset()
			p.Advance(now, &out)
		}
		g.out.Reset()
		g.ike.Advance(now, &g.out)
		g.apply(b, now)
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rekeys/s")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/storm")
}

// BenchmarkReconfigure gives a gateway with 8,000 sessions another key for each of them, so that all are deleted.
func BenchmarkReconfigure(b *testing.B) {
	const n = 8000
	for b.Loop() {
		b.StopTimer()
		g := newGateway(b, n)
		now := time.Unix(1, 0)
		var cfg ike.Config
		for i := range n {
			g.connect(b, now, i)
			peer, _ := peerOf(fmt.Sprintf("peer %d", i), hub, address(i))
			peer.LocalKey = esp.Secret("another")
			cfg.Peers = append(cfg.Peers, peer)
		}
		g.out.Reset()
		b.StartTimer()
		if err := g.ike.Reconfigure(now, cfg, &g.out); err != nil {
			b.Fatal(err)
		}
		g.apply(b, now)
	}
}

// childOf is the newest Child SA with peer i, by its inbound SPI.
func (g *gateway) childOf(i int) (esp.SPI, bool) {
	e := g.db.Entry(sadb.PolicyID(fmt.Sprintf("peer %d", i)))
	o := e.Outbound(sadb.Flow{Src: hub, Dst: address(i)})
	if o == nil {
		return 0, false
	}
	return o.Child().In.SPI(), true
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
