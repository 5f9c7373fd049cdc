package session

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// model makes any sequence of events that IKE may give, for one session, and keeps what should come of it.
type model struct {
	*rig
	rng      *rand.Rand
	now      time.Time
	nextID   sadb.IKEID
	nextSPI  esp.SPI
	half     []sadb.IKEID
	sas      []sadb.IKEID              // authenticated
	children map[esp.SPI]sadb.IKEID    // and the IKE SA of each
	inactive map[sadb.IKEID]sadb.IKEID // replaced ones
	up       bool
	changes  int
}

func (m *model) step() {
	m.now = m.now.Add(time.Second)
	switch n := m.rng.IntN(10); {
	case n < 2:
		m.nextID++
		m.half = append(m.half, m.nextID)
		m.do(m.now, ike.SAStart{SA: halfOpen(m.nextID)})
	case n < 4 && len(m.half) > 0:
		id := m.half[0]
		m.half = m.half[1:]
		if m.rng.IntN(3) == 0 {
			m.do(m.now, ike.Failed{SA: id, Peer: "CM 10", Reason: ike.ReasonTimeout}, ike.SADown{SA: halfOpen(id), Reason: ike.ReasonTimeout})
			return
		}
		m.sas = append(m.sas, id)
		m.do(m.now, ike.SAUp{SA: active(id, m.now)})
	case n < 6 && len(m.sas) > 0:
		m.nextSPI++
		in, id := 0x1000+m.nextSPI, m.sas[m.rng.IntN(len(m.sas))]
		m.children[in] = id
		m.do(m.now, child(id, in, m.now, site().Sessions[0].Policies[0]))
	case n < 7 && len(m.sas) > 0:
		m.rekey(m.rng.IntN(len(m.sas)))
	case n < 8 && len(m.children) > 0:
		m.dropChild(slices.Min(keys(m.children)))
	case len(m.inactive) > 0 && n < 9:
		m.dropSA(slices.Min(keys(m.inactive)), ike.ReasonRekeyed)
	case len(m.sas) > 0:
		m.dropSA(m.sas[m.rng.IntN(len(m.sas))], ike.ReasonPeerLost)
	}
}

func keys[K comparable, V any](m map[K]V) (all []K) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

func (m *model) rekey(i int) {
	old := m.sas[i]
	m.nextID++
	m.sas[i] = m.nextID
	m.inactive[old] = m.nextID
	for in, id := range m.children {
		if id == old {
			m.children[in] = m.nextID
		}
	}
	m.do(m.now, ike.SAUp{SA: active(m.nextID, m.now), Replaces: old})
}

func (m *model) dropChild(in esp.SPI) {
	id := m.children[in]
	delete(m.children, in)
	m.do(m.now, ike.ChildDown{In: in, IKE: id, Reason: ike.ReasonPeerDeleted})
}

func (m *model) dropSA(id sadb.IKEID, why ike.Reason) {
	mine := keys(m.children)
	slices.Sort(mine)
	for _, in := range mine {
		if m.children[in] == id {
			m.dropChild(in)
		}
	}
	delete(m.inactive, id)
	m.sas = slices.DeleteFunc(m.sas, func(x sadb.IKEID) bool { return x == id })
	m.do(m.now, ike.SADown{SA: gone(active(id, m.now)), Reason: why})
}

// check holds the session against what it should be.
func (m *model) check(t *testing.T) {
	t.Helper()
	switch {
	case !m.up && len(m.children) > 0, m.up && len(m.children)+len(m.sas)+len(m.inactive) == 0:
		m.up = !m.up
		m.changes++
	}
	s := m.only(m.now)
	if want := StatusOf(len(m.sas) > 0, len(m.half)+len(m.sas)+len(m.inactive) > 0, 2*len(m.children)); s.Status != want {
		t.Fatalf("got status %v, want %v", s.Status, want)
	}
	if got, want := s.Flows[0].ActiveSAs, 2*len(m.children); got != want {
		t.Fatalf("got %d SAs, want %d", got, want)
	}
	if got, want := len(s.IKE), len(m.half)+len(m.sas)+len(m.inactive); got != want {
		t.Fatalf("got %d IKE SAs, want %d", got, want)
	}
	if len(m.log) != m.changes {
		t.Fatalf("got %d transitions, want %d", len(m.log), m.changes)
	}
	for i, tr := range m.all {
		if tr.Up != (i%2 == 0) {
			t.Fatalf("transition %d: got %v, want UP and DOWN in turn", i, m.log)
		}
	}
}

func TestModel(t *testing.T) {
	for seed := range uint64(40) {
		m := &model{
			rig: newRig(t, site()), rng: rand.New(rand.NewPCG(seed, 7)), now: t0,
			children: make(map[esp.SPI]sadb.IKEID), inactive: make(map[sadb.IKEID]sadb.IKEID),
		}
		for range 150 {
			m.step()
			m.check(t)
		}
		for _, id := range slices.Concat(m.sas, keys(m.inactive)) {
			m.dropSA(id, ike.ReasonShutdown)
		}
		m.check(t)
		if m.up {
			t.Fatalf("seed %d: up without an SA", seed)
		}
	}
}
