package storetest

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// depot is a second schema, of references with actions:
//
//	Shop  name  best: Item CASCADE
//	Box   shop: Shop! CASCADE
//	Item  label  box: Box CASCADE  parent: Item CASCADE  friend: Item SET_NULL  wish: Item SET_NULL  kept: Shop RESTRICT  pair: Item RESTRICT
//	Item_boxes  itemID: Item!  boxID: Box!  a link table
type depot struct {
	*suite
	shop, box, item, link *schema.Collection
}

func newDepot(s *suite) *depot {
	s.Helper()
	d := &depot{s, collection("Shop"), collection("Box"), collection("Item"), collection("Item_boxes")}
	d.link.Key, d.link.TS = nil, nil
	action := func(c *schema.Collection, name string, to *schema.Collection, nonNull bool, a rules.OnDelete) {
		reference(c, name, to, nonNull)
		c.Field(name).OnDelete = a
	}
	add(d.shop, &rules.Field{Name: "name", Kind: rules.String})
	action(d.shop, "best", d.item, false, rules.Cascade)
	action(d.box, "shop", d.shop, true, rules.Cascade)
	add(d.item, &rules.Field{Name: "label", Kind: rules.String})
	action(d.item, "box", d.box, false, rules.Cascade)
	action(d.item, "parent", d.item, false, rules.Cascade)
	action(d.item, "friend", d.item, false, rules.SetNull)
	action(d.item, "wish", d.item, false, rules.SetNull)
	action(d.item, "kept", d.shop, false, rules.Restrict)
	action(d.item, "pair", d.item, false, rules.Restrict)
	action(d.link, "itemID", d.item, true, rules.Cascade)
	action(d.link, "boxID", d.box, true, rules.Cascade)
	var steps []schema.Step
	for _, c := range []*schema.Collection{d.shop, d.box, d.item} {
		steps = append(steps, schema.Step{Kind: schema.CreateTable, Collection: c})
	}
	steps = append(steps, schema.Step{Kind: schema.CreateLink, Link: &schema.Link{Object: d.link.Object, Near: d.link.Field("itemID"), Far: d.link.Field("boxID")}})
	for _, name := range []string{"box", "parent"} {
		steps = append(steps, schema.Step{Kind: schema.CreateIndex, Collection: d.item, Index: &schema.Index{Name: "Item_" + name, Fields: []*schema.Field{d.item.FieldNamed(name)}}})
	}
	s.deploy(append(steps, schema.Step{Kind: schema.AddForeignKey, Collection: d.shop, Field: d.shop.FieldNamed("best")}))
	return d
}

// row is a link head.
func (d *depot) row(kind store.HeadKind, item, box string) store.Head {
	return store.Head{Kind: kind, Table: d.link.Object, Guard: rules.True, Readable: rules.False,
		Set: assigns(d.link, "itemID", item, "boxID", box)}
}

// rows are all rows of the link table, as the boxes of each item.
func (d *depot) rows() string {
	d.Helper()
	inner := store.Select{From: d.box.Object, Var: 2, Where: rules.Many{Of: col(2, d.box, "_id"),
		Field: &rules.Field{Object: d.box.Object, Kind: rules.Ref, Target: d.link.Object, Back: d.link.Field("boxID")}, Var: 3, Domain: rules.True,
		Body: eq(col(3, d.link, "itemID"), col(1, d.item, "_id"))}, After: rules.True, Limit: 100, List: true, Columns: columns(2, d.box, "_id")}
	outer := page(d.item, rules.True, "_id")
	outer.Columns = append(outer.Columns, store.Column{Nested: &inner})
	return d.read(outer)[0]
}

func testLinks(s *suite) {
	d := newDepot(s)
	s.write(insert(d.shop, "s1"), insert(d.box, "b1", "shop", "s1"), insert(d.box, "b2", "shop", "s1"), insert(d.item, "i1"), insert(d.item, "i2"))
	is := func(what, want string) {
		s.Helper()
		s.check(what, d.rows(), want)
	}
	refused := func(what string, why store.Refusal, heads ...store.Head) {
		s.Helper()
		before := d.rows()
		s.refused(what, len(heads)-1, why, heads...)
		is(what, before)
	}
	named := func(name string) rules.Pred {
		return rules.One{From: val(rules.Ref, "s1"), Target: d.shop.Object, Var: 40, Domain: rules.True, Body: eq(col(40, d.shop, "name"), val(rules.String, name))}
	}
	yes, no := named("open"), named("closed")
	s.write(update(d.shop, "s1", "name", "open"))

	s.hits("link", s.write(d.row(store.Link, "i1", "b1")), true)
	is("linked", `[[["i1",[[["b1"]]]],["i2",[[]]]]]`)
	if o := s.write(d.row(store.Link, "i1", "b1")); !o.Results[0].Hit || o.CommitTime != 0 {
		s.Errorf("link again: %+v", o)
	}
	s.hits("guarded link", s.write(guarded(d.row(store.Link, "i1", "b2"), yes, rules.False)), true)
	if o := s.write(guarded(d.row(store.Link, "i1", "b2"), yes, rules.False)); !o.Results[0].Hit {
		s.Errorf("guarded link again: %+v", o)
	}
	is("linked twice", `[[["i1",[[["b1"],["b2"]]]],["i2",[[]]]]]`)
	for _, kind := range []store.HeadKind{store.Link, store.Unlink} {
		for _, item := range []string{"i1", "i2"} { // the row is there, or not
			refused("guard", store.Forbidden, guarded(d.row(kind, item, "b2"), no, rules.False))
			refused("guard of the second head", store.Forbidden, update(d.shop, "s1", "best", "i1"), guarded(d.row(kind, item, "b2"), no, rules.False))
			s.invalid("check", 0, -1, 1, checked(guarded(d.row(kind, item, "b2"), yes, rules.False), yes, no))
			refused("guard before check", store.Forbidden, checked(guarded(d.row(kind, item, "b2"), no, rules.False), no))
		}
	}
	refused("dangling", store.Forbidden, d.row(store.Link, "i1", "b9"))
	refused("dangling item", store.Forbidden, guarded(d.row(store.Link, "i9", "b1"), yes, rules.False))
	s.hits("unlink", s.write(guarded(d.row(store.Unlink, "i1", "b1"), yes, rules.False)), true)
	is("unlinked", `[[["i1",[[["b2"]]]],["i2",[[]]]]]`)
	if o := s.write(guarded(d.row(store.Unlink, "i1", "b1"), yes, rules.False)); !o.Results[0].Hit {
		s.Errorf("unlink again: %+v", o)
	}
	if o := s.write(d.row(store.Unlink, "i9", "b9")); !o.Results[0].Hit {
		s.Errorf("unlink of what never was: %+v", o)
	}

	// As kids, of documents that the same operation makes, several at once.
	made := insert(d.item, "i3", "label", "three")
	made.Kids = []store.Head{guarded(d.row(store.Link, "i3", "b1"), yes, rules.False), d.row(store.Link, "i3", "b2"), d.row(store.Link, "i3", "b2"), d.row(store.Unlink, "i3", "b1")}
	s.hits("kids", s.write(made, d.row(store.Link, "i2", "b2")), true, true)
	is("kids", `[[["i1",[[["b2"]]]],["i2",[[["b2"]]]],["i3",[[["b2"]]]]]]`)
	made.ID, made.Kids = "i4", []store.Head{guarded(d.row(store.Link, "i4", "b1"), no, rules.False)}
	refused("refused kid", store.Forbidden, made)
	s.check("head of a refused kid", s.find(d.item, "i4", "_id"), "null")
	missed := update(d.item, "i9", "label", "x")
	missed.Kids = []store.Head{d.row(store.Link, "i1", "b1")}
	s.hits("kid of a miss", s.write(missed), false)
	is("kid of a miss", `[[["i1",[[["b2"]]]],["i2",[[["b2"]]]],["i3",[[["b2"]]]]]]`)
	s.race(func(int) store.Head { return d.row(store.Link, "i1", "b1") })
	is("race", `[[["i1",[[["b1"],["b2"]]]],["i2",[[["b2"]]]],["i3",[[["b2"]]]]]]`)
}
