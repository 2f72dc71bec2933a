package main

import (
	"fmt"
	"maps"
	"slices"

	"flora.dev/flora/rules"
)

// channels are the kinds of requests by which something hidden might show.
// A new feature of the API adds its row here, and what it means to reader or
// mutate.
var channels = []struct {
	name   string
	weight int
	make   func(g *generator) *operation
}{
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
	{"order", 3, func(g *generator) *operation {
		s := g.list(g.anyType(), 1)
		s.args["orderBy"] = g.orderBy(s.t)
		s.args["first"] = 1 + g.IntN(4)
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
	{"delete", 2, func(g *generator) *operation { return g.mutation(g.remove()) }},
	{"connect to a list", 2, func(g *generator) *operation {
		s := g.update()
		for _, f := range s.t.fields {
			if f.many() && g.chance(40) {
				ids := []any{g.id(f.target)}
				if other := g.id(f.target); g.chance(30) && other != ids[0] {
					ids = append(ids, other)
				}
				s.args["data"] = map[string]any{f.name: map[string]any{"connect": ids}}
			}
		}
		return g.mutation(s)
	}},
	{"serial mutation", 4, func(g *generator) *operation {
		heads := []*selection{g.update()}
		for range 1 + g.IntN(2) {
			switch g.IntN(5) {
			case 0:
				heads = append(heads, g.create())
			case 1:
				heads = append(heads, g.remove())
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
	{"a bit that may show", 2, func(g *generator) *operation { // taken or referenced on one side only
		if g.chance(40) {
			t := g.anyType()
			for _, d := range g.world.sorted(t.name) {
				if g.world.referenced(g.schema, d) != g.other.referenced(g.schema, d) {
					s := g.remove()
					return g.mutation(&selection{key: "delete" + t.name, field: "delete" + t.name, t: t, args: map[string]any{"id": d.id}, fields: s.fields[:1]})
				}
			}
		}
		s := choose(g, g.create, g.update)()
		data := s.args["data"].(map[string]any)
		for _, f := range s.t.fields {
			if !f.unique || f.create != nil {
				continue
			}
			for _, x := range f.pool {
				has := func(d *refDoc) bool { return d.vals[f.name] == x }
				if slices.ContainsFunc(g.world.sorted(s.t.name), has) != slices.ContainsFunc(g.other.sorted(s.t.name), has) {
					data[f.name] = x
				}
			}
		}
		s.fields = s.fields[:1]
		return g.mutation(s)
	}},
	{"writes that depend on each other", 3, func(g *generator) *operation {
		var o *operation
		for range 25 { // the first decides whether the second is allowed
			a, b := g.update(), g.update()
			if g.chance(80) {
				b = &selection{field: a.field, t: a.t, args: map[string]any{"id": a.args["id"], "data": g.data(a.t, false)}, fields: []*selection{leaf("_id")}}
			}
			b.key = "alone"
			alone, _ := g.view().mutate(&operation{roots: []*selection{b}}, stepIDs(0))
			o = g.mutation(a, b)
			if both, _ := g.view().mutate(o, stepIDs(0)); alone.wrote != both.wrote {
				break
			}
		}
		return o
	}},
}

func leaf(name string) *selection { return &selection{key: name, field: name} }

func (g *generator) query(roots ...*selection) *operation { return g.operation(false, roots) }

func (g *generator) mutation(roots ...*selection) *operation { return g.operation(true, roots) }

func (g *generator) operation(mutation bool, roots []*selection) *operation {
	for i, s := range roots {
		if len(roots) > 1 {
			s.key = fmt.Sprintf("r%d", i)
		}
	}
	o := &operation{who: g.who, mutation: mutation, roots: roots, variable: !mutation && g.chance(50)}
	o.print()
	return o
}

func (g *generator) anyType() *refType { return choose(g, g.schema.types...) }

func (g *generator) view() *refView { return &refView{g.schema, g.world, g.who, g.now} }

// target is the id of a document to write: mostly one that the caller may
// update at all.
func (g *generator) target(t *refType) string {
	v := g.view()
	for _, d := range g.world.sorted(t.name) {
		if v.sees(d) && g.chance(60) && v.mayUpdate(d, d, nil) {
			return d.id
		}
	}
	return g.id(t.name)
}

// id is an id of a type: mostly of a document that is seen, else of a hidden
// one, of another type or of none.
func (g *generator) id(name string) string {
	docs := g.world.sorted(name)
	for range 4 {
		if len(docs) > 0 {
			if d := choose(g, docs...); g.view().sees(d) || g.chance(25) {
				return d.id
			}
		}
	}
	return choose(g, "u1", "t1", "i1", "n1", "m1", "nobody")
}

func (g *generator) byID() *selection {
	t := g.anyType()
	return &selection{key: "find" + t.name + "ByID", field: "find" + t.name + "ByID", t: t, args: map[string]any{"id": g.id(t.name)}, fields: g.fields(t, 2)}
}

func (g *generator) byKey() *selection {
	t := g.anyType()
	for len(t.uniques) == 0 {
		t = g.anyType()
	}
	key := choose(g, t.uniques...)
	s := &selection{t: t, args: map[string]any{}, fields: g.fields(t, 1)}
	d := g.pick(g.world, t)
	for i, k := range key {
		f := t.field(k)
		s.field += map[bool]string{true: "And", false: ""}[i > 0] + upper(k)
		if s.args[k] = g.value(g.world, f, 0); d != nil && d.vals[k] != nil && g.chance(80) {
			s.args[k] = d.vals[k]
		}
		if s.args[k] == nil {
			s.args[k] = "nobody"
		}
	}
	s.field = "find" + t.name + "By" + s.field
	s.key = s.field
	return s
}

func upper(s string) string { return string(s[0]-'a'+'A') + s[1:] }

// fields selects on a document.
func (g *generator) fields(t *refType, depth int) []*selection {
	out := []*selection{leaf("_id")}
	if g.chance(30) {
		out = append(out, leaf("_ts"))
	}
	for _, f := range t.fields {
		switch {
		case f.many():
			if depth > 1 && g.chance(30) {
				out = append(out, g.page(g.schema.byName[f.target], f.name, depth-1))
			}
		case f.toOne():
			if depth > 0 && g.chance(35) {
				target := g.schema.byName[f.target]
				out = append(out, &selection{key: f.name, field: f.name, t: target, fields: g.fields(target, depth-1)})
			}
		case g.chance(45) || f.read != nil && g.chance(30):
			out = append(out, leaf(f.name))
		}
	}
	return out
}

// list is a root list.
func (g *generator) list(t *refType, depth int) *selection { return g.page(t, "", depth) }

// page is a connection: a root list, or the many side of that name.
func (g *generator) page(t *refType, field string, depth int) *selection {
	root := field == ""
	if root {
		field = t.plural
	}
	s := &selection{key: field, field: field, t: t, args: map[string]any{}}
	if !root || g.chance(25) { // the estimated cost of deep default pages is too high
		s.args["first"] = g.IntN(5)
	}
	if depth > 0 && g.chance(25) {
		s.args["orderBy"] = g.orderBy(t)
	}
	if depth > 0 && g.chance(20) {
		s.args["where"] = g.where(t, 1)
	}
	if g.chance(50) {
		s.fields = append(s.fields, leaf("totalCount"))
	}
	if g.chance(40) {
		s.fields = append(s.fields, &selection{key: "pageInfo", field: "pageInfo",
			fields: []*selection{leaf("hasNextPage"), leaf("hasPreviousPage"), leaf("startCursor"), leaf("endCursor")}})
	}
	node := g.fields(t, depth)
	if g.chance(50) {
		s.fields = append(s.fields, &selection{key: "nodes", field: "nodes", t: t, fields: node})
	} else {
		s.fields = append(s.fields, &selection{key: "edges", field: "edges", t: t,
			fields: []*selection{leaf("cursor"), {key: "node", field: "node", t: t, fields: node}}})
	}
	return s
}

func (g *generator) orderBy(t *refType) []any {
	names := []string{"_id", "_ts"}
	for _, f := range t.fields {
		if f.kind != rules.Ref && (f.read == nil || g.chance(12)) {
			names = append(names, f.name, f.name)
		}
	}
	var out []any
	for range 1 + g.IntN(2) {
		out = append(out, map[string]any{choose(g, names...): choose(g, name("ASC"), name("DESC"))})
	}
	return out
}

func (g *generator) where(t *refType, depth int) map[string]any {
	out := map[string]any{}
	for range 1 + g.IntN(2) {
		switch k := g.IntN(8); {
		case k == 0 && depth > 0:
			out["or"] = []any{g.where(t, depth-1), g.where(t, depth-1)}
		case k == 1 && depth > 0:
			out["not"] = g.where(t, depth-1)
		case k == 2:
			out["_id"] = map[string]any{"ne": g.id(t.name)}
		default:
			f := choose(g, t.fields...)
			if f.read != nil && f.folds(g.who) == rules.False && g.chance(80) || f.kind == rules.Ref && depth == 0 {
				continue
			}
			if f.toOne() && g.chance(40) {
				out[f.name+"IsNull"] = g.chance(50)
				continue
			}
			out[f.name] = g.test(f, depth)
		}
	}
	return out
}

// test is what where says of one field.
func (g *generator) test(f *refField, depth int) map[string]any {
	target := g.schema.byName[f.target]
	switch {
	case f.many():
		return map[string]any{choose(g, "some", "none", "every"): g.where(target, depth-1)}
	case f.toOne():
		if w := g.where(target, depth-1); len(w) > 0 {
			return w
		}
		return map[string]any{"_id": map[string]any{"ne": "nobody"}}
	}
	operand := func() any {
		x := choose(g, f.pool...)
		switch x := x.(type) {
		case int64:
			return int(x)
		case string:
			if f.kind == rules.Enum {
				return name(x)
			}
		}
		return x
	}
	ops := []string{"eq", "ne", "isNull"}
	if f.kind != rules.Bool {
		ops = append(ops, "in")
		if f.kind != rules.Enum {
			ops = append(ops, "lt", "gte")
		}
	}
	if f.kind == rules.String {
		ops = append(ops, "startsWith", "contains")
	}
	switch op := choose(g, ops...); op {
	case "isNull":
		return map[string]any{op: g.chance(50)}
	case "in":
		return map[string]any{op: []any{operand(), operand()}}
	default:
		return map[string]any{op: operand()}
	}
}

// nextPage asks what follows a cursor of an earlier answer, or the first page.
func (g *generator) nextPage() *operation {
	for _, o := range slices.Backward(g.past) {
		if o.mutation || len(o.roots) != 1 || o.roots[0].field != o.roots[0].t.plural || g.chance(30) {
			continue
		}
		s := *o.roots[0]
		for _, text := range slices.Sorted(maps.Keys(g.cursors)) {
			c := g.cursors[text]
			if c.list == s.field && c.owner == g.who.provider+" "+g.who.sub && (c.order == orderText(&s) || g.chance(5)) && g.chance(50) {
				s.args = maps.Clone(s.args)
				s.args["after"] = text
				return g.query(&s)
			}
		}
	}
	s := g.list(g.anyType(), 1)
	s.args["first"] = 1 + g.IntN(2)
	s.fields = append(s.fields[:0:0], &selection{key: "pageInfo", field: "pageInfo", fields: []*selection{leaf("hasNextPage"), leaf("endCursor")}},
		&selection{key: "nodes", field: "nodes", t: s.t, fields: g.fields(s.t, 1)})
	return g.query(s)
}

// again sends the text of an earlier request with another condition in its
// variable.
func (g *generator) again() *operation {
	for _, o := range slices.Backward(g.past) {
		if o.vars == nil || len(o.roots) != 1 || o.roots[0].args["where"] == nil || g.chance(20) {
			continue
		}
		s := *o.roots[0]
		s.args = maps.Clone(s.args)
		s.args["where"] = g.where(s.t, 1)
		for _, f := range s.t.fields {
			if f.read != nil && !f.many() && !f.toOne() && g.chance(40) {
				s.args["where"] = map[string]any{f.name: g.test(f, 0)}
			}
		}
		n := &operation{who: g.who, roots: []*selection{&s}, variable: true}
		n.print()
		return n
	}
	s := g.list(g.anyType(), 1)
	s.args["where"] = g.where(s.t, 1)
	o := &operation{who: g.who, roots: []*selection{s}, variable: true}
	o.print()
	return o
}

func (g *generator) create() *selection {
	t := g.anyType()
	return &selection{key: "create" + t.name, field: "create" + t.name, t: t, args: map[string]any{"data": g.data(t, true)}, fields: g.fields(t, 1)}
}

func (g *generator) update() *selection {
	t := g.anyType()
	return &selection{key: "partialUpdate" + t.name, field: "partialUpdate" + t.name, t: t,
		args: map[string]any{"id": g.target(t), "data": g.data(t, false)}, fields: g.fields(t, 1)}
}

func (g *generator) remove() *selection {
	t := g.anyType()
	return &selection{key: "delete" + t.name, field: "delete" + t.name, t: t, args: map[string]any{"id": g.id(t.name)}, fields: g.fields(t, 1)}
}

// data is an input.
func (g *generator) data(t *refType, create bool) map[string]any {
	out := map[string]any{}
	for _, f := range t.fields {
		if f.many() || f.onCreate != nil || !(create && f.required) && !g.chance(20) {
			continue
		}
		if f.create != nil && f.update != nil && !f.required && g.chance(80) {
			continue
		}
		x := g.value(g.world, f, 20)
		switch {
		case f.toOne() && x != nil:
			id := x.(string)
			if g.chance(60) {
				id = g.id(f.target)
			}
			out[f.name] = map[string]any{"connect": id}
		case f.toOne() && f.required:
			out[f.name] = map[string]any{"connect": "nobody"}
		case f.kind == rules.Enum && x != nil:
			out[f.name] = name(x.(string))
		default:
			if f.name == g.schema.link && g.who.signedIn && g.chance(60) {
				x = g.who.identity
			}
			if n, ok := x.(int64); ok {
				x = int(n)
			}
			out[f.name] = x
		}
	}
	return out
}
