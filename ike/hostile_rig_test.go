package ike

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

var addrM = netip.MustParseAddr("192.0.2.3")

// hostile is a pair of honest ends, A and B, and a peer M of B. M is an Endpoint too: what it says is taken apart, altered and put together
// again before B hears it. B is attacked, and A wants its tunnel to B to work all the time.
type hostile struct {
	*pair
	m      *Endpoint
	mOut   Output
	toM    []Datagram // sent by B, not heard yet
	before int        // IKE SAs of B when the attack begins
}

func newHostile(t *testing.T, change func(b, m *Config)) *hostile {
	t.Helper()
	cm := peerConfig("B", addrM, addrB, "10.3.0.0/16", "10.2.0.0/16")
	cm.Peers[0].Flows[0].ID = "fM"
	h := &hostile{}
	h.pair = newPair(t, func(a, b *Config) {
		fast := []wire.GroupID{wire.ECP_256}
		a.Peers[0].Proposals[0].Groups, b.Peers[0].Proposals[0].Groups = fast, fast
		toM := peerConfig("M", addrB, addrM, "10.2.0.0/16", "10.3.0.0/16").Peers[0]
		toM.Flows[0].ID = "fM"
		b.Peers = append(b.Peers, toM)
		if change != nil {
			only := *b
			only.Peers = b.Peers[1:]
			change(&only, &cm)
			only.Peers = b.Peers
			*b = only
		}
	})
	var err error
	if h.m, err = New(cm); err != nil {
		t.Fatal(err)
	}
	h.up()
	h.after = func() {
		h.flight = slices.DeleteFunc(h.flight, func(f flying) bool {
			if f.d.Path.Remote.Addr() != addrM {
				return false
			}
			h.toM = append(h.toM, f.d)
			return true
		})
	}
	return h
}

// mDoes is what M sends by itself.
func (h *hostile) mDoes(f func(now time.Time, out *Output)) []Datagram {
	h.mOut.Reset()
	f(h.now, &h.mOut)
	return slices.Clone(h.mOut.Datagrams)
}

// mHears is what M says to all that B has sent.
func (h *hostile) mHears() (said []Datagram) {
	for _, d := range h.toM {
		said = append(said, h.mDoes(func(now time.Time, out *Output) {
			h.m.Handle(now, Datagram{Path: swap(d.Path), Data: slices.Clone(d.Data)}, out)
		})...)
	}
	h.toM = nil
	return said
}

// bHears lets B hear what M says.
func (h *hostile) bHears(ds []Datagram) {
	for _, d := range ds {
		h.b.deliver(swap(d.Path), slices.Clone(d.Data))
	}
}

// talk lets B and M talk until neither has anything to say, beginning with M.
func (h *hostile) talk(ds []Datagram) {
	for len(ds) > 0 || len(h.toM) > 0 {
		h.bHears(ds)
		ds = h.mHears()
	}
}

func acquired(e *Endpoint) func(now time.Time, out *Output) {
	return func(now time.Time, out *Output) {
		e.Acquire(now, "fM", sadb.Flow{Src: netip.MustParseAddr("10.3.0.1"), Dst: netip.MustParseAddr("10.2.0.1"), Proto: 1}, out)
	}
}

// connect sets up an IKE SA between M and B, by one of them.
func (h *hostile) connect(byB bool) {
	h.t.Helper()
	if byB {
		h.b.do(acquired(h.b.e))
		h.talk(nil)
	} else {
		h.talk(h.mDoes(acquired(h.m)))
	}
	if x := h.withM(); x == nil || x.state != established || len(x.children) != 1 {
		h.fail("M did not get in: %v", h.b.events)
	}
}

// withM is B's newest IKE SA with M; nil: there is none.
func (h *hostile) withM() (x *sa) {
	for _, s := range h.b.e.sorted() {
		if s.path.Remote.Addr() == addrM {
			x = s
		}
	}
	return x
}

// ofM is M's newest IKE SA.
func (h *hostile) ofM() *sa { all := h.m.sorted(); return all[len(all)-1] }

// childOf is the one Child SA of an IKE SA.
func childOf(x *sa) esp.SPI {
	for in := range x.children {
		return in
	}
	return 0
}

// genuine is a point in the life of an IKE SA with M: what M says there when it is honest, and B has not heard yet.
type genuine struct {
	name   string
	unauth bool // M has not proved who it is
	say    func(h *hostile) []Datagram
}

// bAsks is M's answer to what B asks.
func (h *hostile) bAsks(f func(now time.Time, out *Output)) []Datagram {
	h.b.do(f)
	return h.mHears()
}

// mAsks is a request of M.
func (h *hostile) mAsks(x exchange) []Datagram {
	s := h.ofM()
	return h.mDoes(func(now time.Time, out *Output) { s.start(now, x, out) })
}

// points are all the points at which M can say something; byB tells who set the IKE SA up.
func points(byB bool) []genuine {
	in := func(say func(h *hostile) []Datagram) func(h *hostile) []Datagram {
		return func(h *hostile) []Datagram { h.connect(byB); return say(h) }
	}
	var list []genuine
	if byB {
		list = []genuine{
			{"IKE_SA_INIT answer", true, func(h *hostile) []Datagram { return h.bAsks(acquired(h.b.e)) }},
			{"IKE_AUTH answer", true, func(h *hostile) []Datagram { h.bHears(h.bAsks(acquired(h.b.e))); return h.mHears() }},
		}
	} else {
		list = []genuine{
			{"IKE_SA_INIT request", true, func(h *hostile) []Datagram { return h.mDoes(acquired(h.m)) }},
			{"IKE_AUTH request", true, func(h *hostile) []Datagram { h.bHears(h.mDoes(acquired(h.m))); return h.mHears() }},
		}
	}
	return append(list, []genuine{
		{"new child request", false, in(func(h *hostile) []Datagram { return h.mAsks(&newChild{flow: h.m.flows["fM"]}) })},
		{"rekey child request", false, in(func(h *hostile) []Datagram {
			return h.mDoes(func(now time.Time, out *Output) { h.m.RekeyChild(now, childOf(h.ofM()), out) })
		})},
		{"rekey IKE SA request", false, in(func(h *hostile) []Datagram { return h.mAsks(&rekeySA{}) })},
		{"liveness request", false, in(func(h *hostile) []Datagram { return h.mAsks(&liveness{}) })},
		{"delete child request", false, in(func(h *hostile) []Datagram { return h.mAsks(&deleteChildren{spis: []esp.SPI{childOf(h.ofM())}}) })},
		{"delete IKE SA request", false, in(func(h *hostile) []Datagram { return h.mAsks(&deleteSA{}) })},
		{"new child answer", false, in(func(h *hostile) []Datagram {
			x := h.withM()
			return h.bAsks(func(now time.Time, out *Output) { x.start(now, &newChild{flow: h.b.e.flows["fM"]}, out) })
		})},
		{"rekey child answer", false, in(func(h *hostile) []Datagram {
			return h.bAsks(func(now time.Time, out *Output) { h.b.e.RekeyChild(now, childOf(h.withM()), out) })
		})},
		{"rekey IKE SA answer", false, in(func(h *hostile) []Datagram { return h.bAsks(h.withM().rekey) })},
		{"liveness answer", false, in(func(h *hostile) []Datagram {
			x := h.withM()
			return h.bAsks(func(now time.Time, out *Output) { x.start(now, &liveness{}, out) })
		})},
		{"delete child answer", false, in(func(h *hostile) []Datagram {
			return h.bAsks(func(now time.Time, out *Output) { h.b.e.ExpireChild(now, childOf(h.withM()), out) })
		})},
	}...)
}

// amplification is how many octets B says at most for each that it hears of a peer that has not proved who it is.
const amplification = 3

// attack lets B hear datagrams of M in the place of d. What is not authenticated is answered once, in fragments if need be.
func (h *hostile) attack(unauth bool, d Datagram, datas ...[]byte) {
	h.t.Helper()
	h.toM, h.before = nil, h.b.e.Len()
	heard, said := 0, 0
	for _, data := range datas {
		n := len(h.toM)
		h.b.deliver(swap(d.Path), data)
		heard += len(data)
		for _, a := range h.toM[n:] {
			said += len(a.Data)
		}
		request := len(data) > atFlags && data[atFlags]&byte(wire.FlagResponse) == 0
		once := len(h.toM)-n <= 1 || h.toM[n].Data[atNext] == byte(wire.PayloadSKF)
		if unauth && request && (!once || said > amplification*heard) {
			h.fail("%d datagrams for one that is not authenticated, %d octets for %d", len(h.toM)-n, said, heard)
		}
	}
	if n := h.b.e.Len(); n > h.before+1 {
		h.fail("%d IKE SAs, %d before", n, h.before)
	}
}

// aftermath checks that A's tunnel works, and that nothing is left of M once its SAs are deleted and time has passed.
func (h *hostile) aftermath() {
	h.t.Helper()
	x, old := h.a.sole(), h.a.only()
	h.a.do(func(now time.Time, out *Output) { x.start(now, &liveness{}, out) })
	h.run(time.Second)
	if x.own.x != nil {
		h.fail("B does not answer A")
	}
	h.a.rekeyChild()
	h.run(10 * time.Second)
	if in := h.a.only(); in == old || h.b.e.children[h.a.kids[in].Out.SPI] == nil {
		h.fail("A could not rekey")
	}
	for _, s := range h.b.e.sorted() {
		if s.path.Remote.Addr() == addrM {
			h.b.do(func(now time.Time, out *Output) { h.b.e.Delete(now, s.id, ReasonOperator, out) })
		}
	}
	h.run(5 * time.Minute)
	// A deadline each for the rekey and the end of A's IKE SA and of its Child SA.
	e := h.b.e
	if e.Len() != 1 || len(e.bySPI) != 1 || len(e.children) != 1 || len(e.halfOpen) != 0 || len(e.openFrom) != 0 || len(e.deadlines) != 4 || len(h.b.kids) != 1 {
		h.fail("%d IKE SAs, %d SPIs, %d children, %d half-open from %d addresses, %d deadlines: want only A's", e.Len(), len(e.bySPI), len(e.children), len(e.halfOpen), len(e.openFrom), len(e.deadlines))
	}
	if e.flows["fM"].pending {
		h.fail("the flow to M is pending for ever")
	}
	for id, n := range h.b.ups {
		if want := e.sas[id]; (want == nil) != (n == 0) {
			h.fail("IKE SA %d: %d starts without an end", id, n)
		}
	}
}
