package seikan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/sadb"
	"seikan/tun"
)

// pathFits is what fits the path in these tests.
const pathFits = 1000

// telling is what senders were told.
type telling struct {
	n    int
	to   netip.Addr
	last []byte
}

func (m *telling) send(to netip.Addr, b []byte) {
	m.n, m.to, m.last = m.n+1, to, append(m.last[:0], b...)
}

// mtu is what the last message says, in whose quotation the packet begins.
func (m *telling) mtu(t *testing.T, packet []byte) int {
	t.Helper()
	if b := m.last; m.n > 0 && len(b) > 28 && bytes.HasPrefix(packet, b[8:]) {
		switch {
		case b[0] == 3 && b[1] == 4 && internetSum(b) == 0xffff:
			return int(binary.BigEndian.Uint16(b[6:]))
		case b[0] == 2 && b[1] == 0:
			return int(binary.BigEndian.Uint32(b[4:]))
		}
	}
	t.Errorf("no message that a packet is too big: % x", m.last)
	return 0
}

// narrow has a half's policy say how packets are fragmented, and its SA have a path that only pathFits fit.
func (h *half) narrow(df sadb.DF, after bool) *telling {
	p := h.r.db.Entry("P").Policy
	p.DF, p.FragmentAfter = df, after
	h.r.db.SetPolicies([]sadb.Policy{p})
	for c := range h.r.db.Children() {
		c.Out.SetFits(pathFits)
	}
	m := new(telling)
	h.r.cfg.SendICMP = m.send
	for _, t := range *h.r.tunnels.Load() {
		t.SendICMP = m.send
	}
	return m
}

// put puts fragments of IPv4 packets that came out of a device together again, in the order of their first ones.
func put(t *testing.T, fragments [][]byte) (packets [][]byte) {
	t.Helper()
	var open []byte
	for _, f := range fragments {
		place := binary.BigEndian.Uint16(f[6:])
		at, more := int(place&fragOffset)*8, place&0x2000 != 0
		if sum := internetSum(f[:4*(f[0]&0xf)]); sum != 0xffff || int(binary.BigEndian.Uint16(f[2:])) != len(f) || place&dontSplit != 0 && (more || at > 0) {
			t.Fatalf("a malformed fragment: % x", f[:ipv4Header])
		}
		switch {
		case at == 0:
			open = bytes.Clone(f)
		case at != len(open)-ipv4Header || !bytes.Equal(f[4:6], open[4:6]):
			t.Fatalf("a fragment at %d with the number %x behind %d octets with the number %x", at, f[4:6], len(open)-ipv4Header, open[4:6])
		default:
			open = append(open, f[ipv4Header:]...)
		}
		if more && len(f[ipv4Header:])%8 != 0 {
			t.Fatalf("%d octets in a fragment that is not the last one", len(f)-ipv4Header)
		}
		if !more {
			packets = append(packets, open)
		}
	}
	return packets
}

// same reports whether two IPv4 packets differ in nothing but what fragmentation changes.
func same(a, b []byte) bool {
	return len(a) == len(b) && bytes.Equal(a[8:10], b[8:10]) && bytes.Equal(a[12:], b[12:])
}

// Packets come that may not fit the path where the configuration has more done with them than the host can: then the device carries what the outer
// interface does, and the lanes know what fits.
func TestWideMTU(t *testing.T) {
	fits := func(mtu int) int { return gcm128.MaxInner(mtu - 28) }
	for _, tt := range []struct {
		name   string
		policy sadb.Policy
		wide   bool
	}{
		{"before", sadb.Policy{}, false},
		{"before, set", sadb.Policy{DF: sadb.DFSet}, false},
		{"before, clear", sadb.Policy{DF: sadb.DFClear}, true},
		{"after", sadb.Policy{FragmentAfter: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			engine(t, func(a, _ *Config) {
				a.Policies[0].DF, a.Policies[0].FragmentAfter = tt.policy.DF, tt.policy.FragmentAfter
			}, func(t *testing.T, g *rig) {
				look := func(when string, mtu, fit int) {
					t.Helper()
					time.Sleep(time.Second)
					for c := range g.a.router.db.Children() {
						if got := g.a.mtus[len(g.a.mtus)-1]; got != mtu || c.Out.Fits() != fit {
							t.Errorf("%s: got MTU %d, and the lanes know of %d; want %d and %d", when, got, c.Out.Fits(), mtu, fit)
						}
					}
				}
				g.up()
				want := func(path int) (mtu, fit int) {
					if tt.wide {
						return 1500, fits(path)
					}
					return fits(path), 0
				}
				mtu, fit := want(1500)
				look("at first", mtu, fit)
				if err := g.a.router.PathMTU(t.Context(), sadb.Host{Addr: outerB}, 1300); err != nil {
					t.Fatal(err)
				}
				mtu, fit = want(1300)
				look("when the path is known", mtu, fit)
				c := siteConfig(outerA, outerB, innerA, innerB)
				if err := g.a.router.Reconfigure(t.Context(), Change{IKE: c.IKE, Policies: c.Policies, Session: c.Session}); err != nil {
					t.Fatal(err)
				}
				look("with another configuration", fits(1300), 0)
			})
		})
	}
	six := &sadb.Entry{Policy: sadb.Policy{DF: sadb.DFClear, FragmentAfter: true, Remote: selector(netip.MustParseAddr("fd00::1"))}}
	if wide(six) {
		t.Error("only its sender fragments IPv6")
	}
}

// What becomes of a packet that is too large follows from the two lines of the configuration and its own flag DF.
func TestLargePackets(t *testing.T) {
	plain, whole := packet(innerA, innerB, 1, 1400), withDF(packet(innerA, innerB, 2, 1400))
	fits := withDF(packet(innerA, innerB, 3, pathFits))
	options := bytes.Clone(plain)
	options[0] = 0x46
	binary.BigEndian.PutUint16(options[10:], 0)
	binary.BigEndian.PutUint16(options[10:], ^internetSum(options[:24]))
	for _, tt := range []struct {
		name   string
		df     sadb.DF
		after  bool
		packet []byte
		want   fate
		sealed int // packets
	}{
		{"before, copy, DF", sadb.DFCopy, false, whole, sendBack, 0},
		{"before, copy", sadb.DFCopy, false, plain, sealPieces, 2},
		{"before, set, DF", sadb.DFSet, false, whole, sendBack, 0},
		{"before, set", sadb.DFSet, false, plain, sealPieces, 2},
		{"before, clear, DF", sadb.DFClear, false, whole, sealPieces, 2},
		{"before, clear", sadb.DFClear, false, plain, sealPieces, 2},
		{"before, clear, options", sadb.DFClear, false, options, sealWhole, 1},
		{"after, copy, DF", sadb.DFCopy, true, whole, sendBack, 0},
		{"after, copy", sadb.DFCopy, true, plain, sealWhole, 1},
		{"after, set, DF", sadb.DFSet, true, whole, sendBack, 0},
		{"after, set", sadb.DFSet, true, plain, sealWhole, 1},
		{"after, clear, DF", sadb.DFClear, true, whole, sealWhole, 1},
		{"after, clear", sadb.DFClear, true, plain, sealWhole, 1},
		{"what fits", sadb.DFCopy, true, fits, sealWhole, 1},
		{"what fits, before", sadb.DFClear, false, fits, sealWhole, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newHalves(t)
			join(t, a, b, gcm128, 4096, sadb.Lifetime{})
			told := a.narrow(tt.df, tt.after)
			batch := [][]byte{bytes.Clone(tt.packet)}
			step := func() { a.up.step(1e9, batch) }
			before := tt.packet
			step()
			if a.wire.n != tt.sealed {
				t.Fatalf("%d packets sealed, want %d", a.wire.n, tt.sealed)
			}
			for _, m := range a.wire.kept[:a.wire.n] {
				if most := a.r.db.Lookup(0x1002).Child().Out.SealedLen(pathFits); tt.want == sealPieces && len(m.Data) > most {
					t.Errorf("%d octets of ESP, want %d at most", len(m.Data), most)
				}
			}
			deliver(a, b)
			out := a.r.db.Entry("P").Counters.Out.Load()
			switch got := put(t, b.dev.last); {
			case tt.want == sendBack:
				if mtu := told.mtu(t, before); mtu != pathFits || told.to != innerA || out.Drops[sadb.DropTooBig] != 1 || out.DropTotal() != 1 {
					t.Errorf("told %v of %d, want %v of %d; drops %v", told.to, mtu, innerA, pathFits, out.Drops)
				}
			case len(got) != 1 || !same(got[0], before) || told.n != 0 || out.DropTotal() != 0:
				t.Errorf("got %d packets, or not as it was sent; %d senders told, %d drops", len(got), told.n, out.DropTotal())
			case tt.want == sealWhole && !bytes.Equal(got[0], before):
				t.Error("the packet has changed")
			}
			if n := testing.AllocsPerRun(100, step); n != 0 {
				t.Errorf("%v allocations, want none", n)
			}
		})
	}
}

// Packets that must not be fragmented are given a number when they are; that of others stays, as it is that of other fragments.
func TestLargePacketNumbers(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	a.narrow(sadb.DFClear, false)
	one, two := withDF(at(packet(innerA, innerB, 78, 1412), 0, true)), withDF(at(packet(innerA, innerB, 78, 1400), 1392, false))
	a.up.step(1e9, [][]byte{withDF(packet(innerA, innerB, 0, 1400)), withDF(packet(innerA, innerB, 0, 1400)), packet(innerA, innerB, 77, 1400), one, two})
	deliver(a, b)
	got := put(t, b.dev.last)
	if len(got) != 4 || number(got[0]) == number(got[1]) || number(got[2]) != 77 || number(got[3]) != 78 || len(got[3]) != 1412+1400-20 {
		t.Errorf("got %d packets, or not with the numbers that they are to have", len(got))
	}
}

// What becomes of a frame becomes of each of its packets, in order with what is before and behind it.
func TestLargeFrames(t *testing.T) {
	const n, size = 20, 1360
	for _, tt := range []struct {
		name   string
		df     sadb.DF
		after  bool
		sealed int
	}{{"pieces", sadb.DFClear, false, 2 * n}, {"whole", sadb.DFClear, true, n}, {"back", sadb.DFCopy, true, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newHalves(t)
			join(t, a, b, gcm128, 4096, sadb.Lifetime{})
			told := a.narrow(tt.df, tt.after)
			cut, f := segments(t, n, size)
			small, after := packet(innerA, innerB, 1, 100), packet(innerA, innerB, 2, 100)
			var hosts []byte
			for range 3 { // what was sent is not used again before it is gone
				if hosts = append(hosts[:0], f.Data...); tt.df == sadb.DFCopy {
					withDF(hosts)
					for i := range cut {
						withDF(cut[i])
					}
				}
				a.up.take(1e9, tun.Frame{Data: small})
				a.up.take(1e9, tun.Frame{Data: hosts, Offload: f.Offload})
				a.up.take(1e9, tun.Frame{Data: after})
				a.up.end(1e9)
				if a.wire.n != tt.sealed+2 {
					t.Fatalf("%d packets sealed, want %d", a.wire.n, tt.sealed+2)
				}
				deliver(a, b)
				want := slices.Concat([][]byte{small}, cut, [][]byte{after})
				if tt.sealed == 0 {
					want = [][]byte{small, after}
				}
				if got := put(t, b.dev.last); !slices.EqualFunc(got, want, same) {
					t.Fatalf("got %d packets, want the %d that were sent", len(got), len(want))
				}
			}
			out := a.r.db.Entry("P").Counters.Out.Load()
			if tt.sealed == 0 && (out.Drops[sadb.DropTooBig] != 3*n || told.n != 1 || told.mtu(t, cut[0]) != pathFits) {
				t.Errorf("%d drops, want %d; %d messages, want one for all at this time", out.DropTotal(), 3*n, told.n)
			}
		})
	}
}

// The last packet of a frame may fit, and goes as it is.
func TestLargeFrameEnds(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	a.narrow(sadb.DFClear, false)
	_, f := segments(t, 3, 1360)
	f.Data = f.Data[:len(f.Data)-1000]
	binary.BigEndian.PutUint16(f.Data[2:], uint16(len(f.Data)))
	withDF(f.Data)
	a.up.take(1e9, f)
	a.up.end(1e9)
	deliver(a, b)
	if got := b.dev.last; len(got) != 5 || len(got[4]) != 400 || !hasDF(got[4]) || hasDF(got[3]) {
		t.Errorf("%d packets came out, or the last one is another", len(got))
	}
}

// In transport mode there are no fragments, nor are there any for an SA that asks for ports. IPv6 is fragmented by nobody on the way.
func TestFate(t *testing.T) {
	a, b := newHalves(t)
	four, six := packet(innerA, innerB, 1, 1400), make([]byte, 1400)
	six[0] = 0x60
	ports := []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(innerB, 32), 17)}
	ports[0].LoPort, ports[0].HiPort = 5001, 5001
	any := []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(innerA, 32), 17)}
	a.serve(t, 0x1002, 0x1001, any, ports, b.wire.local)
	withPorts := a.r.db.Lookup(0x1002).Child().Out
	c, d := newHalves(t)
	join(t, c, d, gcm128, 64, sadb.Lifetime{})
	all := c.r.db.Lookup(0x1002).Child().Out
	clear, copies := &sadb.Entry{Policy: sadb.Policy{DF: sadb.DFClear}}, &sadb.Entry{Policy: sadb.Policy{FragmentAfter: true}}
	for _, tt := range []struct {
		name   string
		w      wrapping
		policy *sadb.Entry
		out    *sadb.Outbound
		packet []byte
		n      int
		want   fate
	}{
		{"tunnel mode", wrapping{}, clear, all, four, 1400, sealPieces},
		{"transport mode", wrapping{cut: ipv4Header}, clear, all, four, 1400, sealWhole},
		{"GRE in transport mode", wrapping{gre: &GRE{}, cut: ipv4Header}, clear, all, four, 1400, sealPieces},
		{"an SA for a port", wrapping{}, clear, withPorts, four, 1400, sealWhole},
		{"GRE on an SA for a protocol", wrapping{gre: &GRE{}}, clear, withPorts, four, 1400, sealPieces},
		{"IPv6", wrapping{}, clear, all, six, 1400, sendBack},
		{"IPv6 after encryption", wrapping{gre: &GRE{}}, copies, all, six, 1400, sendBack},
		{"IPv6 that every link takes", wrapping{gre: &GRE{}}, copies, all, six, 1280, sealWhole},
	} {
		f, err := sadb.ParseFlow(four)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.w.fate(sadb.Routed{Policy: tt.policy, Out: tt.out}, f, tt.packet, tt.n); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Without a way to tell senders nothing is kept from them.
func TestLargePacketsUntold(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	a.narrow(sadb.DFCopy, true)
	a.r.cfg.SendICMP = nil
	whole := withDF(packet(innerA, innerB, 2, 1400))
	a.up.step(1e9, [][]byte{whole})
	deliver(a, b)
	if b.dev.packets != 1 || !bytes.Equal(b.dev.last[0], whole) {
		t.Errorf("%d packets came out", b.dev.packets)
	}
}

// In a tunnel it is the packet inside that counts, with what goes before it.
func TestLargePacketsInTunnels(t *testing.T) {
	for _, w := range wraps {
		t.Run(w.name, func(t *testing.T) {
			a, b := newTunnelHalves(t, w)
			room := pathFits
			if w.gre {
				room -= ipv4Header + 2*greWord
			}
			told := a.narrow(sadb.DFCopy, true)
			fits, over := withDF(packet(innerA, innerB, 1, room)), withDF(packet(innerA, innerB, 2, room+1))
			plain := packet(innerA, innerB, 3, 1400)
			a.up.step(1e9, [][]byte{fits, over, plain})
			deliver(a, b)
			if got := b.dev.last; len(got) != 2 || !bytes.Equal(got[0], fits) || !bytes.Equal(got[1], plain) {
				t.Fatalf("%d packets came out, want what fits and what may be fragmented", len(got))
			}
			if mtu := told.mtu(t, over); mtu != room {
				t.Errorf("told of %d, want %d", mtu, room)
			}
			a.narrow(sadb.DFClear, false)
			a.up.step(1e9, [][]byte{over, plain})
			if a.wire.n != 4 {
				t.Errorf("%d packets sealed, want 4 pieces", a.wire.n)
			}
			for _, m := range a.wire.kept[:a.wire.n] {
				if most := a.r.db.Lookup(0x1002).Child().Out.SealedLen(pathFits); len(m.Data) > most || !m.MayFragment {
					t.Errorf("%d octets of ESP, want %d at most; may be fragmented: %v", len(m.Data), most, m.MayFragment)
				}
			}
			deliver(a, b)
			if got := put(t, b.dev.last); !slices.EqualFunc(got, [][]byte{over, plain}, same) {
				t.Errorf("got %d packets, want two as they were", len(got))
			}
		})
	}
}

// Fragments of any packet at any size make the packet again, and are no larger than asked for; of a fragment they are fragments.
func TestAppendFragments(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n, mtu := 28+rng.IntN(3000), 68+rng.IntN(1500)
		whole := packet(innerA, innerB, uint16(rng.Uint32()), n)
		var list [][]byte
		for b := appendFragments(nil, whole, mtu); len(b) > 0; b = b[len(list[len(list)-1]):] {
			k := int(binary.BigEndian.Uint16(b[2:]))
			if k > mtu || k > len(b) {
				t.Fatalf("%d octets in %d: a fragment of %d", n, mtu, k)
			}
			list = append(list, b[:k])
		}
		if got := put(t, list); len(got) != 1 || !same(got[0], whole) {
			t.Fatalf("%d octets in %d: got %d packets", n, mtu, len(got))
		}
		var again [][]byte
		for _, f := range list {
			for b := appendFragments(nil, f, 68); len(b) > 0; b = b[len(again[len(again)-1]):] {
				again = append(again, b[:binary.BigEndian.Uint16(b[2:])])
			}
		}
		if got := put(t, again); len(got) != 1 || !same(got[0], whole) {
			t.Fatalf("%d octets in %d and 68: got %d packets", n, mtu, len(got))
		}
	}
	beyond := at(packet(innerA, innerB, 1, 1400), (fragOffset-60)*8, true)
	if b := appendFragments(nil, beyond, 500); len(b) != 2*500 || binary.BigEndian.Uint16(b[506:]) != 0x2000|fragOffset {
		t.Errorf("%d octets of a packet that would be longer than any: want two fragments, the second at the last place", len(b))
	}
}

func TestAppendTooBig(t *testing.T) {
	long := packet(innerA, innerB, 1, 1400)
	b := appendTooBig(nil, long, 1300)
	if want := append([]byte{3, 4, b[2], b[3], 0, 0, 0x05, 0x14}, long[:548]...); !bytes.Equal(b, want) || internetSum(b) != 0xffff {
		t.Errorf("got % x", b)
	}
	six := append([]byte{0x60}, make([]byte, 1399)...)
	for mtu, want := range map[int]uint32{1300: 1300, 1200: 1280} {
		if b := appendTooBig(nil, six, mtu); len(b) != 1280-40 || b[0] != 2 || b[1] != 0 || binary.BigEndian.Uint32(b[4:]) != want || !bytes.Equal(b[8:], six[:1232]) {
			t.Errorf("%d: got % x", mtu, b)
		}
	}
	if b := appendTooBig(nil, long[:100], 50); len(b) != 108 {
		t.Errorf("got %d octets of a short packet", len(b))
	}
}

// Nobody is told of an error message, of a later fragment, of what goes to many, or in the name of somebody else.
func TestMayTell(t *testing.T) {
	icmp := func(proto, kind uint8) sadb.Flow {
		return sadb.Flow{Src: innerA, Dst: innerB, Proto: proto, SrcPort: uint16(kind) << 8, DstPort: uint16(kind) << 8, Ports: true}
	}
	for _, tt := range []struct {
		name string
		flow sadb.Flow
		want bool
	}{
		{"UDP", sadb.Flow{Src: innerA, Dst: innerB, Proto: 17, Ports: true}, true},
		{"a later fragment", sadb.Flow{Src: innerA, Dst: innerB, Proto: 17, Fragment: true}, false},
		{"echo", icmp(1, 8), true},
		{"echo reply", icmp(1, 0), true},
		{"unreachable", icmp(1, 3), false},
		{"time exceeded", icmp(1, 11), false},
		{"parameter problem", icmp(1, 12), false},
		{"ICMPv6 echo", icmp(58, 128), true},
		{"ICMPv6 too big", icmp(58, 2), false},
		{"to many", sadb.Flow{Src: innerA, Dst: netip.MustParseAddr("224.0.0.5"), Proto: 89}, false},
		{"from nobody", sadb.Flow{Src: netip.IPv4Unspecified(), Dst: innerB, Proto: 17, Ports: true}, false},
		{"from many", sadb.Flow{Src: netip.MustParseAddr("224.0.0.5"), Dst: innerB, Proto: 17, Ports: true}, false},
	} {
		if got := mayTell(tt.flow); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A sender is told once in a while, and one does not wait for others.
func TestToldSenders(t *testing.T) {
	var told toldSenders
	const start = 1 << 60
	every := int64(tellEvery)
	for _, tt := range []struct {
		at   int64
		want bool
	}{{0, true}, {1, false}, {every - 1, false}, {every, true}, {2*every - 1, false}, {2 * every, true}, {every, true}} { // the last: the clock was set back
		if got := told.allow(start+tt.at, innerA); got != tt.want {
			t.Errorf("after %d ns: got %v, want %v", tt.at, got, tt.want)
		}
	}
	n := 0
	for i := range 32 {
		for _, a := range []string{"10.0.0.%d", "fd00::%x"} {
			if told.allow(start+9*every, netip.MustParseAddr(fmt.Sprintf(a, i+1))) {
				n++
			}
		}
	}
	if n < 24 {
		t.Errorf("%d of 64 senders told at the same time, want most of as many as there are places", n)
	}
}
