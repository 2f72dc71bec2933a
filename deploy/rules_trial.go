package deploy

import (
	"maps"
	"slices"

	"flora.dev/flora/rules"
)

// follow keeps the new side as the stored one where that changed and it did not.
func (t *trial) follow(d *record, k *column) {
	if d == t.old && t.new != nil && t.new.base == d {
		if _, given := t.new.values[k]; given {
			t.new.values[k] = d.values[k]
		}
	}
}

// places are the documents of a case, to be found again in its copies.
func (t *trial) places() (list []func(*trial) *record) {
	if t.new != nil {
		list = append(list, func(t *trial) *record { return t.new })
	}
	for _, collection := range slices.Sorted(maps.Keys(t.w.docs)) {
		for i := range t.w.docs[collection] {
			list = append(list, func(t *trial) *record { return t.w.docs[collection][i] })
		}
	}
	return list
}

// copy is the case with what was made up so far, and nothing more.
func (t *trial) copy() *trial {
	w := *t.w
	w.frozen, w.docs = true, map[string][]*record{}
	c := &trial{w: &w, who: t.who}
	for name, docs := range t.w.docs {
		for _, d := range docs {
			n := &record{collection: d.collection, id: d.id, values: maps.Clone(d.values)}
			w.docs[name] = append(w.docs[name], n)
			if d == t.old {
				c.old = n
			}
		}
	}
	if t.new != nil {
		c.new = &record{collection: t.new.collection, id: t.new.id, values: maps.Clone(t.new.values), base: c.old}
		w.fresh = c.new
	}
	return c
}

// complete is the case with all that documents require, as it must be stored.
func (t *trial) complete(side int) *trial {
	c := t.copy()
	fill := func(d *record) {
		for _, k := range c.w.of[d.collection] {
			if k.nonNull || d.base != nil {
				c.w.value(d, k, side)
			}
		}
	}
	for done, n := -1, 0; done != n; {
		done, n = n, 0
		for _, collection := range slices.Sorted(maps.Keys(c.w.docs)) {
			for _, d := range c.w.docs[collection] {
				fill(d)
				n++
			}
		}
	}
	if c.new != nil {
		fill(c.new)
	}
	return c
}

// remove takes a document away, and what refers to it where that may be null.
func (t *trial) remove(collection string, i int) {
	gone := t.w.docs[collection][i]
	t.w.docs[collection] = slices.Delete(t.w.docs[collection], i, i+1)
	drop := func(d *record) {
		for k, v := range d.values {
			if k.Kind == rules.Ref && k.Target.Name == collection && v == gone.id && !k.nonNull {
				d.values[k] = nil
			}
		}
	}
	for _, docs := range t.w.docs {
		for _, d := range docs {
			drop(d)
		}
	}
	if t.new != nil {
		drop(t.new)
	}
}

// dangles reports a reference that leads nowhere.
func (t *trial) dangles() bool {
	loose := func(d *record) bool {
		for k, v := range d.values {
			if id, ok := v.(string); ok && k.Kind == rules.Ref && t.w.find(k.Target.Name, id) == nil {
				return true
			}
		}
		return false
	}
	for _, docs := range t.w.docs {
		if slices.ContainsFunc(docs, loose) {
			return true
		}
	}
	return t.new != nil && loose(t.new)
}
