package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// Reads that the generator makes, and what all requests are made of.

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

// subject is the id of a document to write: mostly one that the caller may
// update at all.
func (g *generator) subject(t *refType) string {
	v := g.view()
	for _, d := range g.world.sorted(t.name) {
		if v.sees(d) && g.chance(60) && v.updatable(d, d) == isTrue {
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
		if s.args[k] = f.given(g.value(g.world, f, 0)); d != nil && d.vals[k] != nil && g.chance(80) {
			s.args[k] = f.given(d.vals[k])
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
			switch target := g.schema.byName[f.target]; {
			case depth > 1 && g.chance(30):
				out = append(out, g.page(target, f.name, depth-1))
			case depth > 1 && g.chance(5):
				out = append(out, g.aggregate(target, f.name+"Aggregate"))
			}
		case f.kind == rules.Ref:
			if depth > 0 && g.chance(35) {
				target := g.schema.byName[f.target]
				out = append(out, &selection{key: f.name, field: f.name, t: target, fields: g.fields(target, depth-1)})
			}
		case f.members != nil:
			if g.chance(50) {
				out = append(out, &selection{key: f.name, field: f.name, fields: all(f.members)})
			}
		case g.chance(45) || f.read != nil && g.chance(30):
			out = append(out, leaf(f.name))
		}
	}
	if depth > 0 && g.chance(6) {
		out = append(out, g.can())
	}
	return out
}

func hasAggregate(fields []*selection) bool {
	return slices.ContainsFunc(fields, func(s *selection) bool {
		return strings.HasSuffix(s.field, "Aggregate") || hasAggregate(s.fields)
	})
}

// all selects everything in an embedded value.
func all(members []*refField) (out []*selection) {
	for _, f := range members {
		out = append(out, &selection{key: f.name, field: f.name, fields: all(f.members)})
	}
	return out
}

func (g *generator) can() *selection {
	s := &selection{key: "_can", field: "_can", fields: []*selection{leaf("update"), leaf("delete")}}
	if g.chance(60) {
		s.fields = append(s.fields, &selection{key: "fields", field: "fields", fields: []*selection{leaf("name"), leaf("read"), leaf("update")}})
	}
	return s
}

// aggregate is figures about a root list, or about the many side of that name.
func (g *generator) aggregate(t *refType, field string) *selection {
	if field == "" {
		field = t.plural + "Aggregate"
	}
	s := &selection{key: field, field: field, t: t, args: map[string]any{}, fields: []*selection{leaf("count")}}
	if g.chance(40) {
		s.args["where"] = g.where(t, 1)
	}
	parts := map[string]*selection{}
	add := func(of string, f *refField) {
		if parts[of] == nil {
			parts[of] = &selection{key: of, field: of}
			s.fields = append(s.fields, parts[of])
		}
		parts[of].fields = append(parts[of].fields, leaf(f.name))
	}
	var by []any
	for _, f := range t.fields {
		if f.read != nil && g.folds(f) != isTrue && g.chance(85) || f.list || f.members != nil || !f.stored() {
			continue
		}
		if g.chance(15) {
			by = append(by, name(f.name))
			add("key", f)
			continue
		}
		switch f.kind {
		case rules.Int, rules.Long:
			if g.chance(60) {
				add(choose(g, "sum", "min", "max"), f)
			}
		case rules.Float, rules.String, rules.Date, rules.Time:
			if g.chance(30) {
				add(choose(g, "min", "max"), f)
			}
		}
	}
	if by != nil {
		s.args["groupBy"] = by
	}
	return s
}

// folds is what the token alone makes of a field's read rule.
func (g *generator) folds(f *refField) refTruth {
	for _, t := range g.schema.types {
		for _, x := range t.fields {
			if x == f {
				return g.view().folds(t, f)
			}
		}
	}
	return isTrue
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
	if hasAggregate(node) {
		s.args["first"] = g.IntN(3)
	}
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
		if f.sortable() && (f.read == nil || g.chance(12)) {
			names = append(names, f.name, f.name)
		}
	}
	var out []any
	for range 1 + g.IntN(2) {
		out = append(out, map[string]any{choose(g, names...): choose(g, name("ASC"), name("DESC"))})
	}
	return out
}

// farKey is a sort key beyond a relation.
func (g *generator) farKey(f *refField, depth int) any {
	dir := choose(g, name("ASC"), name("DESC"))
	if f.many() {
		return map[string]any{"count": dir}
	}
	names := []*refField{}
	for _, x := range g.schema.byName[f.target].fields {
		if (x.sortable() || x.kind == rules.Ref && depth > 1) && (x.read == nil || g.chance(20)) {
			names = append(names, x)
		}
	}
	if len(names) == 0 || g.chance(10) {
		return map[string]any{"_id": dir}
	}
	x := choose(g, names...)
	if x.kind == rules.Ref {
		return map[string]any{x.name: g.farKey(x, depth-1)}
	}
	return map[string]any{x.name: dir}
}

// filtered is a list with conditions on fields of a kind, nil without any.
func (g *generator) filtered(of func(*refField) bool) *operation {
	var types []*refType
	for _, t := range g.schema.types {
		if slices.ContainsFunc(t.fields, of) {
			types = append(types, t)
		}
	}
	if len(types) == 0 {
		return nil
	}
	s := g.list(choose(g, types...), 1)
	where := map[string]any{}
	for _, f := range s.t.fields {
		if of(f) && g.chance(70) {
			where[f.name] = g.test(f, 1)
		}
	}
	if len(where) == 0 {
		return nil
	}
	if s.args["where"] = where; g.chance(30) {
		s.args["where"] = map[string]any{"not": where}
	}
	return g.query(s)
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
			if f.read != nil && !g.view().folds(t, f).may() && g.chance(80) || f.kind == rules.Ref && depth == 0 {
				continue
			}
			if (f.toOne() || f.inverse()) && g.chance(40) {
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
	case f.kind == rules.Ref:
		if w := g.where(target, depth-1); len(w) > 0 {
			return w
		}
		return map[string]any{"_id": map[string]any{"ne": "nobody"}}
	case f.members != nil:
		if m := choose(g, f.members...); g.chance(80) {
			return map[string]any{m.name: g.test(m, depth)}
		}
		return map[string]any{"isNull": g.chance(50)}
	}
	operand := func() any { return f.given(choose(g, f.pool...)) }
	ops := []string{"isNull"}
	switch {
	case f.list:
		ops = append(ops, "has", "has", "hasAny")
	default:
		ops = append(ops, "eq", "ne")
		if f.kind != rules.Bool {
			ops = append(ops, "in", "nin")
		}
		if f.sortable() && f.kind != rules.Bool && f.kind != rules.Enum {
			ops = append(ops, "lt", "gte")
		}
		if f.kind == rules.String {
			ops = append(ops, "startsWith", "contains", "endsWith")
		}
		if f.fold {
			ops = append(ops, "eqFold", "containsFold", "startsWithFold", "eqFold", "containsFold")
		}
	}
	switch op := choose(g, ops...); op {
	case "isNull":
		return map[string]any{op: g.chance(50)}
	case "in", "nin", "hasAny":
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
				delete(s.args, "offset")
				if s.args[choose(g, "after", "after", "before")] = text; g.chance(15) {
					s.args["last"], s.args["first"] = s.args["first"], nil
				}
				maps.DeleteFunc(s.args, func(_ string, x any) bool { return x == nil })
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
			if f.read != nil && f.plain() && g.chance(40) {
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
