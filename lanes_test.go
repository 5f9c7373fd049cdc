package seikan

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/tun"
)

// trunk is a socket of a group, all of which write to one record of sequence numbers.
type trunk struct {
	*cable
	sent *record
}

type record struct {
	mu   sync.Mutex
	seqs []uint32
}

func (c *trunk) NewWriter() udp.Writer { return c }

func (c *trunk) WriteBatch(ms []udp.Message) (int, error) {
	c.sent.mu.Lock()
	defer c.sent.mu.Unlock()
	for _, m := range ms {
		c.sent.seqs = append(c.sent.seqs, binary.BigEndian.Uint32(m.Data[4:]))
	}
	return len(ms), nil
}

// newLanes makes a router of n lanes with an SA.
func newLanes(t testing.TB, n int) (*Router, *record) {
	t.Helper()
	sent := &record{}
	local := netip.AddrPortFrom(outerA, 4500)
	s := Socket{Conn: &trunk{newCable(local), sent}, NATT: true}
	c := Config{
		Policies: []sadb.Policy{{ID: "P", Action: sadb.Protect, Local: selector(innerA), Remote: selector(innerB)}},
		Device:   &sinkDevice{}, Log: zerolog.Nop(),
	}
	for range n - 1 {
		s.More, c.Queues = append(s.More, &trunk{newCable(local), sent}), append(c.Queues, tun.Device(&sinkDevice{}))
	}
	c.Sockets = []Socket{s}
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	h := &half{r: r, wire: newCable(local)}
	join(t, h, newHalf(t, outerB, outerA, innerB, innerA), gcm128, 64, sadb.Lifetime{})
	return r, sent
}

// Several lanes that send by one SA do so in the order of its sequence numbers, each of them once.
func TestLanesKeepTheOrder(t *testing.T) {
	const n, rounds, batch = 4, 200, 7
	r, sent := newLanes(t, n)
	var wg sync.WaitGroup
	for i := range n {
		u := newUplink(r, uplinkBatch, i)
		wg.Go(func() {
			pkts := packets(batch, 300)
			for range rounds {
				u.step(1e9, pkts)
			}
		})
	}
	wg.Wait()
	if len(sent.seqs) != n*rounds*batch {
		t.Fatalf("%d packets were sent, want %d", len(sent.seqs), n*rounds*batch)
	}
	for i, seq := range sent.seqs {
		if seq != uint32(i+1) {
			t.Fatalf("packet %d has the sequence number %d, want %d", i, seq, i+1)
		}
	}
}

// sealOne uses up a sequence number of an SA and returns it; nobody has sent it yet.
func sealOne(t *testing.T, out *sadb.Outbound) uint64 {
	t.Helper()
	frames := []esp.Frame{{Data: make([]byte, 20), Next: nextNone}}
	out.Seal(new(esp.Scratch), make([]byte, 0, 200), frames)
	return frames[0].Seq
}

// Control sends what was held without waiting for a lane, and those that wait go on after it.
func TestControlDoesNotWaitForItsTurn(t *testing.T) {
	r, sent := newLanes(t, 2)
	out := r.db.Lookup(0x1002).Child().Out
	lane := newUplink(r, uplinkBatch, 1)
	seal := sealOne(t, out)
	r.control.uplink.step(1e9, packets(3, 100)) // 2 to 4, before 1
	if len(sent.seqs) != 3 || sent.seqs[0] != 2 {
		t.Fatalf("control sent %v, want 2 to 4", sent.seqs)
	}
	done := make(chan struct{})
	go func() {
		lane.step(1e9, packets(1, 100)) // 5
		close(done)
	}()
	select {
	case <-done:
		t.Fatal("the lane did not wait for its turn")
	case <-time.After(20 * time.Millisecond):
	}
	out.EndTurn(seal, 1)
	<-done
	if last := sent.seqs[len(sent.seqs)-1]; last != 5 {
		t.Errorf("the lane sent %d, want 5", last)
	}
}

// Sockets that are not of one group are refused.
func TestLanesRefuse(t *testing.T) {
	at := func(s string) udp.Conn { return newCable(netip.MustParseAddrPort(s)) }
	for name, s := range map[string]Socket{
		"another address": {Conn: at("192.0.2.1:4500"), NATT: true, More: []udp.Conn{at("192.0.2.2:4500")}},
		"bare IKE":        {Conn: at("192.0.2.1:500"), More: []udp.Conn{at("192.0.2.1:500")}},
	} {
		_, err := New(Config{Device: &sinkDevice{}, Sockets: []Socket{s}, Log: zerolog.Nop()})
		if err == nil || !strings.Contains(err.Error(), "of its group") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// BenchmarkLanes seals and sends by one SA from several lanes at once: what the order costs.
func BenchmarkLanes(b *testing.B) {
	for _, lanes := range []int{1, 2} {
		b.Run(map[int]string{1: "lanes=1", 2: "lanes=2"}[lanes], func(b *testing.B) {
			r, _ := newLanes(b, lanes)
			const batch, size = 45, 1400
			b.SetBytes(batch * size)
			b.ReportAllocs()
			var wg sync.WaitGroup
			b.ResetTimer()
			for i := range lanes {
				u := newUplink(r, uplinkBatch, i)
				u.outlets[0].writer = nowhere{}
				pkts := packets(batch, size)
				wg.Go(func() {
					for range (b.N + lanes - 1 - i) / lanes {
						u.step(1e9, pkts)
					}
				})
			}
			wg.Wait()
			reportPackets(b, batch, size)
		})
	}
}

// nowhere is a socket that takes everything.
type nowhere struct{}

func (nowhere) WriteBatch(ms []udp.Message) (int, error) { return len(ms), nil }
