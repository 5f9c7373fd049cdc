package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/rs/zerolog"

	"seikan"
	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

var (
	innerA = netip.MustParseAddr("10.10.10.1")
	innerB = netip.MustParseAddr("10.30.30.1")
)

// udpPacket is an IPv4 packet with UDP in it, of size octets.
func udpPacket(src, dst netip.Addr, size int) []byte {
	p := make([]byte, size)
	p[0], p[8], p[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(p[2:], uint16(size))
	copy(p[12:], src.AsSlice())
	copy(p[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(p[20:], 1000)
	binary.BigEndian.PutUint16(p[22:], 2000)
	binary.BigEndian.PutUint16(p[24:], uint16(size-20))
	return p
}

// end is one router on the loopback interface.
type end struct {
	bare, natt seikan.Conn
	inner      netip.Addr
}

func listen(b *testing.B, inner netip.Addr) *end {
	b.Helper()
	open := func() seikan.Conn {
		c, err := seikan.Listen(netip.MustParseAddrPort("127.0.0.1:0"), seikan.ListenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	return &end{open(), open(), inner}
}

// run starts the router of an end and stops it with the benchmark.
func (e *end) run(b *testing.B, peer *end, s esp.Suite, dev tun.Device) *seikan.Router {
	b.Helper()
	local, remote := host(e.inner), host(peer.inner)
	key := esp.Secret("only for this benchmark")
	proposal := ike.Proposal{Encr: []ike.Encr{{ID: uint16(s.Encr), KeyBits: uint16(s.KeyBits)}}}
	if s.Integ != esp.AUTH_NONE {
		proposal.Integ = []uint16{uint16(s.Integ)}
	}
	r, err := seikan.New(seikan.Config{
		IKE: ike.Config{
			Port: e.bare.LocalAddr().Port(), NATTPort: e.natt.LocalAddr().Port(),
			Peers: []ike.Peer{{
				Name: "peer", Local: e.bare.LocalAddr().Addr(), Remote: peer.bare.LocalAddr().Addr(),
				Port: peer.bare.LocalAddr().Port(), NATTPort: peer.natt.LocalAddr().Port(),
				LocalKey: key, RemoteKey: key,
				Proposals: []ike.Proposal{{
					Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519},
				}},
				Flows: []ike.Flow{{ID: "P", Local: local, Remote: remote, Proposals: []ike.Proposal{proposal}, Window: 4096, Kilobytes: ike.NoLimit}},
			}},
		},
		Policies: []sadb.Policy{{ID: "P", Action: sadb.Protect, Local: local, Remote: remote}},
		Session:  session.Config{NATTPort: e.natt.LocalAddr().Port()},
		Device:   dev,
		Sockets:  []seikan.Socket{{Conn: e.bare}, {Conn: e.natt, NATT: true}},
		Log:      zerolog.Nop(),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return r
}

func host(a netip.Addr) []sadb.Selector {
	return []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(a, a.BitLen()), 0)}
}

// BenchmarkPair sends packets from one router to another over loopback: everything between the two devices, system calls
// included. Both routers, and the kernel, share this machine's cores.
func BenchmarkPair(b *testing.B) {
	suites := []struct {
		name  string
		suite esp.Suite
	}{
		{"aes128gcm", esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}},
		{"aes256gcm", esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 256}},
		{"chacha20poly1305", esp.Suite{Encr: esp.ENCR_CHACHA20_POLY1305}},
		{"aes256cbc-sha256", esp.Suite{Encr: esp.ENCR_AES_CBC, KeyBits: 256, Integ: esp.AUTH_HMAC_SHA2_256_128}},
	}
	for _, s := range suites {
		for _, size := range []int{64, 1400} {
			b.Run(fmt.Sprintf("suite=%s/size=%d", s.name, size), func(b *testing.B) { benchmarkPair(b, s.suite, size) })
		}
	}
}

func benchmarkPair(b *testing.B, s esp.Suite, size int) {
	const window = 512 // packets under way; well below what the sockets queue
	l := newLine(udpPacket(innerA, innerB, size), window)
	from, to := listen(b, innerA), listen(b, innerB)
	from.run(b, to, s, source{l})
	to.run(b, from, s, sink{l, make(chan struct{})})
	l.send(1) // brings the tunnel up
	if l.received != 1 {
		b.Fatal("the tunnel did not come up")
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	l.send(b.N)
	b.StopTimer()
	rate := float64(l.received-1) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "pkt/s")
	b.ReportMetric(rate*float64(size)*8/1e9, "Gb/s")
	b.ReportMetric(float64(l.lost)/float64(b.N), "loss")
}
