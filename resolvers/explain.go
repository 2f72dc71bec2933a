package resolvers

import (
	"context"
	"slices"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// Question asks why a caller may do something with a document, or may not.
type Question struct {
	Collection string // its type's name
	ID         string // of the document; unused for a create
	Action     rules.Action
	Data       map[string]any // as graph.Object reads it; of a create or update

	Identity *auth.Identity // whose access it is, nil for a caller without a token
	Roles    []string       // beside those that the provider grants
}

// Explain answers a question with system rights: what it says of a document
// does not depend on whether the one who asks, or the one asked about, may
// read it. It is for holders of flora:data, who may read everything. Nothing
// is written; the store is read once.
//
// Errors: a *gqlerror.Error for a question that makes no sense, else those of
// a query.
func (r *Resolvers) Explain(ctx context.Context, v *graph.Version, a Question) (*graph.AccessExplanation, error) {
	c := v.Schema.Collection(a.Collection)
	if c == nil {
		return nil, graph.Errorf(graph.BadUserInput, "the schema has no collection %s", a.Collection)
	}
	f := &graph.Field{Key: c.Name}
	switch a.Action {
	case rules.Create, rules.Update:
		name := "create" + c.Name
		if a.Action == rules.Update {
			name = "partialUpdate" + c.Name
		}
		data, err := graph.Input(v.Schema, name, a.Data)
		if err != nil {
			return nil, err
		}
		f.Args = map[string]any{"data": data}
	default:
		if len(a.Data) > 0 {
			return nil, graph.Errorf(graph.BadUserInput, "only a create or update takes data")
		}
	}
	if a.Action != rules.Create && a.ID == "" {
		return nil, graph.Errorf(graph.BadUserInput, "which %s: its id is missing", c.Name)
	}
	op := &graph.Operation{Fields: []*graph.Field{f}}
	x := &explanation{request: r.request(auth.With(ctx, a.Identity), v, op)}
	for _, role := range a.Roles {
		x.caller.Grant(role)
	}
	if err := x.plan(c, f, a); err != nil {
		return nil, err
	}
	if err := x.read(); err != nil {
		return nil, x.storeError(op, nil, err)
	}
	return x.answer(), nil
}

// explanation is a question being answered: the rules that count, each in
// parts whose truth is known or asked of a document.
type explanation struct {
	*request
	subjects []*subject // the first is the document in question
	parts    []part
	checks   []checkPart
	made     []made
}

// plan finds the rules that the action needs.
func (x *explanation) plan(c *schema.Collection, f *graph.Field, a Question) error {
	s := x.subject(c, a.ID, a.Action == rules.Create)
	switch a.Action {
	case rules.Read:
		x.rule(c.Name+".read", c.Access.Read, x.of(s, nil), true)
		for _, sf := range c.Fields {
			if sf.Read.Pred != nil {
				x.rule(sf.Path()+".read", sf.Read, x.of(s, nil), false)
			}
		}
	case rules.Delete:
		x.rule(c.Name+".read", c.Access.Read, x.of(s, nil), true)
		x.rule(c.Name+".delete", c.Access.Delete, x.of(s, nil), true)
	case rules.Create:
		return x.create(writeOf(f, c, x.opts.NewID(), "data"), s)
	case rules.Update:
		if !x.computable(c, nil, false, s) {
			x.rule(c.Name+".read", c.Access.Read, x.of(s, nil), true)
			return nil
		}
		w := writeOf(f, c, a.ID, "data")
		if err := x.data(w, false); err != nil {
			return err
		}
		if err := x.inside(w, true); err != nil {
			return err
		}
		x.change(c.Name, s, w)
		x.named(w, s)
		x.fulfils(w, x.of(s, w))
		return x.inside(w, false)
	}
	return nil
}

func (x *explanation) create(w *write, s *subject) error {
	c := w.of
	if !x.computable(c, w.in, true, s) {
		return nil
	}
	if err := x.data(w, true); err != nil {
		return err
	}
	if err := x.inside(w, true); err != nil {
		return err
	}
	known := map[*rules.Field]rules.Operand{c.Key: idVal(w.id), c.TS: rules.Val{Value: rules.Value{Kind: rules.Long, V: x.caller.Now()}}}
	for _, a := range w.set {
		known[a.Field] = a.Value
	}
	value := func(f *rules.Field) rules.Operand {
		if known[f] == nil {
			return rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List}}
		}
		return known[f]
	}
	fold := func(p rules.Pred, _ rules.Var) rules.Pred {
		return x.caller.Fold(p, rules.Binding{Fresh: x.fresh, New: value, Old: value, Made: x.find})
	}
	x.rule(c.Name+".create", c.Access.Create, view{s, fold, rules.Create}, true)
	for _, sf := range w.given {
		if sf.Create.Pred != nil {
			x.rule(sf.Path()+".create", sf.Create, view{s, fold, rules.Create}, true)
		}
	}
	x.named(w, s)
	x.fulfils(w, view{s, fold, rules.Create})
	x.made = append(x.made, made{c, w.id.(string), value, view{s, fold, rules.Read}})
	if slices.ContainsFunc(w.nested, func(n nested) bool { return !n.field.ToOne() }) {
		x.rule(c.Name+".read", c.Access.Read, view{s, fold, rules.Read}, true)
	}
	return x.inside(w, false)
}

// change is what an update of document s needs; name is how it is called.
func (x *explanation) change(name string, s *subject, w *write) {
	x.rule(name+".read", s.of.Access.Read, x.of(s, nil), true)
	x.rule(name+".update", s.of.Access.Update, x.of(s, w), true)
	for _, sf := range w.given {
		if sf.Update.Pred != nil {
			x.rule(name+"."+sf.Name+".update", sf.Update, x.of(s, w), true)
		}
	}
}

// fulfils adds the checks of the document that a write stores, in the order in
// which the write asks them.
func (x *explanation) fulfils(w *write, at view) {
	add := func(name string, list []schema.Check, path ast.Path) {
		for _, c := range list {
			p := checkPart{asked: x.clause(c.Text, c.Pred, at)}
			p.Name, p.Position, p.Message, p.Path = name, c.Pos.String(), c.Message, path[1:].String()
			x.checks = append(x.checks, p)
		}
	}
	for _, f := range at.s.of.Fields {
		path := w.path
		if !w.linked {
			path = below(path, f.Name)
		}
		if w.sets(f) {
			add(f.Path(), f.Checks, path)
		}
	}
	add(at.s.of.Name, at.s.of.Checks, w.path)
}

// named is what an input asks of other documents: targets that must be
// readable, the caller's own that a value is taken from.
func (x *explanation) named(w *write, s *subject) {
	for _, sf := range w.given {
		for _, a := range w.set {
			if v, ok := a.Value.(rules.Val); ok && sf.ToOne() && a.Field == sf.Field && !v.Value.Null() {
				x.rule(sf.Path()+": "+sf.Target.Name+".read", sf.Target.Access.Read, x.connected(s, sf.Target, v.Value.V.(string)), true)
			}
		}
	}
	for _, a := range w.set {
		if u, ok := a.Value.(rules.UserVal); ok {
			pos := s.of.FieldNamed(a.Field.Name).Pos
			fold := func(rules.Pred, rules.Var) rules.Pred { return u.Exists(x.fresh) }
			x.single(a.Field.Path(), pos, "the caller has a document in "+u.Object.Name, view{s, fold, rules.Create})
		}
	}
}

// inside are the writes of other documents that relations in the input cause,
// each of a document of its own: those before the document that has the input,
// which it refers to, or those after it.
func (x *explanation) inside(w *write, before bool) error {
	for i := range w.nested {
		n := &w.nested[i]
		if before != (n.do == create && n.field.ToOne()) {
			continue
		}
		key, far := n.field.Opposite(), n.field.Target
		if n.do == create {
			k := &write{field: w.field, of: far, id: n.id, in: n.in, path: n.path}
			if !n.field.ToOne() {
				k.back = &back{key, w}
			}
			if err := x.create(k, x.subject(far, n.id, true)); err != nil {
				return err
			}
			continue
		}
		if n.id == "" { // the document that a reference finds, if any
			continue
		}
		name := n.field.Path() + ": " + far.Name + "/" + n.id
		s := x.subject(far, n.id, false)
		there := func(_ rules.Pred, doc rules.Var) rules.Pred {
			return rules.Not{P: rules.IsNull{X: rules.Col{Var: doc, Field: far.Key}}}
		}
		x.single(name, n.field.Pos, "the document exists", view{s, there, rules.Read})
		if n.field.Link != nil {
			x.linked(name, n, s)
			continue
		}
		if !key.Settable() {
			x.single(name, key.Pos, "clients may set "+key.Path(), never(s))
			continue
		}
		if !x.computable(far, nil, false, s) {
			continue
		}
		to := rules.Value{Kind: rules.Ref, V: w.id}
		if n.do == disconnect {
			to.V = nil
		}
		k := &write{path: n.path, linked: true, given: []*schema.Field{key}, set: []store.Assign{{Field: key.Field, Value: rules.Val{Value: to}}}}
		for _, f := range far.Fields {
			if f.Set != nil && f.SetOnUpdate {
				v, _ := x.caller.Value(f.Set)
				k.set = append(k.set, store.Assign{Field: f.Field, Value: v})
			}
		}
		x.change(name, s, k)
		x.fulfils(k, x.of(s, k))
	}
	return nil
}

// linked is what a row of a link table asks of the document at the other end:
// an update of it, or where this side owns the rows that it can be read.
func (x *explanation) linked(name string, n *nested, s *subject) {
	x.rule(name+".read", s.of.Access.Read, x.of(s, nil), true)
	w := &write{}
	if !n.field.Owning {
		x.rule(name+".update", s.of.Access.Update, x.of(s, w), true)
	}
	if f := n.field.Opposite(); f != nil && f.Update.Pred != nil {
		x.rule(name+"."+f.Name+".update", f.Update, x.of(s, w), true)
	}
}

// computable reports whether the server can compute what it sets. What it
// cannot refuses the write, whatever the rules say.
func (x *explanation) computable(c *schema.Collection, in map[string]any, create bool, s *subject) bool {
	ok := true
	for _, sf := range c.Fields {
		_, given := in[sf.Name]
		expr := sf.Set
		switch {
		case sf.Set != nil && (create && !sf.SetOnCreate || !create && !sf.SetOnUpdate):
			continue
		case sf.Set == nil && create && !given:
			expr = sf.Default
		}
		if expr == nil {
			continue
		}
		if _, known := x.caller.Value(expr); !known {
			ok = false
			x.single(sf.Path(), sf.Pos, "has a value: "+expr.Text, never(s))
		}
	}
	return ok
}
