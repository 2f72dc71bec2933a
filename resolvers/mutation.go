package resolvers

import (
	"context"
	"errors"
	"fmt"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// planned is one root field of a mutation: its heads, and what makes its value
// of their results. Without heads the value is known.
type planned struct {
	heads  []store.Head
	writes []*write // of each head
	first  int      // its first head in the operation
	shape  *schema.Shape
	many   *payload // nil: one document
}

// Mutation plans all root fields as guarded statements, in order, and writes
// them in one transaction: all or nothing.
func (r *Resolvers) Mutation(ctx context.Context, v *graph.Version, op *graph.Operation) (*graph.Answer, error) {
	q := r.request(ctx, v, op)
	once, err := q.once(op)
	if err != nil {
		return nil, err
	}
	m := store.Mutation{Version: v.Number, Now: q.caller.Now(), Once: once}
	var writes []*write // of each head
	var roots []*planned
	for _, f := range op.Fields {
		p, err := q.plan(f)
		if err != nil {
			return nil, err
		}
		p.first = len(m.Heads)
		m.Heads, writes, roots = append(m.Heads, p.heads...), append(writes, p.writes...), append(roots, p)
	}
	if err := q.fits(op, m.Heads); err != nil {
		return nil, err
	}
	echoes(m.Heads)
	out := &store.Outcome{}
	if len(m.Heads) > 0 {
		out, err = r.store.Write(ctx, &m)
		if err != nil && leak.On(leak.RolledBackAnswer) {
			return q.rolledBack(&m, roots, q.storeError(op, writes, err))
		}
		var unanswered *store.UnansweredError
		if errors.As(err, &unanswered) {
			r.opts.Log.WarnContext(ctx, "answer of a committed mutation not read", "requestId", graph.RequestID(ctx), "error", unanswered.Err)
			q.answer.Extensions["commitTime"] = unanswered.CommitTime
			return q.answer, fail(nil, nil, codeUnavailable, "the mutation was written, but its answer could not be read: do not send it again")
		}
		if err != nil {
			return nil, q.storeError(op, writes, err)
		}
	}
	for i, p := range roots {
		text, err := q.text(p, out.Results[p.first:p.first+len(p.heads)])
		if err != nil {
			return nil, err
		}
		q.answer.Roots[i] = graph.Root{Shape: p.shape, Text: text}
	}
	if out.Repeated {
		q.answer.Extensions["repeated"] = true
	}
	if out.CommitTime != 0 {
		q.answer.Extensions["commitTime"] = out.CommitTime
	}
	return q.answer, nil
}

// echoes leaves Echo only where the answer is that of the operation's only statement.
func echoes(heads []store.Head) {
	if len(heads) == 1 {
		h := &heads[0]
		if h.Echo && len(h.Before)+len(h.Kids) == 0 && h.Else == nil && h.Answer != nil && h.Answer.One && plain(h.Answer) {
			return
		}
	}
	for i := range heads {
		heads[i].Echo = false
	}
}

// text is the value of a root field.
func (q *request) text(p *planned, results []store.Result) (string, error) {
	switch {
	case p.many != nil:
		return p.many.text(results)
	case len(results) == 0 || !results[0].Hit:
		return "null", nil
	case results[0].Answer == "null": // gone from the caller's view, yet written
		q.answer.Extensions["committed"] = true
	}
	return results[0].Answer, nil
}

// plan plans one root field.
func (q *request) plan(f *graph.Field) (*planned, error) {
	root := q.v.Schema.API.Mutation[f.Name]
	if root == nil {
		return nil, fmt.Errorf("plan mutation: %s is no root field", f.Name)
	}
	switch root.Op {
	case schema.Unresolved:
		return nil, notImplemented(f, rootPath(f), "Mutation."+f.Name)
	case schema.CreateMany:
		return q.createMany(f, root.Collection)
	case schema.UpdateMany:
		return q.updateMany(f, root.Collection)
	case schema.DeleteMany:
		return q.deleteMany(f, root.Collection)
	}
	return q.single(f, root)
}

// single plans a root field on one document, with the answer that the client selected.
func (q *request) single(f *graph.Field, root *schema.Root) (*planned, error) {
	c := root.Collection
	h, w, err := q.head(f, root)
	if err != nil {
		return nil, err
	}
	if h == nil { // a document that cannot exist
		return &planned{shape: &schema.Shape{Kind: schema.ShapeNull}}, nil
	}
	v := q.fresh()
	h.Answer = &store.Select{From: c.Object, Var: v, One: true, Where: rules.T(q.readRule(c, v))}
	if h.Else == nil { // else the engine says which of the two
		h.Answer.Where = rules.AllOf(idIs(c.Object, v, h.Document().V), h.Answer.Where)
	}
	members, err := q.node(f, rootPath(f), c, v, h.Answer, f.Fields)
	if err != nil {
		return nil, err
	}
	return &planned{heads: []store.Head{*h}, writes: []*write{w}, shape: &schema.Shape{Kind: schema.ShapeObject, Members: members}}, nil
}

// head plans the statement of a root field on one document: nil for one that
// cannot exist.
func (q *request) head(f *graph.Field, root *schema.Root) (*store.Head, *write, error) {
	c := root.Collection
	switch root.Op {
	case schema.Create:
		return q.create(f, c)
	case schema.Upsert:
		return q.upsert(f, c)
	}
	w := writeOf(f, c, q.idOf(f.Args["id"]), "data")
	if !validID(w.id) {
		return nil, nil, nil
	}
	var h *store.Head
	var err error
	if root.Op == schema.Delete {
		h = q.delete(c, w.id)
	} else if h, err = q.update(w); err != nil {
		return nil, nil, err
	}
	return h, w, q.ifVersion(f, h)
}

func (q *request) create(f *graph.Field, c *schema.Collection) (*store.Head, *write, error) {
	w := writeOf(f, c, "", "data")
	if err := q.mayCreate(f, c, w.in); err != nil {
		return nil, nil, err
	}
	if w.id = q.made; w.id == nil {
		w.id = q.newID()
	}
	h, err := q.insert(w)
	if err != nil {
		return nil, nil, err
	}
	if h.Guard == rules.True && len(h.Checks) > 0 && h.Checks[0] == rules.False {
		return nil, nil, q.invalid(w, -1, 0)
	}
	return h, w, nil
}

// ifVersion makes a write depend on the version of the document.
func (q *request) ifVersion(f *graph.Field, h *store.Head) error {
	x, given := f.Args["ifVersion"]
	if !given {
		return nil
	}
	version, ok := x.(int64)
	if !ok { // a guard that vanished with its variable would let the write through
		return q.input(f, below(rootPath(f), "ifVersion"), "ifVersion is null: leave it out to write whatever the version is")
	}
	h.Version = &version
	return nil
}
