package storetest

import (
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// testBranches asks for lists whose rule is an OR with and without indexes that
// serve its operands: the answer is the same, in every order, from either end,
// from the middle, with operands that share documents, that are null, that read
// other documents and that hold for none.
func testBranches(s *suite) {
	s.people()
	const v = rules.Var(1)
	c := s.thing
	field := func(name string) rules.Col { return col(v, c, name) }
	red := eq(field("text"), val(rules.String, "red"))
	ors := map[string]rules.Or{
		"two":       {rules.Test{X: field("flag")}, s.isUser(20, "sub-a", field("owner"))},
		"shared":    {s.isUser(20, "sub-a", field("owner")), s.isUser(25, "sub-a", field("owner")), rules.NotTest{X: field("flag")}},
		"null":      {rules.IsNull{X: field("owner")}, eq(field("state"), val(rules.Enum, "OPEN"))},
		"members":   {rules.Test{X: field("flag")}, s.memberOf(20, "sub-b", field("team"))},
		"nested":    {rules.Or{rules.Test{X: field("flag")}, red}, rules.And{eq(field("int"), val(rules.Int, int64(1))), rules.NotNull{X: field("text")}}},
		"listed":    {rules.NotTest{X: field("flag")}, rules.In{X: field("state"), List: listVal(rules.Enum, "OPEN", "DONE")}},
		"nobody":    {s.isUser(20, "sub-x", field("owner")), rules.Test{X: field("flag")}},
		"none":      {s.isUser(20, "sub-x", field("owner")), s.isUser(25, "sub-y", field("owner"))},
		"key":       {eq(field("_id"), val(rules.ID, "thing3")), s.isUser(20, "sub-c", field("owner"))},
		"unindexed": {rules.Cmp{Op: rules.Gt, L: field("int"), R: val(rules.Int, int64(1))}, s.isUser(20, "sub-c", field("owner"))},
	}
	orders := map[string][]store.Order{
		"id":    nil,
		"label": {{Field: c.Field("label")}},
		"int":   {{Field: c.Field("int"), Desc: true}},
		"two":   {{Field: c.Field("int")}, {Field: c.Field("label"), Desc: true}},
		"last":  {{Field: c.TS, Desc: true}, {Field: c.Key, Desc: true}},
	}
	defer func() { c.Object.Indexes = nil }()
	seen := 0
	for on, order := range orders {
		var indexes []rules.Index
		for _, f := range []string{"flag", "owner", "state", "text", "int", "team"} {
			x := rules.Index{Parts: []rules.IndexPart{{Field: c.Field(f)}}}
			for _, o := range order {
				if o.Field != c.Key && o.Field != c.Field(f) {
					x.Parts = append(x.Parts, rules.IndexPart{Field: o.Field, Desc: o.Desc != (on == "last")})
				}
			}
			indexes = append(indexes, x)
		}
		for name, or := range ors {
			for i := range 8 {
				p := store.Select{From: c.Object, Var: v, List: true, Where: rules.And{rules.NotNull{X: field("label")}, or}, After: rules.True, Order: order,
					Limit: 3, Columns: columns(v, c, "_id", "int")}
				p.Columns = append(p.Columns, store.Column{Value: field("text"), Guard: or[0]})
				p.Backward, p.Total = i&1 > 0, i&2 > 0
				if i&4 > 0 {
					p.After, p.Limit = rules.Cmp{Op: rules.Gt, L: field("_id"), R: val(rules.ID, "thing1")}, 100
				}
				c.Object.Indexes = nil
				want := s.read(p)[0]
				c.Object.Indexes = indexes
				s.check(fmt.Sprintf("%s by %s, %d", name, on, i), s.read(p)[0], want)
				if len(want) > 20 {
					seen++
				}
			}
		}
	}
	if seen < 150 {
		s.Errorf("only %d lists had documents", seen)
	}
}
