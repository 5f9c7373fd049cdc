package seikan

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/tun"
)

var (
	outerA = netip.MustParseAddr("192.0.2.1")
	outerB = netip.MustParseAddr("192.0.2.2")
	innerA = netip.MustParseAddr("10.10.10.1")
	innerB = netip.MustParseAddr("10.30.30.1")
)

// cable is a socket that keeps what is written to it, without allocating.
type cable struct {
	local netip.AddrPort
	kept  []udp.Message
	n     int
	fail  error // for every datagram
}

func newCable(local netip.AddrPort) *cable {
	c := &cable{local: local, kept: make([]udp.Message, 256)}
	for i := range c.kept {
		c.kept[i].Data = make([]byte, 0, 4096)
	}
	return c
}

func (c *cable) NewReader() udp.Reader                   { return c }
func (c *cable) NewWriter() udp.Writer                   { return c }
func (c *cable) LocalAddr() netip.AddrPort               { return c.local }
func (c *cable) Close() error                            { return nil }
func (c *cable) ReadBatch(ms []udp.Message) (int, error) { return 0, net.ErrClosed }
func (c *cable) WriteBatch(ms []udp.Message) (int, error) {
	if c.fail != nil {
		for i := range ms {
			ms[i].Err = c.fail
		}
		return 0, c.fail
	}
	for _, m := range ms {
		k := &c.kept[c.n%len(c.kept)]
		k.Data, k.Remote, k.TOS, k.MayFragment = append(k.Data[:0], m.Data...), m.Remote, m.TOS, m.MayFragment
		c.n++
	}
	return len(ms), nil
}

// sinkDevice is a device that counts what is written to it and keeps the last batch.
type sinkDevice struct {
	packets int
	last    [][]byte
	err     error
}

func (s *sinkDevice) NewReader() tun.Reader           { return s }
func (s *sinkDevice) NewWriter() tun.Writer           { return s }
func (s *sinkDevice) ReadBatch() ([]tun.Frame, error) { return nil, os.ErrClosed }
func (s *sinkDevice) Close() error                    { return nil }
func (s *sinkDevice) WriteBatch(ps [][]byte) (int, error) {
	s.packets += len(ps)
	s.last = ps
	return len(ps), s.err
}

// half is a Router that is not run, with one Child SA in its database.
type half struct {
	r    *Router
	wire *cable
	dev  *sinkDevice
	up   *uplink
	down *downlink
	noSA int // packets that met no SA
}

func selector(a netip.Addr) []sadb.Selector {
	return []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(a, a.BitLen()), 0)}
}

// newHalf makes the end at the outer address local whose host is inner.
func newHalf(t testing.TB, local, remote, inner, far netip.Addr) *half {
	t.Helper()
	h := &half{wire: newCable(netip.AddrPortFrom(local, 4500)), dev: &sinkDevice{}}
	r, err := New(Config{
		Policies: []sadb.Policy{{ID: "P", Action: sadb.Protect, Local: selector(inner), Remote: selector(far)}},
		Device:   h.dev, Sockets: []Socket{{Conn: h.wire, NATT: true}}, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.r, h.up, h.down = r, newUplink(r, 128, 0), newDownlink(r, r.cfg.Sockets[0], 0)
	h.up.noSA = func(*sadb.Entry, sadb.Flow, []byte) { h.noSA++ }
	return h
}

// join installs a pair of SAs in two halves, as if IKE had.
func join(t testing.TB, a, b *half, s esp.Suite, window int, life sadb.Lifetime) {
	t.Helper()
	encr, integ := s.KeyLen()
	ab := esp.Params{SPI: 0x1001, Suite: s, Key: bytes.Repeat([]byte{1}, encr), Auth: bytes.Repeat([]byte{2}, integ), Window: window}
	ba := esp.Params{SPI: 0x1002, Suite: s, Key: bytes.Repeat([]byte{3}, encr), Auth: bytes.Repeat([]byte{4}, integ), Window: window}
	la, lb := selector(innerA), selector(innerB)
	for _, e := range []struct {
		h             *half
		in, out       esp.Params
		local, remote []sadb.Selector
		to            netip.AddrPort
	}{{a, ba, ab, la, lb, b.wire.local}, {b, ab, ba, lb, la, a.wire.local}} {
		_, err := e.h.r.db.Install(time.Unix(1, 0), sadb.ChildSpec{
			IKE: 1, Policies: []sadb.PolicyID{"P"}, In: e.in, Out: e.out, Local: e.local, Remote: e.remote,
			Path: sadb.Path{Local: e.h.wire.local, Remote: e.to}, Life: life,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

var gcm128 = esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}

func newHalves(t testing.TB) (a, b *half) {
	t.Helper()
	return newHalf(t, outerA, outerB, innerA, innerB), newHalf(t, outerB, outerA, innerB, innerA)
}

// deliver puts what a sent where b's socket would have put it, and has b take it.
func deliver(a, b *half) {
	n := min(a.wire.n, len(b.down.msgs))
	for i := range n {
		m := &b.down.msgs[i]
		m.Data = append(m.Data[:0], a.wire.kept[i].Data...)
		m.Remote, m.TOS = a.wire.local, a.wire.kept[i].TOS
	}
	a.wire.n = 0
	b.down.step(2e9, n)
}

func packets(n, size int) [][]byte {
	ps := make([][]byte, n)
	for i := range ps {
		ps[i] = packet(innerA, innerB, uint16(i), size)
	}
	return ps
}

func TestStepsCarryPackets(t *testing.T) {
	for _, s := range []esp.Suite{
		gcm128,
		{Encr: esp.ENCR_CHACHA20_POLY1305},
		{Encr: esp.ENCR_AES_CBC, KeyBits: 256, Integ: esp.AUTH_HMAC_SHA2_256_128},
		{Encr: esp.ENCR_NULL, Integ: esp.AUTH_HMAC_SHA1_96},
	} {
		t.Run(s.String(), func(t *testing.T) {
			a, b := newHalves(t)
			join(t, a, b, s, 64, sadb.Lifetime{})
			want := packets(40, 1000)
			a.up.step(1e9, want)
			deliver(a, b)
			if b.dev.packets != len(want) {
				t.Fatalf("got %d packets, want %d; drops %v", b.dev.packets, len(want), b.r.db.Entry("P").Counters.In.Load())
			}
			for i, p := range b.dev.last[:len(want)] {
				if !bytes.Equal(p, want[i]) {
					t.Fatalf("packet %d: got % x, want % x", i, p, want[i])
				}
			}
			out, in := a.r.db.Entry("P").Counters.Out.Load(), b.r.db.Entry("P").Counters.In.Load()
			if out.Packets != 40 || out.Bytes != 40000 || in.Packets != 40 || in.Bytes != 40000 || out.DropTotal()+in.DropTotal() != 0 {
				t.Errorf("got out %+v, in %+v, want 40 packets of 40000 octets and no drop", out, in)
			}
			if got := b.r.heard(0x1001); b.r.db.Stamp(got) != 2e9 {
				t.Errorf("last heard: got %v, want %v", got, b.r.db.Moment(2e9))
			}
		})
	}
}

func TestUplinkDrops(t *testing.T) {
	big := packet(innerA, innerB, 0, 65535)
	tests := []struct {
		name   string
		life   sadb.Lifetime
		joined bool
		fail   error
		pkts   [][]byte
		want   sadb.DropReason
		router bool // counted for the router, not the policy
	}{
		{name: "no IP", joined: true, pkts: [][]byte{{1, 2, 3}}, want: sadb.DropMalformed, router: true},
		{name: "no policy", joined: true, pkts: [][]byte{packet(innerA, outerB, 0, 100)}, want: sadb.DropNoPolicy, router: true},
		{name: "no policy for a later fragment", joined: true, pkts: [][]byte{later(packet(innerA, outerB, 0, 100))}, want: sadb.DropFragment, router: true},
		{name: "too big for UDP", joined: true, pkts: [][]byte{big}, want: sadb.DropTooBig},
		{name: "too big for the path", joined: true, fail: os.NewSyscallError("sendmmsg", syscall.EMSGSIZE), pkts: packets(1, 1400), want: sadb.DropTooBig},
		{name: "closed", joined: true, fail: net.ErrClosed, pkts: packets(1, 100), want: sadb.DropSendError},
		{name: "no buffer", joined: true, fail: syscall.ENOBUFS, pkts: packets(2, 100), want: sadb.DropSendBuffer},
		{name: "no route", joined: true, fail: os.NewSyscallError("sendmmsg", syscall.ENETUNREACH), pkts: packets(1, 100), want: sadb.DropUnreachable},
		{name: "a filter", joined: true, fail: syscall.EPERM, pkts: packets(1, 100), want: sadb.DropForbidden},
		{name: "another error", joined: true, fail: syscall.EINVAL, pkts: packets(1, 100), want: sadb.DropSendError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newHalves(t)
			join(t, a, b, gcm128, 64, tt.life)
			a.wire.fail = tt.fail
			a.up.step(1e9, tt.pkts)
			c := &a.r.db.Entry("P").Counters.Out
			if tt.router {
				c = &a.r.drops
			}
			v := c.Load()
			if v.Drops[tt.want] != uint64(len(tt.pkts)) || v.DropTotal() != uint64(len(tt.pkts)) {
				t.Errorf("got drops %v, want %d of %v only", v.Drops, len(tt.pkts), tt.want)
			}
			if a.wire.n != 0 {
				t.Errorf("%d datagrams left", a.wire.n)
			}
		})
	}
}

// What does not go into a tunnel is counted by why: the policy discards it, or the host should have sent it in the clear.
func TestUplinkBypass(t *testing.T) {
	a, _ := newHalves(t)
	any4 := []sadb.Selector{sadb.SelectorFromPrefix(netip.MustParsePrefix("0.0.0.0/0"), 0)}
	to := func(addr string) []sadb.Selector {
		return []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(netip.MustParseAddr(addr), 32), 0)}
	}
	a.r.db.SetPolicies([]sadb.Policy{
		{ID: "bypass", Action: sadb.Bypass, Local: any4, Remote: to("10.30.30.2")},
		{ID: "discard", Action: sadb.Discard, Local: any4, Remote: to("10.30.30.3")},
		{ID: "deny", Group: "g", Action: sadb.Skip, Local: any4, Remote: to("10.30.30.4")},
		{ID: "permit", Group: "g", Action: sadb.Protect, Local: any4, Remote: any4},
	})
	for _, tt := range []struct {
		dst  string
		id   sadb.PolicyID
		want sadb.DropReason
	}{
		{"10.30.30.2", "bypass", sadb.DropBypass},
		{"10.30.30.3", "discard", sadb.DropDiscard},
		{"10.30.30.4", "deny", sadb.DropBypass},
	} {
		a.up.step(1e9, [][]byte{packet(innerA, netip.MustParseAddr(tt.dst), 0, 100)})
		if v := a.r.db.Entry(tt.id).Counters.Out.Load(); v.Drops[tt.want] != 1 || v.DropTotal() != 1 {
			t.Errorf("to %s: got drops %v at %s, want one of %v", tt.dst, v.Drops, tt.id, tt.want)
		}
	}
	if a.wire.n != 0 || a.r.drops.Load().DropTotal() != 0 {
		t.Errorf("%d datagrams left, and the router counts %v", a.wire.n, a.r.drops.Load().Drops)
	}
}

func TestVolumeLimits(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{Kilobytes: 10})
	for range 20 {
		a.up.step(1e9, packets(1, 1000))
	}
	out := a.r.db.Entry("P").Counters.Out.Load()
	if out.Bytes < 10<<10 || out.Bytes > 10<<10+1000 || out.Drops[sadb.DropVolume] != 20-out.Packets {
		t.Errorf("got %d octets, %d packets, %d dropped; want the limit of 10 KiB kept to a packet, and the rest dropped", out.Bytes, out.Packets, out.Drops[sadb.DropVolume])
	}
	var soft, hard int
	for len(a.r.notes) > 0 {
		switch n := <-a.r.notes; {
		case n.in != 0x1002:
			t.Errorf("note about %v, want the inbound SPI", n.in)
		case n.kind == noteSoft:
			soft++
		case n.kind == noteHard:
			hard++
		}
	}
	if soft != 1 || hard == 0 {
		t.Errorf("got %d soft and %d hard notes, want 1 soft and some hard ones", soft, hard)
	}
}

// mangle changes the datagram that a sent.
func TestDownlinkDrops(t *testing.T) {
	tests := []struct {
		name   string
		inner  []byte
		next   uint8
		mangle func(b []byte) []byte
		twice  bool
		tos    uint8 // of the outer header
		want   sadb.DropReason
		router bool
	}{
		{name: "congestion that cannot be told", tos: ecnCE, want: sadb.DropECN},
		{name: "bad ICV", mangle: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, want: sadb.DropICV},
		{name: "replay", twice: true, want: sadb.DropReplay},
		{name: "short ESP", mangle: func(b []byte) []byte { return b[:9] }, want: sadb.DropMalformed},
		{name: "short datagram", mangle: func(b []byte) []byte { return b[:3] }, want: sadb.DropNonESPShort, router: true},
		{name: "unknown SPI", mangle: func(b []byte) []byte { b[3]++; return b }, want: sadb.DropUnknownSPI, router: true},
		{name: "outside the selectors", inner: packet(innerA, outerB, 0, 100), want: sadb.DropIdentity},
		{name: "later fragment outside the selectors", inner: later(packet(innerA, outerB, 0, 100)), want: sadb.DropFragment},
		{name: "from loopback", inner: packet(netip.MustParseAddr("127.0.0.1"), innerB, 0, 100), want: sadb.DropMartian},
		{name: "to loopback", inner: packet(innerA, netip.MustParseAddr("127.0.0.1"), 0, 100), want: sadb.DropMartian},
		{name: "shorter than it says", inner: packet(innerA, innerB, 0, 100)[:99], want: sadb.DropMalformed},
		{name: "no IP inside", inner: []byte{0x45, 0}, want: sadb.DropMalformed},
		{name: "says IPv6 and is IPv4", next: nextIPv6, want: sadb.DropNextHeader},
		{name: "says TCP", next: 6, want: sadb.DropNextHeader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newHalves(t)
			join(t, a, b, gcm128, 64, sadb.Lifetime{})
			if tt.inner == nil {
				tt.inner = packet(innerA, innerB, 0, 100)
			}
			if tt.next == 0 {
				tt.next = nextIPv4
			}
			sealed := sealAs(t, a, tt.inner, tt.next)
			if tt.mangle != nil {
				sealed = tt.mangle(sealed)
			}
			batch := []udp.Message{{Data: sealed, TOS: tt.tos}}
			if tt.twice {
				batch = append(batch, batch[0])
			}
			a.wire.WriteBatch(batch)
			deliver(a, b)
			c := &b.r.db.Entry("P").Counters.In
			if tt.router {
				c = &b.r.drops
			}
			if v := c.Load(); v.Drops[tt.want] != 1 || v.DropTotal() != 1 {
				t.Errorf("got drops %v, want one of %v only", v.Drops, tt.want)
			}
			if want := len(batch) - 1; b.dev.packets != want {
				t.Errorf("got %d packets at the device, want %d", b.dev.packets, want)
			}
		})
	}
}

// What the gate remembers of the last packet lets no martian through, and keeps no other packet out.
func TestDownlinkMartiansAmongOthers(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	good, martian := packet(innerA, innerB, 0, 100), packet(netip.MustParseAddr("224.0.0.1"), innerB, 0, 100)
	for _, p := range [][]byte{good, martian, martian, good, martian} {
		a.wire.WriteBatch([]udp.Message{{Data: bytes.Clone(sealAs(t, a, p, nextIPv4))}})
	}
	deliver(a, b)
	in := b.r.db.Entry("P").Counters.In.Load()
	if in.Drops[sadb.DropMartian] != 3 || in.DropTotal() != 3 || in.Packets != 2 || b.dev.packets != 2 {
		t.Errorf("got drops %v, %d packets counted, %d at the device; want 3 martians dropped and 2 packets", in.Drops, in.Packets, b.dev.packets)
	}
}

// Nor does it let through what is like the last packet but for its next header, or keep out what comes after one that was kept out.
func TestDownlinkLikeTheLast(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	good, outside := packet(innerA, innerB, 0, 100), packet(innerA, outerB, 0, 100)
	for _, p := range []struct {
		inner []byte
		next  uint8
	}{{good, nextIPv4}, {good, nextIPv6}, {good, nextIPv4}, {outside, nextIPv4}, {good, nextIPv4}, {good[:99], nextIPv4}, {good, nextIPv4}} {
		a.wire.WriteBatch([]udp.Message{{Data: bytes.Clone(sealAs(t, a, p.inner, p.next))}})
	}
	deliver(a, b)
	in := b.r.db.Entry("P").Counters.In.Load()
	want := map[sadb.DropReason]uint64{sadb.DropNextHeader: 1, sadb.DropIdentity: 1, sadb.DropMalformed: 1}
	for why, n := range want {
		if in.Drops[why] != n {
			t.Errorf("got %d drops of %v, want %d", in.Drops[why], why, n)
		}
	}
	if in.DropTotal() != 3 || in.Packets != 4 || b.dev.packets != 4 {
		t.Errorf("got drops %v, %d packets counted, %d at the device; want 3 drops and 4 packets", in.Drops, in.Packets, b.dev.packets)
	}
}

// sealAs seals a packet on a's outbound SA, whatever it is.
func sealAs(t *testing.T, a *half, inner []byte, next uint8) []byte {
	t.Helper()
	frames := []esp.Frame{{Data: inner, Next: next}}
	a.r.db.Lookup(0x1002).Child().Out.Seal(new(esp.Scratch), make([]byte, 0, 4096), frames)
	if frames[0].Err != nil {
		t.Fatal(frames[0].Err)
	}
	return frames[0].Data
}

func TestDownlinkKeepaliveAndDummy(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	a.wire.WriteBatch([]udp.Message{{Data: []byte{0xff}}, {Data: sealAs(t, a, make([]byte, 64), nextNone)}})
	deliver(a, b)
	in := b.r.db.Entry("P").Counters.In.Load()
	if in.DropTotal() != 0 || in.Packets != 0 || b.dev.packets != 0 || b.r.drops.Load().DropTotal() != 0 {
		t.Errorf("got %+v, %d packets at the device, want nothing counted", in, b.dev.packets)
	}
	if b.r.heard(0x1001).IsZero() {
		t.Error("a dummy packet was authenticated and is no sign of life")
	}
}

func TestDownlinkSortsIKE(t *testing.T) {
	_, b := newHalves(t)
	a := newCable(netip.AddrPortFrom(outerA, 4500))
	request := make([]byte, 4+28)
	request[4] = 7 // SPIi
	other := bytes.Clone(request)
	other[4+8] = 9 // SPIr
	for i := range initQueue + 3 {
		a.n = 0
		a.WriteBatch([]udp.Message{{Data: request}})
		if i < 5 {
			a.WriteBatch([]udp.Message{{Data: other}})
		}
		deliver(&half{wire: a}, b)
	}
	if got := len(b.r.initIn); got != initQueue {
		t.Errorf("got %d IKE_SA_INITs queued, want %d", got, initQueue)
	}
	if got, want := len(b.r.ikeIn), 5; got != want {
		t.Errorf("got %d other messages queued, want %d", got, want)
	}
	if got := b.r.drops.Load().Drops[sadb.DropIKEQueueFull]; got != 3 {
		t.Errorf("got %d dropped for the full queue, want 3", got)
	}
	a.n = 0
	a.WriteBatch([]udp.Message{{Data: append(other, make([]byte, maxIKE)...)}})
	deliver(&half{wire: a}, b)
	if got := b.r.drops.Load().Drops[sadb.DropTooBig]; got != 1 || len(b.r.ikeIn) != 5 {
		t.Errorf("got %d dropped as too big, %d queued, want 1 and 5", got, len(b.r.ikeIn))
	}
	d := <-b.r.ikeIn
	if want := (sadb.Path{Local: b.wire.local, Remote: a.local}); d.path != want || !bytes.Equal(d.data, other[4:]) {
		t.Errorf("got %v % x, want %v % x", d.path, d.data, want, other[4:])
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{Kilobytes: 1 << 40})
	pkts := packets(64, 1400)
	if n := testing.AllocsPerRun(100, func() { a.up.step(1e9, pkts); a.wire.n = 64; deliver(a, b) }); n != 0 {
		t.Errorf("got %v allocations for an uplink and a downlink step, want 0", n)
	}
	if want := 101 * 64; b.dev.packets != want {
		t.Errorf("got %d packets through, want %d", b.dev.packets, want)
	}
}

func BenchmarkUplinkStep(b *testing.B) {
	for _, size := range []int{64, 1400} {
		for _, batch := range []int{1, 64} {
			b.Run(fmt.Sprintf("suite=aes128gcm/size=%d/batch=%d", size, batch), func(b *testing.B) {
				a, z := newHalves(b)
				join(b, a, z, gcm128, 64, sadb.Lifetime{})
				pkts := packets(batch, size)
				b.SetBytes(int64(batch * size))
				b.ReportAllocs()
				for b.Loop() {
					a.wire.n = 0
					a.up.step(1e9, pkts)
				}
				reportPackets(b, batch, size)
			})
		}
	}
}

func BenchmarkDownlinkStep(b *testing.B) {
	for _, size := range []int{64, 1400} {
		for _, batch := range []int{1, 64} {
			b.Run(fmt.Sprintf("suite=aes128gcm/size=%d/batch=%d", size, batch), func(b *testing.B) {
				a, z := newHalves(b)
				join(b, a, z, gcm128, -1, sadb.Lifetime{}) // the same packets again and again: no replay window
				a.up.step(1e9, packets(batch, size))
				b.SetBytes(int64(batch * size))
				b.ReportAllocs()
				for b.Loop() {
					a.wire.n = batch
					deliver(a, z) // with a copy of each datagram, as out of a socket
				}
				reportPackets(b, batch, size)
				if want := b.N * batch; z.dev.packets != want {
					b.Fatalf("got %d packets through, want %d", z.dev.packets, want)
				}
			})
		}
	}
}

// reportPackets adds packets per second, and gigabits of inner packets, to the result.
func reportPackets(b *testing.B, batch, size int) {
	n := float64(b.N*batch) / b.Elapsed().Seconds()
	b.ReportMetric(n, "pkt/s")
	b.ReportMetric(n*float64(size)*8/1e9, "Gb/s")
}

// A bare ESP packet can say SPI 0, which in UDP is the non-ESP marker. It is of no SA, whatever there was before.
func TestDownlinkBareSPIZero(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	for in := esp.SPI(2000); in < 2100; in++ {
		spec := b.r.db.Lookup(0x1001).Child().Spec
		spec.In = esp.Params{SPI: in, Suite: gcm128, Key: make(esp.Secret, 20)}
		spec.Out = spec.In
		if _, err := b.r.db.Install(time.Unix(1, 0), spec); err != nil {
			t.Fatal(err)
		}
		b.r.db.Remove(in)
		b.down.bare = true
		b.down.msgs[0] = udp.Message{Data: make([]byte, 100), Remote: a.wire.local}
		b.down.step(2e9, 1)
	}
	if v := b.r.drops.Load(); v.Drops[sadb.DropUnknownSPI] != 100 || v.DropTotal() != 100 {
		t.Errorf("got drops %v, want 100 of %v only", v.Drops, sadb.DropUnknownSPI)
	}
}
