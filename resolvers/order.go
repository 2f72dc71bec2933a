package resolvers

import (
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// sortKey is a sort key of a list, and what a cursor keeps of its definition.
type sortKey struct {
	store.Order
	name     string // store.name for a key beyond a relation
	kind     rules.Kind
	typeName string
}

// plainKey is a field of the document itself as a sort key.
func plainKey(f *rules.Field, desc bool) sortKey {
	return sortKey{store.Order{Field: f, Desc: desc}, f.Name, f.Kind, f.TypeName}
}

// value is the key of document v.
func (k sortKey) value(v rules.Var) rules.Operand {
	if k.Value != nil {
		return k.Value
	}
	return rules.Col{Var: v, Field: k.Field}
}

// nullable reports whether a document may lack the key.
func (k sortKey) nullable() bool {
	if k.Value != nil {
		_, count := k.Value.(rules.Count)
		return !count
	}
	return !k.Field.NonNull
}

// order reads orderBy: sort keys in their order, without repetitions. The
// store adds _id as the last key.
func (q *request) order(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var) ([]sortKey, error) {
	given, ok := g.Args["orderBy"].([]any)
	if !ok {
		return nil, nil
	}
	var out []sortKey
	seen := map[string]bool{}
	for i, e := range given {
		here := append(path[:len(path):len(path)], ast.PathIndex(i))
		k, err := q.sortKey(g, here, c, v, e, 0)
		if err != nil {
			return nil, err
		}
		if !seen[k.name] {
			seen[k.name] = true
			out = append(out, k)
		}
	}
	return out, nil
}

// maxFar bounds the relations that a sort key leads over.
const maxFar = 3

// sortKey reads one element of orderBy on document v. Beyond a relation it is
// null where the caller sees no document there, and counts only what the caller
// sees.
func (q *request) sortKey(g *graph.Field, path ast.Path, c *schema.Collection, v rules.Var, e any, depth int) (sortKey, error) {
	in, _ := e.(map[string]any)
	if len(in) != 1 {
		return sortKey{}, q.input(g, path, "orderBy takes exactly one field per object: [{a: ASC}, {b: DESC}]")
	}
	for name, x := range in {
		here := below(path, name)
		if sf := c.FieldNamed(name); sf != nil {
			if err := q.usable(g, path, sf, v, "sort"); err != nil {
				return sortKey{}, err
			}
			if sf.Kind == rules.Ref {
				return q.farKey(g, here, sf, v, x, depth)
			}
		}
		f := c.Field(name)
		dir, ok := x.(string)
		if f == nil || !ok {
			return sortKey{}, q.input(g, here, "%s needs ASC or DESC", name)
		}
		return plainKey(f, dir == "DESC"), nil
	}
	panic("unreachable")
}

func (q *request) farKey(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, x any, depth int) (sortKey, error) {
	in, ok := x.(map[string]any)
	if !ok {
		return sortKey{}, q.input(g, path, "%s is null: leave it out", f.Name)
	}
	if back := f.Opposite(); f.Column == "" && back != nil {
		if err := q.usable(g, path, back, v, "sort"); err != nil {
			return sortKey{}, err
		}
	}
	if f.Many() {
		dir, ok := in["count"].(string)
		if !ok {
			return sortKey{}, q.input(g, below(path, "count"), "count needs ASC or DESC")
		}
		return sortKey{store.Order{Value: q.countOf(f, v, rules.True), Desc: dir == "DESC"}, f.Name + ".count", rules.Long, "Long"}, nil
	}
	if depth == maxFar {
		return sortKey{}, fail(g, path, codeLimit, "a sort key leads over at most %d relations", maxFar)
	}
	child := q.fresh()
	k, err := q.sortKey(g, path, f.Target, child, in, depth+1)
	if err != nil {
		return sortKey{}, err
	}
	return sortKey{store.Order{Value: q.far(f, v, child, k.value(child)), Desc: k.Desc}, f.Name + "." + k.name, k.kind, k.typeName}, nil
}

// far is a value of the document child that a to-one field of document v leads
// to, where the caller can see that.
func (q *request) far(f *schema.Field, v, child rules.Var, value rules.Operand) rules.Operand {
	h := q.hop(f, v, child, rules.True)
	if leak.On(leak.HiddenHopSorts) {
		h.Domain = rules.True
	}
	return rules.Far{From: h.From, Key: h.Key, Target: h.Target, Var: child, Where: rules.T(h.Domain), Value: value}
}

// countOf is the number of documents behind f of document v that the caller
// sees and for which where is true, a condition on the one it is asked of.
func (q *request) countOf(f *schema.Field, v rules.Var, where rules.Pred) rules.Operand {
	child := q.fresh()
	of := rules.Col{Var: v, Field: f.Object.Key}
	seen := rules.AllOf(rules.T(q.behind(f, child)), where)
	if f.Link == nil {
		return rules.Count{Of: of, Field: f.Field, Var: child, Where: seen}
	}
	row := q.fresh()
	if seen != rules.True {
		seen = rules.One{From: rules.Col{Var: row, Field: f.Link.Far}, Target: f.Target.Object, Var: child, Domain: rules.True, Body: seen}
	}
	return rules.Count{Of: of, Field: f.Link.Rows, Var: row, Where: seen}
}
