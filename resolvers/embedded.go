package resolvers

import (
	"encoding/json"
	"fmt"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

// Values of embedded types: part of the document that holds them, under the
// rules of the field that does.

// embedded plans the selection on an embedded value.
func (q *request) embedded(g *graph.Field, path ast.Path, e *schema.Embedded, list bool) (*schema.Shape, error) {
	s := &schema.Shape{Kind: schema.ShapeEmbedded, List: list}
	for _, m := range g.Fields {
		if m.Name == "__typename" {
			s.Members = append(s.Members, literal(m.Key, e.Name))
			continue
		}
		f := e.Field(m.Name)
		here := below(path, m.Key)
		shape := &schema.Shape{}
		var err error
		switch {
		case f == nil:
			err = fmt.Errorf("plan %s: %s is no field of it", e.Name, m.Name)
		case f.Kind == rules.Ref:
			err = fail(m, here, codeNotImplemented, "%s.%s is not stored: a collection inside an embedded type", e.Name, f.Name)
		case f.Kind == rules.Embedded:
			shape, err = q.embedded(m, here, f.Type, f.List)
		default:
			shape = &schema.Shape{Kind: schema.ShapeScalar, Scalar: f.Kind, List: f.List}
		}
		if err != nil {
			return nil, err
		}
		out := member(m.Key, -1, shape)
		out.Field = m.Name
		s.Members = append(s.Members, out)
	}
	return s, nil
}

// embeddedText is the text of an embedded value, or a list of them, from the
// input.
func (q *request) embeddedText(g *graph.Field, path ast.Path, f *schema.Field, x any) (string, error) {
	v, err := q.embeddedValue(g, path, f.Embedded, f.EmbeddedList, x)
	if err != nil {
		return "", err
	}
	text, ok := rules.CanonicalJSON(v)
	if !ok {
		return "", q.input(g, path, "%s is nested too deeply, or holds U+0000", f.Path())
	}
	if len(text) > q.opts.MaxString {
		return "", q.input(g, path, "%s is longer than %d bytes", f.Path(), q.opts.MaxString)
	}
	return text, nil
}

// embeddedValue makes JSON of a value from the input. What is null is left out.
func (q *request) embeddedValue(g *graph.Field, path ast.Path, e *schema.Embedded, list bool, x any) (any, error) {
	if list {
		in := x.([]any)
		out := make([]any, len(in))
		for i, v := range in {
			var err error
			if out[i], err = q.embeddedValue(g, append(path[:len(path):len(path)], ast.PathIndex(i)), e, false, v); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	in := x.(map[string]any)
	out := map[string]any{}
	for _, name := range sortedKeys(in) {
		if e.Field(name) == nil || q.v.Schema.Misfit(e.Name+"Input", name) {
			return nil, misfit(g, below(path, name), e.Name, name)
		}
	}
	for _, f := range e.Fields {
		v, given := in[f.Name]
		here := below(path, f.Name)
		switch {
		case given && f.Kind == rules.Ref:
			return nil, fail(g, here, codeNotImplemented, "%s.%s is not stored: a collection inside an embedded type", e.Name, f.Name)
		case v == nil && f.NonNull && f.Kind != rules.Ref:
			return nil, q.input(g, here, "%s.%s is required", e.Name, f.Name)
		case v == nil:
			continue
		case f.Kind == rules.Embedded:
			var err error
			if out[f.Name], err = q.embeddedValue(g, here, f.Type, f.List, v); err != nil {
				return nil, err
			}
		case f.List:
			var all []any
			for _, e := range v.([]any) {
				all = append(all, jsonOf(f.Kind, e))
			}
			out[f.Name] = all
		default:
			out[f.Name] = jsonOf(f.Kind, v)
		}
	}
	return out, nil
}

// jsonOf is a coerced scalar as JSON: times as microseconds.
func jsonOf(k rules.Kind, x any) any {
	if text, ok := x.(string); ok && k == rules.JSON {
		return json.RawMessage(text)
	}
	switch x := x.(type) {
	case int64:
		return json.Number(fmt.Sprint(x))
	case float64:
		b, err := json.Marshal(x + 0)
		if err != nil {
			panic(fmt.Sprintf("resolvers: a Float that is not finite: %v", err)) // coercion refuses it
		}
		return json.Number(b)
	}
	return x
}

// whereEmbedded is a condition on an embedded value.
func (q *request) whereEmbedded(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, in map[string]any) (rules.Pred, error) {
	col := rules.Col{Var: v, Field: f.Field}
	if f.EmbeddedList {
		return q.operators(g, path, f, v, in)
	}
	return q.whereMembers(g, path, col, f.Embedded, "", in)
}

// whereMembers is the conjunction of what is asked of an embedded value, or of
// one at a path inside it.
func (q *request) whereMembers(g *graph.Field, path ast.Path, col rules.Col, e *schema.Embedded, at string, in map[string]any) (rules.Pred, error) {
	if len(in) == 0 {
		return nil, q.input(g, path, "%s has no operator", e.Name)
	}
	all := rules.And{}
	for _, name := range sortedKeys(in) {
		here := below(path, name)
		f := e.Field(name)
		inner := name
		if at != "" {
			inner = at + "." + name
		}
		var p rules.Pred
		var err error
		switch {
		case in[name] == nil:
			err = q.input(g, here, "%s is null: ask with isNull", name)
		case name == "isNull":
			var x rules.Operand = col
			if at != "" {
				x = rules.Member{X: col, Path: at, Kind: rules.Embedded}
			}
			p = nullness(x, in[name].(bool))
		case f == nil:
			err = q.input(g, here, "%s has no field %s", e.Name, name)
		case f.Kind == rules.Embedded && !f.List:
			p, err = q.whereMembers(g, here, col, f.Type, inner, in[name].(map[string]any))
		default:
			p, err = q.memberOperators(g, here, rules.Member{X: col, Path: inner, Kind: f.Kind, List: f.List}, f, in[name].(map[string]any))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func nullness(x rules.Operand, want bool) rules.Pred {
	if want {
		return rules.IsNull{X: x}
	}
	return rules.Not{P: rules.IsNull{X: x}}
}

// memberOperators are the atoms on a scalar inside an embedded value.
func (q *request) memberOperators(g *graph.Field, path ast.Path, m rules.Member, f *schema.EmbeddedField, in map[string]any) (rules.Pred, error) {
	stand := &schema.Field{Field: &rules.Field{Name: f.Name, Kind: m.Kind, Values: f.Values, TypeName: f.TypeName}}
	p, err := q.operators(g, path, stand, 0, in)
	if err != nil {
		return nil, err
	}
	return replaced(p, m), nil
}

// replaced puts a member in place of the columns of an atom.
func replaced(p rules.Pred, m rules.Member) rules.Pred {
	swap := func(x rules.Operand) rules.Operand {
		if _, ok := x.(rules.Col); ok {
			return m
		}
		return x
	}
	switch p := p.(type) {
	case rules.And:
		out := make(rules.And, len(p))
		for i, e := range p {
			out[i] = replaced(e, m)
		}
		return out
	case rules.Or:
		out := make(rules.Or, len(p))
		for i, e := range p {
			out[i] = replaced(e, m)
		}
		return out
	case rules.Not:
		return rules.Not{P: replaced(p.P, m)}
	case rules.Cmp:
		return rules.Cmp{Op: p.Op, L: swap(p.L), R: swap(p.R)}
	case rules.IsNull:
		return rules.IsNull{X: swap(p.X)}
	case rules.In:
		return rules.In{X: swap(p.X), List: swap(p.List), Tainted: p.Tainted}
	case rules.Match:
		return rules.Match{Op: p.Op, X: swap(p.X), Y: swap(p.Y)}
	}
	return p
}
