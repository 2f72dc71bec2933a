package sqlgen

import (
	"slices"

	"flora.dev/flora/rules"
)

// free visits the columns of the documents that q does not bind itself.
func free(q rules.Pred, bound []rules.Var, visit func(rules.Col)) {
	x, y := operandsOf(q)
	freeOperand(x, bound, visit)
	freeOperand(y, bound, visit)
	inside := func(v rules.Var, qs ...rules.Pred) {
		for _, e := range qs {
			free(e, append(bound[:len(bound):len(bound)], v), visit)
		}
	}
	switch q := q.(type) {
	case rules.And:
		for _, e := range q {
			free(e, bound, visit)
		}
	case rules.Or:
		for _, e := range q {
			free(e, bound, visit)
		}
	case rules.NotTrue:
		free(q.P, bound, visit)
	case rules.One:
		inside(q.Var, q.Domain, q.Body)
	case rules.Many:
		inside(q.Var, q.Domain, q.Body)
	case rules.None:
		inside(q.Var, q.Body)
	case rules.User:
		inside(q.Var, q.Body)
	}
}

func freeOperand(x rules.Operand, bound []rules.Var, visit func(rules.Col)) {
	switch x := x.(type) {
	case rules.Col:
		if !slices.Contains(bound, x.Var) {
			visit(x)
		}
	case rules.UserVal:
		freeOperand(x.Identity, bound, visit)
	case rules.Far:
		freeOperand(x.From, bound, visit)
		inner := append(bound[:len(bound):len(bound)], x.Var)
		freeOperand(x.Value, inner, visit)
		free(x.Where, inner, visit)
	case rules.Count:
		freeOperand(x.Of, bound, visit)
		free(x.Where, append(bound[:len(bound):len(bound)], x.Var), visit)
	default:
		if x = rules.Inner(x); x != nil {
			freeOperand(x, bound, visit)
		}
	}
}

// operandsOf returns the operands that stand in the node itself.
func operandsOf(q rules.Pred) (x, y rules.Operand) {
	switch q := q.(type) {
	case rules.Test:
		return q.X, nil
	case rules.NotTest:
		return q.X, nil
	case rules.IsNull:
		return q.X, nil
	case rules.NotNull:
		return q.X, nil
	case rules.Cmp:
		return q.L, q.R
	case rules.In:
		return q.X, q.List
	case rules.NotIn:
		return q.X, q.List
	case rules.Match:
		return q.X, q.Y
	case rules.NoMatch:
		return q.X, q.Y
	case rules.One:
		return q.From, nil
	case rules.Many:
		return q.Of, nil
	case rules.None:
		return q.Of, nil
	case rules.User:
		return q.Identity, nil
	}
	return nil, nil
}
