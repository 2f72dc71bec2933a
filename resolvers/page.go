package resolvers

import (
	"context"
	"fmt"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// page plans a connection over documents v of c: a root list, or those that
// join finds behind the many side of a relation. rule is what lets the caller
// see one. root names a list that join does not tell apart. Its Where is rules.False if the token alone
// hides them all.
func (q *request) page(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, join, rule rules.Pred, root ...string) (*store.Select, *schema.Shape, error) {
	window, err := q.window(g, path)
	if err != nil {
		return nil, nil, err
	}
	where := rules.Pred(rules.True)
	if w, ok := g.Args["where"].(map[string]any); ok {
		p, err := q.where(g, below(path, "where"), c, v, w)
		if err != nil {
			return nil, nil, err
		}
		where = rules.T(p)
	}
	order, err := q.order(g, below(path, "orderBy"), c, v)
	if err != nil {
		return nil, nil, err
	}
	list := cursorList{path: listName(c, join), order: order, key: c.Key}
	if len(root) > 0 {
		list.path = root[0]
	}
	sel := &store.Select{From: c.Object, Var: v, After: rules.True, Limit: window.size + 1, Offset: window.offset, Backward: window.backward,
		Where: rules.AllOf(join, rules.T(rule), where)}
	for _, k := range order {
		sel.Order = append(sel.Order, k.Order)
	}
	if leak.On(leak.RuleAfterFilter) || leak.On(leak.CountBeforeRule) {
		sel.Where = rules.And{rules.AllOf(join, where), rules.T(rule)}
	}
	if join == rules.True {
		q.asked = append(q.asked, asked{g, c, v, where})
	}
	page := &schema.Page{Size: window.size, Backward: window.backward, HasPrev: window.offset > 0}
	if err := q.bounds(g, path, window, list, v, sel, page); err != nil {
		return nil, nil, err
	}
	shape := &schema.Shape{Kind: schema.ShapePage, Page: page}
	if shape.Members, err = q.connection(g, path, c, sel, page); err != nil {
		return nil, nil, err
	}
	sel.Total, sel.List = page.Total, page.Listed
	if page.Keys != nil {
		page.Keys = page.Keys[:0]
		for _, k := range list.keys() {
			page.Keys = append(page.Keys, add(sel, store.Column{Value: k.value(v)}))
		}
		for _, f := range c.Fields {
			if leak.On(leak.HiddenInCursor) && f.Read.Pred != nil && f.Column != "" {
				page.Keys = append(page.Keys, add(sel, store.Column{Value: rules.Col{Var: v, Field: f.Field}}))
			}
		}
		cursors := q.cursors
		page.Cursor = func(ctx context.Context, values []string) string { return cursors.seal(auth.From(ctx), list, values) }
		page.Back = func(ctx context.Context, values []string) string {
			return cursors.seal(auth.From(ctx), list.backward(), values)
		}
	}
	return sel, shape, nil
}

// listName tells lists of one collection apart: products, or Store.products.
func listName(c *schema.Collection, join rules.Pred) string {
	switch j := join.(type) {
	case rules.Cmp:
		return j.L.(rules.Col).Field.Path()
	case rules.Many:
		return j.Field.Path()
	}
	return c.Plural
}

// window is the part of a list that a page shows.
type window struct {
	size, offset  int
	backward      bool
	after, before string // cursors, "" for none
	cursor        string // Fauna's _cursor: of the next page, or of the one before
}

// maxOffset bounds what a page skips: each document skipped is read.
const maxOffset = 10_000

func (q *request) window(g *graph.Field, path ast.Path) (w window, err error) {
	w.size = q.opts.PageSize
	sizes := 0
	for _, name := range []string{"first", "last", "limit", "_size"} {
		n, ok := g.Args[name].(int64)
		if !ok {
			continue
		}
		if sizes++; sizes > 1 {
			return w, q.input(g, below(path, name), "first, last and limit are the size of the page: give one of them")
		}
		if n < 0 || n > int64(q.opts.MaxPage) {
			return w, q.input(g, below(path, name), "%s is %d, 0 to %d are allowed", name, n, q.opts.MaxPage)
		}
		w.size, w.backward = int(n), name == "last"
	}
	w.after, _ = g.Args["after"].(string)
	w.before, _ = g.Args["before"].(string)
	w.cursor, _ = g.Args["_cursor"].(string)
	_, after := g.Args["after"].(string)
	_, before := g.Args["before"].(string)
	_, cursor := g.Args["_cursor"].(string)
	if cursor && (after || before) {
		return w, q.input(g, below(path, "_cursor"), "_cursor is another name of after and before: give one of them")
	}
	if before && sizes == 0 && !after {
		w.backward = true
	}
	if offset, ok := g.Args["offset"].(int64); ok {
		switch {
		case after || before || cursor || w.backward:
			return w, q.input(g, below(path, "offset"), "offset counts from the beginning: give it with first or limit alone")
		case offset < 0 || offset > maxOffset:
			return w, q.input(g, below(path, "offset"), "offset is %d, 0 to %d are allowed", offset, maxOffset)
		}
		w.offset = int(offset)
	}
	return w, nil
}

// bounds reads the cursors of a page.
func (q *request) bounds(g *graph.Field, path ast.Path, w window, list cursorList, v rules.Var, sel *store.Select, page *schema.Page) error {
	bound := func(name, cursor string, backward bool, lists ...cursorList) error {
		if _, given := g.Args[name].(string); !given {
			return nil
		}
		if q.trace != nil { // a cursor is one caller's
			q.trace.Open()
		}
		for _, l := range lists {
			if keys, ok := q.cursors.open(q.id, l, cursor); ok {
				sel.After = rules.AllOf(sel.After, following(list, v, keys, backward))
				if backward {
					page.HasNext = true
				} else {
					page.HasPrev = true
				}
				return nil
			}
		}
		return q.input(g, below(path, name), "%s is no cursor of this list and order for this caller", name)
	}
	if err := bound("after", w.after, false, list); err != nil {
		return err
	}
	if err := bound("before", w.before, true, list, list.backward()); err != nil {
		return err
	}
	if err := bound("_cursor", w.cursor, true, list.backward()); err == nil {
		if _, given := g.Args["_cursor"].(string); given {
			sel.Backward, page.Backward = true, true
		}
		return nil
	}
	return bound("_cursor", w.cursor, false, list)
}

// connection plans the members of a connection and notes in page what they need.
func (q *request) connection(g *graph.Field, path ast.Path, c *schema.Collection, sel *store.Select, page *schema.Page) ([]schema.Member, error) {
	var out []schema.Member
	for _, m := range g.Fields {
		s := &schema.Shape{}
		here := below(path, m.Key)
		var err error
		switch m.Name {
		case "__typename":
			out = append(out, literal(m.Key, c.Name+"Connection"))
			continue
		case "totalCount":
			s.Kind, page.Total = schema.ShapeTotal, true
		case "data":
			s.Kind, page.Listed = schema.ShapeNodes, true
			s.Members, err = q.node(m, here, c, sel.Var, sel, m.Fields)
		case "after", "before":
			s.Kind, page.Listed, page.Keys = schema.ShapeAfter, true, []int{}
			if m.Name == "before" {
				s.Kind = schema.ShapeBefore
			}
		case "nodes":
			s.Kind, page.Listed = schema.ShapeNodes, true
			s.Members, err = q.node(m, here, c, sel.Var, sel, m.Fields)
		case "edges":
			s.Kind, page.Listed = schema.ShapeEdges, true
			s.Members, err = q.edge(m, here, c, sel, page)
		case "pageInfo":
			s.Kind, page.Listed = schema.ShapePageInfo, true
			s.Members = pageInfo(m, page)
		default:
			err = fmt.Errorf("plan page: %s is no field of a connection", m.Name)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, member(m.Key, -1, s))
	}
	return out, nil
}

func (q *request) edge(g *graph.Field, path ast.Path, c *schema.Collection, sel *store.Select, page *schema.Page) ([]schema.Member, error) {
	var out []schema.Member
	for _, m := range g.Fields {
		switch m.Name {
		case "__typename":
			out = append(out, literal(m.Key, c.Name+"Edge"))
		case "cursor":
			page.Keys = []int{}
			out = append(out, member(m.Key, -1, &schema.Shape{Kind: schema.ShapeCursor}))
		case "node":
			members, err := q.node(m, below(path, m.Key), c, sel.Var, sel, m.Fields)
			if err != nil {
				return nil, err
			}
			out = append(out, member(m.Key, -1, &schema.Shape{Kind: schema.ShapeNode, Members: members}))
		}
	}
	return out, nil
}

func pageInfo(g *graph.Field, page *schema.Page) []schema.Member {
	kinds := map[string]schema.ShapeKind{"hasNextPage": schema.ShapeHasNext, "hasPreviousPage": schema.ShapeHasPrevious,
		"startCursor": schema.ShapeStartCursor, "endCursor": schema.ShapeEndCursor}
	var out []schema.Member
	for _, m := range g.Fields {
		if m.Name == "__typename" {
			out = append(out, literal(m.Key, "PageInfo"))
			continue
		}
		if k := kinds[m.Name]; k == schema.ShapeStartCursor || k == schema.ShapeEndCursor {
			page.Keys = []int{}
		}
		out = append(out, member(m.Key, -1, &schema.Shape{Kind: kinds[m.Name]}))
	}
	return out
}
