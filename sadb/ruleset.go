package sadb

import (
	"cmp"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// ruleset is policies in order, the first of which that matches decides. It is not modified.
//
// A long one is indexed by the longest prefix of the destination and then of the source: a flow is held against the policies of the prefixes
// that contain its addresses, whatever the number of the others is.
type ruleset struct {
	list []*Entry
	dst  *bart.Table[*destination] // nil: the list is short
}

// destination is a prefix of destinations that policies name.
type destination struct {
	wider *destination // the next one that contains it; nil: none
	least int          // the first place in the list that is here
	few   []source     // all sources, where they are few
	src   *bart.Table[*source]
}

// source is a prefix of sources that policies name together with a destination.
type source struct {
	prefix netip.Prefix
	wider  *source // of those in the table
	at     []int   // places in the list, in order
}

// As few sources as this are looked at one by one: most destinations have one, and each step in a table is a wait for memory.
const fewSources = 4

// A list as short as this is searched as it is.
const shortList = 8

func newRuleset(list []*Entry) *ruleset {
	s := &ruleset{list: list}
	if len(list) <= shortList {
		return s
	}
	byDst := map[netip.Prefix]map[netip.Prefix][]int{}
	for i, e := range list {
		for _, r := range e.Remote {
			for _, l := range e.Local {
				dst, ok1 := r.around()
				src, ok2 := l.around()
				if !ok1 || !ok2 {
					continue // it matches nothing
				}
				if byDst[dst] == nil {
					byDst[dst] = map[netip.Prefix][]int{}
				}
				if at := byDst[dst][src]; len(at) == 0 || at[len(at)-1] != i {
					byDst[dst][src] = append(at, i)
				}
			}
		}
	}
	s.dst = new(bart.Table[*destination])
	for _, p := range fromWidest(maps.Keys(byDst)) {
		d := &destination{least: len(list)}
		d.wider, _ = s.dst.LookupPrefix(p)
		d.fill(byDst[p])
		s.dst.Insert(p, d)
	}
	return s
}

// fill takes the places of the policies by source.
func (d *destination) fill(bySrc map[netip.Prefix][]int) {
	if len(bySrc) > fewSources {
		d.src = new(bart.Table[*source])
	}
	for _, p := range fromWidest(maps.Keys(bySrc)) {
		m := source{prefix: p, at: bySrc[p]}
		if d.least = min(d.least, m.at[0]); d.src == nil {
			d.few = append(d.few, m)
			continue
		}
		m.wider, _ = d.src.LookupPrefix(p)
		d.src.Insert(p, &m)
	}
}

// fromWidest sorts prefixes such that what contains others comes first.
func fromWidest(ps iter.Seq[netip.Prefix]) []netip.Prefix {
	return slices.SortedFunc(ps, func(a, b netip.Prefix) int { return cmp.Compare(a.Bits(), b.Bits()) })
}

// around is the smallest prefix that has all addresses of the selector. False: there is none.
func (s *Selector) around() (netip.Prefix, bool) {
	if !s.Lo.IsValid() || s.Lo.Compare(s.Hi) > 0 {
		return netip.Prefix{}, false
	}
	bits := s.Lo.BitLen()
	if s.Hi.BitLen() != bits { // all of the first family behind Lo
		bits = 0
	}
	for bits > 0 && !netip.PrefixFrom(s.Lo, bits).Contains(s.Hi) {
		bits--
	}
	return netip.PrefixFrom(s.Lo, bits).Masked(), true
}

// first is the first policy that decides on a flow: it matches, and its group was not skipped before. Where none does it is the last one
// that skipped, and nil where none matches.
func (s *ruleset) first(f *Flow) *Entry {
	var skip *Entry
	from, skipped := 0, ""
	for {
		i := s.next(f, from, skipped)
		if i < 0 {
			return skip
		}
		e := s.list[i]
		if e.Action != Skip {
			return e
		}
		skip, from, skipped = e, i+1, e.Group
	}
}

// next is the place of the first match from one on, of those outside of a group; -1: there is none. The group "" is none.
func (s *ruleset) next(f *Flow, from int, skipped string) int {
	best := len(s.list)
	if s.dst == nil {
		for i := from; i < best; i++ {
			if s.decides(i, f, skipped) {
				return i
			}
		}
		return -1
	}
	d, _ := s.dst.Lookup(f.Dst)
	for ; d != nil; d = d.wider {
		if d.least >= best {
			continue
		}
		if d.src == nil {
			for i := range d.few {
				if d.few[i].prefix.Contains(f.Src) {
					best = s.nextOf(&d.few[i], f, from, best, skipped)
				}
			}
			continue
		}
		m, _ := d.src.Lookup(f.Src)
		for ; m != nil; m = m.wider {
			best = s.nextOf(m, f, from, best, skipped)
		}
	}
	if best == len(s.list) {
		return -1
	}
	return best
}

// nextOf is next among the places of a source that come before best, which it is where there is none.
func (s *ruleset) nextOf(m *source, f *Flow, from, best int, skipped string) int {
	for _, i := range m.at {
		if i >= best {
			break
		}
		if i >= from && s.decides(i, f, skipped) {
			return i
		}
	}
	return best
}

func (s *ruleset) decides(i int, f *Flow, skipped string) bool {
	e := s.list[i]
	return (skipped == "" || e.Group != skipped) && selects(e.Local, e.Remote, f)
}
