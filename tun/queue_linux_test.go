package tun

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"seikan/internal/gso"
	"seikan/internal/gso/gsotest"
)

const everything = TCPSegmentation | UDPSegmentation | TCPCoalescing | UDPCoalescing

// cutAll is the packets of frames.
func cutAll(t *testing.T, frames []Frame) (ps [][]byte) {
	t.Helper()
	var s gso.Segmenter
	for _, f := range frames {
		if err := s.Begin(f); err != nil {
			t.Fatalf("%+v: %v", f.Offload, err)
		}
		for range s.Len() {
			p := make([]byte, s.NextLen())
			ps = append(ps, p[:s.Put(p, 0)])
		}
	}
	return ps
}

// forwarding has the kernel forward from one device to another: what is written to in comes out of out.
func forwarding(t *testing.T, off Offload) (in, out *Host) {
	t.Helper()
	in, out = open(t, Config{Name: "in", MTU: 1500, Off: TCPSegmentation | UDPSegmentation}), open(t, Config{Name: "out", MTU: 1500, Off: off})
	for file, value := range map[string]string{
		"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/in/rp_filter": "0",
	} {
		if err := os.WriteFile("/proc/sys/net/"+file, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sites {
		// What comes in must not be from an address of this host.
		if err := netlink.AddrDel(lo, &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(s.local, s.local.BitLen()))}); err != nil {
			t.Fatal(err)
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: out.link.Attrs().Index, Dst: ipNet(s.net)}); err != nil {
			t.Fatal(err)
		}
	}
	return in, out
}

// passed reads frames until they stand for n packets. A test that waits for one that never comes fails when the device is closed.
func passed(t *testing.T, h *Host, n int) (frames []Frame, packets [][]byte) {
	t.Helper()
	guard := time.AfterFunc(10*time.Second, func() { h.Close() })
	defer guard.Stop()
	r := h.NewReader()
	for len(packets) < n {
		fs, err := r.ReadBatch()
		if err != nil {
			t.Fatalf("got %d packets, then %v; want %d", len(packets), err, n)
		}
		for _, f := range fs {
			if hop := f.Data[0]>>4 == 6 && f.Data[6] == 0; hop { // the kernel's own, for multicast groups
				continue
			}
			frames = append(frames, Frame{Data: bytes.Clone(f.Data), Offload: f.Offload})
			packets = append(packets, cutAll(t, []Frame{{Data: bytes.Clone(f.Data), Offload: f.Offload}})...)
		}
	}
	return frames, packets
}

// forwarded is what a router makes of a packet.
func forwarded(p []byte) []byte {
	p = bytes.Clone(p)
	if p[0]>>4 == 6 {
		p[7]--
		return p
	}
	p[8]--
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], ^gsotest.Sum(p[:20]...))
	return p
}

func wantPackets(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d packets, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("packet %d: got % x\nwant % x", i, got[i], want[i])
		}
	}
}

const ack = 0x10

var runs = []struct {
	name string
	spec gsotest.Spec
	n    int
	size int
	tail int
}{
	{"TCP", gsotest.Spec{Flags: ack, Ack: 5, Window: 100, Frag: 0x4000, TOS: 2}, 40, 1300, 7},
	{"TCP that may be fragmented", gsotest.Spec{Flags: ack, Window: 100, ID: 65530, Seq: 1<<32 - 700}, 20, 600, 0},
	{"TCP with timestamps", gsotest.Spec{Flags: ack, Window: 100, Options: []byte{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}}, 3, 1001, 1},
	{"TCP of an octet each", gsotest.Spec{Flags: ack, Window: 100}, 9, 1, 0},
	{"TCP over IPv6", gsotest.Spec{IPv6: true, Flags: ack, Window: 100, TOS: 1}, 40, 1300, 7},
	{"UDP", gsotest.Spec{UDP: true, Frag: 0x4000}, 40, 1200, 33},
	{"UDP over IPv6", gsotest.Spec{IPv6: true, UDP: true}, 60, 333, 0},
}

// TestThroughTheKernel: what we join the kernel cuts into the packets that it was made of, and what the kernel hands over as one we cut into the
// same. So both cut alike.
func TestThroughTheKernel(t *testing.T) {
	isolated(t, func(t *testing.T) {
		for _, off := range []Offload{0, everything} {
			in, out := forwarding(t, off)
			w := in.NewWriter().(*queueWriter)
			for _, tt := range runs {
				tt.spec.TTL = 64
				sent := gsotest.Stream(tt.spec, tt.n, tt.size, tt.tail)
				var want [][]byte
				for _, p := range sent {
					want = append(want, forwarded(p))
				}
				if n, err := w.WriteBatch(sent); n != len(sent) || err != nil || w.frames != 1 {
					t.Fatalf("%s: wrote %d packets in %d frames, %v; want %d in one", tt.name, n, w.frames, err, len(sent))
				}
				frames, got := passed(t, out, len(want))
				wantPackets(t, got, want)
				if n := len(frames); off == 0 && n != 1 || off != 0 && n != len(want) {
					t.Errorf("%s: read %d frames of %d packets with %v off", tt.name, n, len(want), off)
				}
			}
			in.Close()
			out.Close()
		}
	})
}

// Flags that are of the first segment or the last one only, which we do not join but cut: the kernel does the same.
func TestFlagsAsTheKernel(t *testing.T) {
	isolated(t, func(t *testing.T) {
		in, out := forwarding(t, everything)
		w := in.NewWriter().(*queueWriter)
		for _, six := range []bool{false, true} {
			for _, flags := range []byte{0x01, 0x08, 0x09, 0x40, 0x80, 0xc9, 0x20} {
				var c gso.Coalescer
				c.Coalesce(gsotest.Stream(gsotest.Spec{IPv6: six, Flags: ack, TTL: 64, ID: 7}, 5, 400, 3))
				parts, o := c.Frame(0)
				parts[0][o.Start+13] |= flags // the checksum is that of the pseudo header so far
				var errno error
				if err := in.raw.Control(func(fd uintptr) { errno = w.write(fd, parts, o) }); err != nil || errno != unix.Errno(0) {
					t.Fatal(err, errno)
				}
				var want [][]byte
				for _, p := range cutAll(t, []Frame{{Data: bytes.Join(parts, nil), Offload: o}}) {
					want = append(want, forwarded(p))
				}
				_, got := passed(t, out, len(want))
				wantPackets(t, got, want)
			}
		}
	})
}

func TestOffloadsOff(t *testing.T) {
	isolated(t, func(t *testing.T) {
		in, out := forwarding(t, 0)
		in.off.Store(uint32(TCPCoalescing))
		w := in.NewWriter().(*queueWriter)
		for _, tt := range runs {
			tt.spec.TTL = 64
			sent := gsotest.Stream(tt.spec, tt.n, tt.size, tt.tail)
			want := 1
			if !tt.spec.UDP {
				want = len(sent)
			}
			if n, err := w.WriteBatch(sent); n != len(sent) || err != nil || w.frames != want {
				t.Fatalf("%s: wrote %d packets in %d frames, %v; want %d in %d", tt.name, n, w.frames, err, len(sent), want)
			}
			passed(t, out, len(sent))
		}
	})
}

// A kernel that refuses a kind of frame gets the packets by themselves, is not asked again, and the owner is told once.
func TestRefused(t *testing.T) {
	isolated(t, func(t *testing.T) {
		in, out := forwarding(t, everything)
		var told []string
		in.refused = func(o Offload, err error) { told = append(told, fmt.Sprint(o, ": ", err)) }
		w := in.NewWriter().(*queueWriter)
		w.writev = func(fd uintptr, iovs []unix.Iovec) syscall.Errno {
			if *iovs[0].Base == unix.VIRTIO_NET_HDR_F_NEEDS_CSUM { // joined
				return unix.EINVAL
			}
			return writev(fd, iovs)
		}
		for range 3 {
			sent := gsotest.Stream(gsotest.Spec{UDP: true, TTL: 64}, 5, 100, 0)
			var want [][]byte
			for _, p := range sent {
				want = append(want, forwarded(p))
			}
			if n, err := w.WriteBatch(sent); n != len(sent) || err != nil {
				t.Fatalf("wrote %d, %v; want %d", n, err, len(sent))
			}
			_, got := passed(t, out, len(want))
			wantPackets(t, got, want)
		}
		if len(told) != 1 || in.uses(UDPCoalescing) || !in.uses(TCPCoalescing) {
			t.Errorf("told %q, UDP coalescing %v, TCP coalescing %v; want UDP off and told once", told, in.uses(UDPCoalescing), in.uses(TCPCoalescing))
		}
	})
}

func TestDeviceGone(t *testing.T) {
	isolated(t, func(t *testing.T) {
		h := open(t, Config{})
		w := h.NewWriter()
		if err := netlink.LinkDel(h.link); err != nil {
			t.Fatal(err)
		}
		if _, err := h.NewReader().ReadBatch(); err == nil || errors.Is(err, os.ErrClosed) {
			t.Errorf("read: got %v; want that the device is gone, which nobody here asked for", err)
		}
		sent := gsotest.Stream(gsotest.Spec{UDP: true, TTL: 64}, 5, 100, 0)
		if n, err := w.WriteBatch(sent); n != 0 || err == nil {
			t.Errorf("write: got %d, %v; want an error", n, err)
		}
	})
}

func TestQueueAllocs(t *testing.T) {
	isolated(t, func(t *testing.T) {
		in, out := forwarding(t, 0)
		w, r := in.NewWriter(), out.NewReader()
		sent := gsotest.Stream(gsotest.Spec{Flags: ack, TTL: 64}, 40, 1300, 0)
		batch := make([][]byte, len(sent))
		mem := make([]byte, len(sent)*2048)
		n := testing.AllocsPerRun(50, func() {
			for i, p := range sent {
				batch[i] = mem[i*2048:][:copy(mem[i*2048:], p)]
			}
			if n, err := w.WriteBatch(batch); n != len(batch) || err != nil {
				t.Fatal(n, err)
			}
			if frames, err := r.ReadBatch(); len(frames) == 0 || err != nil {
				t.Fatal(len(frames), err)
			}
		})
		if n != 0 {
			t.Errorf("got %v allocations to write and read a batch, want 0", n)
		}
	})
}
