package seikan

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/internal/gso"
	"seikan/internal/gso/gsotest"
	"seikan/sadb"
	"seikan/tun"
	"seikan/tun/tuntest"
)

// segments is a stream from a to b, n segments of size octets, as packets and as the frame that stands for them.
func segments(t testing.TB, n, size int) (packets [][]byte, f tun.Frame) {
	t.Helper()
	s := gsotest.Spec{Flags: 0x10, TTL: 64, Src: innerA, Dst: innerB}
	packets = gsotest.Stream(s, n, size, 0)
	f.Data = bytes.Clone(packets[0])
	f.Offload = gso.Offload{Kind: gso.TCP, Size: size, Partial: true, Start: 20, Field: 16}
	for _, p := range packets[1:] {
		f.Data = append(f.Data, p[40:]...)
	}
	f.Data[2], f.Data[3] = byte(len(f.Data)>>8), byte(len(f.Data))
	return packets, f
}

// A frame goes out as the packets that it stands for, however many they are.
func TestUplinkCutsFrames(t *testing.T) {
	for _, tt := range []struct{ n, size int }{{1, 1300}, {45, 1300}, {60, 7}, {64, 1000}} {
		a, b := newHalves(t)
		join(t, a, b, gcm128, 64, sadb.Lifetime{})
		want, f := segments(t, tt.n, tt.size)
		a.up.take(1e9, f)
		a.up.end(1e9)
		deliver(a, b)
		if got := b.dev.last; !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%d segments of %d octets: got %d packets that differ; drops %v", tt.n, tt.size, len(got), b.r.db.Entry("P").Counters.In.Load())
		}
		out := a.r.db.Entry("P").Counters.Out.Load()
		if octets := uint64(tt.n * (40 + tt.size)); out.Packets != uint64(tt.n) || out.Bytes != octets || out.DropTotal() != 0 {
			t.Errorf("%d segments of %d octets: got %+v, want as many packets and %d octets", tt.n, tt.size, out, octets)
		}
	}
}

// Frames of more segments than a run holds, and packets between them, leave in order, each as it was.
func TestUplinkCutsManySegments(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 4096, sadb.Lifetime{})
	a.wire.kept = append(a.wire.kept, newCable(a.wire.local).kept...)
	for len(a.wire.kept) < 4096 {
		a.wire.kept = append(a.wire.kept, newCable(a.wire.local).kept...)
	}
	var want [][]byte
	for i := range 3 {
		ps, f := segments(t, 1000, 20+i)
		single := packet(innerA, innerB, uint16(i), 500)
		want = append(append(want, ps...), single)
		a.up.take(1e9, f)
		a.up.take(1e9, tun.Frame{Data: bytes.Clone(single)})
	}
	a.up.end(1e9)
	if a.wire.n != len(want) {
		t.Fatalf("got %d datagrams, want %d", a.wire.n, len(want))
	}
	kept := a.wire.kept
	for len(want) > 0 {
		n := min(64, len(want))
		a.wire.n = n
		deliver(a, b)
		a.wire.kept = a.wire.kept[n:]
		if !slices.EqualFunc(b.dev.last, want[:n], bytes.Equal) {
			t.Fatalf("got %d packets that differ, %d before the end", len(b.dev.last), len(want))
		}
		want = want[n:]
	}
	a.wire.kept = kept
}

// What is done with packets that cannot be sent is done with each that a frame stands for.
func TestUplinkDropsFrames(t *testing.T) {
	a, b := newHalves(t)
	want, f := segments(t, 5, 300)
	var held [][]byte
	a.up.noSA = func(_ *sadb.Entry, flow sadb.Flow, p []byte) {
		if flow.Dst != innerB {
			t.Errorf("got flow %+v", flow)
		}
		held = append(held, bytes.Clone(p))
	}
	a.up.take(1e9, f)
	a.up.end(1e9)
	if !slices.EqualFunc(held, want, bytes.Equal) {
		t.Errorf("without an SA: got %d packets that differ, want those of the frame", len(held))
	}
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	_, other := segments(t, 5, 300)
	copy(other.Data[16:20], outerB.AsSlice())
	a.up.take(1e9, other)
	bad := f
	bad.Start++
	a.up.take(1e9, bad)
	a.up.end(1e9)
	if v := a.r.drops.Load(); v.Drops[sadb.DropNoPolicy] != 5 || v.Drops[sadb.DropMalformed] != 1 || v.DropTotal() != 6 || a.wire.n != 0 {
		t.Errorf("got drops %v, %d sent; want 5 without a policy and 1 malformed", v.Drops, a.wire.n)
	}
}

// What is remembered of the last frame goes for those of its flow alone.
func TestUplinkFramesInARow(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	good, stray := packet(innerA, innerB, 0, 100), packet(innerA, outerB, 0, 100)
	a.up.step(1e9, [][]byte{good, good, good[:99], good, stray, stray, good})
	deliver(a, b)
	if v := a.r.drops.Load(); v.Drops[sadb.DropMalformed] != 1 || v.Drops[sadb.DropNoPolicy] != 2 || v.DropTotal() != 3 {
		t.Errorf("got drops %v, want 1 malformed and 2 without a policy", v)
	}
	for i, p := range b.dev.last {
		if !bytes.Equal(p, good) {
			t.Errorf("packet %d: got % x, want % x", i, p, good)
		}
	}
	if n := len(b.dev.last); n != 4 {
		t.Errorf("got %d packets, want 4", n)
	}
}

// A frame whose checksum is to be completed where its addresses are is judged by what becomes of them, and so are those behind it.
func TestUplinkChecksumInHeader(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	stray := packet(innerA, netip.AddrFrom4([4]byte{10, 30, 30, 84}), 0, 100)
	sly := packet(innerA, innerB, 0, 100)
	// The sum that is put into the last word of the destination makes it that of stray.
	at := len(sly) - 2
	sly[at], sly[at+1] = 0, 0
	const want = 30<<8 | 84
	rest := internetSum(sly[18:])
	word := uint32(^uint16(want)) + 0xffff - uint32(rest)
	binary.BigEndian.PutUint16(sly[at:], uint16(word>>16+word&0xffff))
	a.up.take(1e9, tun.Frame{Data: sly, Offload: gso.Offload{Partial: true, Start: 18}})
	if got := [2]byte(sly[18:20]); got != [2]byte(stray[18:20]) {
		t.Fatalf("the destination ends with % x, want % x: the test is wrong", got, stray[18:20])
	}
	a.up.take(1e9, tun.Frame{Data: stray})
	a.up.end(1e9)
	if v := a.r.drops.Load(); v.Drops[sadb.DropNoPolicy] != 2 || v.DropTotal() != 2 || a.wire.n != 0 {
		t.Errorf("got drops %v, %d sent; want both without a policy", v, a.wire.n)
	}
}

// The maximum segment size of a frame that is one segment and not summed up is lowered, and the checksum is right.
func TestUplinkClampsFrame(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	a.r.db.Entry("P").MSS = 1000
	p := append(syn(t, false, flagSYN, []byte{2, 4, 5, 180}), make([]byte, 10)...)
	copy(p[12:], innerA.AsSlice())
	copy(p[16:], innerB.AsSlice())
	p[3] = byte(len(p))
	a.up.take(1e9, tun.Frame{Data: p, Offload: gso.Offload{Kind: gso.TCP, Size: 1000, Partial: true, Start: 20, Field: 16}})
	a.up.end(1e9)
	deliver(a, b)
	if len(b.dev.last) != 1 {
		t.Fatalf("got %d packets, want 1", len(b.dev.last))
	}
	got := b.dev.last[0]
	sum := gsotest.Sum(append(gsotest.Pseudo(got, 20, 6), got[20:]...)...)
	if mss, _ := decoded(t, got); mss != 1000 || sum != 0xffff {
		t.Errorf("got an MSS of %d and a sum of %#x, want 1000 and 0xffff", mss, sum)
	}
}

func TestFramesDoNotAllocate(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	_, f := segments(t, 45, 1300)
	if n := testing.AllocsPerRun(100, func() { a.up.take(1e9, f); a.up.end(1e9); deliver(a, b) }); n != 0 {
		t.Errorf("got %v allocations for a frame to the other side, want 0", n)
	}
	if want := 101 * 45; b.dev.packets != want {
		t.Errorf("got %d packets through, want %d", b.dev.packets, want)
	}
}

// Devices that move packets by themselves, of wireguard/tun for instance, do the same work.
func TestPlainDevice(t *testing.T) {
	for _, tt := range []struct {
		name   string
		device func(*tuntest.Mem) tun.Device
	}{
		{"frames", func(m *tuntest.Mem) tun.Device { return m }},
		{"packets", func(m *tuntest.Mem) tun.Device { return tun.Adapt(m) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			engineOver(t, tt.device, nil, func(t *testing.T, g *rig) {
				g.up()
				g.a.send(4, 203)
				g.b.send(0, 199)
				time.Sleep(time.Second)
				for e, want := range map[*end]int{g.a: 200, g.b: 204} {
					got := e.received()
					if len(got) != want || !slices.IsSorted(got) {
						t.Errorf("got %d packets, want %d in order", len(got), want)
					}
				}
			})
		})
	}
}

func BenchmarkUplinkFrame(b *testing.B) {
	a, z := newHalves(b)
	join(b, a, z, gcm128, 64, sadb.Lifetime{})
	_, f := segments(b, 46, 1386)
	b.SetBytes(int64(len(f.Data)))
	b.ReportAllocs()
	for b.Loop() {
		a.wire.n = 0
		a.up.take(1e9, f)
		a.up.end(1e9)
	}
	reportPackets(b, 46, 1426)
}
