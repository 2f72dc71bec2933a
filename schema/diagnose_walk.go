package schema

import (
	"slices"

	"flora.dev/flora/rules"
)

// columns are the columns in a predicate in the order of its text.
func columns(p rules.Pred) (list []rules.Col) {
	walk(p, true, func(p rules.Pred, _ bool) {
		for _, x := range operands(p) {
			if c, ok := columnOf(x); ok {
				list = append(list, c)
			}
		}
	})
	return list
}

// columnOf is the column that an operand is, or is computed from.
func columnOf(x rules.Operand) (c rules.Col, ok bool) {
	for inner := x; inner != nil && !ok; inner = rules.Inner(inner) {
		c, ok = inner.(rules.Col)
	}
	return c, ok
}

// operands are those of a node itself.
func operands(p rules.Pred) []rules.Operand {
	switch p := p.(type) {
	case rules.Test:
		return []rules.Operand{p.X}
	case rules.Cmp:
		return []rules.Operand{p.L, p.R}
	case rules.IsNull:
		return []rules.Operand{p.X}
	case rules.In:
		return []rules.Operand{p.X, p.List}
	case rules.Match:
		return []rules.Operand{p.X, p.Y}
	case rules.One:
		return []rules.Operand{p.From}
	case rules.Many:
		return []rules.Operand{p.Of}
	case rules.User:
		return []rules.Operand{p.Identity}
	}
	return nil
}

// children are the predicates in a node, and whether more truth in each makes
// more in the whole: 1, less: -1, or either: 0.
func children(p rules.Pred) (list []rules.Pred, sense int) {
	switch p := p.(type) {
	case rules.And:
		return p, 1
	case rules.Or:
		return p, 1
	case rules.Not:
		return []rules.Pred{p.P}, -1
	case rules.If:
		return []rules.Pred{p.Cond, p.Then, p.Else}, 0
	case rules.One:
		return []rules.Pred{p.Domain, p.Body}, 1
	case rules.Many:
		return []rules.Pred{p.Domain, p.Body}, 1
	case rules.User:
		return []rules.Pred{p.Body}, 1
	case rules.Definite:
		return []rules.Pred{p.P}, 1
	case rules.Guard:
		return []rules.Pred{p.Rule, p.P}, 1
	}
	return nil, 1
}

// walk visits every node with whether its truth speaks for the whole.
// A node that speaks both ways is visited twice.
func walk(p rules.Pred, positive bool, visit func(p rules.Pred, positive bool)) {
	visit(p, positive)
	list, sense := children(p)
	for i, q := range list {
		switch {
		case sense == 0 && i == 0: // a condition
			walk(q, true, visit)
			walk(q, false, visit)
		case sense < 0:
			walk(q, !positive, visit)
		default:
			walk(q, positive, visit)
		}
	}
}

// without returns ps without the i-th.
func without(ps rules.And, i int) rules.And { return slices.Delete(slices.Clone(ps), i, i+1) }
