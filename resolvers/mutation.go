package resolvers

import (
	"context"
	"fmt"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Mutation plans all root fields as guarded statements, in order, and writes
// them in one transaction: all or nothing.
func (r *Resolvers) Mutation(ctx context.Context, v *graph.Version, op *graph.Operation) (*graph.Answer, error) {
	q := r.request(ctx, v, op)
	m := store.Mutation{Version: v.Number, Now: q.caller.Now()}
	var writes []*write // of each head
	var at []int        // root of each head
	for i, f := range op.Fields {
		head, w, shape, err := q.head(f)
		if err != nil {
			return nil, err
		}
		q.answer.Roots[i] = graph.Root{Shape: shape, Text: "null"}
		if head == nil { // a document that cannot exist
			continue
		}
		m.Heads = append(m.Heads, *head)
		writes, at = append(writes, w), append(at, i)
	}
	if len(m.Heads) == 0 {
		return q.answer, nil
	}
	if h := &m.Heads[0]; len(m.Heads) == 1 && len(h.Kids) == 0 {
		h.Echo = h.Echo && plain(h.Answer)
	} else {
		for i := range m.Heads {
			m.Heads[i].Echo = false
		}
	}
	out, err := r.store.Write(ctx, &m)
	if err != nil && leak.On(leak.RolledBackAnswer) {
		return q.rolledBack(&m, at, q.storeError(op, writes, err))
	}
	if err != nil {
		return nil, q.storeError(op, writes, err)
	}
	for i, res := range out.Results {
		if !res.Hit {
			continue
		}
		q.answer.Roots[at[i]].Text = res.Answer
		if res.Answer == "null" { // gone from the caller's view, yet written
			q.answer.Extensions["committed"] = true
		}
	}
	if out.CommitTime != 0 {
		q.answer.Extensions["commitTime"] = out.CommitTime
	}
	return q.answer, nil
}

// head plans one root field with the answer that the client selected.
func (q *request) head(f *graph.Field) (*store.Head, *write, *schema.Shape, error) {
	root := q.v.Schema.API.Mutation[f.Name]
	if root == nil {
		return nil, nil, nil, fmt.Errorf("plan mutation: %s is no root field", f.Name)
	}
	if root.Op == schema.Unresolved {
		return nil, nil, nil, notImplemented(f, rootPath(f), "Mutation."+f.Name)
	}
	var h *store.Head
	w := &write{field: f}
	var err error
	if root.Op == schema.Create {
		h, w, err = q.create(f, root.Collection)
	} else {
		id := f.Args["id"].(string)
		if !validID(id) {
			return nil, nil, &schema.Shape{Kind: schema.ShapeNull}, nil
		}
		if root.Op == schema.Delete {
			h, err = q.delete(root.Collection, id)
		} else {
			h, w, err = q.update(f, root.Collection, id)
		}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	c, v := root.Collection, q.fresh()
	h.Answer = &store.Select{From: c.Object, Var: v, One: true,
		Where: rules.AllOf(idIs(c.Object, v, h.ID), rules.T(q.readRule(c, v)))}
	members, err := q.node(f, rootPath(f), c, v, h.Answer, f.Fields)
	return h, w, &schema.Shape{Kind: schema.ShapeObject, Members: members}, err
}

func (q *request) create(f *graph.Field, c *schema.Collection) (*store.Head, *write, error) {
	if err := q.mayCreate(f, c); err != nil {
		return nil, nil, err
	}
	h := &store.Head{Kind: store.Insert, Table: c.Object, ID: q.opts.NewID(), Readable: rules.False}
	w, err := q.data(f, c, true)
	if err != nil {
		return nil, nil, err
	}
	known := map[*rules.Field]rules.Operand{c.Key: idVal(h.ID), c.TS: rules.Val{Value: rules.Value{Kind: rules.Long, V: q.caller.Now()}}}
	for _, a := range w.set {
		known[a.Field] = a.Value
	}
	for _, sf := range c.Fields { // an Insert names every column
		if sf.Column == "" {
			continue
		}
		if known[sf.Field] == nil {
			known[sf.Field] = rules.Val{Value: rules.Value{Kind: sf.Kind, List: sf.List}}
		}
		h.Set = append(h.Set, store.Assign{Field: sf.Field, Value: known[sf.Field]})
	}
	w.bind = rules.Binding{Fresh: q.fresh, New: func(f *rules.Field) rules.Operand { return known[f] }}
	h.Guard = rules.AllOf(append(w.guards, q.allowed(w, c.Access.Create, w.given, rules.Create)...)...)
	if h.Guard == rules.False {
		return nil, nil, q.forbidden(f, rootPath(f), notAllowed)
	}
	q.check(w, c, h)
	read := rules.T(q.caller.Fold(c.Access.Read.Pred, rules.Binding{Fresh: q.fresh, Old: w.bind.New}))
	h.Echo = implies(h.Guard, read) && apart(c.Object, read)
	if h.Kids, err = q.kids(w, c, h.ID); err != nil {
		return nil, nil, err
	}
	if h.Guard == rules.True && len(h.Checks) > 0 && h.Checks[0] == rules.False {
		return nil, nil, q.invalid(w, -1, 0)
	}
	w.existsFirst(h)
	return h, w, nil
}

// mayCreate refuses, before the input is looked at, what the token alone
// forbids: the type, or a field in the input.
func (q *request) mayCreate(f *graph.Field, c *schema.Collection) error {
	in, _ := f.Args["data"].(map[string]any)
	w := &write{bind: rules.Binding{Fresh: q.fresh}}
	for _, sf := range c.Fields {
		if _, ok := in[sf.Name]; ok {
			w.given = append(w.given, sf)
		}
	}
	for _, p := range q.allowed(w, c.Access.Create, w.given, rules.Create) {
		if p == rules.False {
			return q.forbidden(f, rootPath(f), notAllowed)
		}
	}
	return nil
}

func (q *request) update(f *graph.Field, c *schema.Collection, id string) (*store.Head, *write, error) {
	w, err := q.data(f, c, false)
	if err != nil {
		return nil, nil, err
	}
	h := q.change(w, c, id)
	h.Kids, err = q.kids(w, c, id)
	return h, w, err
}

// change is the guarded update of one document that sets what w says.
func (q *request) change(w *write, c *schema.Collection, id string) *store.Head {
	h := &store.Head{Kind: store.Update, Table: c.Object, ID: id, Set: w.set}
	set := map[*rules.Field]rules.Operand{}
	for _, a := range w.set {
		set[a.Field] = a.Value
	}
	w.bind = rules.Binding{Fresh: q.fresh, New: func(f *rules.Field) rules.Operand {
		if x, ok := set[f]; ok {
			return x
		}
		return rules.Col{Var: rules.Old, Field: f}
	}}
	q.plantSides(w, set)
	h.Readable = rules.T(q.caller.Fold(c.Access.Read.Pred, rules.Binding{Fresh: q.fresh}))
	h.Echo = untouched(h)
	guards := append(w.guards, h.Readable)
	h.Guard = rules.AllOf(append(guards, q.allowed(w, c.Access.Update, w.given, rules.Update)...)...)
	q.check(w, c, h)
	w.existsFirst(h)
	return h
}

func (q *request) delete(c *schema.Collection, id string) (*store.Head, error) {
	bind := rules.Binding{Fresh: q.fresh}
	h := &store.Head{Kind: store.Delete, Table: c.Object, ID: id, Echo: true}
	h.Readable = rules.T(q.caller.Fold(c.Access.Read.Pred, bind))
	h.Guard = rules.AllOf(h.Readable, rules.T(q.caller.Fold(c.Access.Delete.Pred, bind)))
	return h, nil
}

// allowed is the type's rule for the action and those of the fields present
// in the input, on the sides that w.bind gives.
func (q *request) allowed(w *write, rule schema.Rule, given []*schema.Field, a rules.Action) []rules.Pred {
	out := []rules.Pred{rules.T(q.caller.Fold(rule.Pred, w.bind))}
	if leak.On(leak.GrantsHelp) && a == rules.Update {
		out = q.eachSide(w, rule)
	}
	for _, f := range given {
		own := f.Update
		if a == rules.Create {
			own = f.Create
		}
		if own.Pred != nil {
			out = append(out, rules.T(q.caller.Fold(own.Pred, w.bind)))
		}
	}
	return out
}
