package resolvers

import (
	"strconv"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// column is a value of a node, which is read once whatever its aliases.
type column struct {
	sel   *store.Select
	field *rules.Field
}

func pathName(s string) ast.PathElement { return ast.PathName(s) }

func below(path ast.Path, key string) ast.Path {
	return append(path[:len(path):len(path)], ast.PathName(key))
}

func member(key string, index int, s *schema.Shape) schema.Member {
	return schema.Member{Key: append(strconv.AppendQuote(nil, key), ':'), Name: key, Index: index, Shape: s}
}

func literal(key, value string) schema.Member {
	return member(key, -1, &schema.Shape{Kind: schema.ShapeLiteral, Literal: strconv.AppendQuote(nil, value)})
}

func add(sel *store.Select, c store.Column) int {
	sel.Columns = append(sel.Columns, c)
	return len(sel.Columns) - 1
}

// node plans the selection on document v of c: columns into sel, members for
// the response.
func (q *request) node(parent *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, sel *store.Select, fields []*graph.Field) ([]schema.Member, error) {
	out := make([]schema.Member, 0, len(fields))
	for _, g := range fields {
		m, err := q.member(g, below(path, g.Key), c, v, sel)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (q *request) member(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, sel *store.Select) (schema.Member, error) {
	switch g.Name {
	case "__typename":
		return literal(g.Key, c.Name), nil
	case "_id", "_ts":
		f := c.Field(g.Name)
		return member(g.Key, add(sel, store.Column{Value: rules.Col{Var: v, Field: f}}), &schema.Shape{Kind: schema.ShapeScalar, Scalar: f.Kind}), nil
	case "_can":
		return member(g.Key, -1, q.can(g, c, v, sel)), nil
	}
	f := c.FieldNamed(g.Name)
	if f == nil {
		f = c.Aggregated(g.Name)
	}
	if f == nil { // only those with @resolver are left
		return schema.Member{}, notImplemented(g, path, c.Name+"."+g.Name)
	}
	guard := rules.T(q.field(f, v))
	if guard == rules.False {
		return q.denied(g, path, f), nil
	}
	shape, col, err := q.value(g, path, f, v)
	if err != nil || col == nil {
		return member(g.Key, -1, shape), err
	}
	if guard != rules.True {
		col.Guard = guard
		shape.Guarded, shape.DenyError = true, f.DenyError
	}
	at := column{sel, f.Field}
	if i, again := q.columns[at]; again && col.Nested == nil {
		return member(g.Key, i, shape), nil // another alias of it
	}
	i := add(sel, *col)
	if col.Nested == nil {
		q.columns[at] = i
	}
	return member(g.Key, i, shape), nil
}

// denied writes null where the token alone forbids the field: its path goes
// to extensions.denied, or one error per selection with onDeny: ERROR.
func (q *request) denied(g *graph.Field, path ast.Path, f *schema.Field) schema.Member {
	s := &schema.Shape{Kind: schema.ShapeNull, Denied: !f.DenyError}
	if f.DenyError {
		q.answer.Errors = append(q.answer.Errors, q.forbidden(g, path, "%s is not readable", f.Path()))
	}
	return member(g.Key, -1, s)
}

// value plans a field that may be read: its column and shape. A nil column
// means that the shape needs no text.
func (q *request) value(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var) (*schema.Shape, *store.Column, error) {
	switch {
	case f.Embedded != nil:
		shape, err := q.embedded(g, path, f.Embedded, f.EmbeddedList)
		return shape, &store.Column{Value: rules.Col{Var: v, Field: f.Field}}, err
	case f.Many() && g.Name == f.Aggregate:
		child := q.fresh()
		sel, shape, err := q.aggregate(g, path, f.Target, child, q.join(f, v, child), q.behind(f, child))
		return shape, &store.Column{Nested: sel}, err
	case f.Many():
		child := q.fresh()
		sel, shape, err := q.page(g, path, f.Target, child, q.join(f, v, child), q.behind(f, child))
		if err != nil {
			return nil, nil, err
		}
		return shape, &store.Column{Nested: sel}, nil
	case f.ToOne(), f.Inverse():
		child := q.fresh()
		rule := q.readRule(f.Target, child)
		if f.Inverse() {
			rule = q.behind(f, child)
		}
		sel := &store.Select{From: f.Target.Object, Var: child, One: true, Where: rules.AllOf(q.join(f, v, child), rules.T(rule))}
		members, err := q.node(g, path, f.Target, child, sel, g.Fields)
		if err != nil {
			return nil, nil, err
		}
		if sel.Where == rules.False {
			return &schema.Shape{Kind: schema.ShapeNull}, nil, nil
		}
		return &schema.Shape{Kind: schema.ShapeObject, Members: members}, &store.Column{Nested: sel}, nil
	}
	return &schema.Shape{Kind: schema.ShapeScalar, Scalar: f.Kind, List: f.List}, &store.Column{Value: rules.Col{Var: v, Field: f.Field}}, nil
}

// join is the condition that document child stands behind field f of document v.
func (q *request) join(f *schema.Field, v, child rules.Var) rules.Pred {
	this := rules.Col{Var: v, Field: f.Object.Key}
	key := rules.Col{Var: child, Field: f.Target.Key}
	switch {
	case f.Link != nil:
		row := q.fresh()
		return rules.Many{Of: this, Field: f.Link.Rows, Var: row, Domain: rules.True,
			Body: rules.Cmp{Op: rules.Eq, L: rules.Col{Var: row, Field: f.Link.Far}, R: key}}
	case f.Back != nil:
		return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: child, Field: f.Back}, R: this}
	}
	return rules.Cmp{Op: rules.Eq, L: key, R: rules.Col{Var: v, Field: f.Field}}
}

// hop is the step over a to-one field of document v to document child: there
// only where the caller can see that.
func (q *request) hop(f *schema.Field, v, child rules.Var, body rules.Pred) rules.One {
	if f.Inverse() {
		return rules.One{From: rules.Col{Var: v, Field: f.Object.Key}, Key: f.Back, Target: f.Target.Object, Var: child, Domain: q.behind(f, child), Body: body}
	}
	return rules.One{From: rules.Col{Var: v, Field: f.Field}, Target: f.Target.Object, Var: child, Domain: q.readRule(f.Target, child), Body: body}
}
