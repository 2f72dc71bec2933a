package resolvers

import (
	"slices"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// aggregate plans figures about documents v of c, those that page would list.
// They are over all that the caller sees, so only fields that the caller may
// read in every document can be among them.
func (q *request) aggregate(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, join, rule rules.Pred) (*store.Select, *schema.Shape, error) {
	where := rules.Pred(rules.True)
	if w, ok := g.Args["where"].(map[string]any); ok {
		p, err := q.where(g, below(path, "where"), c, v, w)
		if err != nil {
			return nil, nil, err
		}
		where = rules.T(p)
	}
	if join == rules.True {
		q.asked = append(q.asked, asked{g, c, v, where})
	}
	a := aggregate{request: q, c: c, v: v}
	if by, ok := g.Args["groupBy"].([]any); ok {
		if err := a.group(g, below(path, "groupBy"), by); err != nil {
			return nil, nil, err
		}
	}
	shape := &schema.Shape{Kind: schema.ShapeGroups, Page: &schema.Page{Size: q.opts.MaxPage}}
	for _, m := range g.Fields {
		part, err := a.member(m, below(path, m.Key))
		if err != nil {
			return nil, nil, err
		}
		shape.Members = append(shape.Members, part)
	}
	groups := a.groups // a pointer into a would keep the caller
	return &store.Select{From: c.Object, Var: v, Where: rules.AllOf(join, rules.T(rule), where), After: rules.True,
		Limit: q.opts.MaxPage + 1, Groups: &groups}, shape, nil
}

// aggregate is one being planned.
type aggregate struct {
	*request
	c      *schema.Collection
	v      rules.Var
	keys   []string // names of groups.Keys
	groups store.Groups
}

// group reads groupBy, without repetitions.
func (a *aggregate) group(g *graph.Field, path ast.Path, by []any) error {
	for i, e := range by {
		name, _ := e.(string)
		if slices.Contains(a.keys, name) {
			continue
		}
		f := a.c.FieldNamed(name)
		if err := a.usable(g, append(path[:len(path):len(path)], ast.PathIndex(i)), f, a.v, "group"); err != nil {
			return err
		}
		a.keys = append(a.keys, name)
		var key rules.Operand = rules.Col{Var: a.v, Field: f.Field}
		if f.ToOne() {
			child := a.fresh()
			key = a.far(f, a.v, child, rules.Col{Var: child, Field: f.Target.Key})
		}
		a.groups.Keys = append(a.groups.Keys, key)
	}
	return nil
}

// member plans a field of an aggregate.
func (a *aggregate) member(g *graph.Field, path ast.Path) (schema.Member, error) {
	switch g.Name {
	case "__typename":
		return literal(g.Key, a.c.Name+"Aggregate"), nil
	case "count":
		return a.figure(g, store.Figure{Op: store.Count}, &schema.Shape{Kind: schema.ShapeScalar, Scalar: rules.Int}), nil
	}
	part := &schema.Shape{Kind: schema.ShapePart}
	for _, m := range g.Fields {
		if m.Name == "__typename" {
			of := map[string]string{"key": "Key", "sum": "Sum", "avg": "Avg"}[g.Name]
			if of == "" {
				of = "Range"
			}
			part.Members = append(part.Members, literal(m.Key, a.c.Name+"Aggregate"+of))
			continue
		}
		made, err := a.value(g.Name, m, below(path, m.Key))
		if err != nil {
			return schema.Member{}, err
		}
		part.Members = append(part.Members, made)
	}
	return member(g.Key, -1, part), nil
}

// value plans a key, or a figure of one field.
func (a *aggregate) value(of string, g *graph.Field, path ast.Path) (schema.Member, error) {
	f := a.c.FieldNamed(g.Name)
	if f == nil {
		f = &schema.Field{Field: a.c.Field(g.Name)} // _ts
	}
	shape := &schema.Shape{Kind: schema.ShapeScalar, Scalar: f.Kind}
	if of == "key" {
		at := slices.Index(a.keys, g.Name)
		if at < 0 {
			return schema.Member{}, a.input(g, path, "the groups have no key %s: name it in groupBy", g.Name)
		}
		return member(g.Key, at, shape), nil
	}
	if err := a.usable(g, path, f, a.v, "aggregate"); err != nil {
		return schema.Member{}, err
	}
	figure := store.Figure{Of: rules.Col{Var: a.v, Field: f.Field}}
	switch of {
	case "min":
		figure.Op = store.Min
	case "max":
		figure.Op = store.Max
	case "sum":
		figure.Op, shape.Kind = store.Sum, schema.ShapeSum // of an Int a Long, which is written alike
	default:
		figure.Op, shape.Kind = store.Avg, schema.ShapeAvg
		if f.Kind != rules.Decimal {
			shape.Scalar = rules.Float
		}
	}
	return a.figure(g, figure, shape), nil
}

// figure adds a figure to the groups.
func (a *aggregate) figure(g *graph.Field, f store.Figure, shape *schema.Shape) schema.Member {
	a.groups.Figures = append(a.groups.Figures, f)
	return member(g.Key, len(a.groups.Keys)+len(a.groups.Figures)-1, shape)
}
