package ike

import (
	"reflect"
	"slices"

	"seikan/sadb"
)

// narrow finds what the configuration permits of offered selectors (RFC 7296 §2.9). The flow that takes the first selector of
// both sides wins, else the first one that takes anything; flows with the same algorithms join it as long as each pair of local and
// remote selectors stays permitted, an answer has room for them, and it is not too much work: honest offers have little in common with each
// flow.
func (s *sa) narrow(local, remote []sadb.Selector) (flows []*flowRef, l, r []sadb.Selector) {
	first := slices.IndexFunc(s.peer.flows, func(f *flowRef) bool { return coveredBy(local[0], f.Local) && coveredBy(remote[0], f.Remote) })
	if first < 0 {
		first = slices.IndexFunc(s.peer.flows, func(f *flowRef) bool { return overlaps(local, f.Local) > 0 && overlaps(remote, f.Remote) > 0 })
	}
	if first < 0 {
		return nil, nil, nil
	}
	f := s.peer.flows[first]
	flows, l, r = []*flowRef{f}, capped(sadb.Narrow(local, f.Local)), capped(sadb.Narrow(remote, f.Remote))
	work := maxNarrowing
	for _, o := range s.peer.flows {
		nl, nr := overlaps(local, o.Local), overlaps(remote, o.Remote)
		if o == f || nl == 0 || nr == 0 || nl*nl+nr*nr > work || o.Transport != f.Transport || !reflect.DeepEqual(o.Proposals, f.Proposals) {
			continue
		}
		work -= nl*nl + nr*nr
		ol, or := sadb.Narrow(local, o.Local), sadb.Narrow(remote, o.Remote)
		switch {
		case within(ol, l) && within(or, r):
		case equalSelectors(ol, l) && len(r)+len(or) <= maxSelectors:
			r = append(r, or...)
		case equalSelectors(or, r) && len(l)+len(ol) <= maxSelectors:
			l = append(l, ol...)
		default:
			continue
		}
		flows = append(flows, o)
	}
	return flows, l, r
}

// overlaps counts the pairs of a selector each that have something in common.
func overlaps(a, b []sadb.Selector) (n int) {
	for _, x := range a {
		for _, y := range b {
			if _, ok := x.Intersect(y); ok {
				n++
			}
		}
	}
	return n
}

// capped is as many selectors as an answer has room for.
func capped(sels []sadb.Selector) []sadb.Selector { return sels[:min(len(sels), maxSelectors)] }
