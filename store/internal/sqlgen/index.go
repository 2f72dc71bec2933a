package sqlgen

import (
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// What an index can do for the documents v that a condition is asked of.

// probe is what a condition says of columns.
type probe struct {
	one     []*rules.Field // columns with one value
	several []*rules.Field // columns with one of several
}

// probed collects what the conjuncts of q say of the columns of v.
func (p *printer) probed(out *probe, q rules.Pred, v rules.Var) {
	if u, ok := p.userHop(q); ok {
		q = u
	}
	own := func(x rules.Operand) *rules.Field {
		if c, ok := x.(rules.Col); ok && c.Var == v && c.Field.Column != "" && !c.Field.List {
			return c.Field
		}
		return nil
	}
	one := func(f *rules.Field) {
		if f != nil {
			out.one = append(out.one, f)
		}
	}
	several := func(f *rules.Field) {
		if f != nil {
			out.several = append(out.several, f)
		}
	}
	switch q := q.(type) {
	case rules.And:
		for _, e := range q {
			p.probed(out, e, v)
		}
	case rules.Test:
		one(own(q.X))
	case rules.NotTest:
		one(own(q.X))
	case rules.IsNull:
		if f := own(q.X); f != nil && nullable(q.X) {
			one(f)
		}
	case rules.Cmp:
		if q.Op != rules.Eq || nullable(q.L) && nullable(q.R) && !isNullValue(q.L) && !isNullValue(q.R) || unknowable(q.L) || unknowable(q.R) {
			return
		}
		for _, side := range [2][2]rules.Operand{{q.L, q.R}, {q.R, q.L}} {
			if f := own(side[0]); f != nil && !about(side[1], v) {
				one(f)
			}
		}
	case rules.In:
		if known(q.List) {
			several(own(q.X))
		}
	case rules.User:
		if x, ok := userKeyTest(q); ok {
			one(own(x))
		}
	case rules.One:
		f := own(q.From)
		switch {
		case f == nil:
		case collapses(q):
			var inner probe
			p.probed(&inner, q.Body, q.Var) // speaks of the key alone
			if len(inner.one) > 0 {
				one(f)
			} else if len(inner.several) > 0 {
				several(f)
			}
		case oneIsSet(q):
			several(f)
		}
	case rules.Many:
		if f := own(q.Of); f != nil && !q.All && manyIsSet(q.Var, q.Domain, q.Body) {
			several(f)
		} else if x, _, ok := joins(q); ok {
			several(own(x))
		}
	}
}

// about reports whether an operand speaks of document v.
func about(x rules.Operand, v rules.Var) (is bool) {
	freeOperand(x, nil, func(c rules.Col) { is = is || c.Var == v })
	return is
}

// strong leaves out what half of the documents may have in common.
func (b *probe) strong() (out probe) {
	weak := func(f *rules.Field) bool { return f.Kind == rules.Bool || f.Kind == rules.Enum }
	out.one = slices.DeleteFunc(slices.Clone(b.one), weak)
	out.several = slices.DeleteFunc(slices.Clone(b.several), weak)
	return out
}

// single reports whether there is one document at most.
func (b *probe) single(o *rules.Object) bool {
	if slices.ContainsFunc(b.one, func(f *rules.Field) bool { return isKey(f) || f == o.Identity }) {
		return true
	}
	return slices.ContainsFunc(o.Indexes, func(x rules.Index) bool {
		return x.Unique && !slices.ContainsFunc(x.Parts, func(p rules.IndexPart) bool { return !slices.Contains(b.one, p.Field) })
	})
}

// ordered reports whether an index finds the documents in the order, which
// ends in the key.
func (b *probe) ordered(o *rules.Object, order []store.Order) bool {
	return b.single(o) || slices.ContainsFunc(o.Indexes, func(x rules.Index) bool { return b.orderedBy(x, order) })
}

func (b *probe) orderedBy(x rules.Index, order []store.Order) bool {
	if x.Unique { // it lacks documents, and does not end in the key
		return false
	}
	n := 0
	for n < len(x.Parts) && slices.Contains(b.one, x.Parts[n].Field) {
		n++
	}
	var keys []store.Order
	for _, k := range order {
		if k.Value != nil {
			return false
		}
		if !slices.Contains(b.one, k.Field) {
			keys = append(keys, k)
		}
	}
	if n == 0 || len(keys) == 0 || len(x.Parts)-n != len(keys)-1 {
		return false
	}
	backward := keys[len(keys)-1].Desc
	for i, part := range x.Parts[n:] {
		if keys[i].Field != part.Field || keys[i].Desc != part.Desc != backward {
			return false
		}
	}
	return true
}

// found reports whether an index finds the documents, in whatever order.
func (b *probe) found(o *rules.Object) bool {
	if b.single(o) || slices.ContainsFunc(b.several, isKey) {
		return true
	}
	return slices.ContainsFunc(o.Indexes, b.foundBy)
}

func (b *probe) foundBy(x rules.Index) bool {
	first := x.Parts[0].Field
	return (!x.Unique || len(x.Parts) == 1) && (slices.Contains(b.one, first) || slices.Contains(b.several, first))
}
