package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun/tuntest"
)

const (
	floodRate  = 50_000 // forged IKE_SA_INIT requests a second
	floodPeers = 200    // configured peers whose addresses they have
)

// loop is an address of this host's loopback network.
func loop(net, i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, byte(net), byte(i)}) }

var victim = loop(9, 1)

// site is a router on an address of the loopback interface, on the ports that IKE has there.
type site struct {
	router *seikan.Router
	dev    *tuntest.Mem
	stop   func()
}

const (
	floodPort     = 20500
	floodNATTPort = 24500
)

// newSite starts a router with the peers that it is to know.
func newSite(b *testing.B, at netip.Addr, peers []ike.Peer, policies []sadb.Policy) *site {
	b.Helper()
	var sockets []seikan.Socket
	for _, port := range []uint16{floodPort, floodNATTPort} {
		c, err := seikan.Listen(netip.AddrPortFrom(at, port), seikan.ListenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		sockets = append(sockets, seikan.Socket{Conn: c, NATT: port == floodNATTPort})
	}
	for i := range peers {
		peers[i].Port, peers[i].NATTPort = floodPort, floodNATTPort
		peers[i].DPD = ike.DPD{Interval: 200 * time.Millisecond, Retry: 100 * time.Millisecond}
	}
	s := &site{dev: tuntest.NewMem(1400)}
	r, err := seikan.New(seikan.Config{
		IKE: ike.Config{Port: floodPort, NATTPort: floodNATTPort, Peers: peers}, Policies: policies,
		Session: session.Config{NATTPort: floodNATTPort}, Device: s.dev, Sockets: sockets, Log: zerolog.Nop(),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	s.router, s.stop = r, func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	return s
}

// peers is what a site is told of others, one flow each.
func peersOf(at netip.Addr, others ...netip.Addr) (peers []ike.Peer, policies []sadb.Policy) {
	for _, o := range others {
		p, policy := peerOf(fmt.Sprintf("%v-%v", at, o), at, o)
		peers, policies = append(peers, p), append(policies, policy)
	}
	return peers, policies
}

// sessions is how many of the router's sessions are up.
func (s *site) up(b *testing.B) (n int) {
	b.Helper()
	snap, err := s.router.Snapshot(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, x := range snap.Sessions {
		if x.Status == session.UpActive {
			n++
		}
	}
	return n
}

// join starts a peer of the victim's, has it send a packet, and waits until its session is up.
func join(b *testing.B, at netip.Addr) (s *site, took time.Duration) {
	b.Helper()
	peers, policies := peersOf(at, victim)
	s = newSite(b, at, peers, policies)
	began := time.Now()
	s.dev.Send(udpPacket(at, victim, 64))
	for s.up(b) == 0 {
		if took = time.Since(began); took > 30*time.Second {
			b.Fatalf("%v does not come up", at)
		}
		time.Sleep(time.Millisecond)
	}
	return s, time.Since(began)
}

// flood sends forged requests at the rate until ctx ends, and counts them.
func flood(b *testing.B, ctx context.Context, sent *atomic.Int64) {
	b.Helper()
	template := initRequest(b)
	var writers []seikan.Writer
	for i := range floodPeers {
		c, err := seikan.Listen(netip.AddrPortFrom(loop(10, i+1), 0), seikan.ListenOptions{RecvBuffer: -1})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		writers = append(writers, c.NewWriter())
	}
	const burst = 50
	msgs := make([]seikan.Message, burst)
	for i := range msgs {
		msgs[i] = seikan.Message{Data: slices.Clone(template), Remote: netip.AddrPortFrom(victim, floodPort)}
	}
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		for i := range msgs {
			binary.BigEndian.PutUint64(msgs[i].Data, rand.Uint64()|1)
		}
		done, _ := writers[n%len(writers)].WriteBatch(msgs)
		sent.Add(int64(done))
		time.Sleep(time.Until(began.Add(time.Duration(n) * burst * time.Second / floodRate)))
	}
}

// initRequest is a request of one of those peers, with a key exchange.
func initRequest(b *testing.B) []byte {
	b.Helper()
	peers, policies := peersOf(loop(10, 1), victim)
	e, err := ike.New(ike.Config{Peers: peers})
	if err != nil {
		b.Fatal(err)
	}
	var out ike.Output
	e.Acquire(time.Now(), policies[0].ID, sadb.Flow{}, &out)
	return out.Datagrams[0].Data
}

// BenchmarkInitFlood floods a router with forged IKE_SA_INIT requests, 50,000 a second in the name of 200 of its peers. One iteration is a
// peer that comes up meanwhile. A tunnel that was up before asks, and is asked, for a sign of life five times a second, and must
// stay up.
func BenchmarkInitFlood(b *testing.B) {
	for _, rate := range []string{"none", "50000"} {
		b.Run("flood="+rate, func(b *testing.B) { benchmarkInitFlood(b, rate != "none") })
	}
}

func benchmarkInitFlood(b *testing.B, flooded bool) {
	const honest = 200
	others := []netip.Addr{loop(11, 1)}
	for i := range honest {
		others = append(others, loop(12, i+1))
	}
	for i := range floodPeers {
		others = append(others, loop(10, i+1))
	}
	peers, policies := peersOf(victim, others...)
	v := newSite(b, victim, peers, policies)
	defer v.stop()
	steady, _ := join(b, others[0])
	defer steady.stop()

	ctx, cancel := context.WithCancel(context.Background())
	var sent atomic.Int64
	done := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		if flooded {
			flood(b, ctx, &sent)
		}
	}()
	defer func() { cancel(); <-done }()
	if flooded {
		time.Sleep(500 * time.Millisecond) // the half-open SAs are at their bound then
	}
	var times []time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		at := others[1+i%honest]
		b.StartTimer()
		s, took := join(b, at)
		b.StopTimer()
		times = append(times, took)
		s.stop()
		b.StartTimer()
	}
	elapsed := time.Since(began)
	if steady.up(b) != 1 || v.up(b) == 0 {
		b.Error("the tunnel that was up did not survive")
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1e3, "ms/median")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1e3, "ms/p99")
	b.ReportMetric(float64(sent.Load())/elapsed.Seconds(), "forged/s")
}
