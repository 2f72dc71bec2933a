package sqlgen

import (
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
)

var comparison = [...]string{rules.Eq: " = ", rules.Ne: " <> ", rules.Lt: " < ", rules.Le: " <= ", rules.Gt: " > ", rules.Ge: " >= "}

// pred prints a condition that is true in SQL if and only if q is true. Where
// q is not true it may be FALSE or NULL.
func (p *printer) pred(q rules.Pred) {
	p.calls++
	if u, ok := p.userHop(q); ok {
		q = u
	}
	switch q := q.(type) {
	case rules.Truth:
		p.truth(q == rules.True)
	case rules.And:
		p.join(q, " AND ", true)
	case rules.Or:
		p.join(q, " OR ", false)
	case rules.NotTrue:
		p.put("(")
		p.deeper(2, func() { p.pred(q.P) })
		p.put(") IS NOT TRUE")
	case rules.Test:
		p.put(p.operand(q.X), " = TRUE") // a Boolean alone uses no index of SQLite
	case rules.NotTest:
		if leak.On(leak.NotOverNull) {
			p.put(p.operand(q.X), " IS NOT TRUE")
			return
		}
		p.put(p.operand(q.X), " = FALSE")
	case rules.Cmp:
		p.cmp(q)
	case rules.IsNull:
		p.isNull(q.X, true)
	case rules.NotNull:
		p.isNull(q.X, false)
	case rules.In:
		p.member(q)
	case rules.NotIn:
		p.notMember(q)
	case rules.Match:
		p.match([...]string{p.startsWith, p.endsWith, p.within}[q.Op], q.X, q.Y)
	case rules.NoMatch:
		if leak.On(leak.NotOverNull) {
			p.pred(rules.NotTrue{P: rules.Match(q)})
			return
		}
		p.match([...]string{p.notStartsWith, p.notEndsWith, p.notWithin}[q.Op], q.X, q.Y)
	case rules.One:
		p.one(q)
	case rules.Many:
		p.many(q)
	case rules.None:
		p.none(q)
	case rules.User:
		p.user(q)
	default:
		p.fail("predicate %T is not in the form of a statement", q)
	}
}

func (p *printer) truth(t bool) {
	if t {
		p.put("TRUE")
	} else {
		p.put("FALSE")
	}
}

// join prints a conjunction or disjunction, with its own parentheses. Of none
// the value is empty.
func (p *printer) join(qs []rules.Pred, op string, empty bool) {
	switch len(qs) {
	case 0:
		p.truth(empty)
		return
	case 1:
		p.pred(qs[0])
		return
	}
	p.put("(")
	p.deeper(1, func() {
		for i, q := range qs {
			if i > 0 {
				p.put(op)
			}
			p.pred(q)
		}
	})
	p.put(")")
}

// conds prints sep before the first of the conditions that are not simply
// true, and AND between them. It returns what must stand before the next one.
func (p *printer) conds(sep string, qs ...rules.Pred) string {
	for _, q := range qs {
		if a, ok := q.(rules.And); ok {
			sep = p.conds(sep, a...)
			continue
		}
		if !isTrue(q) {
			p.put(sep)
			p.pred(q)
			sep = " AND "
		}
	}
	return sep
}

// cmp prints a comparison. Eq and Ne are definite: nulls are equal to each
// other and different from everything else.
func (p *printer) cmp(q rules.Cmp) {
	ordering := q.Op != rules.Eq && q.Op != rules.Ne
	if ln, rn := isNullValue(q.L), isNullValue(q.R); ln || rn {
		switch {
		case ordering:
			p.put("FALSE")
		case ln && rn:
			p.truth(q.Op == rules.Eq)
		case ln:
			p.isNull(q.R, q.Op == rules.Eq)
		default:
			p.isNull(q.L, q.Op == rules.Eq)
		}
		return
	}
	l, r := p.operand(q.L), p.operand(q.R)
	ln, rn := nullable(q.L), nullable(q.R)
	lu, ru := unknowable(q.L), unknowable(q.R)
	if lu || ru { // a NULL there is unknown, not null: it must stay NULL
		switch {
		case q.Op == rules.Ne && lu && rn && !ru:
			p.put("(", l, " IS NOT NULL AND (", r, " IS NULL OR ", l, " <> ", r, "))")
		case q.Op == rules.Ne && ru && ln && !lu:
			p.put("(", r, " IS NOT NULL AND (", l, " IS NULL OR ", l, " <> ", r, "))")
		default:
			p.put(l, comparison[q.Op], r)
		}
		return
	}
	switch {
	case q.Op == rules.Eq && ln && rn:
		p.put("(", l, " = ", r, " OR (", l, " IS NULL AND ", r, " IS NULL))")
	case q.Op == rules.Ne && ln && rn:
		p.put("(", l, " <> ", r, " OR (", l, " IS NULL AND ", r, " IS NOT NULL) OR (", l, " IS NOT NULL AND ", r, " IS NULL))")
	case q.Op == rules.Ne && ln:
		p.put("(", l, " IS NULL OR ", l, " <> ", r, ")")
	case q.Op == rules.Ne && rn:
		p.put("(", r, " IS NULL OR ", l, " <> ", r, ")")
	default:
		p.put(l, comparison[q.Op], r)
	}
}

// unknowable reports an operand whose SQL NULL means unknown: the size of null.
func unknowable(x rules.Operand) bool {
	s, ok := x.(rules.Size)
	return ok && nullable(s.X)
}

func (p *printer) isNull(x rules.Operand, want bool) {
	switch {
	case !nullable(x):
		p.truth(!want)
	case isNullValue(x):
		p.truth(want)
	case want:
		p.put(p.operand(x), " IS NULL")
	default:
		p.put(p.operand(x), " IS NOT NULL")
	}
}

// knownList reports whether a list is a known one that is null or empty.
func knownList(x rules.Operand) (null, empty bool) {
	v, ok := x.(rules.Val)
	if !ok {
		return false, false
	}
	if v.Value.V == nil {
		return true, false
	}
	l, known := v.Value.V.([]any) // one that is given has elements
	return false, known && len(l) == 0
}

func (p *printer) member(q rules.In) {
	if null, empty := knownList(q.List); null || empty || isNullValue(q.X) {
		p.put("FALSE")
		return
	}
	p.fill(p.in, p.operand(q.X), p.operand(q.List))
}

// notMember prints definite absence: a null list is unknown, a null element is
// in no list.
func (p *printer) notMember(q rules.NotIn) {
	null, empty := knownList(q.List)
	switch {
	case null:
		p.put("FALSE")
		return
	case empty:
		p.put("TRUE")
		return
	case isNullValue(q.X):
		p.isNull(q.List, false)
		return
	}
	x, list := p.operand(q.X), p.operand(q.List)
	p.put("(")
	if nullable(q.List) {
		p.put(list, " IS NOT NULL AND ")
	}
	if nullable(q.X) {
		p.put("(", x, " IS NULL OR ")
		defer p.put(")")
	}
	p.fill(p.notIn, x, list)
	p.put(")")
}

func (p *printer) match(template string, x, y rules.Operand) {
	if isNullValue(x) || isNullValue(y) {
		p.put("FALSE")
		return
	}
	p.fill(template, p.operand(x), p.operand(y))
}
