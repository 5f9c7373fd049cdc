package seikan

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/internal/udp/udptest"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
	"seikan/tun/tuntest"
)

// packet is an IPv4 packet of size octets with a UDP datagram, that carries the number id.
func packet(src, dst netip.Addr, id uint16, size int) []byte {
	b := []byte{0x45, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0, 0, 64, 17, 0, 0)
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum>>16+sum))
	b = append(b, 0x13, 0x88, 0x13, 0x89)
	b = binary.BigEndian.AppendUint16(b, uint16(size-20))
	b = append(b, 0, 0)
	for len(b) < size {
		b = append(b, byte(len(b)))
	}
	return b
}

// number is the id that packet was given.
func number(p []byte) uint16 { return binary.BigEndian.Uint16(p[4:]) }

// rig is two routers and the network between them, in virtual time.
type rig struct {
	t      *testing.T
	net    *udptest.Net
	device func(*tuntest.Mem) tun.Device
	a, b   *end
}

// end is one router with what is around it.
type end struct {
	t      *testing.T
	router *Router
	dev    *tuntest.Mem
	log    *logLines
	mtus   []int

	inner, far netip.Addr // the hosts at this end and at the other
	cancel     context.CancelFunc
	done       chan error

	mu  sync.Mutex
	got []uint16 // numbers of the packets that came out, in order
}

// engine runs a test in a bubble of virtual time with two routers. change may alter their configurations. Any goroutine that
// is left when the routers have stopped fails the test.
func engine(t *testing.T, change func(a, b *Config), test func(t *testing.T, g *rig)) {
	t.Helper()
	engineOver(t, func(m *tuntest.Mem) tun.Device { return m }, change, test)
}

// engineOver is engine with devices that device makes of those in memory.
func engineOver(t *testing.T, device func(*tuntest.Mem) tun.Device, change func(a, b *Config), test func(t *testing.T, g *rig)) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	synctest.Test(t, func(t *testing.T) {
		g := &rig{t: t, net: udptest.NewNet(), device: device}
		ca, cb := siteConfig(outerA, outerB, innerA, innerB), siteConfig(outerB, outerA, innerB, innerA)
		if change != nil {
			change(&ca, &cb)
		}
		g.a, g.b = g.start(ca, outerA, innerA, innerB), g.start(cb, outerB, innerB, innerA)
		test(t, g)
		g.a.stop()
		g.b.stop()
	})
}

// siteConfig is a router at local with a host behind it, and the peer's.
func siteConfig(local, remote, inner, far netip.Addr) Config {
	flow := ike.Flow{
		ID: "P", Local: selector(inner), Remote: selector(far),
		Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}}},
	}
	policy := sadb.Policy{ID: "P", Action: sadb.Protect, Local: flow.Local, Remote: flow.Remote}
	return Config{
		IKE: ike.Config{Peers: []ike.Peer{{
			Name: "CM 10", Interface: "v0", Local: local, Remote: remote, LocalKey: esp.Secret("a-test-key"), RemoteKey: esp.Secret("a-test-key"),
			Proposals: []ike.Proposal{{
				Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519},
			}},
			Flows: []ike.Flow{flow},
		}}},
		Policies: []sadb.Policy{policy},
		Session: session.Config{
			Sessions: []session.Configured{{Interface: "v0", Local: local, Peer: netip.AddrPortFrom(remote, 500), PeerName: "CM 10", Policies: []sadb.Policy{policy}}},
			Logging:  true,
		},
	}
}

func (g *rig) start(c Config, local, inner, far netip.Addr) *end {
	g.t.Helper()
	e := &end{t: g.t, dev: tuntest.NewMem(1400), log: &logLines{}, inner: inner, far: far, done: make(chan error, 1)}
	c.Device = g.device(e.dev)
	vrf := c.IKE.Peers[0].FVRF
	c.Sockets = []Socket{
		{Conn: g.net.Listen(netip.AddrPortFrom(local, 500)), VRF: vrf},
		{Conn: g.net.Listen(netip.AddrPortFrom(local, 4500)), NATT: true, VRF: vrf},
	}
	c.SetMTU = func(n int) error { e.mtus = append(e.mtus, n); return nil }
	c.Log = zerolog.New(e.log)
	var err error
	if e.router, err = New(c); err != nil {
		g.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(g.t.Context())
	e.cancel = cancel
	go func() { e.done <- e.router.Run(ctx) }()
	go e.receive()
	return e
}

// receive notes what comes out of the device, until it is closed.
func (e *end) receive() {
	for p := range e.dev.Recv() {
		e.mu.Lock()
		e.got = append(e.got, number(p))
		e.mu.Unlock()
	}
}

func (e *end) received() []uint16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]uint16(nil), e.got...)
}

// stop ends the router, unless it has ended, and waits for it.
func (e *end) stop() {
	e.t.Helper()
	e.cancel()
	if err := <-e.done; err != nil {
		e.t.Errorf("run: %v", err)
	}
	e.done <- nil
}

// send has the host at this end send packets with the numbers from lo to hi to the other.
func (e *end) send(lo, hi uint16) {
	for id := lo; id <= hi; id++ {
		e.dev.Send(packet(e.inner, e.far, id, 200))
	}
}

// up brings the tunnel up with packets 0 to 3 from a, in order: one that comes while the tunnel comes up may overtake those that waited for it.
func (g *rig) up() {
	g.t.Helper()
	g.a.send(0, 0)
	time.Sleep(time.Second / 2)
	g.a.send(1, 3)
	time.Sleep(time.Second / 2)
	g.a.wantStatus(session.UpActive)
	g.b.wantStatus(session.UpActive)
	if got := g.b.received(); len(got) != 4 {
		g.t.Fatalf("got packets %v, want 0 to 3", got)
	}
}

// cut makes the network lose everything from now on.
func (g *rig) cut() {
	g.net.SetFilter(func(from, to netip.AddrPort, data []byte) bool { return false })
}

// session is the only session of the router.
func (e *end) session() session.Session {
	e.t.Helper()
	s, err := e.router.Snapshot(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	if len(s.Sessions) != 1 {
		e.t.Fatalf("got %d sessions, want 1", len(s.Sessions))
	}
	return s.Sessions[0]
}

func (e *end) wantStatus(want session.Status) {
	e.t.Helper()
	if got := e.session(); got.Status != want {
		e.t.Fatalf("session is %v, want %v; last reason %q; log:\n%s", got.Status, want, got.LastReason, e.log)
	}
}

// flow is the counters of the policy.
func (e *end) flow() *sadb.FlowCounters { return e.router.db.Entry("P").Counters }

// logLines keeps what a router logs.
type logLines struct {
	mu    sync.Mutex
	lines []map[string]any
	text  bytes.Buffer

	faulty string // a message that begins so is a panic
}

// panicAt has messages that begin so be panics from now on.
func (l *logLines) panicAt(prefix string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faulty = prefix
}

func (l *logLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var line map[string]any
	if err := json.Unmarshal(b, &line); err != nil {
		return 0, err
	}
	if s, _ := line[zerolog.MessageFieldName].(string); l.faulty != "" && strings.HasPrefix(s, l.faulty) {
		panic("a fault")
	}
	l.lines = append(l.lines, line)
	return l.text.Write(b)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// find is the lines whose message begins with prefix.
func (l *logLines) find(prefix string) (found []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if s, _ := line[zerolog.MessageFieldName].(string); strings.HasPrefix(s, prefix) {
			found = append(found, line)
		}
	}
	return found
}

// wantLog fails the test unless there are n lines that begin with prefix, and returns them.
func (e *end) wantLog(n int, prefix string) []map[string]any {
	e.t.Helper()
	found := e.log.find(prefix)
	if len(found) != n {
		e.t.Fatalf("got %d log lines %q, want %d; log:\n%s", len(found), prefix, n, e.log)
	}
	return found
}
