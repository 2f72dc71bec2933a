package resolvers

import (
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

// readRule is what remains of a collection's read rule for document v:
// three-valued, for use in conditions. rules.T of it is the row rule.
func (q *request) readRule(c *schema.Collection, v rules.Var) rules.Pred {
	return q.caller.Fold(c.Access.Read.Pred, rules.Binding{Doc: v, Fresh: q.fresh})
}

// behind is the rule of the documents v that a side f without a column shows: that
// v can be read, and that the field can which leads back. A list would show it
// as plainly as the field itself.
func (q *request) behind(f *schema.Field, v rules.Var) rules.Pred {
	if leak.On(leak.NestedWithoutRule) {
		return rules.True
	}
	back := f.Opposite()
	if back == nil || leak.On(leak.InverseUnguarded) { // a list kept one way
		return q.readRule(f.Target, v)
	}
	return rules.And{q.readRule(f.Target, v), q.field(back, v)}
}

// field is the one step by which an operation touches a field for reading:
// what remains of the field's own read rule for document v, three-valued. Its
// rules.T is rules.True if the field has none or the token satisfies it, and
// rules.False if the token alone denies.
func (q *request) field(f *schema.Field, v rules.Var) rules.Pred {
	if f.Read.Pred == nil {
		return rules.True
	}
	return q.caller.Fold(f.Read.Pred, rules.Binding{Doc: v, Fresh: q.fresh})
}

// condition guards a client's condition on a field: unknown where the field
// is not readable, refused where the token alone says so.
func (q *request) condition(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, atom rules.Pred) (rules.Pred, error) {
	if leak.On(leak.FilterUnreadable) || leak.On(leak.WhereAuthorisedOnce) && leak.First(g.Pos.Src.Input, q) != q {
		return atom, nil
	}
	rule := q.field(f, v)
	switch rules.T(rule) {
	case rules.True:
		return atom, nil
	case rules.False:
		return nil, q.forbidden(g, path, "%s is not readable, so it cannot be used as a condition", f.Path())
	}
	return rules.Guard{Rule: rule, P: atom}, nil
}

// usable refuses a field as a sort key, group or figure unless the token alone
// satisfies its rule: an order of hidden values, or a sum over them, would show
// them.
func (q *request) usable(g *graph.Field, path ast.Path, f *schema.Field, v rules.Var, use string) error {
	planted := use == "sort" && leak.On(leak.OrderUnreadable) || use != "sort" && leak.On(leak.AggregateUnreadable)
	if rules.T(q.field(f, v)) != rules.True && !planted {
		return q.forbidden(g, path, "%s is not readable for every document, so it cannot be used to %s", f.Path(), use)
	}
	return nil
}
