package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// How documents of the reference get into a store, and out of it.

// clear deletes all documents: links, references of a type to itself, then those
// that refer to others first.
func (in *instance) clear(t *testing.T) {
	t.Helper()
	docs := in.dump(t)
	var heads []store.Head
	for _, rows := range in.schema.links {
		for _, d := range docs.sorted(rows.name) {
			heads = append(heads, in.row(store.Unlink, d))
		}
	}
	for _, rt := range in.schema.types {
		for _, d := range docs.sorted(rt.name) {
			h := in.head(store.Update, d)
			for _, f := range rt.fields {
				if f.toOne() && f.target == rt.name && d.vals[f.name] != nil {
					h.Set = append(h.Set, store.Assign{Field: h.Table.Field(f.name), Value: rules.Val{Value: rules.Value{Kind: rules.Ref}}})
				}
			}
			if len(h.Set) > 0 {
				heads = append(heads, h)
			}
		}
	}
	for _, rt := range slices.Backward(in.schema.types) {
		for _, d := range docs.sorted(rt.name) {
			heads = append(heads, in.head(store.Delete, d))
		}
	}
	in.write(t, seedTime, heads)
}

// plant writes documents with system rights, _ts included.
func (in *instance) plant(t *testing.T, docs refState) {
	t.Helper()
	var heads []store.Head
	later := map[int64][]store.Head{}    // an update that sets nothing but _ts
	for _, rt := range in.schema.types { // targets first
		for _, d := range docs.sorted(rt.name) {
			h := in.head(store.Insert, d)
			for _, f := range rt.fields {
				if f.stored() {
					h.Set = append(h.Set, store.Assign{Field: h.Table.Field(f.name), Value: rules.Val{Value: rules.Value{Kind: f.kind, List: f.list, V: f.inStore(d.vals[f.name])}}})
				}
			}
			h.Set = store.Folded(h.Set)
			heads = append(heads, h)
			if d.ts > seedTime {
				later[d.ts] = append(later[d.ts], in.head(store.Update, d))
			}
		}
	}
	for _, rows := range in.schema.links {
		for _, d := range docs.sorted(rows.name) {
			heads = append(heads, in.row(store.Link, d))
		}
	}
	in.write(t, seedTime, heads)
	for ts, heads := range later {
		in.write(t, ts, heads)
	}
}

// inStore is a value as stores take it.
func (f *refField) inStore(v any) any {
	if f.members == nil || v == nil {
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// table is where a type or link is stored.
func (b *arena) table(name string) *rules.Object {
	if c := b.model.Collection(name); c != nil {
		return c.Object
	}
	for _, l := range b.model.Links {
		if l.Object.Name == name {
			return l.Object
		}
	}
	panic("no table " + name)
}

// near is the list whose type comes first in a link table.
func (b *arena) near(rows *refType) *schema.Field {
	for _, c := range b.model.Collections {
		for _, f := range c.Fields {
			if f.Link != nil && f.Link.Object.Name == rows.name && f.Link.Near.Name == rows.fields[0].name {
				return f
			}
		}
	}
	panic("no link " + rows.name)
}

// row is a head on a row of a link table.
func (in *instance) row(kind store.HeadKind, d *refDoc) store.Head {
	h := store.Head{Kind: kind, Table: in.table(d.t.name), Guard: rules.True, Readable: rules.False}
	for _, f := range d.t.fields {
		h.Set = append(h.Set, store.Assign{Field: h.Table.Field(f.name), Value: rules.Val{Value: rules.Value{Kind: rules.Ref, V: d.vals[f.name]}}})
	}
	return h
}

func (in *instance) head(kind store.HeadKind, d *refDoc) store.Head {
	return store.Head{Kind: kind, Table: in.model.Collection(d.t.name).Object, ID: d.id, Guard: rules.True, Readable: rules.True}
}

// write runs heads at a time, in few transactions.
func (in *instance) write(t *testing.T, now int64, heads []store.Head) {
	t.Helper()
	for heads := range slices.Chunk(heads, 100) {
		if _, err := in.db.Write(t.Context(), &store.Mutation{Version: in.version, Now: now, Heads: heads}); err != nil {
			t.Fatal(err)
		}
	}
}

// dump reads the whole store with system rights.
func (in *instance) dump(t *testing.T) refState {
	t.Helper()
	var q store.Query
	fresh := rules.Counter(rules.New + 1)
	list := func(o *rules.Object) store.Select {
		return store.Select{From: o, Var: fresh(), Where: rules.True, After: rules.True, Limit: 10_000, List: true}
	}
	for _, rt := range in.schema.types {
		o := in.table(rt.name)
		s := list(o)
		fields := []*rules.Field{o.Key, o.TS}
		for _, f := range rt.fields {
			if f.stored() {
				fields = append(fields, o.Field(f.name))
			}
		}
		for _, f := range fields {
			s.Columns = append(s.Columns, store.Column{Value: rules.Col{Var: s.Var, Field: f}})
		}
		q.Roots = append(q.Roots, s)
	}
	for _, rows := range in.schema.links { // what is joined to each document at one end
		f := in.near(rows)
		s, far := list(f.Object), list(f.Target.Object)
		row := fresh()
		key := rules.Col{Var: far.Var, Field: far.From.Key}
		far.Where = rules.Many{Of: rules.Col{Var: s.Var, Field: s.From.Key}, Field: f.Link.Rows, Var: row, Domain: rules.True,
			Body: rules.Cmp{Op: rules.Eq, L: rules.Col{Var: row, Field: f.Link.Far}, R: key}}
		far.Columns = []store.Column{{Value: key}}
		s.Columns = []store.Column{{Value: rules.Col{Var: s.Var, Field: s.From.Key}}, {Nested: &far}}
		q.Roots = append(q.Roots, s)
	}
	rows, err := in.db.Read(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	out := refState{}
	for i, rt := range slices.Concat(in.schema.types, in.schema.links) {
		out[rt.name] = map[string]*refDoc{}
		var page [1][][]any
		dec := json.NewDecoder(bytes.NewReader([]byte(rows.Roots[i])))
		dec.UseNumber()
		if err := dec.Decode(&page); err != nil {
			t.Fatal(err)
		}
		for _, n := range page[0] {
			if i >= len(in.schema.types) {
				for _, far := range n[1].([]any)[0].([]any) {
					out.put(row(rt, n[0].(string), far.([]any)[0].(string)))
				}
				continue
			}
			d := &refDoc{t: rt, id: n[0].(string), vals: map[string]any{}}
			d.ts, _ = n[1].(json.Number).Int64()
			k := 2
			for _, f := range rt.fields {
				if f.stored() {
					d.vals[f.name] = f.native(n[k])
					k++
				}
			}
			out.put(d)
		}
	}
	return out
}

// native is a JSON value as documents hold it.
func (f *refField) native(v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, f.native(e))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, m := range f.members {
			if x, ok := v[m.name]; ok {
				out[m.name] = m.native(x)
			}
		}
		return out
	case string:
		if f.members == nil {
			return v
		}
		dec := json.NewDecoder(bytes.NewReader([]byte(v)))
		dec.UseNumber()
		var x map[string]any
		if dec.Decode(&x) != nil {
			return v
		}
		return f.native(x)
	case json.Number:
		switch f.kind {
		case rules.Bool:
			return v == "1"
		case rules.Float:
			x, _ := v.Float64()
			return x
		}
		x, _ := v.Int64()
		return x
	}
	return v
}
