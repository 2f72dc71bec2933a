package storetest

import (
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// sweeping is a delete with the references that lead to c.
func (d *depot) sweeping(h store.Head) store.Head {
	for _, c := range []*schema.Collection{d.shop, d.box, d.item, d.link} {
		for _, f := range c.Object.Fields {
			if f.ToOne() && f.OnDelete != rules.Restrict {
				h.Referrers = append(h.Referrers, f)
			}
		}
	}
	return h
}

// ids are what is left.
func (d *depot) ids() string {
	d.Helper()
	return fmt.Sprint(d.read(page(d.shop, rules.True, "_id"), page(d.box, rules.True, "_id"), page(d.item, rules.True, "_id")), d.rows())
}

// fill makes a shop with two boxes and items in them, beside another one.
func (d *depot) fill() {
	d.Helper()
	for _, table := range []*schema.Collection{d.shop, d.box, d.item} {
		d.write(d.sweeping(every(remove(table, ""), rules.True)))
	}
	d.write(
		insert(d.shop, "s1", "name", "one"), insert(d.shop, "s2", "name", "two"),
		insert(d.box, "b1", "shop", "s1"), insert(d.box, "b2", "shop", "s1"), insert(d.box, "b3", "shop", "s2"),
		insert(d.item, "i1", "box", "b1"), insert(d.item, "i2", "box", "b1", "friend", "i1"), insert(d.item, "i3", "parent", "i2"),
		insert(d.item, "j1", "box", "b3", "friend", "i1", "wish", "i3"), insert(d.item, "j2", "friend", "j1"), insert(d.item, "j3", "box", "b3"),
		d.row(store.Link, "i1", "b1"), d.row(store.Link, "j1", "b1"), d.row(store.Link, "i1", "b3"), d.row(store.Link, "j1", "b3"))
}

func testSweep(s *suite) {
	d := newDepot(s)
	d.fill()
	full := d.ids()
	kept := func(what string, why store.Refusal, h store.Head) {
		s.Helper()
		s.refused(what, 0, why, h)
		if got := d.ids(); got != full {
			s.Errorf("%s: refused, but the store has %s", what, got)
		}
	}
	gone := func(what, want string, heads ...store.Head) {
		s.Helper()
		o := s.write(heads...)
		for i := range heads {
			if !o.Results[i].Hit {
				s.Errorf("%s: head %d missed", what, i)
			}
		}
		if got := d.ids(); got != want {
			s.Errorf("%s: left %s, want %s", what, got, want)
		}
	}
	shop := d.sweeping(remove(d.shop, "s1"))

	// The guard is asked before anything goes, and of all that is there.
	kept("forbidden", store.Forbidden, guarded(shop, rules.False, rules.True))
	missing := shop
	missing.ID = "s9"
	s.hits("missing", s.write(missing), false)
	s.hits("hidden", s.write(guarded(shop, rules.False, rules.False)), false)
	hasBox := rules.Many{Of: col(rules.Old, d.shop, "_id"), Field: &rules.Field{Object: d.shop.Object, Kind: rules.Ref, Target: d.box.Object, Back: d.box.Field("shop")},
		Var: 50, Domain: rules.True, Body: rules.True}
	v := int64(1)
	old := shop
	old.Version = &v
	kept("another version", store.VersionMismatch, old)

	// Three hops: boxes, their items, children of those; links of either end;
	// references of documents that stay.
	s.now += 10
	h := guarded(shop, hasBox, rules.True)
	answer := s.byID(d.shop, "s1", "name")
	boxes := store.Select{From: d.box.Object, Var: 901, Where: eq(col(901, d.box, "shop"), col(900, d.shop, "_id")), Total: true}
	answer.Columns = append(answer.Columns, store.Column{Nested: &boxes})
	h.Answer = &answer
	o := s.write(h)
	s.check("answer", o.Results[0].Answer, `["one", [2]]`)
	if got, want := d.ids(), `[[[["s2"]]] [[["b3"]]] [[["j1"],["j2"],["j3"]]]][[["j1",[[["b3"]]]],["j2",[[]]],["j3",[[]]]]]`; got != want {
		s.Errorf("left %s, want %s", got, want)
	}
	var ts [2]any
	s.decode(s.find(d.item, "j1", "friend", "wish"), &ts)
	if ts[0] != nil || ts[1] != nil {
		s.Errorf("references of a document that stays: %v", ts)
	}
	s.check("its version", s.find(d.item, "j1", "_ts"), fmt.Sprintf("[%d]", s.now+1)) // two references
	s.check("another's version", s.find(d.item, "j2", "friend", "_ts"), fmt.Sprintf(`["j1", %d]`, s.now-10))

	// Too many.
	d.fill()
	full = d.ids()
	few := shop
	few.Most = 5 // two boxes, three items, and j1
	kept("too many", store.TooMany, few)
	few.Most = 6
	gone("just enough", `[[[["s2"]]] [[["b3"]]] [[["j1"],["j2"],["j3"]]]][[["j1",[[["b3"]]]],["j2",[[]]],["j3",[[]]]]]`, few)

	// A reference that restricts, from a document that stays and one that goes.
	d.fill()
	s.write(update(d.item, "j3", "kept", "s1"))
	full = d.ids()
	kept("restricted", store.Conflict, shop)
	s.write(update(d.item, "j3", "kept", nil, "pair", "i3"))
	kept("restricted behind hops", store.Conflict, shop)
	s.write(update(d.item, "j3", "pair", nil), update(d.item, "i1", "kept", "s1", "pair", "i3"))
	gone("restricted by what goes too", `[[[["s2"]]] [[["b3"]]] [[["j1"],["j2"],["j3"]]]][[["j1",[[["b3"]]]],["j2",[[]]],["j3",[[]]]]]`, shop)

	// Cycles: within a table, of itself, and through three tables.
	d.fill()
	s.write(update(d.item, "i1", "parent", "i3"), update(d.item, "i2", "parent", "i1"), update(d.item, "j2", "parent", "j2"))
	gone("cycle in a table", `[[[["s1"],["s2"]]] [[["b1"],["b2"],["b3"]]] [[["j1"],["j2"],["j3"]]]][[["j1",[[["b1"],["b3"]]]],["j2",[[]]],["j3",[[]]]]]`,
		d.sweeping(remove(d.item, "i2")))
	gone("itself", `[[[["s1"],["s2"]]] [[["b1"],["b2"],["b3"]]] [[["j1"],["j3"]]]][[["j1",[[["b1"],["b3"]]]],["j3",[[]]]]]`, d.sweeping(remove(d.item, "j2")))
	d.fill()
	s.write(update(d.shop, "s1", "best", "i3"))
	gone("cycle of tables", `[[[["s2"]]] [[["b3"]]] [[["i1"],["j1"],["j2"],["j3"]]]][[["i1",[[["b3"]]]],["j1",[[["b3"]]]],["j2",[[]]],["j3",[[]]]]]`,
		update(d.item, "i1", "box", nil), d.sweeping(remove(d.item, "i3")))
	d.fill()
	s.write(update(d.shop, "s2", "best", "i3"))
	gone("all", `[[[]] [[]] [[["j2"]]]][[["j2",[[]]]]]`, shop)

	// Only link rows go.
	d.fill()
	gone("without more than links", `[[[["s1"],["s2"]]] [[["b1"],["b2"],["b3"]]] [[["i2"],["i3"],["j1"],["j2"],["j3"]]]][[["i2",[[]]],["i3",[[]]],["j1",[[["b1"],["b3"]]]],["j2",[[]]],["j3",[[]]]]]`,
		d.sweeping(remove(d.item, "i1")))
	// Several heads, and a kid.
	d.fill()
	kid := update(d.shop, "s2", "name", "kid")
	kid.Kids = []store.Head{shop}
	gone("as a kid", `[[[["s2"]]] [[]] [[["j2"]]]][[["j2",[[]]]]]`, kid, d.sweeping(remove(d.box, "b3")))

	// With Match.
	d.fill()
	full = d.ids()
	bulk := showing(d.sweeping(every(remove(d.box, ""), rules.Cmp{Op: rules.Ne, L: col(rules.Old, d.box, "_id"), R: val(rules.ID, "b2")})), d.box, rules.True, "_id")
	refusing := bulk
	refusing.Guard = eq(col(rules.Old, d.box, "shop"), val(rules.Ref, "s1"))
	kept("bulk, one is refused", store.Forbidden, refusing)
	refusing = bulk
	refusing.Most = 1
	kept("bulk, too many", store.TooMany, refusing)
	o = s.write(bulk)
	s.count("bulk", o, 0, true, 2)
	s.check("bulk answer", o.Results[0].Answer, `[2,[["b1"],["b3"]]]`)
	if got, want := d.ids(), `[[[["s1"],["s2"]]] [[["b2"]]] [[["j2"]]]][[["j2",[[]]]]]`; got != want {
		s.Errorf("bulk: left %s, want %s", got, want)
	}
}
