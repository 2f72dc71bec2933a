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

// Query plans all root fields and reads them as one statement. Roots that the
// token alone decides are not part of it; if none is left there is no I/O.
func (r *Resolvers) Query(ctx context.Context, v *graph.Version, op *graph.Operation) (*graph.Answer, error) {
	q := r.request(ctx, v, op)
	query, at, err := q.query(op)
	if err != nil {
		return nil, err
	}
	if len(at) > 0 {
		rows, err := r.store.Read(ctx, query)
		if err != nil {
			return nil, q.storeError(op, nil, err)
		}
		if rows.Version != v.Number {
			return nil, graph.ErrStale
		}
		for i, text := range rows.Roots {
			q.answer.Roots[at[i]].Text = text
		}
	}
	if r.opts.Hidden != nil {
		q.reportHidden()
	}
	return q.answer, nil
}

// query plans the root fields: what is to be read, and which root of the answer
// each Select is. The others are in the answer.
func (q *request) query(op *graph.Operation) (query *store.Query, at []int, err error) {
	query = &store.Query{}
	for i, f := range op.Fields {
		sel, shape, err := q.root(f)
		if err != nil {
			return nil, nil, err
		}
		q.answer.Roots[i].Shape = shape
		if sel == nil {
			q.answer.Roots[i].Text = emptyText(shape)
			continue
		}
		query.Roots = append(query.Roots, *sel)
		at = append(at, i)
	}
	return query, at, nil
}

// emptyText is the text of a root that needs no I/O: null, or a page of none.
func emptyText(s *schema.Shape) string {
	if s.Kind != schema.ShapePage {
		return "null"
	}
	switch {
	case s.Page.Total && s.Page.Listed:
		return "[0,[]]"
	case s.Page.Total:
		return "[0]"
	case s.Page.Listed:
		return "[[]]"
	}
	return "[]"
}

// root plans one root field. A nil Select means that the answer is known.
func (q *request) root(f *graph.Field) (*store.Select, *schema.Shape, error) {
	root := q.v.Schema.API.Query[f.Name]
	if root == nil {
		return nil, nil, fmt.Errorf("plan query: %s is no root field", f.Name)
	}
	if root.Op == schema.Unresolved {
		return nil, nil, notImplemented(f, rootPath(f), "Query."+f.Name)
	}
	if root.Op == schema.LookUpList {
		var err error
		if f, err = q.lookUpList(f, root); err != nil {
			return nil, nil, err
		}
	}
	c, v := root.Collection, q.fresh()
	if root.Op == schema.List || root.Op == schema.LookUpList {
		name := c.Plural
		if root.Op == schema.LookUpList {
			name = root.Name
		}
		sel, shape, err := q.page(f, rootPath(f), c, v, rules.True, q.readRule(c, v), name)
		if err == nil && sel.Where == rules.False {
			sel = nil
		}
		return sel, shape, err
	}
	if root.Op == schema.Aggregate {
		return q.aggregate(f, rootPath(f), c, v, rules.True, q.readRule(c, v))
	}
	key, err := q.key(f, root, v)
	if err != nil {
		return nil, nil, err
	}
	q.asked = append(q.asked, asked{f, c, v, rules.T(key)})
	sel := &store.Select{From: c.Object, Var: v, One: true, Where: rules.AllOf(rules.T(key), rules.T(q.readRule(c, v)))}
	members, err := q.node(f, rootPath(f), c, v, sel, f.Fields)
	if err != nil {
		return nil, nil, err
	}
	if root.Op == schema.LookUp {
		sel.Limit = 1
	}
	shape := &schema.Shape{Kind: schema.ShapeObject, Members: members}
	if sel.Where == rules.False {
		return nil, shape, nil
	}
	return sel, shape, nil
}

// key is the condition of a finder.
func (q *request) key(f *graph.Field, root *schema.Root, v rules.Var) (rules.Pred, error) {
	c := root.Collection
	switch root.Op {
	case schema.LookUp:
		return q.terms(f, root, v)
	case schema.FindByID:
		return idIs(c.Object, v, q.idOf(f.Args["id"])), nil
	case schema.Me:
		x, ok := q.caller.Link(c.Object)
		if !ok {
			return rules.False, nil
		}
		return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: v, Field: c.Identity}, R: rules.Val{Value: x}}, nil
	}
	var all rules.And
	for _, u := range root.Unique.Fields {
		path := append(rootPath(f), pathName(u.Name))
		op := "eq"
		if u.Fold != nil {
			op = "eqFold"
		}
		p, err := q.operator(f, path, u, v, op, f.Args[u.Name])
		if err == nil && !leak.On(leak.FinderUnreadable) {
			p, err = q.condition(f, path, u, v, p)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// idOf is an id that a client gives: a text, or in a plan that is kept the
// rules.Given that stands for it.
func (q *request) idOf(x any) any {
	if n, ok := x.(graph.Variable); ok {
		return q.trace.Variable(int(n), rules.ID).V
	}
	return x
}

// idIs is the condition that document v has the id: never, if no document can.
func idIs(o *rules.Object, v rules.Var, id any) rules.Pred {
	if !validID(id) {
		return rules.False
	}
	return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: v, Field: o.Key}, R: idVal(id)}
}

func idVal(id any) rules.Val { return rules.Val{Value: rules.Value{Kind: rules.ID, V: id}} }

// validID reports whether id can be the _id of a document: 1 to 128 printable
// ASCII characters. What stands for one was looked at before.
func validID(x any) bool {
	if _, given := x.(rules.Given); given {
		return true
	}
	id, ok := x.(string)
	if !ok || len(id) == 0 || len(id) > 128 {
		return false
	}
	for i := 0; i < len(id); i++ {
		if id[i] < 0x20 || id[i] > 0x7e {
			return false
		}
	}
	return true
}
