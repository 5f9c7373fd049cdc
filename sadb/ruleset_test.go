package sadb

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// naiveFirst is what ruleset.first must find: the list, one after the other.
func naiveFirst(list []*Entry, f *Flow) *Entry {
	skipped := ""
	var skip *Entry
	for _, e := range list {
		switch {
		case skipped != "" && e.Group == skipped, !selects(e.Local, e.Remote, f):
		case e.Action == Skip:
			skip, skipped = e, e.Group
		default:
			return e
		}
	}
	return skip
}

// world makes policies and flows of a few addresses, so that they meet.
type world struct{ *rand.Rand }

func (w world) addr() netip.Addr {
	if w.IntN(4) == 0 {
		return netip.AddrFrom16([16]byte{0xfd, 15: byte(w.IntN(8)), 14: byte(w.IntN(2))})
	}
	return netip.AddrFrom4([4]byte{10, byte(w.IntN(2)), byte(w.IntN(3)), byte(w.IntN(8))})
}

func (w world) selector(proto uint8) Selector {
	a := w.addr()
	s := SelectorFromPrefix(netip.PrefixFrom(a, a.BitLen()-[...]int{0, 0, 1, 3, 8, 16, 24, a.BitLen()}[w.IntN(8)]), proto)
	if w.IntN(5) == 0 { // a range that is no prefix, or nothing at all
		s.Lo, s.Hi = a, w.addr()
	}
	switch w.IntN(6) {
	case 0:
		s.LoPort, s.HiPort = 80, 90
	case 1:
		s.LoPort, s.HiPort = maxPort, 0
	}
	return s
}

func (w world) policies(n int) (list []Policy) {
	for i := range n {
		proto := [...]uint8{0, 0, 1, 6, 17}[w.IntN(5)]
		p := Policy{ID: PolicyID(fmt.Sprint(i)), Group: fmt.Sprint("g", i/(1+w.IntN(4))), Action: Action(w.IntN(4))}
		if w.IntN(10) == 0 {
			p.Group = ""
		}
		for range 1 + w.IntN(2) {
			p.Local = append(p.Local, w.selector(proto))
			p.Remote = append(p.Remote, w.selector(proto))
		}
		list = append(list, p)
	}
	return list
}

func (w world) flow() Flow {
	return Flow{
		Src: w.addr(), Dst: w.addr(), Proto: [...]uint8{1, 6, 17}[w.IntN(3)], SrcPort: uint16(75 + w.IntN(20)), DstPort: uint16(75 + w.IntN(20)),
		Ports: w.IntN(4) > 0,
	}
}

// compare holds the index of random policies against the list, for random flows, of the whole and of what SAs serve.
func compare(t *testing.T, seed uint64, n, flows int) {
	w := world{rand.New(rand.NewPCG(seed, 3))}
	var db DB
	db.SetPolicies(w.policies(n))
	s := db.policies.Load()
	var sets []*ruleset
	sets = append(sets, s.all)
	for range 3 {
		if n > 0 {
			sets = append(sets, s.serving([]PolicyID{PolicyID(fmt.Sprint(w.IntN(n)))}), s.serving([]PolicyID{PolicyID(fmt.Sprint(w.IntN(n))), PolicyID(fmt.Sprint(w.IntN(n)))}))
		}
	}
	for range flows {
		f := w.flow()
		for _, set := range sets {
			if got, want := set.first(&f), naiveFirst(set.list, &f); got != want {
				t.Fatalf("seed %d, %d policies, %d in the list: flow %+v: got %+v, want %+v", seed, n, len(set.list), f, got, want)
			}
		}
	}
}

func TestRulesetIsTheList(t *testing.T) {
	for seed := range uint64(300) {
		compare(t, seed, int(seed%60), 200)
	}
}

func FuzzRuleset(f *testing.F) {
	f.Add(uint64(1), uint8(40))
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) { compare(t, seed, int(n), 100) })
}

// What an SA serves is not held against what other groups carve out, and not against what comes behind.
func TestServingIsShort(t *testing.T) {
	var db DB
	var policies []Policy
	for i := range 1000 {
		g := fmt.Sprint("CM ", i)
		deny, permit := protect(PolicyID(g+" deny"), "10.2.0.9/32"), protect(PolicyID(g), "10.2.0.0/16")
		deny.Action, deny.Group, permit.Group = Skip, g, g
		policies = append(policies, deny, permit)
	}
	db.SetPolicies(policies)
	if n := len(db.policies.Load().serving([]PolicyID{"CM 500"}).list); n != 2 {
		t.Errorf("an SA is held against %d policies, want its own and the line that denies before it", n)
	}
}
