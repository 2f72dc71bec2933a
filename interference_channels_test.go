package main

import (
	"fmt"
	"maps"
	"slices"

	"flora.dev/flora/rules"
)

// channels are the kinds of requests by which something hidden might show. To
// add what a later change brings:
//
//  1. A row here. make returns a request for g.world as g.who may send it, or nil
//     where the schema has nothing of the kind; weight is how often it is tried.
//     A row that a run never uses fails the test; -v prints how often each was.
//  2. What it means to the reference, naively and without looking at the product:
//     reads in reader.member, page, condition; writes in planner and run. What is
//     refused has a code and a path: reader.check* and planner say so before
//     documents are looked at, run does afterwards.
//  3. What it needs of the schemas: a field in testdata/interference/*.graphql and
//     in interference_desk_test.go or interference_shop_test.go. A new kind of
//     state or value also in generator.value, refView.view (what the caller sees
//     of it), refField.held, given and shown, and instance.plant and dump.
//  4. A way in which the hidden side of it changes, in mutations.
//  5. A class in internal/leak with its hook in the product, which go test -tags
//     leaks -run TestPlantedLeaks must find.
var channels = slices.Concat(readChannels, writeChannels)

type channel struct {
	name   string
	weight int
	make   func(g *generator) *operation
}

var readChannels = []channel{
	{"find by id", 2, func(g *generator) *operation { return g.query(g.byID()) }},
	{"find by unique key", 3, func(g *generator) *operation { return g.query(g.byKey()) }},
	{"me", 1, func(g *generator) *operation {
		t := g.schema.byName[g.schema.identity]
		return g.query(&selection{key: "me", field: "me", t: t, fields: g.fields(t, 2)})
	}},
	{"list", 3, func(g *generator) *operation { return g.query(g.list(g.anyType(), 2)) }},
	{"count and page info", 2, func(g *generator) *operation {
		s := g.page(g.anyType(), "", 0)
		s.args = map[string]any{"first": g.IntN(4)}
		s.fields = []*selection{leaf("totalCount"), {key: "pageInfo", field: "pageInfo", fields: []*selection{leaf("hasNextPage"), leaf("endCursor")}}}
		return g.query(s)
	}},
	{"last pages and offsets", 3, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		switch delete(s.args, "first"); g.IntN(3) {
		case 0:
			s.args["last"] = g.IntN(4)
		case 1:
			s.args["offset"] = g.IntN(3)
		default:
			s.args["offset"], s.args["limit"] = g.IntN(3), g.IntN(4)
		}
		return g.query(s)
	}},
	{"where", 3, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		s.args["where"] = g.where(s.t, 2)
		return g.query(s)
	}},
	{"where on guarded fields", 2, func(g *generator) *operation {
		t := g.anyType()
		s := g.list(t, 1)
		for _, f := range t.fields {
			if f.read != nil && g.chance(60) {
				s.args["where"] = map[string]any{f.name: g.test(f, 1)}
				if g.chance(40) {
					s.args["where"] = map[string]any{"not": s.args["where"]}
				}
			}
		}
		return g.query(s)
	}},
	{"relation filter", 3, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		for _, f := range s.t.fields {
			if f.kind == rules.Ref && g.chance(40) {
				s.args["where"] = map[string]any{f.name: g.test(f, 1)}
			}
		}
		return g.query(s)
	}},
	{"list filter", 2, func(g *generator) *operation {
		return g.filtered(func(f *refField) bool { return f.list })
	}},
	{"filter without case", 2, func(g *generator) *operation {
		return g.filtered(func(f *refField) bool { return f.fold })
	}},
	{"embedded filter", 2, func(g *generator) *operation {
		return g.filtered(func(f *refField) bool { return f.members != nil })
	}},
	{"order", 3, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		s.args["orderBy"] = g.orderBy(s.t)
		s.args["first"] = 1 + g.IntN(4)
		return g.query(s)
	}},
	{"order beyond a relation", 4, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		var by []any
		for _, f := range s.t.fields {
			if f.kind == rules.Ref && g.chance(30) {
				by = append(by, map[string]any{f.name: g.farKey(f, 2)})
			}
		}
		if len(by) == 0 {
			return nil
		}
		s.args["orderBy"], s.args["first"] = by, 1+g.IntN(4)
		return g.query(s)
	}},
	{"next page", 4, func(g *generator) *operation { return g.nextPage() }},
	{"another's cursor", 1, func(g *generator) *operation {
		s := g.page(g.anyType(), "", 1)
		for _, text := range slices.Sorted(maps.Keys(g.cursors)) {
			if c := g.cursors[text]; c.list == s.t.plural && g.chance(50) {
				s.args["after"] = text
			}
		}
		return g.query(s)
	}},
	{"nested lists", 3, func(g *generator) *operation { return g.query(g.list(g.anyType(), 3)) }},
	{"aggregate", 3, func(g *generator) *operation { return g.query(g.aggregate(g.anyType(), "")) }},
	{"what one may do", 3, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		for _, m := range s.fields {
			if m.field == "edges" {
				m = m.fields[1]
			}
			if (m.field == "nodes" || m.field == "node") && m.fields[len(m.fields)-1].field != "_can" {
				m.fields = append(m.fields, g.can())
			}
		}
		return g.query(s)
	}},
	{"several roots", 1, func(g *generator) *operation {
		return g.query(g.list(g.anyType(), 1), g.byID(), g.byKey(), g.list(g.anyType(), 1))
	}},
	{"same text, other variable", 4, func(g *generator) *operation { return g.again() }},
	{"same request", 1, func(g *generator) *operation {
		for _, o := range g.past {
			if !o.mutation && g.chance(40) {
				return o
			}
		}
		return nil
	}},
}

var writeChannels = []channel{
	{"create", 4, func(g *generator) *operation { return g.mutation(g.create()) }},
	{"update", 7, func(g *generator) *operation { return g.mutation(g.update()) }},
	{"take or give away", 5, func(g *generator) *operation { // the two sides of an update differ
		s := g.update()
		s.args["id"] = g.id(s.t.name)
		data := map[string]any{}
		if g.chance(50) {
			data = s.args["data"].(map[string]any)
		}
		for _, f := range s.t.fields {
			if !f.toOne() || f.onCreate != nil || g.chance(25) {
				continue
			}
			id := g.id(f.target)
			if u := g.view().user(); u != nil && f.target == g.schema.identity && g.chance(50) {
				id = u.id
			}
			data[f.name] = map[string]any{"connect": id}
		}
		if len(data) > 0 {
			s.args["data"] = data
		}
		return g.mutation(s)
	}},
	{"delete", 3, func(g *generator) *operation { return g.mutation(g.remove()) }},
	{"connect to a list", 3, func(g *generator) *operation {
		s := g.update()
		for _, f := range s.t.fields {
			if f.many() && g.schema.settable(f) && g.chance(40) {
				s.args["data"] = map[string]any{f.name: g.listed(f, "connect")}
			}
		}
		return g.mutation(s)
	}},
	{"relation input", 6, func(g *generator) *operation {
		s := g.update()
		if g.chance(30) {
			s = g.create()
		}
		return g.related(s)
	}},
	{"version", 3, func(g *generator) *operation {
		s := choose(g, g.update, g.remove)()
		version := 0
		if d := g.world[s.t.name][s.args["id"].(string)]; d != nil && g.chance(60) {
			version = int(d.ts)
		} else if d != nil {
			version = int(d.ts) - 1
		}
		s.args["ifVersion"] = version
		return g.mutation(s)
	}},
	{"many creates", 2, func(g *generator) *operation { return g.mutation(g.createMany()) }},
	{"many updates", 4, func(g *generator) *operation { return g.mutation(g.updateMany()) }},
	{"many deletes", 3, func(g *generator) *operation { return g.mutation(g.deleteMany()) }},
	{"upsert", 4, func(g *generator) *operation { return g.mutation(g.upsert()) }},
	{"operators", 5, func(g *generator) *operation {
		s := g.operators(g.update())
		if s == nil {
			return nil
		}
		return g.mutation(s)
	}},
	{"serial mutation", 4, func(g *generator) *operation {
		heads := []*selection{g.update()}
		for range 1 + g.IntN(2) {
			switch g.IntN(7) {
			case 0:
				heads = append(heads, g.create())
			case 1:
				heads = append(heads, g.remove())
			case 2:
				heads = append(heads, choose(g, g.updateMany, g.deleteMany, g.upsert)())
			default:
				s := g.update()
				if g.chance(75) { // the same document again
					s.args["id"], s.t, s.field = heads[0].args["id"], heads[0].t, heads[0].field
					s.args["data"] = g.data(s.t, false)
					s.fields = g.fields(s.t, 1)
				}
				heads = append(heads, s)
			}
		}
		return g.mutation(heads...)
	}},
	{"retry", 5, func(g *generator) *operation { return g.retry() }},
	{"a bit that may show", 2, func(g *generator) *operation { return g.bit() }},
	{"writes that depend on each other", 3, func(g *generator) *operation {
		var o *operation
		for range 25 { // the first decides whether the second is allowed
			a, b := g.update(), g.update()
			if g.chance(80) {
				b = &selection{field: a.field, op: a.op, t: a.t, args: map[string]any{"id": a.args["id"], "data": g.data(a.t, false)}, fields: []*selection{leaf("_id")}}
			}
			b.key = "alone"
			alone, _, _ := g.view().mutate(&operation{who: g.who, roots: []*selection{b}}, stepIDs(0), nil)
			o = g.mutation(a, b)
			if both, _, _ := g.view().mutate(o, stepIDs(0), nil); alone.wrote != both.wrote {
				break
			}
		}
		return o
	}},
}

// retry names a mutation for its retries, sends an earlier one again, or
// another one under its key.
func (g *generator) retry() *operation {
	for _, old := range slices.Backward(g.past) {
		if old.retry == "" || g.chance(20) {
			continue
		}
		if g.chance(75) {
			return old
		}
		o := g.mutation(g.update())
		o.retry = old.retry
		return o
	}
	s := choose(g, g.update, g.update, g.remove, g.updateMany, g.deleteMany, g.upsert)()
	if g.chance(40) && s.op == "update" {
		if x := g.operators(s); x != nil {
			s = x
		}
	}
	if s.op == "upsert" && s.args["id"] == nil { // the ids that the server makes then are its secret
		return nil
	}
	o := g.mutation(s)
	o.retry = fmt.Sprintf("k%d-%d", g.seed, g.step)
	return o
}

// bit is a write by which it shows that a value is taken, or a document
// referenced, on one side only.
func (g *generator) bit() *operation {
	if g.chance(40) {
		t := g.anyType()
		for _, d := range g.world.sorted(t.name) {
			if g.world.referenced(g.schema, d) != g.other.referenced(g.schema, d) {
				s := g.remove()
				return g.mutation(&selection{key: "delete" + t.name, field: "delete" + t.name, op: "delete", t: t, args: map[string]any{"id": d.id}, fields: s.fields[:1]})
			}
		}
	}
	s := choose(g, g.create, g.update)()
	data := s.args["data"].(map[string]any)
	for _, f := range s.t.fields {
		if !f.unique || f.create != nil || !f.plain() {
			continue
		}
		for _, x := range f.pool {
			has := func(d *refDoc) bool { return d.vals[f.name] == x }
			if slices.ContainsFunc(g.world.sorted(s.t.name), has) != slices.ContainsFunc(g.other.sorted(s.t.name), has) {
				data[f.name] = f.given(x)
			}
		}
	}
	s.fields = s.fields[:1]
	return g.mutation(s)
}
