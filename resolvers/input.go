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

// write is what an input sets on one document, and what must hold for it.
type write struct {
	field  *graph.Field
	path   ast.Path // of the input
	linked bool     // a list-side connect of another document's input causes it
	set    []store.Assign
	given  []*schema.Field // present in the input: their own rules count
	guards []rules.Pred    // users that @set needs, targets that must be readable
	named  []rules.Pred    // targets that anyone may read exist
	links  []link          // documents whose reference is to point here
	bind   rules.Binding   // the two sides, for the rules
	// failures are those of the head's Checks, kids the writes of its Kids.
	failures []failure
	kids     []*write
}

// link is one list-side connect: child.Back = this document.
type link struct {
	list  *schema.Field
	child string
}

// data reads the data argument. What the input leaves out gets its @default on
// a create and stays on an update; @set fields get their value from the
// server. A @default or @set that cannot be computed refuses the write.
func (q *request) data(f *graph.Field, c *schema.Collection, create bool) (*write, error) {
	path := below(rootPath(f), "data")
	w := &write{field: f, path: path}
	in, _ := f.Args["data"].(map[string]any)
	if err := q.unmapped(f, path, c, in); err != nil {
		return nil, err
	}
	for _, sf := range c.Fields {
		x, given := in[sf.Name]
		var err error
		switch {
		case given && sf.Settable():
			w.given = append(w.given, sf)
			err = q.given(w, below(path, sf.Name), sf, x)
		case create && sf.Set != nil && sf.SetOnCreate, !create && sf.Set != nil && sf.SetOnUpdate:
			err = q.computed(w, sf, sf.Set)
		case create && sf.Default != nil:
			err = q.computed(w, sf, sf.Default)
		case create && sf.NonNull && !sf.Many():
			err = q.input(f, below(path, sf.Name), "%s is required", sf.Path())
		}
		if err != nil {
			return nil, err
		}
	}
	for _, a := range w.set {
		if f := c.FieldNamed(a.Field.Name); tooLong(a.Value) && indexed(c, f) {
			return nil, q.input(w.field, below(path, f.Name), "%s is longer than %d bytes, an index takes no more", f.Path(), maxIndexed)
		}
	}
	return w, nil
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
	case x == nil && f.Many():
		return q.input(w.field, path, "%s is null: leave it out", f.Path())
	case x == nil && f.NonNull:
		return q.input(w.field, path, "%s cannot be null", f.Path())
	case f.Many():
		return q.linkMany(w, path, f, x.(map[string]any)["connect"].([]any))
	case f.ToOne() && x != nil:
		id := x.(map[string]any)["connect"].(string)
		w.set = append(w.set, store.Assign{Field: f.Field, Value: rules.Val{Value: rules.Value{Kind: rules.Ref, V: id}}})
		readable := q.target(f.Target, id)
		w.guards = append(w.guards, readable)
		if readable == rules.True {
			w.named = append(w.named, rules.One{From: idVal(id), Target: f.Target.Object, Var: q.fresh(), Domain: rules.True, Body: rules.True})
		}
	default:
		if at := q.oversized(path, x); at != nil {
			return q.input(w.field, at, "%s is longer than %d bytes", f.Path(), q.opts.MaxString)
		}
		w.set = append(w.set, store.Assign{Field: f.Field, Value: rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List, V: x}}})
	}
	return nil
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
func (q *request) target(c *schema.Collection, id string) rules.Pred {
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

func (q *request) linkMany(w *write, path ast.Path, f *schema.Field, ids []any) error {
	if len(ids) > q.opts.MaxPage {
		return q.input(w.field, below(path, "connect"), "connect names %d documents, at most %d are allowed", len(ids), q.opts.MaxPage)
	}
	for _, id := range ids {
		w.links = append(w.links, link{list: f, child: id.(string)})
	}
	return nil
}

// computed sets a field from its @default or @set expression.
func (q *request) computed(w *write, f *schema.Field, x *rules.Expr) error {
	v, known := q.caller.Value(x)
	if !known {
		return q.forbidden(w.field, rootPath(w.field), "%s cannot be set for this caller", f.Path())
	}
	if u, ok := v.(rules.UserVal); ok {
		w.guards = append(w.guards, rules.T(u.Exists(q.fresh)))
	}
	w.set = append(w.set, store.Assign{Field: f.Field, Value: v})
	return nil
}

// kids are the updates that list-side connects cause: each is a write of the
// child, under the child's rules, that names this document.
func (q *request) kids(w *write, c *schema.Collection, id string) ([]store.Head, error) {
	var out []store.Head
	for _, l := range w.links {
		child := l.list.Target
		key := child.FieldNamed(l.list.Back.Name)
		if !validID(l.child) || !key.Settable() {
			return nil, q.forbidden(w.field, rootPath(w.field), notAllowed)
		}
		k := &write{field: w.field, path: below(w.path, l.list.Name), linked: true, given: []*schema.Field{key}}
		k.set = []store.Assign{{Field: key.Field, Value: rules.Val{Value: rules.Value{Kind: rules.Ref, V: id}}}}
		k.guards = []rules.Pred{q.target(c, id)}
		for _, f := range child.Fields {
			if f.Set != nil && f.SetOnUpdate && f != key {
				if err := q.computed(k, f, f.Set); err != nil {
					return nil, err
				}
			}
		}
		h := q.change(k, child, l.child)
		if h.Guard == rules.False {
			return nil, q.forbidden(w.field, rootPath(w.field), notAllowed)
		}
		h.Required = true
		out, w.kids = append(out, *h), append(w.kids, k)
	}
	return out, nil
}
