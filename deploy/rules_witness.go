package deploy

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// simplest takes away from a case what its answers do not depend on: roles and
// claims, documents, values. It is nil for a case that is none once its
// documents have all that they require.
func (s *search) simplest(t *trial, to int) *trial {
	barred := s.barred(t, to)
	keeps := func(t *trial) bool {
		return s.shifts(t, to) && !t.dangles() && (barred || !s.barred(t, to)) && s.shifts(t.complete(to), to)
	}
	if t = t.copy(); !keeps(t) {
		return nil // it depends on what was not asked
	}
	attempt := func(change func(*trial)) bool {
		c := t.copy()
		change(c)
		if !keeps(c) {
			return false
		}
		t = c
		return true
	}
	for _, who := range s.lesser(t.who) {
		if attempt(func(c *trial) { c.who = who }) {
			break
		}
	}
	for _, collection := range slices.Sorted(maps.Keys(t.w.docs)) {
		for i := len(t.w.docs[collection]) - 1; i >= 0; i-- {
			if t.old == nil || t.w.docs[collection][i].id != t.old.id || collection != t.old.collection {
				attempt(func(c *trial) { c.remove(collection, i) })
			}
		}
	}
	for _, at := range t.places() {
		for _, k := range s.of[at(t).collection] {
			v, given := at(t).values[k]
			switch {
			case !given:
			case at(t).base != nil && !same(v, at(t).base.values[k]):
				attempt(func(c *trial) { at(c).values[k] = at(c).base.values[k] })
			case !k.nonNull && v != nil:
				attempt(func(c *trial) { at(c).values[k] = nil; c.follow(at(c), k) })
			}
			if v = at(t).values[k]; v != nil && k.Kind != rules.Ref && k.Kind != rules.Bool {
				for _, plainer := range s.pool.of(k) {
					if same(plainer, v) || attempt(func(c *trial) { at(c).values[k] = plainer; c.follow(at(c), k) }) {
						break
					}
				}
			}
		}
	}
	for _, collection := range slices.Sorted(maps.Keys(t.w.docs)) {
		for i, d := range t.w.docs[collection] { // numbered from 1 again
			if id := idOf(collection, i+1); strings.HasPrefix(d.id, idOf(collection, 0)[:len(collection)]) && d.id != id {
				attempt(func(c *trial) { c.w.rename(c.w.docs[collection][i], id) })
			}
		}
	}
	return t
}

// lesser are the callers that are simpler than one, the simplest first.
func (s *search) lesser(who *asker) (list []*asker) {
	for _, a := range s.callers {
		if a == who {
			break
		}
		list = append(list, a)
	}
	less := func(change func(*Caller)) {
		c := who.Caller
		c.Claims, c.Roles = maps.Clone(c.Claims), slices.Clone(c.Roles)
		change(&c)
		list = append(list, s.asker(c))
	}
	if who.Subject != "" {
		less(func(c *Caller) { c.Roles, c.Claims = nil, nil })
		less(func(c *Caller) { c.Claims = nil })
		less(func(c *Caller) { c.Roles = nil })
		for i := range who.Roles {
			less(func(c *Caller) { c.Roles = slices.Delete(c.Roles, i, i+1) })
		}
		for _, name := range slices.Sorted(maps.Keys(who.Claims)) {
			less(func(c *Caller) { delete(c.Claims, name) })
		}
	}
	return list
}

// shift tells what a case shows.
func (s *search) shift(to int, t *trial) Shift {
	out := Shift{Change: NewlyAllows, Witness: s.witness(t, to)}
	switch {
	case s.q.check && to == 1:
		out.Change = NewlyAccepts
	case s.q.check:
		out.Change = NewlyRefuses
	case to == 0:
		out.Change = NewlyDenies
	}
	side := to
	if s.q.check { // a check decides by refusing
		side = 1 - to
	}
	out.By = s.q.clauses(to, s.answers(t, 1-to), func(p rules.Pred) bool { return t.holds(p, side) })
	return out
}

// clauses are those that make the side to allow what the other's answers deny:
// that side's grants that hold, or of a check what does not.
func (q *question) clauses(to int, other []bool, holds func(rules.Pred) bool) (list []Clause) {
	side := to
	if q.check {
		side = 1 - to
	}
	for i, ok := range other {
		if ok {
			continue
		}
		d := q.demands[side][i]
		before := len(list)
		for _, g := range d.grants {
			if holds(g.Pred) != q.check {
				list = append(list, Clause{Position: g.Pos.String(), Text: g.Text, Role: g.Role, Of: d.of})
			}
		}
		if len(list) == before {
			list = append(list, Clause{Position: d.pos.String(), Text: d.nothing, Of: d.of})
		}
		if q.field != "" {
			break // the type's part is told of the type
		}
	}
	return list
}

// witness is the case as it is shown.
func (s *search) witness(t *trial, to int) *Witness {
	w := &Witness{Caller: t.who.Caller, Barred: s.barred(t, to)}
	shown := func(d *record) Document {
		out := Document{Collection: d.collection, ID: d.id, Values: map[string]any{}}
		for _, k := range s.of[d.collection] {
			v, given := d.values[k]
			if set, ok := d.set[to][k]; ok {
				v, given = set, true
			}
			if given && (v != nil || s.matters(t, d, k, to)) {
				out.Values[k.Name] = plain(k.Kind, v)
			}
		}
		return out
	}
	if t.old != nil {
		d := shown(t.old)
		w.Old = &d
	}
	if t.new != nil {
		d := shown(t.new)
		w.New = &d
	}
	for _, collection := range slices.Sorted(maps.Keys(t.w.docs)) {
		for _, d := range t.w.docs[collection] {
			if d != t.old {
				w.Others = append(w.Others, shown(d))
			}
		}
	}
	if len(w.Caller.Claims) == 0 {
		w.Caller.Claims = nil
	}
	return w
}

// matters reports whether something in the place of a null is another answer.
func (s *search) matters(t *trial, d *record, k *column, to int) bool {
	if d.base != nil {
		return d.base.values[k] != nil // else it is as before
	}
	for _, v := range s.pool.of(k) {
		c := t.copy()
		for _, at := range c.places() {
			if x := at(c); x.collection == d.collection && x.id == d.id && (x.base == nil) == (d.base == nil) {
				x.values[k] = v
				if k.Kind == rules.Ref {
					x.values[k] = c.w.add(k.Target.Name).id
				}
				c.follow(x, k)
			}
		}
		if !s.shifts(c, to) {
			return true
		}
	}
	return false
}
