package resolvers

import (
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

// Root fields of the developer's own, and fields that need a function.

// notImplemented is the answer of what loads but cannot be answered.
func notImplemented(f *graph.Field, path ast.Path, name string) error {
	return fail(f, path, codeNotImplemented, "%s needs a function, which this server does not run", name)
}

// equality is the condition of one argument of a look-up: what it names is equal to
// it, a missing argument and null alike being null. It is written as a where
// input, so that it passes what every condition of a client passes.
func equality(f *graph.Field, root *schema.Root, t schema.Term) map[string]any {
	x := f.Args[t.Arg]
	member := map[string]any{"eq": x}
	sf := root.Collection.FieldNamed(t.Field.Name)
	switch {
	case x == nil && sf != nil && sf.ToOne():
		if name := sf.NullFilter(); name != "" {
			return map[string]any{name: true}
		}
		return map[string]any{"or": []any{}}
	case x == nil:
		member = map[string]any{"isNull": true}
	case t.Field.ToOne():
		member = map[string]any{"_id": member}
	case t.Field.List:
		member = map[string]any{"has": x}
	}
	return map[string]any{t.Field.Name: member}
}

// terms is the condition of a look-up on document v.
func (q *request) terms(f *graph.Field, root *schema.Root, v rules.Var) (rules.Pred, error) {
	all := rules.And{}
	for _, t := range root.Terms {
		path := below(rootPath(f), t.Arg)
		for name, in := range equality(f, root, t) {
			p, err := q.whereMember(f, path, root.Collection, v, name, in)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// lookUpList is a look-up as the list that it is: its terms in front of the
// client's where.
func (q *request) lookUpList(f *graph.Field, root *schema.Root) (*graph.Field, error) {
	if _, err := q.terms(f, root, q.fresh()); err != nil { // tells the argument's path
		return nil, err
	}
	out := *f
	out.Args = map[string]any{}
	own := map[string]bool{}
	for _, a := range root.Declared.Arguments {
		own[a.Name] = true
	}
	for name, x := range f.Args {
		if !own[name] {
			out.Args[name] = x
		}
	}
	if len(root.Terms) == 0 {
		return &out, nil
	}
	var all []any
	for _, t := range root.Terms {
		all = append(all, equality(f, root, t))
	}
	if w, ok := out.Args["where"].(map[string]any); ok {
		all = append(all, w)
	}
	out.Args["where"] = map[string]any{"and": all}
	return &out, nil
}

// unmapped refuses members of an input of the developer's own that name no
// field that a client sets, or give it another type.
func (q *request) unmapped(w *write) error {
	input := w.of.Name + "Input"
	if w.depth == 0 && !w.linked {
		if def := q.v.Schema.API.AST.Mutation.Fields.ForName(w.field.Name); def != nil && def.Arguments.ForName("data") != nil {
			input = def.Arguments.ForName("data").Type.Name()
		}
	}
	for _, name := range sortedKeys(w.in) {
		f := w.of.FieldNamed(name)
		if f == nil || !f.Settable() || q.v.Schema.Misfit(input, name) {
			return misfit(w.field, below(w.path, name), w.of.Name, name)
		}
	}
	return nil
}

func misfit(g *graph.Field, path ast.Path, of, member string) error {
	return fail(g, path, codeNotImplemented, "%s has no field %s of this type that a client sets", of, member)
}
