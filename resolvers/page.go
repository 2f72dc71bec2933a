package resolvers

import (
	"fmt"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// page plans a connection over documents v of c: a root list, or those that
// join finds behind the many side of a relation. rule is what lets the caller
// see one. Its Where is rules.False if the token alone
// hides them all.
func (q *request) page(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, join, rule rules.Pred) (*store.Select, *schema.Shape, error) {
	size, err := q.pageSize(g, path)
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
	sel := &store.Select{From: c.Object, Var: v, After: rules.True, Order: order, Limit: size + 1,
		Where: rules.AllOf(join, rules.T(rule), where)}
	if leak.On(leak.RuleAfterFilter) || leak.On(leak.CountBeforeRule) {
		sel.Where = rules.And{rules.AllOf(join, where), rules.T(rule)}
	}
	if join == rules.True {
		q.asked = append(q.asked, asked{g, c, v, where})
	}
	list := cursorList{path: listName(c, join), order: order, key: c.Key}
	page := &schema.Page{Size: size}
	if after, ok := g.Args["after"].(string); ok {
		keys, ok := q.cursors.open(q.id, list, after)
		if !ok {
			return nil, nil, q.input(g, below(path, "after"), "after is no cursor of this list and order for this caller")
		}
		sel.After = following(list, v, keys)
		page.HasPrev = true
	}
	shape := &schema.Shape{Kind: schema.ShapePage, Page: page}
	if shape.Members, err = q.connection(g, path, c, sel, page); err != nil {
		return nil, nil, err
	}
	sel.Total, sel.List = page.Total, page.Listed
	if page.Keys != nil {
		page.Keys = page.Keys[:0]
		for _, o := range list.fields() {
			page.Keys = append(page.Keys, add(sel, store.Column{Value: rules.Col{Var: v, Field: o}}))
		}
		for _, f := range c.Fields {
			if leak.On(leak.HiddenInCursor) && f.Read.Pred != nil && f.Column != "" {
				page.Keys = append(page.Keys, add(sel, store.Column{Value: rules.Col{Var: v, Field: f.Field}}))
			}
		}
		id := q.id
		page.Cursor = func(values []string) string { return q.cursors.seal(id, list, values) }
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

func (q *request) pageSize(g *graph.Field, path ast.Path) (int, error) {
	first, ok := g.Args["first"].(int64)
	if !ok {
		return q.opts.PageSize, nil
	}
	if first < 0 || first > int64(q.opts.MaxPage) {
		return 0, q.input(g, below(path, "first"), "first is %d, 0 to %d are allowed", first, q.opts.MaxPage)
	}
	return int(first), nil
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

// order reads orderBy: sort keys in their order, without repetitions. The
// store adds _id as the last key.
func (q *request) order(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var) ([]store.Order, error) {
	given, ok := g.Args["orderBy"].([]any)
	if !ok {
		return nil, nil
	}
	var out []store.Order
	seen := map[*rules.Field]bool{}
	for i, e := range given {
		here := append(path[:len(path):len(path)], ast.PathIndex(i))
		keys, _ := e.(map[string]any)
		if len(keys) != 1 {
			return nil, q.input(g, here, "orderBy takes exactly one field per object: [{a: ASC}, {b: DESC}]")
		}
		for name, dir := range keys {
			f := c.Field(name)
			if sf := c.FieldNamed(name); sf != nil {
				if err := q.sortable(g, here, sf, v); err != nil {
					return nil, err
				}
			}
			d, ok := dir.(string)
			if f == nil || !ok {
				return nil, q.input(g, below(here, name), "%s needs ASC or DESC", name)
			}
			if !seen[f] {
				seen[f] = true
				out = append(out, store.Order{Field: f, Desc: d == "DESC"})
			}
		}
	}
	return out, nil
}
