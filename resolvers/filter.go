package resolvers

import (
	"sort"
	"strings"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

// where turns a where argument into a three-valued condition on document v.
// Every field in it passes condition(), every hop the target's read rule.
func (q *request) where(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, in map[string]any) (rules.Pred, error) {
	all := rules.And{}
	for _, name := range sortedKeys(in) {
		p, err := q.whereMember(g, below(path, name), c, v, name, in[name])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func (q *request) whereMember(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, name string, in any) (rules.Pred, error) {
	if in == nil {
		return nil, q.input(g, path, "%s is null: leave it out, or ask with isNull", name)
	}
	f := c.FieldNamed(name)
	switch {
	case f == nil && (name == "and" || name == "or"):
		return q.junction(g, path, c, v, name, in.([]any))
	case f == nil && name == "not":
		p, err := q.where(g, path, c, v, in.(map[string]any))
		return rules.Not{P: p}, err
	case f == nil && name == "_id" || name == "_ts":
		return q.operators(g, path, &schema.Field{Field: c.Field(name)}, v, in.(map[string]any))
	case f == nil:
		for _, f := range c.Fields {
			if f.NullFilter() == name {
				return q.absent(g, path, f, v, in.(bool))
			}
		}
		return nil, q.input(g, path, "%s has no field %s", c.Name, name)
	}
	object := in.(map[string]any)
	if len(object) == 0 {
		return nil, q.input(g, path, "%s has no operator", name)
	}
	var p rules.Pred
	var err error
	switch {
	case f.Many():
		p, err = q.relation(g, path, f, v, object)
	case f.ToOne(), f.Inverse():
		child := q.fresh()
		var body rules.Pred
		body, err = q.where(g, path, f.Target, child, object)
		p = q.hop(f, v, child, body)
	case f.Embedded != nil:
		p, err = q.whereEmbedded(g, path, f, v, object)
	default:
		p, err = q.operators(g, path, f, v, object)
	}
	if err != nil {
		return nil, err
	}
	return q.condition(g, path, f, v, p)
}

func (q *request) junction(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, name string, list []any) (rules.Pred, error) {
	var parts []rules.Pred
	for i, e := range list {
		here := append(path[:len(path):len(path)], ast.PathIndex(i))
		object, ok := e.(map[string]any)
		if !ok {
			return nil, q.input(g, here, "%s holds null", name)
		}
		p, err := q.where(g, here, c, v, object)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if name == "and" {
		return rules.And(parts), nil
	}
	return rules.Or(parts), nil // or: [] is false
}

// absent is the condition that a reference leads nowhere that the caller can
// see: no key, or a hidden target.
func (q *request) absent(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, want bool) (rules.Pred, error) {
	child := q.fresh()
	var p rules.Pred = rules.Definite{P: q.hop(f, v, child, rules.True)}
	if want {
		p = rules.Not{P: p}
	}
	return q.condition(g, path, f, v, p)
}

// relation is some, every and none over the documents behind f. What the caller
// may see of them restricts which there are, it is no part of the client's condition.
func (q *request) relation(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, in map[string]any) (rules.Pred, error) {
	all := rules.And{}
	for _, name := range sortedKeys(in) {
		if q.walks++; q.walks > maxWalks || deep(path) {
			return nil, fail(g, below(path, name), codeLimit, "filters go over at most %d to-many relations, %d of them inside each other", maxWalks, maxDeep)
		}
		object, ok := in[name].(map[string]any)
		if !ok {
			return nil, q.input(g, below(path, name), "%s is null", name)
		}
		child := q.fresh()
		body, err := q.where(g, below(path, name), f.Target, child, object)
		if err != nil {
			return nil, err
		}
		m := rules.Many{Of: rules.Col{Var: v, Field: f.Object.Key}, Field: f.Field, Var: child,
			Domain: q.behind(f, child), Body: body, All: name == "every"}
		if f.Link != nil {
			row, seen := q.fresh(), q.fresh()
			far := rules.Col{Var: row, Field: f.Link.Far}
			m.Field, m.Var = f.Link.Rows, row
			m.Domain = rules.One{From: far, Target: f.Target.Object, Var: seen, Domain: rules.True, Body: q.behind(f, seen)}
			switch {
			case rules.T(body) == rules.True: // a row leads to a document
			case rules.T(rules.Not{P: body}) == rules.True: // false, not only unknown
				m.Body = rules.False
			default:
				m.Body = rules.One{From: far, Target: f.Target.Object, Var: child, Domain: rules.True, Body: body}
			}
		}
		if name == "none" && leak.On(leak.UnknownInNone) {
			m.Domain, m.Body = rules.True, rules.And{m.Domain, body}
		}
		if name == "none" {
			all = append(all, rules.Not{P: m})
		} else {
			all = append(all, m)
		}
	}
	return all, nil
}

func (q *request) operators(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, in map[string]any) (rules.Pred, error) {
	if len(in) == 0 {
		return nil, q.input(g, path, "%s has no operator", f.Name)
	}
	all := rules.And{}
	for _, op := range sortedKeys(in) {
		p, err := q.operator(g, below(path, op), f, v, op, in[op])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Each to-many relation in a filter may go over all documents behind it.
const (
	maxWalks = 30 // of an operation
	maxDeep  = 4  // inside each other
)

// deep reports whether a filter at path is inside as many relations as may be.
func deep(path ast.Path) bool {
	n := 0
	for _, e := range path {
		if name, ok := e.(ast.PathName); ok && (name == "some" || name == "every" || name == "none") {
			n++
		}
	}
	return n >= maxDeep
}

// maxContained bounds what contains looks for, in bytes: it is compared at
// every place of every text.
const maxContained = 1000

var comparisons = map[string]rules.Op{"eq": rules.Eq, "ne": rules.Ne, "lt": rules.Lt, "lte": rules.Le, "gt": rules.Gt, "gte": rules.Ge}

// operator is one atom. It does not ask whether the field may be read.
func (q *request) operator(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, op string, x any) (rules.Pred, error) {
	if x == nil {
		return nil, q.input(g, path, "%s is null: ask with isNull", op)
	}
	col := rules.Col{Var: v, Field: f.Field}
	if plain, fold := strings.CutSuffix(op, "Fold"); fold {
		op, col.Field, x = plain, f.Fold, rules.Folded(x.(string))
	}
	if c, ok := comparisons[op]; ok {
		if f.ToOne() { // a unique key over a reference: only a target that can be seen
			child := q.fresh()
			return rules.One{From: col, Target: f.Target.Object, Var: child, Domain: q.readRule(f.Target, child),
				Body: rules.Cmp{Op: c, L: rules.Col{Var: child, Field: f.Target.Key}, R: idVal(x.(string))}}, nil
		}
		return rules.Cmp{Op: c, L: col, R: rules.Val{Value: rules.Value{Kind: f.Kind, V: x}}}, nil
	}
	switch op {
	case "isNull":
		if f.NonNull {
			return truth(!x.(bool)), nil
		}
		if x.(bool) {
			return rules.IsNull{X: col}, nil
		}
		return rules.Not{P: rules.IsNull{X: col}}, nil
	case "has":
		return rules.In{X: rules.Val{Value: rules.Value{Kind: f.Kind, V: x}}, List: col}, nil
	case "in", "nin", "hasAny":
		list := x.([]any)
		for _, e := range list {
			if e == nil {
				return nil, q.input(g, path, "%s holds null: ask with isNull", op)
			}
		}
		return q.among(f, col, op, list), nil
	}
	m := map[string]rules.MatchOp{"startsWith": rules.StartsWith, "contains": rules.Contains, "endsWith": rules.EndsWith}
	match, ok := m[op]
	if !ok {
		return nil, q.input(g, path, "%s is no operator", op)
	}
	if match == rules.Contains && len(x.(string)) > maxContained {
		return nil, q.input(g, path, "%s takes at most %d bytes", op, maxContained)
	}
	return rules.Match{Op: match, X: col, Y: rules.Val{Value: rules.Value{Kind: f.Kind, V: x}}}, nil
}

// among are the operators that take a list. nin is the negation of in, as ne is
// of eq: true for null, which is in no list.
func (q *request) among(f *schema.Field, col rules.Col, op string, list []any) rules.Pred {
	if op == "hasAny" {
		any := rules.Or{}
		for _, e := range list {
			any = append(any, rules.In{X: rules.Val{Value: rules.Value{Kind: f.Kind, V: e}}, List: col})
		}
		return any // of none is false
	}
	var p rules.Pred = rules.False
	if len(list) > 0 {
		p = rules.In{X: col, List: rules.Val{Value: rules.Value{Kind: f.Kind, List: true, V: list}}}
	}
	if op == "nin" {
		return rules.Not{P: p}
	}
	return p
}

func truth(b bool) rules.Truth {
	if b {
		return rules.True
	}
	return rules.False
}
