package seikan

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/sadb"
)

// crowd is a Router that is not run, with n policies that have an SA each, to as many hosts. The SAs of both directions have one key, so that
// what goes out comes in again.
func crowd(t testing.TB, n int) *half {
	t.Helper()
	h := &half{wire: newCable(netip.AddrPortFrom(outerA, 4500)), dev: &sinkDevice{}}
	policies := make([]sadb.Policy, n)
	for i := range policies {
		policies[i] = sadb.Policy{ID: sadb.PolicyID(fmt.Sprint(i)), Action: sadb.Protect, Local: selector(member(i)), Remote: selector(member(i))}
	}
	r, err := New(Config{Policies: policies, Device: h.dev, Sockets: []Socket{{Conn: h.wire, NATT: true}}, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	h.r, h.up, h.down = r, newUplink(r, 128, 0), newDownlink(r, r.cfg.Sockets[0], 0)
	for i, p := range policies {
		key := binary.BigEndian.AppendUint32(make([]byte, 16, 20), uint32(i))
		sa := esp.Params{SPI: esp.SPI(0x1000 + i), Suite: gcm128, Key: key, Window: -1} // the same packets again and again: no replay window
		_, err := r.db.Install(time.Unix(1, 0), sadb.ChildSpec{
			IKE: sadb.IKEID(i + 1), Policies: []sadb.PolicyID{p.ID}, In: sa, Out: sa, Local: p.Local, Remote: p.Remote,
			Path: sadb.Path{Local: h.wire.local, Remote: netip.AddrPortFrom(outerB, 4500)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// member is one of the hosts.
func member(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// orders are whose packets come: those of one flow over and over, or each of another flow and in no order, so that nothing of
// it is in the processor's caches where there are many.
var orders = []struct {
	name string
	of   func(n int) []int
}{
	{"repeated", func(n int) []int { return []int{n / 2} }},
	{"random", func(n int) []int { return rand.New(rand.NewPCG(1, 2)).Perm(n) }},
}

// BenchmarkUplinkScale and BenchmarkDownlinkScale take batches of 64 small packets among many SAs and policies. The cost of a packet must not
// grow with their number, but for the caches.
func BenchmarkUplinkScale(b *testing.B) {
	benchmarkScale(b, func(h *half, pkts [][]byte) func([]int) {
		batch := make([][]byte, 0, 64)
		return func(at []int) {
			batch = batch[:0]
			for _, i := range at {
				batch = append(batch, pkts[i])
			}
			h.wire.n = 0
			h.up.step(1e9, batch)
		}
	})
}

func BenchmarkDownlinkScale(b *testing.B) {
	benchmarkScale(b, func(h *half, pkts [][]byte) func([]int) {
		sealed := make([][]byte, len(pkts))
		for i, p := range pkts {
			h.wire.n = 0
			h.up.step(1e9, [][]byte{p})
			sealed[i] = append([]byte(nil), h.wire.kept[0].Data...)
		}
		return func(at []int) {
			for j, i := range at {
				m := &h.down.msgs[j]
				m.Data, m.Remote = append(m.Data[:0], sealed[i]...), h.wire.local
			}
			h.down.step(2e9, len(at))
			if h.dev.packets != len(at) {
				panic("packets were dropped")
			}
			h.dev.packets = 0
		}
	})
}

func benchmarkScale(b *testing.B, prepare func(h *half, pkts [][]byte) (step func(at []int))) {
	const batch, size = 64, 64
	for _, n := range []int{1, 1000, 100000} {
		var step func([]int)
		for _, o := range orders {
			b.Run(fmt.Sprintf("sas=%d/order=%s", n, o.name), func(b *testing.B) {
				if step == nil {
					pkts := make([][]byte, n)
					for i := range pkts {
						pkts[i] = packet(member(i), member(i), 0, size)
					}
					step = prepare(crowd(b, n), pkts)
					runtime.GC() // not while it is measured
				}
				order, next := o.of(n), 0
				at := make([]int, batch)
				b.SetBytes(batch * size)
				b.ReportAllocs()
				for b.Loop() {
					for j := range at {
						at[j] = order[next]
						if next++; next == len(order) {
							next = 0
						}
					}
					step(at)
				}
				reportPackets(b, batch, size)
			})
		}
	}
}

// Among many SAs nothing is allocated for a packet either.
func TestScaleAllocatesNothing(t *testing.T) {
	h := crowd(t, 1000)
	var pkts [][]byte
	for i := range 64 {
		pkts = append(pkts, packet(member(i*15), member(i*15), 0, 100))
	}
	round := func() {
		h.wire.n = 0
		h.up.step(1e9, pkts)
		for j := range pkts {
			h.down.msgs[j].Data, h.down.msgs[j].Remote = append(h.down.msgs[j].Data[:0], h.wire.kept[j].Data...), h.wire.local
		}
		h.down.step(2e9, len(pkts))
	}
	round()
	if n := testing.AllocsPerRun(20, round); n != 0 || h.dev.packets != 64*22 {
		t.Errorf("got %v allocations and %d packets, want none and %d", n, h.dev.packets, 64*22)
	}
}
