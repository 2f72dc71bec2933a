package main

import (
	"maps"

	"flora.dev/flora/rules"
)

// Writes that the generator makes.

func (g *generator) create() *selection {
	t := g.anyType()
	return &selection{key: "create" + t.name, field: "create" + t.name, op: "create", t: t, args: map[string]any{"data": g.data(t, true)}, fields: g.fields(t, 1)}
}

func (g *generator) update() *selection {
	t := g.anyType()
	return &selection{key: "partialUpdate" + t.name, field: "partialUpdate" + t.name, op: "update", t: t,
		args: map[string]any{"id": g.subject(t), "data": g.data(t, false)}, fields: g.fields(t, 1)}
}

func (g *generator) remove() *selection {
	t := g.anyType()
	return &selection{key: "delete" + t.name, field: "delete" + t.name, op: "delete", t: t, args: map[string]any{"id": g.id(t.name)}, fields: g.fields(t, 1)}
}

// payload makes a root field of a bulk mutation.
func (g *generator) payload(op, field string, t *refType, args map[string]any) *selection {
	s := &selection{key: field, field: field, op: op, t: t, args: args, fields: []*selection{leaf("count")}}
	if g.chance(70) {
		s.fields = append(s.fields, &selection{key: "nodes", field: "nodes", t: t, fields: g.fields(t, 1)})
	}
	return s
}

func bulk(t *refType) string { return string(t.plural[0]-'a'+'A') + t.plural[1:] }

func (g *generator) createMany() *selection {
	t := g.anyType()
	list := []any{}
	for range 1 + g.IntN(2) {
		list = append(list, g.data(t, true))
	}
	return g.payload("createMany", "create"+bulk(t), t, map[string]any{"data": list})
}

// bulkWhere is a condition that often means few documents, sometimes all.
func (g *generator) bulkWhere(t *refType, args map[string]any) map[string]any {
	switch where := g.where(t, 1); {
	case g.chance(10):
		args["where"] = map[string]any{}
		if g.chance(50) {
			args["all"] = true
		}
	case g.chance(50):
		args["where"] = map[string]any{"_id": map[string]any{"in": []any{g.subject(t), g.id(t.name)}}}
	default:
		args["where"] = where
	}
	return args
}

func (g *generator) updateMany() *selection {
	t := g.anyType()
	data := g.data(t, false)
	for _, f := range t.fields {
		if _, ok := data[f.name]; ok && f.unique && g.chance(80) {
			delete(data, f.name)
		}
	}
	s := g.payload("updateMany", "update"+bulk(t), t, g.bulkWhere(t, map[string]any{"data": data}))
	if g.chance(25) {
		if x := g.operators(s); x != nil {
			return x
		}
	}
	return s
}

func (g *generator) deleteMany() *selection {
	t := g.anyType()
	return g.payload("deleteMany", "delete"+bulk(t), t, g.bulkWhere(t, map[string]any{}))
}

func (g *generator) upsert() *selection {
	t := g.anyType()
	s := &selection{key: "upsert" + t.name, field: "upsert" + t.name, op: "upsert", t: t, args: map[string]any{}, fields: g.fields(t, 1)}
	data := g.data(t, true)
	var d *refDoc
	if docs := g.world.sorted(t.name); len(docs) > 0 {
		d = choose(g, docs...)
	}
	var keys [][]string
	for _, key := range t.uniques {
		keys = append(keys, key)
	}
	if len(keys) > 0 && g.chance(60) {
		by := map[string]any{}
		for _, k := range choose(g, keys...) {
			f := t.field(k)
			x := g.value(g.world, f, 0)
			if d != nil && d.vals[k] != nil && g.chance(80) {
				x = d.vals[k]
			}
			if x == nil {
				x = "nobody"
			}
			by[k] = f.given(x)
			if delete(data, k); f.required && f.plain() {
				data[k] = by[k]
			}
		}
		s.args["by"] = by
	} else {
		s.args["id"] = choose(g, g.id(t.name), "another")
	}
	s.args["data"] = data
	return s
}

// operators gives an update operators in place of plain values: nil where the
// type has nothing for them.
func (g *generator) operators(s *selection) *selection {
	data := s.args["data"].(map[string]any)
	any_ := false
	for _, f := range s.t.fields {
		op, x := "", any(nil)
		switch {
		case f.onCreate != nil || f.onUpdate != nil:
		case f.list:
			op, x = choose(g, "append", "prepend", "remove"), []any{f.given(choose(g, f.pool...))}
		case f.kind == rules.Int || f.kind == rules.Long || f.kind == rules.Float:
			op, x = "inc", f.given(choose(g, f.pool...))
		}
		if op == "" || !g.chance(60) {
			continue
		}
		if g.chance(90) {
			delete(data, f.name)
		}
		in, _ := s.args[op].(map[string]any)
		in = maps.Clone(in)
		if in == nil {
			in = map[string]any{}
		}
		in[f.name] = x
		s.args[op], any_ = in, true
	}
	if !any_ {
		return nil
	}
	return s
}

// listed are documents to connect to a many side, or to disconnect.
func (g *generator) listed(f *refField, do string) map[string]any {
	ids := []any{g.id(f.target)}
	if other := g.id(f.target); g.chance(30) && other != ids[0] {
		ids = append(ids, other)
	}
	return map[string]any{do: ids}
}

// related gives a write an input of relations, on either side.
func (g *generator) related(s *selection) *operation {
	data := s.args["data"].(map[string]any)
	v := g.view()
	this, _ := s.args["id"].(string)
	d := g.world[s.t.name][this]
	any_ := false
	for _, f := range s.t.fields {
		if f.kind != rules.Ref || !g.schema.settable(f) || !g.chance(35) {
			continue
		}
		target := g.schema.byName[f.target]
		in := map[string]any{}
		behind := func() string { // mostly what is there
			if d != nil && !f.toOne() && g.chance(70) {
				if list := v.linked(d, f); len(list) > 0 {
					return choose(g, list...).id
				}
			}
			return g.id(f.target)
		}
		switch k := g.IntN(4); {
		case f.many() && k == 0:
			in["create"] = []any{g.data(target, true)}
		case f.many() && k == 1:
			in["disconnect"] = []any{behind()}
		case f.many():
			in = g.listed(f, "connect")
			if k == 2 {
				in["disconnect"] = []any{behind()}
			}
		case k == 0:
			in["create"] = g.data(target, true)
		case k == 1 && !f.required && !(f.inverse() && target.field(f.back).required):
			in["disconnect"] = true
			if f.inverse() && g.chance(50) {
				in["connect"] = g.id(f.target)
			}
		default:
			in["connect"] = g.id(f.target)
		}
		if list, ok := in["create"].([]any); ok && !f.toOne() || in["create"] != nil && f.inverse() {
			for _, x := range list { // the other end is this document
				delete(x.(map[string]any), f.back)
			}
			if x, ok := in["create"].(map[string]any); ok {
				delete(x, f.back)
			}
		}
		data[f.name], any_ = in, true
	}
	if !any_ {
		return nil
	}
	return g.mutation(s)
}

// data is an input.
func (g *generator) data(t *refType, create bool) map[string]any {
	out := map[string]any{}
	for _, f := range t.fields {
		if !f.stored() || f.onCreate != nil || f.onUpdate != nil || !(create && f.required && f.byDefault == nil) && !g.chance(20) {
			continue
		}
		if f.create != nil && f.update != nil && !f.required && g.chance(60) {
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
		case f.name == g.schema.link && g.who.signedIn && g.chance(60):
			out[f.name] = g.who.identity
		default:
			out[f.name] = f.given(x)
		}
	}
	return out
}
