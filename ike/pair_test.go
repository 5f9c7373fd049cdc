package ike

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

// A pair is two Endpoints, joined by a network in virtual time.
type pair struct {
	t      *testing.T
	now    time.Time
	a, b   *side
	flight []flying
	sent   []string // the exchange so far, as a diagram

	// Set by a test before run.
	lose    func(from *side, data []byte) bool
	latency func() time.Duration
	repeat  func() bool
	nat     *nat   // in front of A; nil: none
	after   func() // called when a side has done something; nil: nothing

	waiting map[asker]uint32 // the request that is not answered yet
}

// asker is one end of an IKE SA.
type asker struct {
	s    *side
	spiI wire.SPI
	spiR wire.SPI
}

// watch checks that an end has one request of its own outstanding at most (RFC 7296 §2.3).
func (p *pair) watch(from *side, data []byte) {
	h, err := wire.ParseHeader(data)
	if err != nil || h.Exchange == wire.IKE_SA_INIT || h.Flags&wire.FlagResponse != 0 {
		return
	}
	key := asker{from, h.SPIi, h.SPIr}
	if id, waits := p.waiting[key]; waits && id != h.MessageID {
		p.fail("%s sends request %d while %d is outstanding", from.name, h.MessageID, id)
	}
	p.waiting[key] = h.MessageID
}

// answered notes what a side received: the request that it answers is outstanding no more.
func (p *pair) answered(to *side, data []byte) {
	h, err := wire.ParseHeader(data)
	if err == nil && h.Flags&wire.FlagResponse != 0 && p.waiting[asker{to, h.SPIi, h.SPIr}] == h.MessageID {
		delete(p.waiting, asker{to, h.SPIi, h.SPIr})
	}
}

// nat gives A the address of a NAT, and each port of A a port there. It forgets what it is told to.
type nat struct {
	addr  netip.Addr
	ports map[uint16]uint16 // A's own, by the one at the NAT
	last  uint16
}

// out is the NAT's address and port for one of A's.
func (n *nat) out(a netip.AddrPort) netip.AddrPort {
	for outer, inner := range n.ports {
		if inner == a.Port() {
			return netip.AddrPortFrom(n.addr, outer)
		}
	}
	n.last++
	n.ports[n.last] = a.Port()
	return netip.AddrPortFrom(n.addr, n.last)
}

// received is the path on which a datagram arrives at a side; false if it gets nowhere.
func (p *pair) received(from *side, sent sadb.Path) (sadb.Path, bool) {
	got := swap(sent)
	to := p.other(from)
	switch {
	case p.nat == nil:
	case from == p.a:
		got.Remote = p.nat.out(got.Remote)
	default:
		port, mapped := p.nat.ports[got.Local.Port()]
		if got.Local.Addr() != p.nat.addr || !mapped {
			return got, false
		}
		got.Local = netip.AddrPortFrom(to.addr, port)
	}
	return got, to.has(got.Local.Addr()) && from.has(sent.Local.Addr())
}

// has reports whether an address is one of the side's.
func (s *side) has(a netip.Addr) bool { return a == s.addr || s.also[a] }

// side is one Endpoint with what its data plane would hold.
type side struct {
	name   string
	p      *pair
	e      *Endpoint
	addr   netip.Addr
	also   map[netip.Addr]bool // other addresses that work
	events []Event
	kids   map[esp.SPI]sadb.ChildSpec
	active map[esp.SPI]bool // outbound may be chosen
	gone   map[esp.SPI]bool // retired
	ups    map[sadb.IKEID]int
	out    Output
}

type flying struct {
	at   time.Time
	from *side
	d    Datagram
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("192.0.2.2")
)

func prefix(s string) sadb.Selector {
	return sadb.SelectorFromPrefix(netip.MustParsePrefix(s), 0)
}

func ikeProposals() []Proposal {
	return []Proposal{{
		Encr: []Encr{{wire.ENCR_AES_GCM_16, 128}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519, wire.ECP_256},
	}}
}

func espProposals() []Proposal {
	return []Proposal{{Encr: []Encr{{wire.ENCR_AES_GCM_16, 128}}}}
}

func peerConfig(name string, local, remote netip.Addr, l, r string) Config {
	return Config{Peers: []Peer{{
		Name: name, Interface: "v0", Local: local, Remote: remote, LocalKey: esp.Secret("a-test-key"), RemoteKey: esp.Secret("a-test-key"),
		Proposals: ikeProposals(),
		Flows:     []Flow{{ID: "f0", Local: []sadb.Selector{prefix(l)}, Remote: []sadb.Selector{prefix(r)}, Proposals: espProposals()}},
	}}}
}

func newPair(t *testing.T, change func(a, b *Config)) *pair {
	t.Helper()
	fixChance(t)
	ca := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
	cb := peerConfig("A", addrB, addrA, "10.2.0.0/16", "10.1.0.0/16")
	if change != nil {
		change(&ca, &cb)
	}
	p := &pair{t: t, now: start, waiting: map[asker]uint32{}, latency: func() time.Duration { return 10 * time.Millisecond }}
	p.a, p.b = newSide(p, "A", addrA, ca), newSide(p, "B", addrB, cb)
	return p
}

func newSide(p *pair, name string, addr netip.Addr, c Config) *side {
	e, err := New(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return &side{name: name, p: p, e: e, addr: addr, kids: map[esp.SPI]sadb.ChildSpec{}, active: map[esp.SPI]bool{}, gone: map[esp.SPI]bool{}, ups: map[sadb.IKEID]int{}}
}

func (p *pair) other(s *side) *side {
	if s == p.a {
		return p.b
	}
	return p.a
}

// do calls the Endpoint and carries its Output out.
func (s *side) do(f func(now time.Time, out *Output)) {
	s.out.Reset()
	f(s.p.now, &s.out)
	for _, ev := range s.out.Events {
		s.apply(ev)
	}
	s.usable()
	for _, d := range s.out.Datagrams {
		s.p.send(s, d)
	}
	if s.p.after != nil {
		s.p.after()
	}
}

// usable checks that Child SAs are never without an IKE SA that can be used: the end of an IKE SA closes them (RFC 7296 §1.4.1), and
// one that takes its place has them before it goes. A session is never UP-NO-IKE, therefore.
func (s *side) usable() {
	active := false
	for _, x := range s.e.sas {
		active = active || x.info().Active
	}
	if len(s.kids) > 0 && !active {
		s.p.fail("%s: %d Child SAs and no IKE SA that is Active", s.name, len(s.kids))
	}
	s.counted()
}

// counted checks that the pools have counted what there is.
func (s *side) counted() {
	extraSAs, extraChildren := 0, 0
	seen := map[*peerRef]bool{}
	for _, x := range s.e.sas {
		p := x.peer
		if p == nil || seen[p] {
			continue
		}
		seen[p] = true
		children := 0
		for _, o := range p.sas {
			children += len(o.children)
		}
		if p.count != len(p.sas) || p.children != children {
			s.p.fail("%s: %d IKE SAs and %d Child SAs with %s are counted, there are %d and %d", s.name, p.count, p.children, p.Name, len(p.sas), children)
		}
		extraSAs += max(0, p.count-s.e.saPool.own)
		extraChildren += max(0, p.children-s.e.childPool.own)
	}
	if s.e.saPool.used != extraSAs || s.e.childPool.used != extraChildren {
		s.p.fail("%s: %d IKE SAs and %d Child SAs are beyond what peers have for themselves, want %d and %d", s.name, s.e.saPool.used, s.e.childPool.used, extraSAs, extraChildren)
	}
}

func (s *side) apply(ev Event) {
	t := s.p.t
	t.Helper()
	switch ev := ev.(type) {
	case Dropped:
		return
	case SAStart:
		s.ups[ev.SA.ID]++
	case SAUp:
		if s.ups[ev.SA.ID] == 0 {
			s.ups[ev.SA.ID]++
		}
		for spi, k := range s.kids {
			if ev.Replaces != 0 && k.IKE == ev.Replaces {
				k.IKE = ev.SA.ID
				s.kids[spi] = k
			}
		}
	case SADown:
		if s.ups[ev.SA.ID]--; s.ups[ev.SA.ID] != 0 {
			s.p.fail("%s: SADown of SA %d without a start or twice", s.name, ev.SA.ID)
		}
		for _, k := range s.kids {
			if k.IKE == ev.SA.ID {
				s.p.fail("%s: SADown of SA %d while its child %v is up", s.name, ev.SA.ID, k.In.SPI)
			}
		}
	case ChildUp:
		if _, dup := s.kids[ev.Spec.In.SPI]; dup {
			s.p.fail("%s: child %v up twice", s.name, ev.Spec.In.SPI)
		}
		s.kids[ev.Spec.In.SPI] = ev.Spec
		s.active[ev.Spec.In.SPI] = !ev.Spec.Standby
	case ChildActive:
		s.active[ev.In] = true
	case ChildRetired:
		s.gone[ev.In] = true
	case ChildDown:
		if _, ok := s.kids[ev.In]; !ok {
			s.p.fail("%s: child %v down, which is not up", s.name, ev.In)
		}
		delete(s.kids, ev.In)
	}
	s.events = append(s.events, ev)
}

func (p *pair) send(from *side, d Datagram) {
	if !d.Keepalive {
		p.watch(from, d.Data)
	}
	p.sent = append(p.sent, fmt.Sprintf("%8.3f %s", p.now.Sub(start).Seconds(), from.describe(d.Data)))
	if p.lose != nil && p.lose(from, d.Data) {
		p.sent[len(p.sent)-1] += "   (lost)"
		return
	}
	n := 1
	if p.repeat != nil && p.repeat() {
		n = 2
	}
	for range n {
		p.flight = append(p.flight, flying{p.now.Add(p.latency()), from, d})
	}
}

func (p *pair) fail(format string, args ...any) {
	p.t.Helper()
	for _, l := range p.sent[max(0, len(p.sent)-100):] {
		p.t.Log(l)
	}
	for _, s := range []*side{p.a, p.b} {
		for _, ev := range s.events[max(0, len(s.events)-40):] {
			p.t.Logf("%s: %T %+v", s.name, ev, ev)
		}
	}
	p.t.Fatalf(format, args...)
}

// run lets virtual time pass.
func (p *pair) run(d time.Duration) {
	end := p.now.Add(d)
	for range 1_000_000 {
		next := end
		for _, s := range []*side{p.a, p.b} {
			if n := s.e.Next(); !n.IsZero() && n.Before(next) {
				next = n
			}
		}
		slices.SortStableFunc(p.flight, func(x, y flying) int { return cmp.Compare(x.at.UnixNano(), y.at.UnixNano()) })
		if len(p.flight) > 0 && !p.flight[0].at.After(next) {
			f := p.flight[0]
			p.flight = p.flight[1:]
			if f.at.After(p.now) {
				p.now = f.at
			}
			to := p.other(f.from)
			if path, ok := p.received(f.from, f.d.Path); ok && !f.d.Keepalive {
				d := Datagram{Path: path, Data: bytes.Clone(f.d.Data)}
				p.answered(to, d.Data)
				to.do(func(now time.Time, out *Output) { to.e.Handle(now, d, out) })
			}
			continue
		}
		if !next.Before(end) {
			p.now = end
			return
		}
		if next.After(p.now) {
			p.now = next
		}
		for _, s := range []*side{p.a, p.b} {
			s.do(s.e.Advance)
		}
	}
	p.fail("no end after a million steps")
}

func (s *side) acquire(id sadb.PolicyID) {
	s.do(func(now time.Time, out *Output) {
		s.e.Acquire(now, id, sadb.Flow{Src: netip.MustParseAddr("10.1.0.1"), Dst: netip.MustParseAddr("10.2.0.1"), Proto: 1}, out)
	})
}

// agree checks that both ends have the same children under the same keys, and returns how many.
func (p *pair) agree() int {
	p.t.Helper()
	for _, s := range []*side{p.a, p.b} {
		o := p.other(s)
		for spi, k := range s.kids {
			m, ok := o.kids[k.Out.SPI]
			if !ok || m.Out.SPI != spi {
				p.fail("%s has child in %v out %v, %s does not: %v", s.name, spi, k.Out.SPI, o.name, o.kids)
			}
			if !bytes.Equal(k.In.Key, m.Out.Key) || !bytes.Equal(k.Out.Key, m.In.Key) || !bytes.Equal(k.In.Auth, m.Out.Auth) || k.In.Suite != m.Out.Suite || k.In.ESN != m.Out.ESN {
				p.fail("child %v: the two ends have other keys", spi)
			}
			if !equalSelectors(k.Local, m.Remote) || !equalSelectors(k.Remote, m.Local) {
				p.fail("child %v: selectors %v === %v at %s, %v === %v at %s", spi, k.Local, k.Remote, s.name, m.Local, m.Remote, o.name)
			}
		}
	}
	return len(p.a.kids)
}

// up brings a session up from A.
func (p *pair) up() {
	p.t.Helper()
	p.a.acquire("f0")
	p.run(time.Second)
	if n := p.agree(); n != 1 || p.a.e.Len() != 1 || p.b.e.Len() != 1 {
		p.fail("after the set-up: %d children, %d and %d IKE SAs, want 1 of each; events %v, %v", n, p.a.e.Len(), p.b.e.Len(), p.a.events, p.b.events)
	}
}

// find returns the events of one type.
func find[E Event](s *side) []E {
	var found []E
	for _, ev := range s.events {
		if e, ok := ev.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// only is the one child of a side.
func (s *side) only() esp.SPI {
	s.p.t.Helper()
	if len(s.kids) != 1 {
		s.p.fail("%s has %d children, want 1", s.name, len(s.kids))
	}
	for spi := range s.kids {
		return spi
	}
	return 0
}

// noisy makes the network lose, repeat and reorder from a seed.
func (p *pair) noisy(seed uint64, loss float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	p.lose = func(*side, []byte) bool { return r.Float64() < loss }
	p.repeat = func() bool { return r.Float64() < 0.1 }
	p.latency = func() time.Duration { return time.Duration(1+r.IntN(400)) * time.Millisecond }
}

// swap is a path as the other end has it.
func swap(p sadb.Path) sadb.Path { return sadb.Path{Local: p.Remote, Remote: p.Local, VRF: p.VRF} }
