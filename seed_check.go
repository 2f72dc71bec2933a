package main

import (
	"time"

	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/goccy/go-yaml/ast"
)

// checkValues refuses what no client could store: texts over the maximum, and
// documents that a @check refuses. Checks that also read other documents, the
// caller or the clock are not asked: a seed is written with system rights, in
// whatever order its documents need.
func (s *seed) checkValues(f *faults) {
	for _, d := range s.documents {
		if d.faulty {
			continue
		}
		known := d.known()
		for _, field := range d.collection.Fields {
			if field.Column == "" {
				continue
			}
			v, ok := known[field.Field]
			if ok && longest(v.V) > resolvers.MaxString {
				f.at(d.place(field), "%s is longer than %d bytes", field.Path(), resolvers.MaxString)
			}
			if _, given := d.nodes[field.Name]; given || field.Default != nil || field.Set != nil {
				d.check(f, field.Checks, known, d.place(field), field.Path())
			}
		}
		d.check(f, d.collection.Checks, known, d.node, d.collection.Name)
	}
}

// known are the values that the document will have for certain.
func (d *document) known() map[*rules.Field]rules.Value {
	known := map[*rules.Field]rules.Value{d.collection.Key: {Kind: rules.ID, V: d.id}}
	for _, field := range d.collection.Fields {
		expr := field.Default
		if field.Set != nil && field.SetOnCreate {
			expr = field.Set
		}
		v, given := d.values[field.Name]
		if !given && expr != nil {
			if v, given = expr.Const(); !given {
				continue
			}
		}
		if !given {
			v = null(field.Field).Value
		}
		known[field.Field] = v
	}
	return known
}

func (d *document) check(f *faults, list []schema.Check, known map[*rules.Field]rules.Value, at ast.Node, owner string) {
	b := rules.Binding{New: func(f *rules.Field) rules.Operand {
		if v, ok := known[f]; ok {
			return rules.Val{Value: v}
		}
		return rules.Col{Var: rules.New, Field: f}
	}}
	for _, c := range list {
		if !c.Alone {
			continue
		}
		if t, sure := rules.Anonymous(time.Time{}).Fold(c.Pred, b).(rules.Truth); sure && t != rules.True {
			f.at(at, "%s: %s (@check at %s)", owner, c.Message, c.Pos)
		}
	}
}

// place is where a field stands, or the document where its value is not given.
func (d *document) place(field *schema.Field) ast.Node {
	if n := d.nodes[field.Name]; n != nil {
		return n
	}
	return d.node
}

// longest is the length of the longest text in a value.
func longest(v any) (n int) {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		for _, e := range v {
			n = max(n, longest(e))
		}
	}
	return n
}
