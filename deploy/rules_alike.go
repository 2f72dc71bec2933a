package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// alike reports that both sides say the same: nothing is searched, nothing told.
func (q *question) alike() bool {
	for i := range q.demands[0] {
		a, b := q.demands[0][i].Pred, q.demands[1][i].Pred
		if i == 0 && q.field != "" && a == nil && b == nil {
			return true // it follows its type, where that is told
		}
		if q.retold || !sameRule(a, b) {
			return false
		}
	}
	return q.sameSets()
}

// sameSets reports that the server sets the same, from the same.
func (q *question) sameSets() bool {
	return !q.retold && slices.EqualFunc(q.sets[0], q.sets[1], func(a, b *schema.Field) bool { return a.Name == b.Name && a.Set.Text == b.Set.Text })
}

// sameRule reports that two predicates allow the same, by what their parts say.
func sameRule(a, b rules.Pred) bool { return within(a, b) && within(b, a) }

// within reports that b allows all that a does, whatever their parts are: in
// normal form they read alike, or it holds in every case of their atoms.
func within(a, b rules.Pred) bool {
	if a == nil {
		a = rules.True
	}
	if b == nil {
		b = rules.True
	}
	a, b = normal(a, true), normal(b, true)
	if signature(a) == signature(b) {
		return true
	}
	t := truths{index: map[string]int{}}
	x, y := t.compile(a), t.compile(b)
	if len(t.index) > maxAtoms {
		return false
	}
	t.values = make([]rules.Truth, len(t.index))
	return t.every(0, func() bool { return x() != rules.True || y() == rules.True })
}

// normal pushes negations to the atoms, and sorts what has no order. It is the
// same in all three values.
func normal(p rules.Pred, want bool) rules.Pred {
	switch p := p.(type) {
	case rules.Truth:
		if !want && p != rules.Unknown {
			return rules.True + rules.False - p
		}
		return p
	case rules.And:
		return joined(p, want, want)
	case rules.Or:
		return joined(p, want, !want)
	case rules.Not:
		return normal(p.P, !want)
	case rules.If:
		return rules.If{Cond: normal(p.Cond, true), Then: normal(p.Then, want), Else: normal(p.Else, want)}
	case rules.Cmp:
		if !want {
			p.Op = [...]rules.Op{rules.Eq: rules.Ne, rules.Ne: rules.Eq, rules.Lt: rules.Ge, rules.Le: rules.Gt, rules.Gt: rules.Le, rules.Ge: rules.Lt}[p.Op]
		}
		if signature(rules.IsNull{X: p.L}) > signature(rules.IsNull{X: p.R}) {
			p.L, p.R = p.R, p.L
			p.Op = [...]rules.Op{rules.Eq: rules.Eq, rules.Ne: rules.Ne, rules.Lt: rules.Gt, rules.Le: rules.Ge, rules.Gt: rules.Lt, rules.Ge: rules.Le}[p.Op]
		}
		return p
	case rules.In:
		v, ok := p.List.(rules.Val)
		if !ok || p.Tainted || v.Value.Null() {
			break
		}
		var either rules.Or // a null is in no list, and equals no element
		for _, x := range v.Value.V.([]any) {
			either = append(either, rules.Cmp{Op: rules.Eq, L: p.X, R: rules.Val{Value: rules.Value{Kind: v.Value.Kind, V: x}}})
		}
		return joined(either, want, !want)
	case rules.One:
		p.Domain, p.Body = normal(p.Domain, true), normal(p.Body, want)
		return p
	case rules.User:
		p.Body = normal(p.Body, want)
		return p
	case rules.Many:
		p.All = p.All == want
		p.Domain, p.Body = normal(p.Domain, true), normal(p.Body, want)
		return p
	case rules.Definite:
		p.P = normal(p.P, true)
		if want {
			return p
		}
		return rules.Not{P: p}
	}
	if !want {
		return rules.Not{P: p}
	}
	return p
}

// joined is the normal form of a conjunction (all) or disjunction.
func joined(ps []rules.Pred, want, all bool) rules.Pred {
	var out []rules.Pred
	for _, p := range ps {
		q := normal(p, want)
		if and, ok := q.(rules.And); ok && all {
			out = append(out, and...)
		} else if or, ok := q.(rules.Or); ok && !all {
			out = append(out, or...)
		} else {
			out = append(out, q)
		}
	}
	slices.SortStableFunc(out, func(a, b rules.Pred) int { return cmp.Compare(signature(a), signature(b)) })
	out = slices.CompactFunc(out, func(a, b rules.Pred) bool { return signature(a) == signature(b) && closed(a) })
	switch {
	case len(out) == 0 && all:
		return rules.True
	case len(out) == 0:
		return rules.False
	case len(out) == 1:
		return out[0]
	case all:
		return rules.And(out)
	}
	return rules.Or(out)
}

// closed reports that no variable of p is bound outside it but those of the
// two sides, so that what prints alike is alike.
func closed(p rules.Pred) bool {
	bound, free := map[rules.Var]bool{rules.Old: true, rules.New: true}, false
	visit(p, func(p rules.Pred) {
		switch p := p.(type) {
		case rules.One:
			bound[p.Var] = true
		case rules.Many:
			bound[p.Var] = true
		case rules.User:
			bound[p.Var] = true
		}
	}, nil)
	visit(p, nil, func(x rules.Operand) {
		if c, ok := x.(rules.Col); ok && !bound[c.Var] {
			free = true
		}
	})
	return !free
}

// signature is what a predicate says, and of what: how relations and callers
// are found, and the kinds of columns, which the text of a rule leaves out.
func signature(p rules.Pred) string {
	var b strings.Builder
	b.WriteString(rules.Print(p))
	visit(p, func(p rules.Pred) {
		switch p := p.(type) {
		case rules.User:
			fmt.Fprint(&b, " user ", p.Object.Identity.Path(), " ", p.Object.IdentityClaim, p.Object.Identity.Kind)
		case rules.Many:
			if p.Field != nil && p.Field.Back != nil {
				b.WriteString(" by " + p.Field.Back.Path())
			}
		}
	}, func(x rules.Operand) {
		if c, ok := x.(rules.Col); ok {
			fmt.Fprint(&b, " ", c.Field.Path(), c.Field.Kind, c.Field.List, c.Field.TypeName)
		}
	})
	return b.String()
}

// visit calls pred for each node and operand for each operand; either may be nil.
func visit(p rules.Pred, pred func(rules.Pred), operand func(rules.Operand)) {
	if pred != nil {
		pred(p)
	}
	use := func(list ...rules.Operand) {
		for _, x := range list {
			for ; x != nil && operand != nil; x = rules.Inner(x) {
				operand(x)
			}
		}
	}
	inner := parts(p)
	switch p := p.(type) {
	case rules.Test:
		use(p.X)
	case rules.Cmp:
		use(p.L, p.R)
	case rules.IsNull:
		use(p.X)
	case rules.In:
		use(p.X, p.List)
	case rules.Match:
		use(p.X, p.Y)
	case rules.One:
		use(p.From)
		inner = []rules.Pred{p.Domain, p.Body}
	case rules.Many:
		use(p.Of)
		inner = []rules.Pred{p.Domain, p.Body}
	case rules.User:
		use(p.Identity)
		inner = []rules.Pred{p.Body}
	}
	for _, q := range inner {
		visit(q, pred, operand)
	}
}
