package resolvers

import (
	"slices"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// data reads the input of a write. What the input leaves out gets its @default
// on a create and stays on an update; @set fields get their value from the
// server. A @default or @set that cannot be computed refuses the write.
func (q *request) data(w *write, create bool) error {
	c := w.of
	if err := q.unmapped(w); err != nil {
		return err
	}
	for _, sf := range c.Fields {
		x, given := w.in[sf.Name]
		var err error
		switch {
		case w.back != nil && sf == w.back.field:
			err = q.backward(w, x, given)
		case given && sf.Settable():
			w.given = append(w.given, sf)
			err = q.given(w, below(w.path, sf.Name), sf, x)
		case create && sf.Set != nil && sf.SetOnCreate, !create && sf.Set != nil && sf.SetOnUpdate:
			err = q.computed(w, sf, sf.Set)
		case (create || w.branch && leak.On(leak.UpsertDefaults)) && sf.Default != nil:
			err = q.computed(w, sf, sf.Default)
		case create && sf.NonNull && sf.Column != "":
			err = q.input(w.field, below(w.path, sf.Name), "%s is required", sf.Path())
		}
		if err != nil {
			return err
		}
	}
	if q.trace != nil && slices.ContainsFunc(w.set, func(a store.Assign) bool { return a.Field.Fold != nil }) {
		q.trace.Open() // the case is folded of a value that is known
	}
	w.set = store.Folded(w.set)
	for _, a := range w.set {
		name := a.Field.Name
		for _, f := range c.Fields {
			if f.Fold == a.Field {
				name = f.Name
			}
		}
		if f := c.FieldNamed(name); tooLong(a.Value) && indexed(c, f) {
			return q.input(w.field, below(w.path, f.Name), "%s is longer than %d bytes, an index takes no more", f.Path(), maxIndexed)
		}
	}
	return nil
}

// maxIndexed bounds a text in an index, in bytes: five of them with a document's
// _id fit the 8 KiB that Spanner has for a key. The same on every engine.
// https://cloud.google.com/spanner/quotas#indexes
const maxIndexed = 1500

func tooLong(x rules.Operand) bool {
	v, ok := x.(rules.Val)
	if !ok {
		return false
	}
	s, ok := v.Value.V.(string)
	return ok && len(s) > maxIndexed
}

func indexed(c *schema.Collection, f *schema.Field) bool {
	return slices.ContainsFunc(c.Uniques, func(u *schema.Unique) bool { return slices.Contains(u.Fields, f) }) ||
		slices.ContainsFunc(c.Indexes, func(x *schema.Index) bool { return slices.Contains(x.Fields, f) })
}

// given takes a value from the input.
func (q *request) given(w *write, path ast.Path, f *schema.Field, x any) error {
	switch {
	case x == nil && f.Kind == rules.Ref && f.Column == "":
		return q.input(w.field, path, "%s is null: leave it out", f.Path())
	case x == nil && f.NonNull:
		return q.input(w.field, path, "%s cannot be null", f.Path())
	case f.Kind == rules.Ref && x != nil:
		return q.related(w, path, f, x)
	}
	if f.Embedded != nil && x != nil {
		text, err := q.embeddedText(w.field, path, f, x)
		if err != nil {
			return err
		}
		x = text
	}
	if at := q.oversized(path, x); at != nil {
		return q.input(w.field, at, "%s is longer than %d bytes", f.Path(), q.opts.MaxString)
	}
	if n, ok := x.(graph.Variable); ok {
		x = q.trace.Variable(int(n), f.Kind).V
	}
	w.set = append(w.set, store.Assign{Field: f.Field, Value: rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List, V: x}}})
	return nil
}

// names makes a reference lead to the document with that id, which the caller
// must be able to read.
func (q *request) names(w *write, f *schema.Field, id any) {
	w.set = append(w.set, store.Assign{Field: f.Field, Value: rules.Val{Value: rules.Value{Kind: rules.Ref, V: id}}})
	readable := q.target(f.Target, id)
	w.guards = append(w.guards, readable)
	if readable == rules.True {
		w.named = append(w.named, rules.One{From: idVal(id), Target: f.Target.Object, Var: q.fresh(), Domain: rules.True, Body: rules.True})
	}
}

// oversized is the path of a text that is longer than the limit, or nil.
func (q *request) oversized(path ast.Path, x any) ast.Path {
	switch x := x.(type) {
	case string:
		if len(x) > q.opts.MaxString {
			return path
		}
	case []any:
		for i, e := range x {
			if at := q.oversized(append(path[:len(path):len(path)], ast.PathIndex(i)), e); at != nil {
				return at
			}
		}
	}
	return nil
}

// target is the condition that a document named in an input may be named: its
// read rule. Where everybody may read, the foreign key asks whether it exists.
func (q *request) target(c *schema.Collection, id any) rules.Pred {
	if !validID(id) {
		return rules.False
	}
	v := q.fresh()
	body := rules.T(q.readRule(c, v))
	if leak.On(leak.ConnectHidden) {
		body = rules.True
	}
	if t, ok := body.(rules.Truth); ok {
		return t
	}
	return rules.One{From: idVal(id), Target: c.Object, Var: v, Domain: rules.True, Body: body}
}

// computed sets a field from its @default or @set expression.
func (q *request) computed(w *write, f *schema.Field, x *rules.Expr) error {
	v, known := q.caller.Value(x)
	if !known && w.branch {
		w.guards = append(w.guards, rules.False)
		return nil
	}
	if !known {
		return q.forbidden(w.field, rootPath(w.field), "%s cannot be set for this caller", f.Path())
	}
	if u, ok := v.(rules.UserVal); ok {
		w.guards = append(w.guards, rules.T(u.Exists(q.fresh)))
	}
	w.set = append(w.set, store.Assign{Field: f.Field, Value: v})
	return nil
}
