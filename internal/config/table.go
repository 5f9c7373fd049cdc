package config

import "slices"

// table is the things of one sort by name, in the order of their definition or one of their own. Models that come from each other by lines
// share what those lines left alone: an edit works on copies of the tables and of the things that it touches, and no others are modified.
type table[T any] struct {
	list   []*T
	names  []string      // of the list
	byName map[string]*T // nil: of one that was edited, and is searched
}

// get is the thing with a name; nil: there is none.
func (t *table[T]) get(name string) *T {
	if t.byName != nil {
		return t.byName[name]
	}
	if i := slices.Index(t.names, name); i >= 0 {
		return t.list[i]
	}
	return nil
}

// define finds the thing with a name, or makes it, for the parser to modify.
func (t *table[T]) define(p *parser, name string, fresh T) *T {
	old, v := t.get(name), &fresh
	switch {
	case old == nil:
		t.insert(p, name, v)
	case p.change == nil:
		return old
	default:
		if p.change.anew != any(old) {
			*v = *old
		}
		t.replace(old, v)
	}
	if p.change != nil {
		p.change.copies = append(p.change.copies, copied{v, old})
	}
	return v
}

// add adds a thing that stays as it is, unless there is one with its name.
func (t *table[T]) add(p *parser, name string, v T) {
	if t.get(name) == nil {
		t.insert(p, name, &v)
	}
}

func (t *table[T]) insert(p *parser, name string, v *T) {
	p.made()
	switch {
	case p.change != nil:
		t.unshare()
	case t.byName == nil:
		t.byName = map[string]*T{name: v}
	default:
		t.byName[name] = v
	}
	t.list, t.names = append(t.list, v), append(t.names, name)
}

// sink moves the last thing of a table that is in an order of its own to its place.
func (t *table[T]) sink(order func(a, b *T) int) {
	last := len(t.list) - 1
	i, _ := slices.BinarySearchFunc(t.list[:last], t.list[last], order)
	if i < last {
		t.list, t.names = slices.Insert(t.list[:last], i, t.list[last]), slices.Insert(t.names[:last], i, t.names[last])
	}
}

// replace puts a thing in the place of another, in a table of its own.
func (t *table[T]) replace(old, v *T) {
	t.list, t.byName = slices.Clone(t.list), nil
	t.list[slices.Index(t.list, old)] = v
}

// drop takes away what is chosen, in a table of its own, and returns how much that was.
func (t *table[T]) drop(chosen func(*T) bool) int {
	if !slices.ContainsFunc(t.list, chosen) {
		return 0
	}
	var left table[T]
	for i, v := range t.list {
		if !chosen(v) {
			left.list, left.names = append(left.list, v), append(left.names, t.names[i])
		}
	}
	n := len(t.list) - len(left.list)
	*t = left
	return n
}

// unshare makes it a table that no other Model has.
func (t *table[T]) unshare() {
	t.list, t.names, t.byName = slices.Clone(t.list), slices.Clone(t.names), nil
}

// values are the things themselves.
func values[T any](t table[T]) (list []T) {
	for _, v := range t.list {
		list = append(list, *v)
	}
	return list
}
