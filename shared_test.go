package seikan

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/sadb"
)

// sharedEnd is one end of tunnels that share a pair of SAs.
type sharedEnd struct {
	half
	ups  []*uplink // of each tunnel
	devs []*sinkDevice
}

var sharedMarks = []greMark{{true, 7}, {true, 8}, {false, 0}}

// newSharedEnds makes two ends of three tunnels.
func newSharedEnds(t testing.TB) (a, b *sharedEnd) {
	t.Helper()
	end := func(local, remote netip.Addr, in, out esp.Params) *sharedEnd {
		e := &sharedEnd{half: half{wire: newCable(netip.AddrPortFrom(local, 4500)), dev: &sinkDevice{}}}
		_, policy := wrap{gre: true}.at(local, remote)
		cfg := Config{Policies: []sadb.Policy{policy}, Device: e.dev, Sockets: []Socket{{Conn: e.wire, NATT: true}}, Log: zerolog.Nop()}
		for i, m := range sharedMarks {
			e.devs = append(e.devs, &sinkDevice{})
			n := Tunnel{Name: []string{"Tunnel0", "Tunnel1", "Tunnel2"}[i], Device: e.devs[i], GRE: &GRE{Local: local, Remote: remote, Keyed: m.keyed, Key: m.key}}
			if i > 0 {
				n.Shares = "Tunnel0"
			}
			cfg.Tunnels = append(cfg.Tunnels, n)
		}
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		e.r, e.down = r, newDownlink(r, r.cfg.Sockets[0], 0)
		for _, n := range cfg.Tunnels {
			up := newUplink(r, 128, 0)
			up.via = n.Name
			e.ups = append(e.ups, up)
		}
		_, err = r.db.Install(time.Unix(1, 0), sadb.ChildSpec{
			IKE: 1, Policies: []sadb.PolicyID{"P"}, In: in, Out: out, Local: policy.Local, Remote: policy.Remote, Transport: true,
			Path: sadb.Path{Local: netip.AddrPortFrom(local, 4500), Remote: netip.AddrPortFrom(remote, 4500)},
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	ab := esp.Params{SPI: 0x1001, Suite: gcm128, Key: bytes.Repeat([]byte{1}, 20), Window: 64}
	ba := esp.Params{SPI: 0x1002, Suite: gcm128, Key: bytes.Repeat([]byte{3}, 20), Window: 64}
	return end(outerA, outerB, ba, ab), end(outerB, outerA, ab, ba)
}

// Tunnels between the same ends share a pair of SAs, and the keys tell their packets apart. Each counts its own.
func TestSharedTunnels(t *testing.T) {
	a, b := newSharedEnds(t)
	for i, up := range a.ups {
		sent := packets(5+i, 500+i)
		up.step(1e9, sent)
		deliver(&a.half, &b.half)
		if b.devs[i].packets != len(sent) || !bytes.Equal(b.devs[i].last[0], sent[0]) {
			t.Errorf("tunnel %d: got %d packets, want %d; drops %v", i, b.devs[i].packets, len(sent), b.r.db.Entry("P").Counters.In.Load().Drops)
		}
		name := []string{"Tunnel0", "Tunnel1", "Tunnel2"}[i]
		out, in := &(*a.r.tunnels.Load())[name].carried.Out, &(*b.r.tunnels.Load())[name].carried.In
		if out.Packets.Load() != uint64(len(sent)) || in.Packets.Load() != uint64(len(sent)) || in.Bytes.Load() == 0 || in.Bytes.Load() != out.Bytes.Load() {
			t.Errorf("%s: sent %d packets and %d octets, got %d and %d", name, out.Packets.Load(), out.Bytes.Load(), in.Packets.Load(), in.Bytes.Load())
		}
	}
	if v := b.r.db.Entry("P").Counters.In.Load(); v.Packets != 5+6+7 || v.DropTotal() != 0 {
		t.Errorf("the policy counts %d packets and drops %v, want all and none", v.Packets, v.Drops)
	}
	// Packets of several tunnels in one batch, over and over.
	both := [2][][]byte{packets(20, 1000), packets(20, 700)}
	round := func() {
		a.ups[0].step(1e9, both[0])
		a.ups[1].step(1e9, both[1])
		deliver(&a.half, &b.half)
	}
	round()
	if n := testing.AllocsPerRun(50, round); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
	if x, y := b.devs[0].packets-5, b.devs[1].packets-6; x != y || x != 20*52 {
		t.Errorf("got %d and %d packets, want %d each", x, y, 20*52)
	}
}

// What is in the GRE header beside the key, and before it, does not lead a packet astray.
func TestSharedMarks(t *testing.T) {
	in := packet(innerA, innerB, 7, 100)
	summed := func(flags uint16, words ...uint32) []byte {
		p := append(greHeader(greChecksum|flags, etherIPv4, append([]uint32{0}, words...)...), in...)
		binary.BigEndian.PutUint16(p[4:], ^internetSum(p))
		return p
	}
	for _, tt := range []struct {
		name string
		gre  []byte
		to   int // the tunnel; -1: none
	}{
		{"a key", append(greHeader(greKey, etherIPv4, 8), in...), 1},
		{"no key", append(greHeader(0, etherIPv4), in...), 2},
		{"sequence number", append(greHeader(greSequence, etherIPv4, 7), in...), 2},
		{"key and sequence number", append(greHeader(greKey|greSequence, etherIPv4, 7, 8), in...), 0},
		{"checksum", summed(0), 2},
		{"checksum and key", summed(greKey, 8), 1},
		{"all", summed(greKey|greSequence, 7, 8), 0},
		{"a key of none", append(greHeader(greKey, etherIPv4, 9), in...), -1},
		{"half a key", greHeader(greKey, etherIPv4), -1},
		{"half a header", []byte{0x20, 0}, -1},
		{"nothing", nil, -1},
	} {
		_, b := newSharedEnds(t)
		s := b.down.sinks.of(b.r, "Tunnel0")
		why, ok := s.put(inIPv4(tt.gre), 0)
		b.down.sinks.flush()
		if ok != (tt.to >= 0) || !ok && why != sadb.DropGRE {
			t.Errorf("%s: got taken %v, %v", tt.name, ok, why)
		}
		for i, d := range b.devs {
			if want := map[bool]int{true: 1}[i == tt.to]; d.packets != want {
				t.Errorf("%s: tunnel %d got %d packets, want %d", tt.name, i, d.packets, want)
			}
		}
	}
}

func TestSharedTunnelsChecked(t *testing.T) {
	gre := func(remote netip.Addr, key uint32) *GRE {
		return &GRE{Local: outerA, Remote: remote, Keyed: key > 0, Key: key}
	}
	_, policy := wrap{gre: true}.at(outerA, outerB)
	for _, tt := range []struct {
		name   string
		second Tunnel
		ok     bool
	}{
		{"another key", Tunnel{Name: "Tunnel1", Shares: "Tunnel0", GRE: gre(outerB, 2)}, true},
		{"no key", Tunnel{Name: "Tunnel1", Shares: "Tunnel0", GRE: gre(outerB, 0)}, true},
		{"the same key", Tunnel{Name: "Tunnel1", Shares: "Tunnel0", GRE: gre(outerB, 1)}, false},
		{"another end", Tunnel{Name: "Tunnel1", Shares: "Tunnel0", GRE: gre(innerB, 2)}, false},
		{"no GRE", Tunnel{Name: "Tunnel1", Shares: "Tunnel0"}, false},
		{"with none", Tunnel{Name: "Tunnel1", Shares: "Tunnel7", GRE: gre(outerB, 2)}, false},
		{"with itself", Tunnel{Name: "Tunnel1", Shares: "Tunnel1", GRE: gre(outerB, 2)}, false},
		{"there twice", Tunnel{Name: "Tunnel0", Shares: "Tunnel0", GRE: gre(outerB, 2)}, false},
	} {
		tt.second.Device = &sinkDevice{}
		c := Config{Policies: []sadb.Policy{policy}, Tunnels: []Tunnel{{Name: "Tunnel0", Device: &sinkDevice{}, GRE: gre(outerB, 1)}, tt.second}}
		if err := c.checkTunnels(); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want it accepted: %v", tt.name, err, tt.ok)
		}
	}
}
